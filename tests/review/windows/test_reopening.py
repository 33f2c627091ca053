"""AM-43 through the association's page: who lapsed, who may live again, who is left and why."""

import datetime

import pytest
from django.utils import timezone

from bases.workbooks.accounts import doors
from portal.calendar import INTAKE_STEPS, last_moment
from portal.models import AuditEvent, CycleWindow, Extension, Message, Step
from residents.models import Enrollment
from residents.models.enrollment import PersonalState, ReviewStatus
from residents.openness import personal_entry, report_entry, review_entry, training_entry
from residents.services.lock import carry_out_locks
from residents.services.revival import lapsed_of
from review.decisions.services import return_for_correction
from review.windows import revival
from review.windows import services as windows
from tests import factories
from tests.bases.desk import approved, close, complete, page, reported, returned

pytestmark = pytest.mark.django_db


@pytest.fixture
def national(signed_in, national_officer):
    return signed_in(national_officer)


@pytest.fixture
def lapsed(base, cycle, base_officer):
    """Three who lapsed: one waited for the province, one was imported anew since, one was only begun."""
    found = [reported(complete(base, cycle.year), base_officer), *(complete(base, cycle.year) for _ in "12")]
    close(cycle, *INTAKE_STEPS)
    assert carry_out_locks() == 3
    factories.EnrollmentFactory(
        resident=found[1].resident,
        base=base,
        intake_year=cycle.year,
        origin="late",
        registered_at=timezone.now(),
    )
    return found


def reopen(cycle, by, days=2, province=None):
    now = timezone.now()
    for step in (Step.REPORT, Step.REVIEW):
        windows.set_window(
            cycle,
            step,
            province,
            opens_at=now - datetime.timedelta(days=9),
            closes_at=now + datetime.timedelta(days=days),
            by=by,
        )


def test_who_could_not_get_on_is_counted_apart_and_told_the_open_door(
    national, national_officer, cycle, base, base_officer, provincial_reviewer, signed_in
):
    """AM-43, AM-31: of the review alone opened again; preview, button and messages name what is left to do and by
    when, and no door that is closed."""
    waits = reported(complete(base, cycle.year), base_officer)
    begun = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    back = returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    secretary = factories.secretary(base, waits.specialty_id)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    now = timezone.now()
    times = {"opens_at": now - datetime.timedelta(days=9), "closes_at": now + datetime.timedelta(days=4)}
    effect = windows.preview(cycle, Step.REVIEW, base.province, **times).effects[0]
    assert (effect.revivable, effect.workable) == (3, 2)
    windows.set_window(cycle, Step.REVIEW, base.province, by=national_officer, **times)
    address = f"/review/windows/{cycle.year}/lapsed/"
    text = page(national.get(address))
    assert "恢复全部可以恢复的 3 人（现在可以办理 2 人）" in " ".join(text.split())
    assert "截止，现在不能办理" in text
    answer = national.post(address, {"range": "workable", "reason": "补审"})
    assert {row.pk for row in answer.context["result"].done} == {waits.pk, back.pk}
    national.post(address, {"range": "all", "reason": "补审"})

    ends = last_moment(times["closes_at"])
    told = {
        row.pk: Message.objects.filter(recipient=row.resident.user, subject__contains="已恢复").get()
        for row in (waits, begun, back)
    }
    assert "正在等待省级审核" in told[waits.pk].subject
    assert f"由培训基地在 {ends} 前上报" in told[back.pk].subject
    assert "但现在还不能办理" in told[begun.pk].subject
    assert "请联系培训基地申请延长填报时间" in told[begun.pk].body
    to_base = Message.objects.filter(recipient=base_officer, subject__contains="已恢复").order_by("pk")
    first, second = to_base
    assert f"请在 {ends} 前办理 1 人，待省级审核 1 人" in first.subject
    assert "须先申请延长填报时间 1 人" in second.subject
    door = signed_in(base_officer).get(second.link)
    assert (door.status_code, "form" in door.context) == (200, True)
    # Somebody who did not lapse is in none of the lists that the letters open.
    complete(base, cycle.year)
    opened = signed_in(base_officer).get(first.address)
    assert {row.pk for row in opened.context["page"].object_list} == {waits.pk, back.pk}
    to_province = Message.objects.filter(recipient=provincial_reviewer, subject__contains="已恢复")
    opened = signed_in(provincial_reviewer).get(to_province.earliest("pk").address)
    assert [row.enrollment_id for row in opened.context["page"].rows] == [waits.pk]
    assert f"请在 {ends} 前审核 1 人，待培训基地上报 1 人" in to_province.earliest("pk").subject
    assert Message.objects.get(recipient=secretary, subject__contains="锁定失效的 2 人已恢复")


