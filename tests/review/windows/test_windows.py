"""The calendar in the association's hands, obeyed everywhere by the server's clock: BR-12, BR-39, BR-55; AM-03, AM-26;
GOAL-N1."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from bases.models import Province, Submission, TrainingBase
from portal.calendar import INTAKE_STEPS, opening, openings, openings_of_provinces, running_cycles
from portal.models import AuditEvent, CollectionCycle, CycleWindow, Extension, Step
from residents.completeness import PERSONAL
from residents.models import Enrollment, SectionConfirmation
from residents.services.lock import carry_out_locks
from review.decisions.services import approve
from review.funnel.provinces import by_province
from review.windows import board as step_board
from review.windows import services as windows
from tests import factories
from tests.bases.desk import approved, complete, page

# Said aloud: tests that look their visitors up by name would count as tests without a database.
pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def set_review(cycle, opens: str, last: str, by, province: Province | None = None) -> CycleWindow:
    return windows.set_window(
        cycle,
        Step.REVIEW,
        province,
        opens_at=local(opens),
        closes_at=local(last) + datetime.timedelta(seconds=1),
        by=by,
    )


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-10-31 23:59:59", False),
        ("2026-11-01 00:00:00", True),
        ("2026-11-05 23:59:59.999999", True),
        ("2026-11-06 00:00:00", False),
    ],
)
def test_days_are_inclusive_to_the_last_second(cycle, national_officer, now, is_open):
    """BR-12, AM-26: 11月1日至11月5日 is both whole days, Asia/Shanghai."""
    set_review(cycle, "2026-11-01 00:00:00", "2026-11-05 23:59:59", national_officer)
    assert opening(cycle, Step.REVIEW, now=local(now)).is_open is is_open


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(-60, "approved"), (-1, "approved"), (0, "pending"), (60, "pending")]
)
def test_a_decision_obeys_the_clock_of_the_server(
    cycle, pending, provincial_reviewer, national_officer, monkeypatch, seconds, outcome
):
    """GOAL-N1: the minute before and the minute after, through the page's service."""
    closes = local("2026-11-06 00:00:00")
    set_review(cycle, "2026-11-01 00:00:00", "2026-11-05 23:59:59", national_officer)
    monkeypatch.setattr(timezone, "now", lambda: closes + datetime.timedelta(seconds=seconds))
    approve({pending.pk: 0}, by=provincial_reviewer)
    assert Submission.objects.get().outcome == outcome


def test_a_provinces_own_window_replaces_the_national_one(cycle, national_officer, province, other_province):
    """GOAL-N1: × province; removing it puts the national one back."""
    set_review(cycle, "2026-11-01 00:00:00", "2026-11-05 23:59:59", national_officer)
    own = set_review(cycle, "2026-11-01 00:00:00", "2026-11-09 23:59:59", national_officer, province)
    late = local("2026-11-08 12:00:00")

    def is_open(code: str) -> bool:
        return opening(cycle, Step.REVIEW, province_id=code, now=late).is_open

    assert (is_open("33"), is_open("44")) == (True, False)
    windows.remove_provincial_window(own, by=national_officer)
    assert (is_open("33"), is_open("44")) == (False, False)


def test_a_national_window_is_never_removed(cycle, national_officer):
    with pytest.raises(ValueError, match="national"):
        windows.remove_provincial_window(cycle.windows.first(), by=national_officer)


def test_next_years_cycle_starts_with_this_years_days(national_officer):
    """BR-40: reusable every year."""
    cycle = factories.CycleFactory(year=2026)
    set_review(cycle, "2026-11-01 00:00:00", "2026-11-05 23:59:59", national_officer)
    set_review(
        cycle, "2026-11-01 00:00:00", "2026-11-09 23:59:59", national_officer, Province.objects.get(pk="33")
    )
    made = windows.create_cycle(2027, "2027年住院医师信息采集", by=national_officer)
    found = [(w.step, w.province_id, w.opens_at, w.closes_at) for w in made.windows.all()]
    assert found == [("review", None, local("2027-11-01 00:00:00"), local("2027-11-06 00:00:00"))]
    with pytest.raises(windows.CycleExists):
        windows.create_cycle(2027, "再来一次", by=national_officer)
    assert CollectionCycle.objects.filter(year=2027).count() == 1


