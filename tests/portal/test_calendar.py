"""BR-12, BR-39, BR-55, AM-03, AM-26, GOAL-N1: windows to the second, by the server clock in Asia/Shanghai."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.calendar import cycle_in_view, cycle_state, last_moment, opening, openings
from portal.models import CollectionCycle, CycleWindow, Extension, Step
from tests import factories

SHANGHAI = timezone.get_default_timezone()


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def notice_cycle(db):
    """The dates of the notice: filling 10-13 … 10-31, review 11-01 … 11-05, days inclusive (BR-12)."""
    cycle = CollectionCycle.objects.create(year=2019, title="2019年住院医师信息采集")
    fill = {"opens_at": at("2019-10-13"), "closes_at": at("2019-11-01")}
    for step in (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT):
        CycleWindow.objects.create(cycle=cycle, step=step, **fill)
    CycleWindow.objects.create(
        cycle=cycle, step=Step.REVIEW, opens_at=at("2019-11-01"), closes_at=at("2019-11-06")
    )
    return cycle


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2019-10-12T23:59:59", False),
        ("2019-10-13T00:00:00", True),
        ("2019-10-31T23:59:59", True),
        ("2019-11-01T00:00:00", False),
    ],
)
def test_window_opens_and_closes_to_the_second(notice_cycle, moment, is_open):
    """BR-12, AM-26: inclusive to 23:59:59."""
    assert opening(notice_cycle, Step.REPORT, now=at(moment)).is_open is is_open


def test_reason_names_the_deadline_and_grace_is_five_minutes(notice_cycle):
    """AM-26."""
    late = opening(notice_cycle, Step.BASE_FILL, now=at("2019-11-01T00:04:59"))
    later = opening(notice_cycle, Step.BASE_FILL, now=at("2019-11-01T00:05:00"))

    assert "2019-10-31 23:59:59" in late.reason
    assert (late.in_grace, later.in_grace) == (True, False)
    assert last_moment(late.closes_at) == "2019-10-31 23:59:59"


def test_next_years_cycle_set_up_in_advance_leaves_the_running_one_alone(notice_cycle):
    """BR-40, GOAL-N1: the association prepares 2099 while 2019 is at work."""
    ahead = CollectionCycle.objects.create(year=2099, title="2099年住院医师信息采集")
    assert cycle_in_view() == notice_cycle
    CycleWindow.objects.create(
        cycle=ahead, step=Step.REPORT, opens_at=at("2099-10-13"), closes_at=at("2099-11-01")
    )
    assert cycle_in_view() == notice_cycle
    ahead.windows.update(opens_at=timezone.now())
    assert cycle_in_view() == ahead


def test_before_the_first_window_of_all_the_newest_cycle_is_shown(db):
    CollectionCycle.objects.create(year=2098, title="2098年住院医师信息采集")
    newest = CollectionCycle.objects.create(year=2099, title="2099年住院医师信息采集")
    assert cycle_in_view() == newest


def test_early_visitor_is_told_when_it_opens(notice_cycle):
    assert "2019-10-13 00:00" in opening(notice_cycle, Step.REPORT, now=at("2019-10-01")).reason


def test_own_window_of_a_province_replaces_the_national_one(notice_cycle, province):
    """GOAL-N1: batch × step × role × province."""
    CycleWindow.objects.create(
        cycle=notice_cycle,
        step=Step.REPORT,
        province=province,
        opens_at=at("2019-10-13"),
        closes_at=at("2019-11-03"),
    )
    now = at("2019-11-02")
    assert opening(notice_cycle, Step.REPORT, province_id="33", now=now).is_open
    assert not opening(notice_cycle, Step.REPORT, province_id="44", now=now).is_open
    assert not opening(notice_cycle, Step.BASE_FILL, province_id="33", now=now).is_open


def test_extension_lengthens_for_the_named_base_only(notice_cycle, base, other_base, national_officer):
    """GOAL-P8; an extension that ends before the window shortens nothing."""
    for until in (at("2019-11-04"), at("2019-10-20")):
        Extension.objects.create(
            cycle=notice_cycle,
            step=Step.REPORT,
            base=base,
            until=until,
            reason="停电",
            granted_by=national_officer,
        )
    now = at("2019-11-03")
    assert opening(notice_cycle, Step.REPORT, province_id="33", base_id=base.pk, now=now).is_open
    assert not opening(notice_cycle, Step.REPORT, province_id="33", base_id=other_base.pk, now=now).is_open
    assert not opening(notice_cycle, Step.REPORT, now=now).is_open


@pytest.mark.parametrize(
    ("moment", "state"),
    [("2019-10-01", "0"), ("2019-10-20", "1"), ("2019-11-03", "2"), ("2019-11-06", "3"), ("2026-01-01", "3")],
)
def test_cycle_state(notice_cycle, moment, state):
    """docs/codes.md#states: 0 未开放, 1 填报中, 2 审核中, 3 已锁定."""
    assert cycle_state(notice_cycle, at(moment)) == state


def test_one_window_per_step_and_province(notice_cycle):
    """The database keeps it, for the national window too, where the province is null."""
    with pytest.raises(IntegrityError), transaction.atomic():
        CycleWindow.objects.create(
            cycle=notice_cycle, step=Step.REPORT, opens_at=at("2019-10-13"), closes_at=at("2019-11-03")
        )


def test_many_steps_cost_two_queries(notice_cycle, django_assert_num_queries):
    with django_assert_num_queries(2):
        openings(notice_cycle, list(Step), province_id="33", base_id=1)


def test_without_cycle_or_window_everything_is_closed(db):
    assert not opening(None, Step.REPORT).is_open
    assert "尚未设置开放时间" in opening(factories.CycleFactory(), Step.REPORT).reason
