"""Is this step open, for whom, until when, and in which year. The only place that compares a deadline with the clock
(BR-12, BR-39, BR-55).

No cycle is current for the nation (AM-42): a recruit asks the cycle of his year, every other act `step_now`.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from portal.models import CollectionCycle, CycleWindow, Extension, Step
from portal.prepared import Asked, among, prepared

# A form opened in time and posted this late is kept as a draft, never reported (AM-26).
GRACE = timedelta(minutes=5)
# A record can still become approved as long as one of these is open for it (AM-03): the last end is its lock (AM-29).
INTAKE_STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW)
# With any of these the recruiting of a year begins somewhere.
_BEGINNINGS = (*INTAKE_STEPS, Step.API_TRANSFER)
# No province is named so: it stands for all that follow the national windows.
ELSEWHERE = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a step is open now, its deadline, and why it is not: the sentence for the user, and in one word 未开始,
    已截止, 已切换接口 or 未设置, where the calendar says so."""

    is_open: bool
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    reason: str = ""
    in_grace: bool = False
    word: str = ""


def wall_clock(moment: datetime) -> datetime:
    """The moment as the clock on the wall shows it: workbook cells know no zone."""
    return timezone.localtime(moment).replace(tzinfo=None)


def last_moment(closes_at: datetime) -> str:
    """The deadline in words. Windows end before `closes_at`, so midnight is written as 23:59:59 of the day before."""
    return timezone.localtime(closes_at - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")


class Window(NamedTuple):
    """When one step of a cycle is open: for the nation, or for the province that has times of its own."""

    opens_at: datetime
    closes_at: datetime


# What an extension can be for, in the order in which `_later` is asked.
_PLACES = ("province", "base", "enrollment", "enrollment__base")
_Windows = dict[tuple[int, str, str | None], Window]
_Later = dict[tuple, datetime]


@dataclass(slots=True)
class _Read:
    """What a page has read of the calendar so far."""

    cycles: list[CollectionCycle] | None = None
    windows: _Windows | None = None
    later: dict[tuple, _Later] = field(default_factory=dict)


_read: ContextVar[_Read | None] = ContextVar("calendar", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Cycles, windows and extensions are read once for as long as the block runs, which must not change any."""
    before = _read.set(_Read())
    try:
        yield
    finally:
        _read.reset(before)


def all_cycles() -> list[CollectionCycle]:
    """Every cycle, the oldest first; one query."""
    read = _read.get() or _Read()
    if read.cycles is None:
        read.cycles = list(CollectionCycle.objects.order_by("year"))
    return list(read.cycles)


def cycle_of_year(year: int) -> CollectionCycle | None:
    """The cycle of this year, if there is one; one query."""
    return next((cycle for cycle in all_cycles() if cycle.year == year), None)


def _all_windows() -> _Windows:
    """A few rows a cycle, however large the nation."""
    read = _read.get() or _Read()
    if read.windows is None:
        rows = CycleWindow.objects.values_list("cycle", "step", "province", "opens_at", "closes_at")
        read.windows = {
            (cycle, step, province): Window(opens_at, closes_at)
            for cycle, step, province, opens_at, closes_at in rows
        }
    return read.windows


def _later(
    provinces: Iterable[str], bases: Iterable[int], enrollments: Iterable[int], records_of: Iterable[int]
) -> _Later:
    """Until when a step is extended, by (cycle, step, province, base, record), in all cycles."""
    read = _read.get() or _Read()
    asked: tuple[frozenset, ...] = tuple(map(frozenset, (provinces, bases, enrollments, records_of)))
    if asked not in read.later:
        found: _Later = {}
        read.later[asked] = found
        given = {name: list(keys) for name, keys in zip(_PLACES, asked, strict=True) if keys}
        for *key, until in _extended.ask(*given, **given):
            found[tuple(key)] = max(until, found.get(tuple(key), until))
    return read.later[asked]


@prepared
def _extended(*places: str) -> QuerySet:
    named = Q(pk__in=[])
    for place in places:
        named |= Q(among(place, place))
    rows = Extension.objects.filter(named)
    return rows.values_list("cycle", "step", "province", "base", "enrollment", "until")


class Calendar:
    """Windows and extensions of some cycles, read once for these provinces, bases and records (two queries); with
    `records_of`, for every record of these bases.

    Extensions only ever lengthen (GOAL-N1, GOAL-P8).
    """

    def __init__(
        self,
        cycles: Iterable[CollectionCycle],
        *,
        provinces: Iterable[str] = (),
        bases: Iterable[int] = (),
        enrollments: Iterable[int] = (),
        records_of: Iterable[int] = (),
        now: datetime | None = None,
    ) -> None:
        self.now = now or timezone.now()
        self.cycles = cycles = sorted(cycles, key=lambda cycle: cycle.year)
        self._windows = _all_windows() if cycles else {}
        self._later = _later(provinces, bases, enrollments, records_of) if cycles else {}

    def opening(
        self,
        cycle: CollectionCycle | None,
        step: Step,
        *,
        province_id: str | None = None,
        base_id: int | None = None,
        enrollment_id: int | None = None,
    ) -> Opening:
        """The state of one step for one of the provinces, bases or records named at the start; no query."""
        if cycle is None:
            return Opening(False, reason="尚未设置采集周期，请联系中国医师协会。", word="未设置")
        window = self._windows.get((cycle.pk, step, province_id)) or self._windows.get((cycle.pk, step, None))
        places = ((province_id, None, None), (None, base_id, None), (None, None, enrollment_id))
        later = [self._later[key] for place in places if (key := (cycle.pk, step, *place)) in self._later]
        return _judge(step, window, max(later, default=None), self.now)

    def step_now(
        self, step: Step, *, province_id: str | None = None, base_id: int | None = None
    ) -> tuple[CollectionCycle | None, Opening]:
        """As the function of this name, among the cycles named at the start; no query."""
        found = [self.opening(cycle, step, province_id=province_id, base_id=base_id) for cycle in self.cycles]
        chosen = _of_all(self.cycles, [(state.opens_at, state.closes_at) for state in found], self.now)
        return chosen, self.opening(chosen, step, province_id=province_id, base_id=base_id)

    def last_end(
        self,
        cycle: CollectionCycle | None,
        steps: Iterable[Step],
        *,
        province_id: str,
        base_id: int | None = None,
        enrollment_id: int | None = None,
    ) -> datetime | None:
        """When nobody named here has time left for any of these steps; None while the last of them has no window.

        A province's own window counts in place of the national one, here as in `opening`.
        """
        if cycle is None:
            return None
        keys = [(cycle.pk, step) for step in steps]
        windows = [self._windows.get((*key, province_id)) or self._windows.get((*key, None)) for key in keys]
        if windows[-1] is None:
            return None
        places = ((province_id, None, None), (None, base_id, None), (None, None, enrollment_id))
        later = [
            self._later[found] for key in keys for place in places if (found := (*key, *place)) in self._later
        ]
        return max([window.closes_at for window in windows if window] + later)


def opening(
    cycle: CollectionCycle | None,
    step: Step,
    *,
    province_id: str | None = None,
    base_id: int | None = None,
    now: datetime | None = None,
) -> Opening:
    """The state of one step for one province and base. Two queries; `openings` answers for many steps with as many."""
    return openings(cycle, [step], province_id=province_id, base_id=base_id, now=now)[step]


def openings(
    cycle: CollectionCycle | None,
    steps: Iterable[Step],
    *,
    province_id: str | None = None,
    base_id: int | None = None,
    now: datetime | None = None,
) -> dict[Step, Opening]:
    calendar = Calendar(
        [cycle] if cycle else [],
        provinces=[province_id] if province_id is not None else [],
        bases=[base_id] if base_id is not None else [],
        now=now,
    )
    return {step: calendar.opening(cycle, step, province_id=province_id, base_id=base_id) for step in steps}


def openings_of_provinces(
    cycle: CollectionCycle, province_ids: Iterable[str], *, now: datetime | None = None
) -> dict[str, dict[Step, Opening]]:
    """Every step of every one of these provinces, without extensions of single bases and records; two queries."""
    provinces = list(province_ids)
    calendar = Calendar([cycle], provinces=provinces, now=now)
    return {
        province: {step: calendar.opening(cycle, step, province_id=province) for step in Step}
        for province in provinces
    }


def step_now(
    step: Step, *, province_id: str | None = None, base_id: int | None = None, now: datetime | None = None
) -> tuple[CollectionCycle | None, Opening]:
    """The cycle to which an act of this step belongs now, and whether it is open there: the oldest in which it is open
    for this province and base (AM-42); where none is, the last in which it was; before any was, the next. Three
    queries."""
    calendar = Calendar(
        all_cycles(),
        provinces=[province_id] if province_id is not None else [],
        bases=[base_id] if base_id is not None else [],
        now=now,
    )
    return calendar.step_now(step, province_id=province_id, base_id=base_id)


def open_cycles(step: Step, *, province_id: str, base_id: int | None = None) -> list[CollectionCycle]:
    """All the cycles in which this step is open for the province and base now, the oldest first; three queries."""
    cycles = all_cycles()
    calendar = Calendar(cycles, provinces=[province_id], bases=[base_id] if base_id is not None else [])
    return [
        each
        for each in cycles
        if calendar.opening(each, step, province_id=province_id, base_id=base_id).is_open
    ]


def running_cycles(
    provinces: Collection[str] | None = None, bases: Collection[int] = (), *, now: datetime | None = None
) -> list[CollectionCycle]:
    """The cycles whose intake has begun for one of these provinces or bases and is not locked for all of them, the
    oldest first; the nation's without a province. Three queries."""
    now = now or timezone.now()
    spans = _spans(provinces, bases, now)
    return [cycle for cycle, (begin, end) in spans.items() if begin and end and begin <= now < end]


def cycle_in_view(
    provinces: Collection[str] | None = None, bases: Collection[int] = (), *, now: datetime | None = None
) -> CollectionCycle | None:
    """The cycle that a page about these provinces or bases opens with: the first of cycles_in_view (AM-42)."""
    return next(iter(cycles_in_view(provinces, bases, now=now)), None)


def cycles_in_view(
    provinces: Collection[str] | None = None, bases: Collection[int] = (), *, now: datetime | None = None
) -> list[CollectionCycle]:
    """The cycles that run for these provinces or bases, the oldest first; where none does, the last that did or else
    the next. Three queries."""
    now = now or timezone.now()
    spans = _spans(provinces, bases, now)
    running = [cycle for cycle, (begin, end) in spans.items() if begin and end and begin <= now < end]
    other = _of_all(list(spans), list(spans.values()), now)
    return running or ([other] if other else [])


_Span = tuple[datetime | None, datetime | None]


def _of_all(cycles: list[CollectionCycle], spans: list[_Span], now: datetime) -> CollectionCycle | None:
    """Of cycles in the order of their years: the first that is open, else the last that was, else the next to be."""
    rows = list(zip(cycles, spans, strict=True))
    open_now = [cycle for cycle, (begin, end) in rows if begin and end and begin <= now < end]
    over = [cycle for cycle, (begin, _) in rows if begin and begin <= now]
    ahead = sorted(
        ((begin, cycle.year, cycle) for cycle, (begin, _) in rows if begin), key=lambda row: row[:2]
    )
    if open_now:
        return open_now[0]
    if over:
        return over[-1]
    return ahead[0][2] if ahead else (cycles[-1] if cycles else None)


def _spans(
    provinces: Collection[str] | None, bases: Collection[int], now: datetime
) -> dict[CollectionCycle, _Span]:
    """By cycle, in the order of years: when recruiting begins and when the intake locks, for the first and the last of
    these places."""
    windows: dict[int, dict[tuple[str, str | None], Window]] = {}
    for (cycle_id, step, province), row in _all_windows().items():
        if step in _BEGINNINGS and (provinces is None or province is None or province in provinces):
            windows.setdefault(cycle_id, {})[step, province] = row
    later = _latest(provinces, bases, now)
    return {cycle: _span(windows.get(cycle.pk, {}), provinces, later.get(cycle.pk)) for cycle in all_cycles()}


def _latest(provinces: Collection[str] | None, bases: Collection[int], now: datetime) -> dict[int, datetime]:
    """By cycle, until when the intake of one of these places is extended, where that is to come."""
    found: dict[int, datetime] = {}
    if provinces is not None and bases:
        rows = [
            (cycle, step, until) for (cycle, step, *_), until in _later(provinces, bases, (), bases).items()
        ]
    else:
        given = {} if provinces is None else {"provinces": list(provinces)}
        rows = _last_ends.ask(bool(given), now=now, **given)
    for cycle, step, until in rows:
        if step in INTAKE_STEPS and until > now:
            found[cycle] = max(until, found.get(cycle, until))
    return found


@prepared
def _last_ends(of_provinces: bool) -> QuerySet:
    """A province and the nation see every base; a base sees its own alone."""
    named = Q()
    if of_provinces:
        for place in ("province", "base__province", "enrollment__base__province"):
            named |= Q(among(place, "provinces"))
    extensions = Extension.objects.filter(named, step__in=INTAKE_STEPS, until__gt=Asked("now"))
    return extensions.values_list("cycle", "step").annotate(last=Max("until")).order_by()


def _span(
    windows: dict[tuple[str, str | None], Window],
    provinces: Collection[str] | None,
    extended: datetime | None,
) -> _Span:
    places = set(provinces) if provinces is not None else {code or ELSEWHERE for _, code in windows}
    begins = [
        row.opens_at
        for step in _BEGINNINGS
        for place in places or {ELSEWHERE}
        if (row := windows.get((step, place)) or windows.get((step, None)))
    ]
    ends = [_last(windows, place) for place in places or {ELSEWHERE}]
    known = [end for end in ends if end]
    end = max([*known, *([extended] if extended else [])]) if known else None
    return min(begins, default=None), end


def _last(windows: dict[tuple[str, str | None], Window], place: str) -> datetime | None:
    """When the intake locks in one place, extensions left aside, as `Calendar.last_end` says it."""
    found = [windows.get((step, place)) or windows.get((step, None)) for step in INTAKE_STEPS]
    return max(row.closes_at for row in found if row) if found[-1] else None


def _judge(step: Step, window: Window | None, extended: datetime | None, now: datetime) -> Opening:
    label = Step(step).label
    if window is None:
        return Opening(False, reason=f"“{label}”尚未设置开放时间，请联系中国医师协会。", word="未设置")
    closes_at = max(window.closes_at, extended) if extended else window.closes_at
    if now < window.opens_at:
        start = timezone.localtime(window.opens_at).strftime("%Y-%m-%d %H:%M")
        return Opening(False, window.opens_at, closes_at, f"“{label}”将于 {start} 开放。", word="未开始")
    if now < closes_at:
        return Opening(True, window.opens_at, closes_at)
    return Opening(
        False,
        window.opens_at,
        closes_at,
        f"“{label}”已于 {last_moment(closes_at)} 截止，现在不能办理。",
        in_grace=now < closes_at + GRACE,
        word="已截止",
    )


def cycle_state(cycle: CollectionCycle, now: datetime | None = None) -> str:
    """批次状态 of docs/codes.md#states: 0 未开放, 1 填报中, 2 审核中, 3 已锁定, by the national windows."""
    now = now or timezone.now()
    found = openings(cycle, [Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW], now=now)
    if any(found[step].is_open for step in (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)):
        return "1"
    if found[Step.REVIEW].is_open:
        return "2"
    ends = [state.closes_at for state in found.values() if state.closes_at]
    return "3" if ends and now >= max(ends) else "0"