def test_the_very_first_cycle_promises_no_earlier_days(national):
    assert "沿用上一周期" not in national.get("/review/windows/").content.decode()

    def told_of(year: int) -> bool:
        sent = {"year": year, "title": f"{year}年采集"}
        page = national.post("/review/windows/new/", sent, follow=True).content.decode()
        assert (f"{year}年采集”，各环节时间沿用" in page) != (f"{year}年采集”，请设置各环节" in page)
        return "，请设置各环节" in page

    assert told_of(2026)
    opens = local("2026-11-01 00:00:00")
    CollectionCycle.objects.get(year=2026).windows.create(
        step=Step.REVIEW, opens_at=opens, closes_at=opens + datetime.timedelta(1)
    )
    assert not told_of(2027)


def test_leap_day_moves_to_the_day_before(national_officer):
    cycle = factories.CycleFactory(year=2028)
    set_review(cycle, "2028-02-29 00:00:00", "2028-03-05 23:59:59", national_officer)
    made = windows.create_cycle(2029, "2029年", by=national_officer)
    assert made.windows.get().opens_at == local("2029-02-28 00:00:00")


def test_who_is_affected_leaves_out_provinces_with_a_window_of_their_own(
    cycle, national_officer, reported, base, other_base, province, provincial_reviewer
):
    """GOAL-N1: preview of who is affected."""
    rows = reported(3)
    approve({rows[0].pk: 0}, by=provincial_reviewer)
    factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 1)
    assert windows.affected(cycle, Step.REVIEW, None) == windows.Affected(32, 2, _said(1, 2, 1))
    set_review(cycle, "2026-11-01 00:00:00", "2026-11-05 23:59:59", national_officer, province)
    assert windows.affected(cycle, Step.REVIEW, None) == windows.Affected(31, 0, _said(0, 0, 0))
    assert windows.affected(cycle, Step.REVIEW, province) == windows.Affected(1, 2, _said(1, 2, 1))


def test_approved_is_one_figure_with_the_overview(cycle, reported, base, provincial_reviewer):
    """GOAL-N1: who has left since counts, who was added late in the registry does not."""
    rows = reported(2)
    approve({row.pk: 0 for row in rows}, by=provincial_reviewer)
    Enrollment.objects.filter(pk=rows[0].enrollment_id).update(status="5")
    late = factories.EnrollmentFactory(base=base, intake_year=cycle.year, registered_at=timezone.now())
    Enrollment.objects.filter(pk=late.pk).update(report_status="1", review_status="2")
    overview = sum(each.approved for each in by_province(cycle))
    assert windows.affected(cycle, Step.REVIEW, None).people == _said(0, 0, overview)
    assert overview == 2


def _said(unreported: int, waiting: int, approved: int) -> list[str]:
    year = CollectionCycle.objects.get().year
    return [
        f"{year} 年未上报 {unreported} 人",
        f"{year} 年待审核 {waiting} 人",
        f"{year} 年审核通过 {approved} 人",
    ]


def test_what_asks_no_recruit_counts_those_it_asks(
    cycle, national, national_officer, base, base_officer, provincial_reviewer
):
    """GOAL-N1, BR-14: the update asks the registry and the early completions ask provinces; neither moves the lock."""
    trained = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    complete(base, cycle.year)
    done = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    for section in PERSONAL:
        SectionConfirmation.objects.create(
            resident=done.resident, cycle=cycle, section=section, confirmed_by=base_officer
        )
    assert trained.registered_at
    set_review(cycle, "2026-11-01 00:00:00", "2026-11-05 23:59:59", national_officer, base.province)
    answer = national.post(f"/review/windows/{cycle.year}/registry_update/", TIMES)
    assert len(answer.context["preview"].effects) == 1
    text = page(answer)
    assert "在培应更新 2 人、已逐项确认 1 人" in text
    assert not [word for word in ("未上报", "招收信息锁定", "即将失效") if word in text]
    text = page(national.post(f"/review/windows/{cycle.year}/back_report/", TIMES))
    assert "本周期补报待接收 0 批、本周期补报已接收 0 批" in text
    assert "未上报" not in text


# --- the pages -------------------------------------------------------------------------------------------------------


def confirm(client, address: str, times: dict, **more):
    """Look at the effect, then confirm what was seen."""
    seen = client.post(address, times).context["seen"]
    return client.post(address, times | {"confirmed": "1", "seen": seen} | more, follow=True)


TIMES = {"opens_at": "2026-11-01T00:00:00", "last_moment": "2026-11-05T23:59:59"}


