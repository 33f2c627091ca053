"""GOAL-S4: the association sees what left the portal by mail and SMS, and sends again what failed."""

import pytest
from django.urls import reverse

from portal.messages import sending
from portal.messages.services import send
from portal.models import AuditEvent, Delivery
from tests import factories

pytestmark = pytest.mark.django_db
State = Delivery.State
LOG = "review:deliveries"


@pytest.fixture
def notice():
    """A delivery in this state, to a person of this name."""

    def make(name: str, state: str = State.SENT, **more) -> Delivery:
        person = factories.UserFactory(full_name=name, mobile="13900000001", email="")
        send([person], kind="reminder", subject=f"{name}的秘密")
        Delivery.objects.filter(recipient=person).update(state=state, **more)
        return Delivery.objects.get(recipient=person)

    return make


def test_log_tells_to_whom_what_way_and_outcome_but_no_text_and_no_number(
    notice, signed_in, national_officer
):
    """GOAL-S4, TRUST-52."""
    notice("王小明", State.FAILED, error="ConnectionError: 短信平台没有应答", tries=5)
    text = signed_in(national_officer).get(reverse(LOG)).text
    for shown in ("王小明", "截止时间与填报提醒", "短信", "发送失败", "短信平台没有应答"):
        assert shown in text
    for kept_back in ("王小明的秘密", "13900000001"):
        assert kept_back not in text


def test_filters_and_sums(notice, signed_in, national_officer):
    for name, state in (("王一", State.SENT), ("王二", State.SENT), ("王三", State.UNKNOWN)):
        notice(name, state)
    client = signed_in(national_officer)
    page = client.get(reverse(LOG), {"state": "unknown"})
    assert [row.recipient.full_name for row in page.context["page"].rows] == ["王三"]
    assert page.context["page"].count == 1
    assert page.context["sums"] == [
        ("电子邮件", [0, 0, 0, 0, 0, 0]),
        ("短信", [0, 0, 2, 0, 0, 1]),
    ]
    assert client.get(reverse(LOG), {"who": "王一", "state": "unknown"}).context["page"].count == 0
    assert client.get(reverse(LOG), {"topic": "deadline", "channel": "sms"}).context["page"].count == 3
    assert client.get(reverse(LOG), {"topic": "return"}).context["page"].count == 0


def test_only_what_failed_is_sent_again(
    notice, signed_in, national_officer, django_capture_on_commit_callbacks, settings
):
    """Never twice: what may have arrived is left alone, however often the button is pressed."""
    failed, unknown = notice("王一", State.FAILED, tries=5), notice("王二", State.UNKNOWN)
    elsewhere = notice("王三", State.FAILED, tries=5)
    client = signed_in(national_officer)
    page = client.get(reverse(LOG), {"who": "王一"})
    assert "重发这 1 条" in page.text
    address = f"{reverse('review:deliveries-again')}?who=王一"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address)
        client.post(address)
    sending.send_due()
    states = [Delivery.objects.get(pk=row.pk).state for row in (failed, unknown, elsewhere)]
    # The gateway of the tests writes to the log.
    assert states == [State.LOGGED, State.UNKNOWN, State.FAILED]
    assert AuditEvent.objects.filter(action="send_again").count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_number_of_queries_stays(count, notice, signed_in, national_officer, django_assert_num_queries):
    for number in range(count):
        notice(f"王{number}")
    client = signed_in(national_officer)
    client.get(reverse(LOG))
    with django_assert_num_queries(9):
        client.get(reverse(LOG))
