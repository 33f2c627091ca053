"""Deadlines are told in time to those with open work, once, and to nobody else (GOAL-S4; AM-03, AM-04, GOAL-P8)."""

import datetime
import zoneinfo

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.deadlines.messages import DAYS_BEFORE, remind_of_deadlines
from portal.models import CycleWindow, Extension, Message, Step
from review.windows import services as windows
from tests import factories

CHINA = zoneinfo.ZoneInfo("Asia/Shanghai")
# Two for the windows and one for the records of each of 32 provinces, eleven besides.
QUERIES = 107
# A Sunday at nine; every window of the fixture ends at midnight some days later.
NOW = datetime.datetime(2026, 10, 25, 9, tzinfo=CHINA)


def ends_in(days: int) -> datetime.datetime:
    """The end of the day that many days after NOW: 23:59:59 is the last moment in."""
    return datetime.datetime(2026, 10, 26, tzinfo=CHINA) + datetime.timedelta(days=days)


@pytest.fixture
def closing(db):
    """A function: a cycle of 2026 whose `step` ends in so many days and nothing else ends soon."""

    def make(step: Step, days: int):
        cycle = factories.CycleFactory(year=2026)
        for each in Step:
            CycleWindow.objects.create(
                cycle=cycle,
                step=each,
                opens_at=NOW - datetime.timedelta(days=20),
                closes_at=ends_in(days if each == step else 60),
            )
        return cycle

    return make


def told() -> dict[str, list[str]]:
    """Who got which subjects."""
    found: dict[str, list[str]] = {}
    for user, subject in Message.objects.order_by("pk").values_list("recipient__username", "subject"):
        found.setdefault(user, []).append(subject)
    return found


def recruit(base, **fields):
    return factories.EnrollmentFactory(base=base, intake_year=2026, **fields)


@pytest.mark.parametrize("days", range(10))
def test_reminder_goes_out_on_the_named_days_only(closing, base, days):
    closing(Step.RESIDENT_FILL, days)
    recruit(base)
    assert remind_of_deadlines(NOW) == (1 if days in DAYS_BEFORE else 0)


def test_residents_who_have_not_finished_are_told(closing, base):
    """BR-14: the others are left in peace: complete, approved, 退培."""
    closing(Step.RESIDENT_FILL, 3)
    unfinished = recruit(base, personal_state="1")
    recruit(base, personal_state="2")
    recruit(base, registered_at=timezone.now())
    recruit(base, status="5")

    remind_of_deadlines(NOW)

    assert told() == {
        unfinished.resident.user.username: [
            "个人信息填报将于 2026-10-28 23:59:59 截止，您的信息还没有填写完整"
        ]
    }
    assert Message.objects.get().link == reverse("residents:home")


def test_bases_with_unreported_records_are_told_how_many(closing, base, base_officer, other_base_officer):
    """`other_base_officer` has nothing left to report."""
    closing(Step.REPORT, 7)
    recruit(base)
    recruit(base)
    recruit(base, report_status="1", review_status="1")

    remind_of_deadlines(NOW)

    assert told() == {base_officer.username: ["上报将于 2026-11-01 23:59:59 截止，还有 2 人未上报"]}
    assert Message.objects.get().link.endswith("/records/intake/?year=2026&report=0&review=0")


def test_reviewers_and_bases_with_returned_records_are_told(
    closing, base, base_officer, provincial_reviewer, other_province_reviewer
):
    """AM-03: what was returned may be reported again until the review ends."""
    closing(Step.REVIEW, 1)
    recruit(base, report_status="1", review_status="1")
    recruit(base, review_status="3")

    remind_of_deadlines(NOW)

    assert told() == {
        provincial_reviewer.username: ["省级审核将于 2026-10-26 23:59:59 截止，还有 1 人待审核"],
        base_officer.username: ["省级退回的 1 人须在 2026-10-26 23:59:59 前修改并重新上报"],
    }


def test_provinces_are_told_the_last_day_for_the_updates_of_the_registry(
    closing, base, base_officer, provincial_reviewer, other_province_reviewer
):
    """BR-15: "11月5日前完成培训信息的审核", of residents in training too; it locks nothing."""
    closing(Step.REVIEW, 3)
    values = {"report_status": "1", "review_status": "1", "registered_at": NOW}
    for status in ("1", "5"):
        recruit(base, status=status, **values)
    recruit(base, review_status="2", registered_at=NOW)
    remind_of_deadlines(NOW)
    assert told() == {
        provincial_reviewer.username: [
            "在培住院医师信息更新请在 2026-10-28 23:59:59 前审核完，还有 2 人待审核"
        ]
    }
    message = Message.objects.get()
    assert "此后仍可审核" in message.body
    assert "module=registry" in message.link