def test_the_first_post_shows_the_effect_and_keeps_nothing(national, cycle):
    before = list(CycleWindow.objects.order_by("pk").values_list("pk", "opens_at", "closes_at"))
    answer = national.post(f"/review/windows/{cycle.year}/review/", TIMES)
    assert answer.context["preview"].opening.is_open is False
    assert answer.context["preview"].affected.provinces == 32
    assert list(CycleWindow.objects.order_by("pk").values_list("pk", "opens_at", "closes_at")) == before
    assert AuditEvent.objects.filter(action="set_window").count() == 0


def test_the_confirmed_post_saves_and_stands_in_the_history(national, national_officer, cycle):
    """GOAL-N1: history; who, what, from when to when."""
    answer = confirm(national, f"/review/windows/{cycle.year}/review/", TIMES)
    window = CycleWindow.objects.get(cycle=cycle, step="review", province=None)
    assert (window.opens_at, window.closes_at) == (local("2026-11-01 00:00:00"), local("2026-11-06 00:00:00"))
    latest = answer.context["history"][0]
    assert (latest.who, latest.act, latest.step, latest.province) == (
        national_officer.full_name,
        "修改",
        "省级审核",
        "全国",
    )
    assert "2026-11-05 23:59:59" in answer.content.decode()


def test_change_that_was_not_seen_is_not_overwritten(national, cycle):
    """GOAL-N1: two tabs; the second one confirms what is no longer so."""
    url = f"/review/windows/{cycle.year}/review/"
    seen = national.post(url, TIMES).context["seen"]
    confirm(national, url, TIMES | {"last_moment": "2026-11-08T23:59:59"})
    answer = national.post(url, TIMES | {"confirmed": "1", "seen": seen})
    assert "刚刚被修改过" in answer.text
    window = CycleWindow.objects.get(cycle=cycle, step="review", province=None)
    assert window.closes_at == local("2026-11-09 00:00:00")


def test_end_of_the_whole_cycle_tells_who_lapses_and_wants_it_ticked(national, cycle, reported):
    """AM-05, GOAL-N1: nobody loses 3 records for good by a date typed wrong."""
    reported(3)
    url, now = f"/review/windows/{cycle.year}/review/", timezone.now()
    CycleWindow.objects.filter(cycle=cycle).exclude(step="review").update(closes_at=now)
    page = national.post(url, TIMES)
    assert (page.context["preview"].lapsing, "3 人将在一分钟内锁定失效" in page.text) == (3, True)
    assert Enrollment.objects.filter(lapsed_at=None).count() == 3
    assert "请勾选确认后再保存" in confirm(national, url, TIMES).text
    assert carry_out_locks() == 0
    confirm(national, url, TIMES, lapse="on")
    assert carry_out_locks() == 3


def test_step_that_ends_after_the_next_one_gets_a_warning(national, cycle):
    url = f"/review/windows/{cycle.year}/report/"
    times = {"opens_at": "2026-10-01T00:00:00", "last_moment": "2097-11-05T23:59:59"}
    assert national.post(url, times).context["preview"].over_before == ["省级审核"]
    assert national.post(url, TIMES).context["preview"].over_before == []


def test_one_province_gets_its_own_window(national, cycle):
    url = f"/review/windows/{cycle.year}/review/?province="
    assert list(national.post(url, TIMES).context["form"].errors) == ["province"]
    confirm(national, url, TIMES | {"province": "33"})
    window = CycleWindow.objects.get(cycle=cycle, step="review", province_id="33")
    assert window.closes_at == local("2026-11-06 00:00:00")
    away = f"/review/windows/remove/{window.pk}/"
    shown = national.post(away)
    assert CycleWindow.objects.filter(province__isnull=False).exists()
    assert (shown.context["preview"].affected.provinces, "浙江" in shown.text) == (1, True)
    assert "刚刚被修改过" in national.post(away, {"confirmed": "1", "seen": "x"}).text
    national.post(away, {"confirmed": "1", "seen": shown.context["seen"]})
    assert not CycleWindow.objects.filter(province__isnull=False).exists()


