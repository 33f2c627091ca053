"""AM-44: the province reviews deliveries in the portal; "returned records (only those) may be corrected by API until
the review ends; its reviewers get the same reminders". AM-42: each record is delivered to the cycle of its own year."""

import datetime

import pytest
from django.utils import timezone

from bases.deadlines.messages import remind_of_deadlines
from bases.models import Submission
from portal.models import Message, Step
from residents.models import Enrollment
from review.decisions.services import return_for_correction
from tests import factories
from tests.bases.desk import close
from tests.review.api.delivered import record
from tests.review.api.test_api_intake import outcomes, post, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(make_key):
    return make_key()[1]


@pytest.fixture
def returned(key, base, cycle, switched, provincial_reviewer):
    """What was delivered and sent back, and another record that still waits; the transfer is over."""
    sent = [record(base, cycle.year, number) for number in (1, 2)]
    assert outcomes(post(key, sent)) == [(201, "accepted")] * 2
    first = Enrollment.objects.order_by("pk").first()
    submission = first.submissions.get()
    choice = {submission.pk: submission.version}
    assert return_for_correction(choice, by=provincial_reviewer, comment="请核对邮箱。").decided
    close(cycle, Step.API_TRANSFER)
    return sent


def corrected(sent):
    return sent | {"basic": sent["basic"] | {"email": "new@example.com"}}


def test_a_returned_record_is_corrected_after_the_transfer_and_nothing_else(key, base, cycle, returned):
    """AM-44: "returned records (only those) may be corrected by API until the review ends" (AM-03)."""
    first, second = returned
    new = record(base, cycle.year, 3)
    response = post(key, [corrected(first), corrected(second), new])
    assert outcomes(response) == [(200, "corrected"), (422, "refused"), (422, "refused")]
    for index in (1, 2):
        assert ("account.intake_year", "transfer_closed") in said(response, index)
    assert list(Enrollment.objects.order_by("pk").values_list("review_status", flat=True)) == ["1", "1"]


def test_after_the_review_nothing_is_taken(key, cycle, returned):
    close(cycle, Step.REVIEW)
    response = post(key, [corrected(returned[0])])
    assert (response.status_code, response.json()["code"]) == (403, "transfer_closed")


def test_without_a_returned_record_the_whole_batch_is_refused(key, cycle, returned):
    response = post(key, [corrected(returned[1])])
    assert (response.status_code, response.json()["code"]) == (403, "transfer_closed")


def test_the_provinces_staff_get_the_reminders_of_transfer_review_and_returned(
    base, cycle, returned, provincial_reviewer
):
    """AM-44: "its reviewers get the same reminders"."""
    nine = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0)
    end = nine.replace(hour=0) + datetime.timedelta(days=4)
    for step in (Step.REVIEW, Step.API_TRANSFER):
        cycle.windows.filter(step=step).update(closes_at=end)
    remind_of_deadlines(nine)
    told = " ".join(
        Message.objects.filter(recipient=provincial_reviewer, kind="deadline").values_list(
            "subject", flat=True
        )
    )
    assert "接口传送将于" in told
    assert "还有 1 人待审核" in told
    assert "退回的 1 人" in told
    assert "由接口更正" in told


def test_who_mends_a_returned_delivery_is_named(
    key, base, cycle, switched, provincial_reviewer, base_officer, signed_in
):
    """AM-44: the page, its answer and the page of many name the interface; once the province is back at direct entry
    the base mends it and is told."""
    sent = [record(base, cycle.year, number) for number in (1, 2)]
    assert outcomes(post(key, sent)) == [(201, "accepted")] * 2
    first, second = Submission.objects.order_by("pk")
    desk, address = signed_in(provincial_reviewer), f"/review/records/{first.enrollment_id}/"
    text = desk.get(address).content.decode()
    assert "退回，由本省接口更正" in text
    assert "退回培训基地修改" not in text
    many = {"act": "return", "range": "selected", "choice": [f"{first.pk}:0"], "loaded_at": timezone.now()}
    assert "由本省接口更正后重新传送" in desk.post("/review/queue/bulk/", many).content.decode()
    typed = {"submission": first.pk, "version": first.version, "comment": "请核对邮箱。", "reasons": ["01"]}
    answer = desk.post(f"{address}return/", typed, follow=True)
    assert "已退回，由本省接口更正后重新传送" in answer.content.decode()
    assert not Message.objects.filter(recipient=base_officer, kind="returned").exists()
    type(base.province).objects.filter(pk=base.province_id).update(reporting_mode="1")
    typed |= {"submission": second.pk, "version": second.version}
    answer = desk.post(f"/review/records/{second.enrollment_id}/return/", typed, follow=True)
    assert "已退回培训基地修改" in answer.content.decode()
    assert Message.objects.filter(recipient=base_officer, kind="returned").exists()


def test_a_closed_year_says_why_while_another_one_is_open(key, base, cycle, switched):
    """AM-42: the reason is that of the year that was sent, not of the one that runs."""
    older = factories.CycleFactory(year=cycle.year - 1)
    factories.open_windows(older)
    close(older, Step.API_TRANSFER)
    response = post(key, [record(base, older.year, 1)])
    assert (response.status_code, response.json()["code"]) == (403, "transfer_closed")
    assert "截止" in response.json()["detail"]


def test_each_record_goes_to_the_cycle_of_its_year(key, base, cycle, switched):
    """AM-42: last year's transfer is open still; a year that was never opened is refused by its name."""
    older = factories.CycleFactory(year=cycle.year - 1)
    factories.open_windows(older)
    sent = [record(base, cycle.year, 1), record(base, older.year, 2), record(base, older.year - 1, 3)]
    response = post(key, sent)
    assert outcomes(response) == [(201, "accepted"), (201, "accepted"), (422, "refused")]
    assert ("account.intake_year", "intake_year_intake") in said(response, 2)
    assert set(Enrollment.objects.values_list("intake_year", flat=True)) == {cycle.year, older.year}
    years = Enrollment.objects.values_list("submissions__cycle__year", "intake_year")
    assert all(reported == own for reported, own in years)


def test_reference_asks_and_tells_the_year(key, api_get, base, cycle, switched):
    """AM-42: without a year the one that takes deliveries now, the older of two; an unknown one is refused."""
    older = factories.CycleFactory(year=cycle.year - 1)
    factories.open_windows(older)
    for path in ("/api/v1/reference/bases", "/api/v1/reference/specialties"):
        assert api_get(path)["intake_year"] == older.year
        assert api_get(f"{path}?intake_year={cycle.year}")["intake_year"] == cycle.year
        assert api_get(f"{path}?intake_year=2050", status=404)["code"] == "no_such_year"


@pytest.fixture
def api_get(client, key):
    def get(path, status=200):
        response = client.get(path, headers={"Authorization": f"Bearer {key}"})
        assert response.status_code == status, response.content
        return response.json()

    return get
