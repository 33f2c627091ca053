"""Statuses to bring back to 在培, and the reminder: BR-82; PAIN-20; GOAL-B13."""

import datetime

import pgtrigger
import pytest
from django.core.management import call_command
from django.utils import timezone

from bases.deadlines.overdue_statuses import remind_daily, stale
from bases.models import TransferRequest
from bases.transfers import services as transfers
from portal.models import AuditEvent, Message
from residents.models import Enrollment, StatusChange
from tests import factories
from tests.bases.desk import page
from tests.database import as_owner

DAY = datetime.timedelta(days=1)


@pytest.fixture
def make(base, cycle):
    def one(name: str, **values) -> Enrollment:
        person = factories.ResidentFactory(full_name=name)
        return factories.EnrollmentFactory(
            resident=person, base=base, intake_year=cycle.year - 1, registered_at=timezone.now(), **values
        )

    return one


@pytest.fixture
def cohort(make):
    """Three that ran out, and one of each kind that did not."""
    today = timezone.localdate()
    make("甲延期", status="2", extended_until=today - 3 * DAY)
    make("乙暂停", status="3", expected_resume=today - DAY)
    make("丙未过", status="4", status_since=today - 9 * DAY)
    make("丁今日", status="2", extended_until=today)
    make("戊在培")
    passed = make("己通过", status="4", status_since=today - DAY)
    StatusChange.objects.create(
        enrollment=passed, to_status="4", reason="41", ended_on=today - DAY, ended_result="1"
    )


def names(records) -> list[str]:
    return list(records.values_list("resident__full_name", flat=True))


def test_the_longest_first(cohort):
    """BR-82: 延期 and 暂停 past their day, 结束 without 通过."""
    assert names(stale(Enrollment.objects.all())) == ["丙未过", "甲延期", "乙暂停"]


def test_page_lists_them_for_the_own_base_only(cohort, signed_in, base_officer, other_base_officer):
    assert "丙未过" in page(signed_in(base_officer).get("/base/deadlines/statuses/"))
    foreign = f"/base/deadlines/statuses/?base={Enrollment.objects.first().base_id}"
    assert "丙未过" not in page(signed_in(other_base_officer).get(foreign))


@pytest.mark.django_db(transaction=True)  # the owner ages the mark
def test_reminder_once_a_week(cohort, base_officer):
    """PAIN-20: one message for the base, none the next day, again after a week."""
    call_command("run_clock", "--once")
    message = Message.objects.get(recipient=base_officer, kind="stale_status")
    assert ("3 名" in message.subject, "丙未过、甲延期、乙暂停" in message.body) == (True, True)
    assert remind_daily() == 0
    another_day()
    assert remind_daily() == 0
    another_day()
    Message.objects.update(created_at=timezone.now() - 8 * DAY)
    assert remind_daily() == 1


def another_day() -> None:
    """Age today's mark in the audit log, which takes no change but from its owner, past its trigger."""
    with as_owner(), pgtrigger.ignore("portal.AuditEvent:append_only"):
        AuditEvent.objects.filter(action="stale_reminders").update(at=timezone.now() - 2 * DAY)


def test_overdue_transfer_is_recalled_to_base_and_province(
    make, other_base, other_base_officer, base_officer, provincial_reviewer
):
    """GOAL-B13: what is past its due date is told to the holding base and its province."""
    asked = transfers.ask(make("庚").pk, other_base, reason="转入", by=other_base_officer)
    TransferRequest.objects.filter(pk=asked.pk).update(due_on=timezone.localdate() - DAY)
    assert remind_daily() == 2
    told = Message.objects.filter(kind="transfer_overdue").values_list("recipient", flat=True)
    assert set(told) == {base_officer.pk, provincial_reviewer.pk}


def test_passed_due_days_are_called_passed(
    make, other_base, other_base_officer, base_officer, provincial_reviewer, signed_in
):
    """GOAL-B13, GOAL-B16: on the board, in the list of the base and in the province's; today is not late."""
    asked = transfers.ask(make("庚").pk, other_base, reason="转入", by=other_base_officer)
    places = [
        (base_officer, "/base/"),
        (base_officer, "/base/transfers/"),
        (provincial_reviewer, "/review/transfers/"),
    ]
    for late in (0, 3):
        TransferRequest.objects.filter(pk=asked.pk).update(due_on=timezone.localdate() - late * DAY)
        told = ["已逾期 3 天" in signed_in(user).get(address).text for user, address in places]
        assert told == [late > 0] * 3
        assert ("到期</span>" in signed_in(base_officer).get("/base/").text) == (not late)


def test_clock_settles_requests_for_lapsed_recruits(other_base, base, base_officer, cycle):
    """AM-29: a lapsed record holds nobody."""
    recruit = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    asked = transfers.ask(recruit.pk, base, reason="转入", by=base_officer)
    Enrollment.objects.filter(pk=recruit.pk).update(lapsed_at=timezone.now())
    call_command("run_clock", "--once")
    asked.refresh_from_db()
    assert asked.state == "released"