def test_removal_tells_who_lapses_and_wants_it_ticked(national, cycle, reported, province):
    """AM-05, GOAL-N1: back to national windows that are over ends the province's cycle; nobody loses records
    unasked."""
    reported(2)
    now = timezone.now()
    own = CycleWindow.objects.filter(cycle=cycle, step="review").get()
    own = CycleWindow.objects.create(
        cycle=cycle, step="review", province=province, opens_at=own.opens_at, closes_at=own.closes_at
    )
    CycleWindow.objects.filter(cycle=cycle, province=None).update(closes_at=now)
    away = f"/review/windows/remove/{own.pk}/"
    shown = national.post(away)
    assert (shown.context["preview"].lapsing, "2 人将在一分钟内锁定失效" in shown.text) == (2, True)
    seen = {"confirmed": "1", "seen": shown.context["seen"]}
    assert "请勾选确认后再保存" in national.post(away, seen).text
    assert carry_out_locks() == 0
    national.post(away, seen | {"lapse": "on"})
    assert carry_out_locks() == 2


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ({"opens_at": "2026-11-05T00:00:00", "last_moment": "2026-11-01T00:00:00"}, "last_moment"),
        ({"opens_at": "", "last_moment": "2026-11-01T00:00:00"}, "opens_at"),
        ({"opens_at": "demain", "last_moment": "2026-11-01T00:00:00"}, "opens_at"),
        ({"opens_at": "2026-11-01T00:00:00", "last_moment": "9999-12-31T23:59:59"}, "last_moment"),
        ({"opens_at": "0001-01-01T00:00:00", "last_moment": "2026-11-01T00:00:00"}, "opens_at"),
    ],
)
def test_impossible_times_are_refused_at_their_field(national, cycle, times, fault):
    answer = national.post(f"/review/windows/{cycle.year}/review/", times | {"confirmed": "1"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [fault])


def test_a_new_cycle_from_the_page(national, cycle):
    made = {"year": cycle.year + 1, "title": "明年"}
    assert national.post("/review/windows/new/", made)["Location"] == f"/review/windows/{cycle.year + 1}/"
    assert national.post("/review/windows/new/", made).context["cycle_form"].errors.as_data().keys() == {
        "year"
    }


@pytest.mark.parametrize("visitor", ["provincial_reviewer", "base_officer", "resident"])
def test_nobody_else_touches_the_calendar(request, signed_in, cycle, visitor):
    """BR-01."""
    client = signed_in(request.getfixturevalue(visitor))
    before = list(CycleWindow.objects.order_by("pk").values_list("pk", "closes_at"))
    for path in ("", "new/", f"{cycle.year}/", f"{cycle.year}/review/"):
        assert client.get(f"/review/windows/{path}").status_code in (403, 405)
    for path in ("new/", f"{cycle.year}/review/", f"remove/{before[0][0]}/"):
        assert client.post(f"/review/windows/{path}", TIMES | {"confirmed": "1"}).status_code == 403
    assert list(CycleWindow.objects.order_by("pk").values_list("pk", "closes_at")) == before


def test_page_of_an_empty_calendar(national, db):
    assert "还没有采集周期" in national.get("/review/windows/").content.decode()


def test_board_shows_every_province_and_step_with_its_own_window(national, cycle, province, other_province):
    """GOAL-N1: provinces × steps; a province's own window and its extension count there and nowhere else."""
    now = timezone.now()
    closed = {"opens_at": now - datetime.timedelta(days=9), "closes_at": now - datetime.timedelta(days=1)}
    CycleWindow.objects.create(cycle=cycle, step=Step.REPORT, province=province, **closed)
    lines = {
        line.province.pk: line
        for line in national.get(f"/review/windows/{cycle.year}/board/").context["lines"]
    }
    assert (len(lines), [cell.step for cell in lines["33"].cells]) == (32, list(Step))

    def report(code: str) -> tuple[bool, bool]:
        cell = next(cell for cell in lines[code].cells if cell.step == Step.REPORT)
        return cell.opening.is_open, cell.is_own

    assert (report(province.pk), report(other_province.pk)) == ((False, True), (True, False))


def test_board_agrees_with_the_calendar(cycle, province, other_province, national_officer):
    """GOAL-N1: the same answer as for one province alone, extensions included; at the second before and after."""
    closes = timezone.now() + datetime.timedelta(hours=1)
    CycleWindow.objects.filter(cycle=cycle, step=Step.REVIEW).update(closes_at=closes)
    Extension.objects.create(
        cycle=cycle,
        step=Step.REVIEW,
        province=province,
        until=closes + datetime.timedelta(days=1),
        reason="暴雨",
        granted_by=national_officer,
    )
    for moment in (closes - datetime.timedelta(seconds=1), closes, closes + datetime.timedelta(days=1)):
        found = openings_of_provinces(cycle, [province.pk, other_province.pk], now=moment)
        for code, states in found.items():
            assert states == openings(cycle, list(Step), province_id=code, now=moment)
    assert [found[code][Step.REVIEW].is_open for code in (province.pk, other_province.pk)] == [False, False]


def test_board_takes_a_constant_number_of_queries(cycle, province, django_assert_num_queries):
    """GOAL-N1: a window of one's own costs nothing more."""
    for step in (Step.REPORT, Step.REVIEW, Step.BASE_FILL):
        with django_assert_num_queries(7):
            step_board.lines(cycle)
        window = cycle.windows.filter(step=step).first()
        CycleWindow.objects.create(
            cycle=cycle, step=step, province=province, opens_at=window.opens_at, closes_at=window.closes_at
        )


def test_a_cycle_set_up_by_mistake_goes_and_one_with_data_stays(national, cycle, base, national_officer):
    """GOAL-N1: only what nobody has worked in, and only ticked."""
    windows.create_cycle(cycle.year + 5, "误建", by=national_officer)
    page, away = f"/review/windows/{cycle.year + 5}/", f"/review/windows/{cycle.year + 5}/delete/"
    assert "删除本周期" in national.get(page).text
    national.post(away)
    assert CollectionCycle.objects.count() == 2
    factories.EnrollmentFactory(base=base, intake_year=cycle.year + 5)
    national.post(away, {"sure": "on"})
    assert CollectionCycle.objects.count() == 2
    assert "删除本周期" not in national.get(page).text
    Enrollment.objects.all().delete()
    national.post(away, {"sure": "on"})
    assert list(CollectionCycle.objects.all()) == [cycle]
    assert not CycleWindow.objects.filter(cycle__year=cycle.year + 5).exists()
    national.post(f"/review/windows/{cycle.year}/delete/", {"sure": "on"})
    assert CollectionCycle.objects.exists()


# --- all steps on one page -------------------------------------------------------------------------------------------


def of_all(national, cycle, **changed: str) -> dict[str, str]:
    """What a browser sends of the page, with some boxes changed: review_opens_at="…"."""
    lines = national.get(f"/review/windows/{cycle.year}/all/").context["lines"]
    sent = {}
    for line in lines:
        for name in ("opens_at", "last_moment"):
            value = line.form[name].value()
            sent[f"{line.step.value}-{name}"] = f"{value:%Y-%m-%dT%H:%M:%S}" if value else ""
    for name, value in changed.items():
        step, box = name.split("__")
        assert f"{step}-{box}" in sent
        sent[f"{step}-{box}"] = value
    return sent


def test_windows_of_a_cycle_are_set_on_one_page_together(national, cycle):
    """GOAL-N1: seven windows were set one by one."""
    url = f"/review/windows/{cycle.year}/all/"
    two = {
        "report__last_moment": "2096-10-31T23:59:59",
        "review__opens_at": "2026-11-01T00:00:00",
        "review__last_moment": "2096-11-05T23:59:59",
    }
    sent = of_all(national, cycle, **two)
    page = national.post(url, sent)
    assert [each.step.value for each in page.context["changes"]] == ["report", "review"]
    assert AuditEvent.objects.filter(action="set_window").count() == 0
    seen = {f"{line.step.value}-seen": line.seen for line in page.context["lines"]}
    answer = national.post(url, sent | seen | {"confirmed": "1"}, follow=True)
    assert "已保存 2 个环节" in answer.text
    found = {row.step: row.closes_at for row in cycle.windows.filter(province=None)}
    assert (found["report"], found["review"]) == (local("2096-11-01 00:00:00"), local("2096-11-06 00:00:00"))
    assert AuditEvent.objects.filter(action="set_window").count() == 2
    assert "没有变化" in national.post(url, of_all(national, cycle), follow=True).text


def test_page_of_all_windows_saves_all_or_none(national, cycle):
    """A fault is told where it is; what somebody changed meanwhile is not overwritten, nor is the rest written."""
    url = f"/review/windows/{cycle.year}/all/"
    wrong = national.post(url, of_all(national, cycle, review__last_moment="2020-01-01T00:00:00"))
    assert (wrong.status_code, "截止时间须晚于开始时间" in wrong.text) == (422, True)
    sent = of_all(
        national, cycle, report__last_moment="2096-10-31T23:59:59", review__last_moment="2096-11-05T23:59:59"
    )
    seen = {f"{line.step.value}-seen": line.seen for line in national.post(url, sent).context["lines"]}
    confirm(national, f"/review/windows/{cycle.year}/review/", TIMES)
    before = list(cycle.windows.order_by("pk").values_list("opens_at", "closes_at"))
    assert "刚刚被修改过" in national.post(url, sent | seen | {"confirmed": "1"}).text
    assert list(cycle.windows.order_by("pk").values_list("opens_at", "closes_at")) == before


def test_steps_never_set_may_stay_empty_on_the_page_of_all(national, cycle):
    cycle.windows.filter(step="back_report").delete()
    url = f"/review/windows/{cycle.year}/all/"
    page = national.post(url, of_all(national, cycle, report__last_moment="2096-10-31T23:59:59"))
    assert [each.step.value for each in page.context["changes"]] == ["report"]


def test_end_of_the_whole_cycle_on_the_page_of_all_wants_it_ticked(national, cycle, reported):
    """AM-05: as on the page of one step."""
    reported(3)
    url = f"/review/windows/{cycle.year}/all/"
    over = {f"{step.value}__last_moment": "2026-11-05T23:59:59" for step in Step}
    opens = {f"{step.value}__opens_at": "2026-11-01T00:00:00" for step in Step}
    sent = of_all(national, cycle, **over, **opens)
    page = national.post(url, sent)
    assert page.context["lapsing"] == 3
    seen = {f"{line.step.value}-seen": line.seen for line in page.context["lines"]}
    assert "请勾选确认后再保存" in national.post(url, sent | seen | {"confirmed": "1"}).text
    assert "已保存" in national.post(url, sent | seen | {"confirmed": "1", "lapse": "on"}, follow=True).text


@pytest.mark.parametrize("has_national", [True, False])
def test_a_province_with_its_own_times_locks_at_its_own_end(
    national, cycle, reported, province, other_base, has_national
):
    """AM-05, AM-42: its own windows stand in place of the national ones, later or absent; the preview says so."""
    reported(1)
    elsewhere = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    TrainingBase.objects.filter(pk=other_base.pk).update(province="44")
    far = local("2098-01-02 00:00:00")
    CycleWindow.objects.filter(cycle=cycle).update(closes_at=far)
    if not has_national:
        CycleWindow.objects.filter(cycle=cycle).delete()
    times = {"opens_at": "2026-10-01T00:00:00", "last_moment": "2097-12-06T23:59:59"}
    for step in INTAKE_STEPS:
        shown = national.post(f"/review/windows/{cycle.year}/{step}/?province=33", times)
        confirm(national, f"/review/windows/{cycle.year}/{step}/?province=33", times)
    effect = shown.context["preview"].effects[0]
    before = "2098-01-01 23:59:59" if has_national else "未设置"
    assert (effect.locks_before, effect.locks_after) == (before, "2097-12-06 23:59:59")
    assert carry_out_locks(local("2097-12-06 23:59:59")) == 0
    assert running_cycles(["33"]) == [cycle]
    assert carry_out_locks(local("2097-12-07 00:00:00")) == 1
    elsewhere.refresh_from_db()
    assert elsewhere.is_live
    assert running_cycles(["33"], now=local("2097-12-07 00:00:00")) == []
    cycle.refresh_from_db()
    assert cycle.locked_at is None
    assert carry_out_locks(far) == (1 if has_national else 0)


def test_more_time_in_a_province_moves_its_own_lock(national_officer, cycle, reported, province):
    """AM-43, GOAL-P8: what is extended locks at the new end, long before the nation's."""
    reported(1)
    now, day = timezone.now(), datetime.timedelta(days=1)
    CycleWindow.objects.filter(cycle=cycle).update(closes_at=now + 99 * day)
    for step in INTAKE_STEPS:
        CycleWindow.objects.create(
            cycle=cycle, step=step, province=province, opens_at=now - day, closes_at=now + day
        )
    Extension.objects.create(
        cycle=cycle,
        step=Step.REVIEW,
        province=province,
        until=now + 3 * day,
        reason="系统故障",
        granted_by=national_officer,
    )
    assert carry_out_locks(now + 2 * day) == 0
    assert carry_out_locks(now + 4 * day) == 1