def test_the_queue_shows_the_last_day_for_the_updates(cycle, base, provincial_reviewer, signed_in):
    """BR-15: beside that of the intake, which locks."""
    shown = signed_in(provincial_reviewer).get("/review/").text
    assert "住院医师信息更新的审核" in shown
    assert "此后仍可审核" in shown


def test_registry_residents_are_reminded_without_a_lock(closing, base):
    """AM-04."""
    closing(Step.REGISTRY_UPDATE, 3)
    living = recruit(base, registered_at=timezone.now(), personal_state="1")
    recruit(base, personal_state="1")
    remind_of_deadlines(NOW)
    assert list(told()) == [living.resident.user.username]


def test_everybody_is_told_once_a_day_and_once_a_deadline(closing, base):
    closing(Step.RESIDENT_FILL, 3)
    recruit(base)
    assert [remind_of_deadlines(NOW), remind_of_deadlines(NOW + datetime.timedelta(hours=2))] == [1, 0]


def test_nobody_is_told_before_eight(closing, base):
    closing(Step.RESIDENT_FILL, 3)
    recruit(base)
    assert remind_of_deadlines(NOW - datetime.timedelta(hours=2)) == 0


def test_extended_record_is_told_of_its_own_last_day(closing, base, national_officer):
    """GOAL-P8: not on the common days, but before the day named for it."""
    cycle = closing(Step.RESIDENT_FILL, 3)
    extended, other = recruit(base), recruit(base)
    Extension.objects.create(
        cycle=cycle,
        step=Step.RESIDENT_FILL,
        enrollment=extended,
        until=ends_in(7),
        reason="住院",
        granted_by=national_officer,
    )
    remind_of_deadlines(NOW)
    assert told() == {
        extended.resident.user.username: [
            "个人信息填报将于 2026-11-01 23:59:59 截止，您的信息还没有填写完整"
        ],
        other.resident.user.username: ["个人信息填报将于 2026-10-28 23:59:59 截止，您的信息还没有填写完整"],
    }


def test_province_that_transfers_by_api_is_left_alone(closing, base, province):
    """AM-01: nobody fills in there."""
    closing(Step.RESIDENT_FILL, 3)
    recruit(base)
    province.reporting_mode = "2"
    province.save()
    assert remind_of_deadlines(NOW) == 0


@pytest.mark.parametrize("number", [1, 3])
def test_queries_do_not_grow_with_the_records(closing, base, django_assert_num_queries, number):
    """PAIN-21: what grows is the number of provinces, not of people."""
    closing(Step.RESIDENT_FILL, 3)
    for _ in range(number):
        recruit(base)
    with django_assert_num_queries(QUERIES):
        assert remind_of_deadlines(NOW) == number


def test_links_lead_to_exactly_those_behind(closing, base, base_officer, signed_in):
    """GOAL-S4: the number in the message is the number of the list behind it."""
    closing(Step.REVIEW, 1)
    closing_report = CycleWindow.objects.filter(step=Step.REPORT)
    closing_report.update(closes_at=ends_in(1))
    recruit(base)
    recruit(base, personal_state="2", training_complete=True)
    recruit(base, review_status="3")
    recruit(base, review_status="3", personal_state="3")
    recruit(base, review_status="3", registered_at=timezone.now())
    recruit(base, review_status="2", report_status="1", registered_at=timezone.now())
    remind_of_deadlines(NOW)
    found = {}
    for message in Message.objects.exclude(recipient__role="resident").select_related("recipient"):
        rows = signed_in(message.recipient).get(message.link).context["page"]
        found[message.subject] = rows.paginator.count
    assert found == {
        "上报将于 2026-10-26 23:59:59 截止，还有 2 人未上报": 2,
        "省级退回的 2 人须在 2026-10-26 23:59:59 前修改并重新上报": 2,
    }


@pytest.mark.parametrize(("days", "number"), [(0, 1), (5, 1), (8, 0)])
def test_a_window_brought_near_tells_those_behind_at_once(
    closing,
    base,
    base_officer,
    national_officer,
    monkeypatch,
    settings,
    django_capture_on_commit_callbacks,
    days,
    number,
):
    """GOAL-S4, GOAL-N1: who has little time left by a change does not wait for the reminder of a named day."""
    settings.TASKS = {
        "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    }
    cycle = closing(Step.RESIDENT_FILL, 30)
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    recruit(base)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            windows.set_window(
                cycle,
                Step.REPORT,
                base.province,
                opens_at=NOW - datetime.timedelta(days=20),
                closes_at=ends_in(days),
                by=national_officer,
            )
    subjects = list(Message.objects.values_list("recipient", "subject"))
    assert len(subjects) == number
    assert all(person == base_officer.pk and "时间有调整" in subject for person, subject in subjects)
