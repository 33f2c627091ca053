"""What a page of the intake says first: of each of its years what is still open for the base, for whom and until when,
by the same openings as the acts (AM-03, AM-42; GOAL-P8). A year says what will open only where nothing is open in it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, QuerySet
from django.utils import timezone

from bases.lists.access import OWN_STEPS, STEPS, desk_opening
from bases.lists.records import TO_REPORT, Todo, todo_condition
from bases.models import TrainingBase
from bases.scope import Place, records_at
from portal.calendar import Calendar, Opening, last_moment
from portal.models import CollectionCycle, Extension, Step
from portal.prepared import Asked, among, prepared
from residents.models.enrollment import ReviewStatus
from residents.openness import OUT_OF_USE, SWITCHED

# Why a base can do nothing in whichever year.
_OF_NO_YEAR = {OUT_OF_USE.word, SWITCHED.word}
_SHORT = {Step.RESIDENT_FILL: "住院医师填报个人信息", Step.BASE_FILL: "导入账号与填报培训信息"}


class Part(NamedTuple):
    """Some words, and the moment until which they hold; without one they are all."""

    words: str
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """One year of one base; `may_extend` where more time can be asked for what is over."""

    label: str
    parts: list[Part]
    is_open: bool
    year: int | None = None
    may_extend: bool = False


def bands(
    place: Place,
    bases: Sequence[TrainingBase],
    cycles: Sequence[CollectionCycle],
    askable: Collection[CollectionCycle],
    calendar: Calendar | None = None,
) -> list[Band]:
    """Of these cycles, which the calendar knows; two queries at most, without a calendar two more."""
    calendar = calendar or Calendar(
        cycles, provinces={each.province_id for each in bases}, bases=[each.pk for each in bases]
    )
    openings = {
        base: {cycle: {step: desk_opening(base, cycle, step, calendar) for step in STEPS} for cycle in cycles}
        for base in bases
    }
    over = [
        cycle for states in openings.values() for cycle, own in states.items() if not own[Step.REPORT].is_open
    ]
    back = _returned(place, over) if over else {}
    alone, found = _with_own_time(place, cycles, calendar.now), []
    for base, states in openings.items():
        name = f"（{base.name}）" if len(bases) > 1 else ""
        shut = [own[Step.REPORT].reason for own in states.values() if own[Step.REPORT].word in _OF_NO_YEAR]
        if shut:
            found.append(Band(f"招收信息{name}", [Part(shut[0])], is_open=False))
            continue
        for cycle, own in states.items():
            key = base.pk, cycle.year
            open_now = _open(own, back.get(key, 0), alone.get(key, {}), base.province.switches_at)
            is_over = own[Step.REPORT].word == "已截止"
            closed = [] if open_now else [Part(own[Step.REPORT].reason)]
            ended = own[Step.REPORT].closes_at
            if is_over and open_now and ended:
                closed = [Part(f"培训基地上报已于 {last_moment(ended)} 截止")]
            found.append(
                Band(
                    f"{cycle.year}年招收信息{name}",
                    [*closed, *open_now],
                    bool(open_now),
                    cycle.year,
                    is_over and cycle in askable,
                )
            )
    return found


def _open(
    own: dict[Step, Opening],
    returned: int,
    alone: dict[tuple[str, datetime], int],
    switches_at: datetime | None,
) -> list[Part]:
    """While the report is open its end, later what else is open; a switch to 接口传送 ends all of it (AM-38)."""
    if own[Step.REPORT].is_open:
        parts = [Part("培训基地上报截止时间", own[Step.REPORT].closes_at)]
    else:
        ends: dict[datetime | None, list[str]] = {}
        for step, words in _SHORT.items():
            if own[step].is_open:
                ends.setdefault(own[step].closes_at, []).append(words)
        parts = [Part(f"{'、'.join(words)}截止时间", end) for end, words in ends.items()]
        review = own[Step.REVIEW]
        if returned and review.closes_at and (review.is_open or review.word == "未开始"):
            parts.append(Part(f"省级退回的 {returned} 人可以修改并重新上报，截止时间", review.closes_at))
    for (own_step, until), number in sorted(alone.items(), key=lambda each: each[0][1]):
        last = min(until, switches_at) if switches_at else until
        usual = own[Step(own_step)].closes_at
        if usual is None or last > usual:
            parts.append(Part(f"单独延长“{Step(own_step).label}”的 {number} 人，截止时间", last))
    if parts and switches_at:
        day = f"{timezone.localtime(switches_at):%Y-%m-%d %H:%M}"
        parts.append(Part(f"本省将于 {day} 切换为接口传送，此后直接填报和上报关闭"))
    return parts


def _returned(place: Place, cycles: Sequence[CollectionCycle]) -> dict[tuple[int, int], int]:
    """By base and year, how many the province returned that were not reported again."""
    rows = _back.ask(place.shape, years=[each.year for each in cycles], **place.values)
    return {(base, year): number for base, year, number in rows}


@prepared
def _back(place: int | None) -> QuerySet:
    back = (
        records_at(place).filter(todo_condition(Todo.BACK), TO_REPORT).filter(among("intake_year", "years"))
    )
    return back.order_by().values_list("base_id", "intake_year").annotate(number=Count("pk"))


def _with_own_time(
    place: Place, cycles: Sequence[CollectionCycle], now: datetime
) -> dict[tuple[int, int], dict[tuple[str, datetime], int]]:
    """By base and year, how many recruits have time of their own for a step, and until when; those returned have the
    review's."""
    last: dict[tuple[int, int, int, str], datetime] = {}
    rows = _given.ask(place.shape, cycles=[each.pk for each in cycles], now=now, **place.values)
    for base_id, of_year, record, step, until in rows:
        key = base_id, of_year, record, step
        last[key] = max(until, last.get(key, until))
    found: dict[tuple[int, int], dict[tuple[str, datetime], int]] = {}
    for (base, year, _, step), until in last.items():
        numbers = found.setdefault((base, year), {})
        numbers[step, until] = numbers.get((step, until), 0) + 1
    return found


@prepared
def _given(place: int | None) -> QuerySet:
    people = records_at(place).filter(TO_REPORT).exclude(review_status=ReviewStatus.RETURNED)
    given = Extension.objects.filter(
        among("cycle", "cycles"),
        step__in=OWN_STEPS,
        until__gt=Asked("now"),
        enrollment__in=people.values("pk"),
    )
    return given.values_list("enrollment__base", "cycle__year", "enrollment", "step", "until")
