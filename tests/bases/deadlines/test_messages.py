"""Deadlines are told in time to those with open work, once, and to nobody else (GOAL-S4; AM-03, AM-04, GOAL-P8)."""

import datetime
import zoneinfo

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.deadlines.messages import DAYS_BEFORE, remind_of_deadlines, tell_of_change
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


def to_those_behind():
    """Without what the province reads of its own times."""
    return Message.objects.exclude(key__startswith="window:")


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
    assert Message.objects.get().link.endswith("/records/intake/?year=2026&todo=report")


def test_reviewers_and_bases_with_returned_records_are_told(
    closing, base, base_officer, provincial_reviewer, other_province_reviewer
):
    """AM-03: what was returned may be reported again until the review ends; a resident whose part still has gaps is
    told so, one whose part is complete has nothing to do."""
    closing(Step.REVIEW, 1)
    recruit(base, report_status="1", review_status="1")
    asked = recruit(base, review_status="3")
    recruit(base, review_status="3", personal_state="2")

    remind_of_deadlines(NOW)

    assert told() == {
        provincial_reviewer.username: ["省级审核将于 2026-10-26 23:59:59 截止，还有 1 人待审核"],
        base_officer.username: ["省级退回的 2 人须在 2026-10-26 23:59:59 前修改并重新上报"],
        asked.resident.user.username: [
            "省级退回的记录须在 2026-10-26 23:59:59 前改好并重新上报，您的信息还没有填写完整"
        ],
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
        "上报将于 2026-10-26 23:59:59 截止，还有 4 人未上报": 4,
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
    subjects = list(to_those_behind().values_list("recipient", "subject"))
    assert len(subjects) == number
    assert all(person == base_officer.pk and "时间有调整" in subject for person, subject in subjects)


@pytest.mark.parametrize("step", list(Step))
def test_a_window_closed_early_is_told_to_those_with_open_work(
    closing,
    base,
    base_officer,
    provincial_reviewer,
    national_officer,
    monkeypatch,
    settings,
    django_capture_on_commit_callbacks,
    signed_in,
    step,
):
    """GOAL-N1, GOAL-S4: whatever a change shuts, and puts off, is told to whom it leaves without time; nothing is told
    of a change of what was closed already."""
    settings.TASKS = {
        "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    }
    cycle = closing(step, 30)
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    begun = recruit(base)
    recruit(base, report_status="1", review_status="1")
    trained = recruit(base, registered_at=NOW)
    secretary = factories.secretary(base, "0100")
    type(begun).objects.update(specialty="0100")
    if step == Step.API_TRANSFER:
        type(base.province).objects.filter(pk=base.province_id).update(reporting_mode="2")

    def change(opens: datetime.datetime, closes: datetime.datetime) -> list[str]:
        Message.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            windows.set_window(
                cycle, step, base.province, opens_at=opens, closes_at=closes, by=national_officer
            )
        return list(to_those_behind().values_list("recipient", "subject"))

    started, over = NOW - datetime.timedelta(days=20), NOW - datetime.timedelta(hours=9)
    told = change(started, over)
    assert all("时间有调整" in subject and "已于 2026-10-24 23:59:59 截止" in subject for _, subject in told)
    assert all("2026年" in subject for _, subject in told)
    own = Message.objects.get(key__startswith="window:")
    assert own.recipient == provincial_reviewer
    assert f"2026年{step.label}（{base.province.name}）现为" in own.subject
    assert "至 2026-10-24 23:59:59，现已截止" in own.subject
    if step == Step.RESIDENT_FILL:
        to_base = Message.objects.get(recipient=base_officer)
        shown = signed_in(base_officer).get(to_base.address).context["page"].paginator.count
        assert f"还有 {shown} 人没有填写完整" in to_base.subject
    desk = {base_officer.pk, secretary.pk}
    assert {person for person, _ in told} == {
        Step.RESIDENT_FILL: desk
        | set(type(begun).objects.filter(registered_at=None).values_list("resident__user_id", flat=True)),
        Step.BASE_FILL: desk,
        Step.REPORT: desk,
        Step.REVIEW: desk | {provincial_reviewer.pk},
        Step.API_TRANSFER: {provincial_reviewer.pk},
        Step.BACK_REPORT: {provincial_reviewer.pk},
        Step.REGISTRY_UPDATE: desk | {trained.resident.user_id},
    }[step]
    assert change(started, over - datetime.timedelta(days=1)) == []
    open_again = change(started, ends_in(30))
    # Who was told that nobody reviews is told that somebody does.
    assert {person for person, _ in open_again} == (desk if step == Step.REVIEW else set())
    assert all(
        "重新开放，至 2026-11-24 23:59:59 截止，待审核的 1 人可以审核" in subject for _, subject in open_again
    )
    # Shut at a moment that was told before, it is told anew: what is newest is true.
    assert {person for person, _ in change(started, over)} == {person for person, _ in told}
    assert Message.objects.filter(key__startswith="window:").count() == 1
    change(started, ends_in(30))
    put_off = change(NOW + datetime.timedelta(days=2), ends_in(30))
    # Nothing that a base does waits for the review to begin.
    deciding = {person for person, _ in told} - (desk if step == Step.REVIEW else set())
    assert {person for person, _ in put_off} == deciding
    assert all("改为 2026-10-27 09:00 开放" in subject for _, subject in put_off)


@pytest.mark.parametrize("is_open", [True, False], ids=["reports go on", "reports are over"])
def test_a_base_is_told_the_truth_of_a_review_closed_before_its_reports(
    closing, base, base_officer, provincial_reviewer, signed_in, monkeypatch, is_open
):
    """AM-03, GOAL-S4: what a base may still do is named and that nobody reviews it; what it may not, as before; each
    number is that of its list, and a resident who may still fill in is not told that he may not."""
    cycle = closing(Step.REVIEW, 30)
    recruit(base)
    recruit(base, report_status="1", review_status="1")
    asked = recruit(base, review_status="3", personal_state="1")
    over = NOW - datetime.timedelta(hours=9)
    CycleWindow.objects.filter(cycle=cycle, step=Step.REVIEW).update(closes_at=over)
    if not is_open:
        CycleWindow.objects.filter(cycle=cycle, step__in=[Step.REPORT, Step.RESIDENT_FILL]).update(
            closes_at=over
        )
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    tell_of_change(cycle, Step.REVIEW, [base.province_id], [base.province_id])
    desk, own = signed_in(base_officer), Message.objects.filter(recipient=base_officer)
    found = {each.subject: desk.get(each.link).context["page"].paginator.count for each in own}
    shut = "时间有调整：2026年省级审核已于 2026-10-24 23:59:59 截止"
    may = {f"{shut}，未上报的 2 人现在仍可以上报，但上报后无人审核": 2}
    may_not = {f"{shut}，省级退回的 1 人现在不能重新上报": 1}
    assert found == {f"{shut}，待审核的 1 人无人审核": 1} | (may if is_open else may_not)
    assert Message.objects.filter(recipient=asked.resident.user).exists() is not is_open
    locks = "2026-12-24 23:59:59"
    waits = Message.objects.get(recipient=base_officer, subject__contains="待审核的")
    assert f"到 {locks} 仍没有审核通过的锁定失效" in waits.body
    assert Message.objects.get(recipient=provincial_reviewer).subject == f"{shut}，还有 1 人待审核"


def test_the_department_secretary_is_told_of_her_own(closing, base, base_officer):
    """AM-46, GOAL-S4: as the base is, of her specialty alone; the time given to the base is hers."""
    closing(Step.REPORT, 7)
    recruit(base, specialty_id="0100")
    recruit(base, specialty_id="0100", review_status="3")
    recruit(base, specialty_id="0200")
    secretary = factories.secretary(base, "0100")
    remind_of_deadlines(NOW)
    assert told() == {
        base_officer.username: ["上报将于 2026-11-01 23:59:59 截止，还有 3 人未上报"],
        secretary.username: ["上报将于 2026-11-01 23:59:59 截止，还有 2 人未上报"],
    }