@pytest.mark.parametrize("step", [Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW])
def test_what_is_promised_to_the_revived_is_what_the_desk_allows(
    cycle, base, base_officer, provincial_reviewer, national_officer, step
):
    """AM-43: one step open again at a time; whoever counts as workable has an open entry once he lives again."""
    reported(complete(base, cycle.year), base_officer)
    returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    complete(base, cycle.year)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    CycleWindow.objects.filter(cycle=cycle, step=step).update(
        closes_at=timezone.now() + datetime.timedelta(days=1)
    )
    rows = list(lapsed_of(cycle).select_related("resident", "base__province"))
    workable = set(revival.prospects(rows).workable)
    revival.bring_back([row.pk for row in rows], cycle=cycle, by=national_officer, reason="补报")
    for row in Enrollment.objects.filter(pk__in=[row.pk for row in rows]).select_related("base__province"):
        asked = [review_entry] if row.review_status == ReviewStatus.PENDING else [report_entry]
        if asked == [report_entry] and row.personal_state != PersonalState.COMPLETE:
            asked += [personal_entry, training_entry]
        assert (row.pk in workable) == all(ask(row).is_open for ask in asked)


def test_each_further_step_previews_whom_it_lets_go_on(cycle, base, base_officer, national_officer):
    """AM-42: the preview is the result, also where another step had opened the intake again before."""
    reported(complete(base, cycle.year), base_officer)
    complete(base, cycle.year)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    now, shown = timezone.now(), []
    times = {"opens_at": now - datetime.timedelta(days=9), "closes_at": now + datetime.timedelta(days=4)}
    for step in (Step.REVIEW, Step.REPORT, Step.BASE_FILL, Step.RESIDENT_FILL):
        (effect,) = windows.preview(cycle, step, base.province, **times).effects
        windows.set_window(cycle, step, base.province, by=national_officer, **times)
        rows = list(lapsed_of(cycle).select_related("resident", "base__province"))
        told = revival.prospects(rows)
        assert (effect.revivable, effect.workable) == (len(told.entries), len(told.workable)), step
        shown.append(effect.workable)
    assert shown == sorted(shown)
    assert shown[0] < shown[1] < shown[-1]


def living(records) -> list[bool]:
    return [Enrollment.objects.get(pk=record.pk).is_live for record in records]


