"""GOAL-S4: nobody loses notices for want of an address; everybody keeps his own."""

import pytest
from django.urls import reverse

from portal.messages.services import Topic, choices_for
from portal.models import AuditEvent, Delivery, Message, MessageSettings

URL = reverse("portal:message-settings")
MAIL = "he.min@example.com"


@pytest.fixture
def officer(base_officer):
    base_officer.email, base_officer.mobile = "", ""
    base_officer.save()
    return base_officer


def form(**more) -> dict[str, str]:
    return {topic.value: choices_for(topic)[0].value for topic in Topic} | {"channel": ""} | more


def test_staff_enter_and_change_their_own_address(officer, signed_in):
    """GOAL-S4: chosen, confirmed, told at the new address, and in the log."""
    client = signed_in(officer)
    asked = form(channel="mail", email=MAIL, email_again=MAIL)
    assert client.post(URL, asked).status_code == 302
    officer.refresh_from_db()
    assert officer.email == MAIL
    assert MAIL in Message.objects.get(recipient=officer).subject
    assert Delivery.objects.get().channel == Delivery.Channel.MAIL
    assert AuditEvent.objects.filter(action="email_change", actor=officer).exists()
    assert client.post(URL, form(channel="mail", email=MAIL)).status_code == 302
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"channel": "mail"}, "email", "请填写电子邮箱"),
        ({"channel": "sms"}, "channel", "没有手机号"),
        ({"email": "he.min", "email_again": "he.min"}, "email", "格式不正确"),
        ({"email": MAIL, "email_again": "he@example.com"}, "email_again", "不一致"),
    ],
)
def test_a_way_without_an_address_is_refused(officer, signed_in, asked, field, words):
    """GOAL-S4: what could not arrive is not accepted, and the message says what to do."""
    answer = signed_in(officer).post(URL, form(**asked))
    assert answer.status_code == 422
    assert words in answer.context["form"].errors[field][0]
    assert not MessageSettings.objects.exists()


def test_who_chose_mail_without_an_address_is_told_that_only_the_portal_tells(officer, signed_in):
    """GOAL-S4: as long as nothing is entered the messages are in the portal."""
    MessageSettings.objects.create(user=officer, channel="mail")
    assert "现在只发站内消息" in signed_in(officer).get(URL).text
    officer.email = MAIL
    officer.save()
    assert "现在只发站内消息" not in signed_in(officer).get(URL).text
