"""Messages (GOAL-S4): settings, box, digest, and the way out of the portal by mail or SMS."""

import datetime
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal import gateways
from portal.messages import deliveries, sending
from portal.messages.services import Choice, Topic, box, choices_for, fold_into_digests, send
from portal.models import Delivery, Message, MessageSettings
from tests import factories

State = Delivery.State
taken: list[tuple[str, str, str]] = []


def take(channel: str, address: str, text: str) -> None:
    """A gateway that remembers."""
    taken.append((channel, address, text))


def refuse(channel: str, address: str, text: str) -> None:
    raise ConnectionError("短信平台没有应答")


@pytest.fixture(autouse=True)
def _gateway(settings):
    taken.clear()
    settings.MESSAGE_GATEWAY = f"{__name__}.take"


@pytest.fixture
def person(db):
    return factories.UserFactory(mobile="13900000001", email="")


def choose(user, channel: str = "", **choices) -> None:
    MessageSettings.objects.create(user=user, choices=choices, channel=channel)


def subjects(user) -> list[str]:
    return list(box(user).order_by("pk").values_list("subject", flat=True))


def test_only_topics_nobody_waits_for_may_be_switched_off():
    """GOAL-S4: returns, deadlines and transfer tasks always show in the portal."""
    assert {topic: Choice.OFF in choices_for(topic) for topic in Topic} == {
        Topic.RETURN: False,
        Topic.DEADLINE: False,
        Topic.TRANSFER: False,
        Topic.APPROVAL: True,
        Topic.SECURITY: False,
        Topic.OTHER: True,
    }


@pytest.mark.parametrize("choice", Choice.values)
def test_return_shows_at_once_whatever_was_chosen(person, choice):
    choose(person, **{"return": choice})
    send([person], kind="returned", subject="退回")
    assert subjects(person) == ["退回"]


def test_message_switched_off_is_not_stored(person):
    choose(person, approval="off")
    assert send([person], kind="approved", subject="通过") == 0
    assert (Message.objects.count(), Delivery.objects.count()) == (0, 0)


def test_queries_do_not_grow_with_the_recipients(person, django_assert_num_queries):
    """PAIN-21: settings, messages, addresses, deliveries."""
    everybody = [person, *factories.UserFactory.create_batch(2)]
    with django_assert_num_queries(4):
        send([person], kind="returned", subject="退回")
    with django_assert_num_queries(4):
        assert send(everybody, kind="returned", subject="退回") == 3


def test_message_with_a_key_is_told_once(person):
    """The clock asks every minute."""
    other = factories.UserFactory()
    assert send([person], kind="deadline", subject="截止", key="2026:report:3") == 1
    assert send([person, other], kind="deadline", subject="截止", key="2026:report:3") == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(recipient=person, kind="deadline", subject="截止", key="2026:report:3")


# --- digest ----------------------------------------------------------------------------------------------------------


def test_daily_messages_wait_and_come_as_one(person, signed_in):
    """GOAL-S4: one digest a day, with each message and its link inside."""
    choose(person, approval="daily")
    for number in (1, 2):
        send([person], kind="approved", subject=f"通过{number}", link="/desk/")
    assert subjects(person) == []
    before_eight = deliveries.last_digest_hour(timezone.now())
    assert fold_into_digests(before_eight) == 0

    tomorrow = before_eight + datetime.timedelta(days=1)
    assert [fold_into_digests(tomorrow), fold_into_digests(tomorrow)] == [1, 0]

    assert subjects(person) == ["每日汇总：2 条消息"]
    page = signed_in(person).get(reverse("portal:messages")).content.decode()
    assert [word in page for word in ("每日汇总：2 条消息", "通过1", "通过2")] == [True] * 3


def test_digest_is_read_with_its_parts(person, signed_in):
    choose(person, approval="daily")
    send([person], kind="approved", subject="通过")
    fold_into_digests(timezone.now() + datetime.timedelta(days=1))
    signed_in(person).post(reverse("portal:messages-read-all"))
    assert Message.objects.filter(recipient=person, read_at=None).count() == 0