def test_while_the_year_is_locked_nobody_lives_again(national, cycle, lapsed):
    answer = national.post(f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": "系统故障"})
    assert (len(answer.context["result"].done), len(answer.context["result"].left)) == (0, 3)
    assert "锁定" in page(answer)


def test_opened_again_it_locks_again(
    national, national_officer, cycle, lapsed, base, signed_in, base_officer
):
    """AM-43: "open again for those named, locks again at the new end, and what is unapproved then lapses … save those
    whose person has a live record or an approved record of that year: they are listed and left"."""
    assert doors(base)[cycle.year].registry_takes
    reopen(cycle, national_officer)
    assert not doors(base)[cycle.year].registry_takes
    cycle.refresh_from_db()
    assert cycle.locked_at is None
    answer = national.post(
        f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": "系统故障补报"}
    )
    text = page(answer)
    assert "已恢复 2 人，未恢复 1 人" in text
    assert "此人现有记录" in text
    assert living(lapsed) == [True, False, True]
    assert AuditEvent.objects.get(action="lapsed_revived").detail["reason"] == "系统故障补报"
    assert Message.objects.filter(recipient=base_officer, subject__contains="已恢复").count() == 1
    assert Message.objects.filter(recipient=lapsed[0].resident.user, subject__contains="已恢复").count() == 1
    assert Enrollment.objects.get(pk=lapsed[0].pk).review_status == "1"
    assert carry_out_locks() == 0
    assert carry_out_locks(timezone.now() + datetime.timedelta(days=3)) == 2
    cycle.refresh_from_db()
    assert cycle.locked_at is not None
    assert living(lapsed) == [False, False, False]


def test_one_alone_or_one_base(national, national_officer, cycle, lapsed, other_base):
    far = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    carry_out_locks()
    CycleWindow.objects.filter(cycle=cycle).update(closes_at=timezone.now() + datetime.timedelta(days=1))
    address = f"/review/windows/{cycle.year}/lapsed/"
    Enrollment.objects.filter(pk=far.pk).update(lapsed_at=timezone.now())
    national.post(address, {"choice": lapsed[0].pk, "reason": "误操作"})
    assert living([*lapsed, far]) == [True, False, False, False]
    national.post(f"{address}?base={other_base.pk}", {"range": "all", "reason": "误操作"})
    assert living([*lapsed, far]) == [True, False, False, True]


def test_without_a_reason_nothing_happens(national, national_officer, cycle, lapsed):
    reopen(cycle, national_officer)
    answer = national.post(f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": " "})
    assert (answer.status_code, living(lapsed)) == (422, [False, False, False])


def test_an_approved_record_of_the_year_leaves_the_lapsed_one(
    national, national_officer, cycle, lapsed, other_base, base_officer, provincial_reviewer
):
    """AM-43; "approved record of that year", whatever became of it since."""
    twin = factories.EnrollmentFactory(
        resident=lapsed[2].resident, base=lapsed[2].base, intake_year=cycle.year, registered_at=timezone.now()
    )
    factories.fill_training(twin)
    approved(twin, base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=twin.pk).update(status="5")
    reopen(cycle, national_officer)
    answer = national.post(f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": "补报"})
    assert "审核通过的记录" in page(answer)
    assert living(lapsed) == [True, False, False]


def test_an_early_window_of_one_province_changes_nothing_elsewhere(
    national, national_officer, cycle, province, other_province, base, base_officer, signed_in
):
    """AM-42 (Y1): "A new cycle's early window opens exactly what its preview says and changes nothing else"."""
    ahead = windows.create_cycle(cycle.year + 1, "下一年", by=national_officer)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    now = timezone.now()
    times = {"opens_at": now - datetime.timedelta(hours=1), "closes_at": now + datetime.timedelta(days=5)}
    told = windows.preview(ahead, Step.BASE_FILL, other_province, **times)
    assert [each.provinces for each in told.effects] == [[other_province.short_name]]
    assert told.beside == [cycle]
    windows.set_window(ahead, Step.BASE_FILL, other_province, by=national_officer, **times)
    overview = national.get("/review/national/")
    assert (overview.context["cycle"], overview.context["total"].imported) == (cycle, 1)
    assert f"year={ahead.year}" in page(overview)
    assert national.get("/review/national/", {"year": ahead.year}).context["cycle"] == ahead
    desk = signed_in(base_officer)
    assert desk.get("/base/records/intake/").context["page"].paginator.count == 1
    assert desk.get("/base/imports/accounts/intake/").context["opening"].is_open
    assert desk.get("/base/").context["cycle"] == cycle


def test_more_time_is_advised_only_where_it_would_help(national, national_officer, cycle, lapsed):
    """AM-43: while the cycle is open, whoever lives elsewhere has a reason of his own and no time to wait for."""
    address = f"/review/windows/{cycle.year}/lapsed/"
    advice = "中延长时间，重新开放本周期"
    assert advice in page(national.get(address))
    reopen(cycle, national_officer)
    Enrollment.objects.filter(pk__in=[lapsed[0].pk, lapsed[2].pk]).update(status="5")
    text = page(national.get(address))
    assert ("此人现有记录" in text, "现在没有可以恢复的记录" in text, advice in text) == (True, True, False)


def test_a_year_open_for_the_review_alone_is_not_the_bases_default(
    national_officer, cycle, base, base_officer, provincial_reviewer, signed_in
):
    """AM-42: "default is the cycle with open work for the viewer": while the next year runs, the base reads its own
    dates of that year, unless something of the old one came back to it."""
    ahead = factories.CycleFactory(year=cycle.year + 1)
    factories.open_windows(ahead, days_left=30)
    record = reported(complete(base, cycle.year), base_officer)
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    desk = signed_in(base_officer)
    assert desk.get("/base/").context["cycle"] == ahead
    old, new = desk.get("/base/").context["bands"]
    assert (old.year, old.is_open, new.year, new.is_open) == (cycle.year, False, ahead.year, True)
    assert signed_in(provincial_reviewer).get("/review/funnel/").context["cycle"] == cycle
    submission = record.submissions.get(outcome="pending")
    return_for_correction(
        {submission.pk: submission.version}, by=provincial_reviewer, comment="时间有误，请核对。"
    )
    assert desk.get("/base/").context["cycle"] == cycle


@pytest.mark.parametrize(("steps", "stranded"), [(["report"], 1), (["report", "review"], 0), ([], 0)])
def test_closing_the_review_names_whom_more_time_leaves_with_nobody(
    cycle, base, base_officer, national_officer, steps, stranded
):
    """AM-43: a report made in granted time waits for a decision that nobody may take once the review is closed."""
    reported(complete(base, cycle.year), base_officer)
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    now = timezone.now()
    for step in steps:
        Extension.objects.create(
            cycle=cycle,
            step=step,
            base=base,
            until=now + datetime.timedelta(days=9),
            granted_by=national_officer,
        )
    closed = {
        "opens_at": now - datetime.timedelta(days=9),
        "closes_at": now - datetime.timedelta(minutes=1),
    }
    found = windows.preview(cycle, Step.REVIEW, None, **closed).stranded
    assert sum(each.waiting for each in found) == stranded


@pytest.mark.parametrize(("days", "waiting"), [(-1, 2), (3, 0)], ids=["over", "ends first"])
def test_the_preview_names_whom_nobody_could_review_and_by_when(
    national, cycle, base, base_officer, other_province, days, waiting
):
    """AM-03, AM-43: whoever waits, or may go on reporting, in a province whose review ends before all else, with the
    moment at which they lapse; on the page of all steps it is said once, and after the last of the other ends never."""
    for _ in range(2):
        reported(complete(base, cycle.year), base_officer)
    complete(base, cycle.year)
    address = f"/review/windows/{cycle.year}/review/?province={base.province_id}"
    now = timezone.localtime()
    lock = CycleWindow.objects.get(cycle=cycle, step=Step.REPORT).closes_at
    opens = f"{now - datetime.timedelta(days=9):%Y-%m-%dT%H:%M:%S}"
    times = {
        "opens_at": opens,
        "last_moment": f"{now + datetime.timedelta(days=days):%Y-%m-%dT%H:%M:%S}",
    }
    text = " ".join(page(national.post(address, times)).split())
    assert ("待审核的 2 人无人可以审核" in text) is bool(waiting)
    assert "现在未上报的 1 人，在省级审核截止以后上报的无人审核" in text
    assert f"到 {last_moment(lock)} 没有审核通过的锁定失效" in text
    everywhere = {name: value for step in Step for name, value in _sent(cycle, step).items()}
    shorter = {f"review-{name}": value for name, value in times.items()}
    earlier = {"base_fill-last_moment": f"{now + datetime.timedelta(days=5):%Y-%m-%dT%H:%M:%S}"}
    text = page(national.post(f"/review/windows/{cycle.year}/all/", everywhere | shorter | earlier))
    assert text.count("现在未上报的 1 人") == 1
    late = {"opens_at": opens, "last_moment": f"{now + datetime.timedelta(days=30):%Y-%m-%dT%H:%M:%S}"}
    assert "上报的无人审核" not in page(national.post(address, late))


def _sent(cycle, step) -> dict[str, str]:
    """A window as the page of all steps sends it."""
    window = CycleWindow.objects.get(cycle=cycle, step=step)
    opens, closes = timezone.localtime(window.opens_at), timezone.localtime(window.closes_at)
    last = closes - datetime.timedelta(seconds=1)
    return {
        f"{step}-opens_at": f"{opens:%Y-%m-%dT%H:%M:%S}",
        f"{step}-last_moment": f"{last:%Y-%m-%dT%H:%M:%S}",
    }