# --- the way out -----------------------------------------------------------------------------------------------------


def test_text_that_leaves_holds_no_name(person, django_capture_on_commit_callbacks):
    """PIPL 51: number and topic only; sent after the commit, by SMS where no mail address is known."""
    with django_capture_on_commit_callbacks(execute=True):
        send([person], kind="returned", subject="省级审核：陈雨桐退回修改", body="证件号 330102199803120029")
        assert taken == []
    assert taken == [
        (
            "sms",
            "13900000001",
            "您在住院医师信息采集平台有 1 条新消息：退回修改、撤销审核。请登录平台查看。",
        )
    ]
    assert Delivery.objects.get().state == State.SENT


def test_many_messages_of_one_transaction_wake_the_worker_once(person, django_capture_on_commit_callbacks):
    """A return of a thousand records is a thousand messages and one task."""
    with django_capture_on_commit_callbacks() as callbacks:
        for _ in range(3):
            send([person], kind="returned", subject="退回")
    assert len(callbacks) == 1


def test_message_of_a_part_that_was_undone_does_not_silence_the_rest(
    person, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        with transaction.atomic():
            send([person], kind="returned", subject="退回")
            transaction.set_rollback(True)
        send([person], kind="returned", subject="退回")
    assert (len(callbacks), Message.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("channel", "email", "mobile", "expected"),
    [
        ("", "a@example.com", "139", "mail"),
        ("", "", "139", "sms"),
        ("sms", "a@example.com", "139", "sms"),
        ("mail", "", "139", ""),
        ("none", "a@example.com", "139", ""),
        ("", "", "", ""),
    ],
)
def test_channel_follows_settings_and_addresses(channel, email, mobile, expected):
    user = factories.UserFactory.build(email=email, mobile=mobile)
    assert deliveries.channel_of(user, MessageSettings(channel=channel)) == expected


def test_topic_other_stays_in_the_portal(person):
    send([person], kind="import", subject="导入完成")
    assert (subjects(person), Delivery.objects.count()) == (["导入完成"], 0)


def test_daily_deliveries_go_out_in_one_text(person):
    """GOAL-S4: without flood."""
    choose(person, **{"return": "daily", "approval": "daily"})
    send([person], kind="returned", subject="退回")
    send([person], kind="approved", subject="通过")
    assert (sending.send_due(), taken) == (0, [])
    Delivery.objects.update(due_at=timezone.now())
    assert sending.send_due() == 2
    assert [text for _, _, text in taken] == [
        "您在住院医师信息采集平台有 2 条新消息：退回修改、撤销审核；审核通过。请登录平台查看。"
    ]


def test_refused_delivery_is_tried_again_later_and_given_up(person, settings):
    settings.MESSAGE_GATEWAY = f"{__name__}.refuse"
    send([person], kind="returned", subject="退回")
    seen = []
    for _ in range(len(sending.PAUSES) + 1):
        Delivery.objects.filter(state=State.WAITING).update(due_at=timezone.now())
        sending.send_due()
        row = Delivery.objects.get()
        seen.append((row.state, row.tries))
    assert seen == [(State.WAITING, n) for n in range(1, 5)] + [(State.FAILED, 5)]
    assert Delivery.objects.get().error == "ConnectionError: 短信平台没有应答"
    settings.MESSAGE_GATEWAY = f"{__name__}.take"
    assert (sending.send_due(), taken) == (0, [])


def test_delivery_without_an_answer_is_not_repeated(person):
    """Never twice: the worker died after handing over."""
    send([person], kind="returned", subject="退回")
    Delivery.objects.update(
        state=State.SENDING, tries=1, tried_at=timezone.now() - datetime.timedelta(minutes=20)
    )
    deliveries.look_after()
    assert (sending.send_due(), taken, Delivery.objects.get().state) == (0, [], State.UNKNOWN)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_delivery_once():
    people = factories.UserFactory.create_batch(30)
    # Written past the service, whose commit would wake a worker at once.
    for user in people:
        message = Message.objects.create(recipient=user, kind="returned", subject="退回")
        Delivery.objects.create(message=message, recipient=user, channel="sms")
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        sending.send_due()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(address for _, address, _ in taken) == sorted(user.mobile for user in people)
    assert set(Delivery.objects.values_list("state", "tries")) == {(State.SENT, 1)}


# --- pages -----------------------------------------------------------------------------------------------------------


def test_list_shows_unread_first_and_filters(person, signed_in):
    send([person], kind="returned", subject="旧的退回")
    Message.objects.update(read_at=timezone.now())
    send([person], kind="import", subject="导入完成")
    send([person], kind="approved", subject="通过")
    Message.objects.filter(subject="通过").update(read_at=timezone.now())
    client = signed_in(person)

    def shown(**query) -> list[str]:
        return [
            each.subject for each in client.get(reverse("portal:messages"), query).context["page"].object_list
        ]

    assert shown() == ["导入完成", "通过", "旧的退回"]
    assert shown(topic="return") == ["旧的退回"]
    assert shown(unread="1") == ["导入完成"]
    assert shown(topic="nonsense", page="99") == ["导入完成", "通过", "旧的退回"]


def test_list_makes_the_same_queries_for_any_number(person, signed_in, django_assert_num_queries):
    """Session, person, two counts, his bases and his specialties for the menu (AM-46), two of messages, contact."""
    client = signed_in(person)
    send([person], kind="returned", subject="1")
    client.get(reverse("portal:messages"))
    with django_assert_num_queries(9):
        client.get(reverse("portal:messages"))
    for number in (2, 3):
        send([person], kind="returned", subject=str(number))
    with django_assert_num_queries(9):
        client.get(reverse("portal:messages"))


def test_opening_a_message_leads_to_its_record(person, signed_in):
    send([person], kind="returned", subject="退回", link="/base/records/7/")
    answer = signed_in(person).post(reverse("portal:message-open", args=[Message.objects.get().pk]))
    assert answer["Location"] == "/base/records/7/"
    assert Message.objects.get().read_at is not None


def test_single_letter_keys_are_turned_off_and_on(provincial_reviewer, signed_in):
    """WCAG 2.1.4: the pages tell the script by a mark, which is gone once they are off."""
    client, settings = signed_in(provincial_reviewer), reverse("portal:message-settings")
    mark = "data-letter-keys>"
    assert mark in client.get(settings).content.decode()
    assert client.post(reverse("portal:letter-keys"), {}).url == settings
    assert mark not in client.get(settings).content.decode()
    client.post(reverse("portal:letter-keys"), {"letter_keys": "on"})
    assert mark in client.get(settings).content.decode()


def test_settings_are_saved_and_forbidden_choices_refused(person, signed_in):
    client, url = signed_in(person), reverse("portal:message-settings")
    values = {"return": "now", "deadline": "daily", "transfer": "now", "approval": "off", "other": "daily"}
    values |= {"security": "now"}
    assert client.post(url, {**values, "channel": "none"}).status_code == 302
    stored = MessageSettings.objects.get(user=person)
    assert (stored.choices, stored.channel) == (values, "none")

    assert client.post(url, {**values, "return": "off", "channel": ""}).status_code == 422
    stored.refresh_from_db()
    assert stored.choices == values


def test_gateway_for_mail_sends_mail_and_refuses_sms(mailoutbox):
    gateways.mail("mail", "a@example.com", "您有 1 条新消息。")
    assert [(each.to, each.body) for each in mailoutbox] == [(["a@example.com"], "您有 1 条新消息。")]
    with pytest.raises(ValueError, match="没有短信通道"):
        gateways.mail("sms", "13900000001", "您有 1 条新消息。")


def test_gateway_console_masks_the_address(caplog):
    """TRUST-52: no number in the log."""
    caplog.set_level("INFO")
    gateways.console("sms", "13900000001", "您有 1 条新消息。")
    assert caplog.messages == ["sms to 13******001: 您有 1 条新消息。"]
