"""Is this step open, for whom, until when. The only place that compares a deadline with the clock (BR-12, BR-39,
BR-55)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from portal.models import CollectionCycle, CycleWindow, Extension, Step

# A form opened in time and posted this late is kept as a draft, never reported (AM-26).
GRACE = timedelta(minutes=5)


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


def current_cycle() -> CollectionCycle | None:
    """The newest cycle of which any window has opened; before the first one has, the newest that is set up (BR-40).

    Next year's cycle, set up in advance, leaves the running one alone.
    """
    opened = CycleWindow.objects.filter(cycle=OuterRef("pk"), opens_at__lte=timezone.now())
    return CollectionCycle.objects.order_by(Exists(opened).desc(), "-year").first()


class Calendar:
    """Windows and extensions of some cycles, read once for these provinces, bases and records (two queries).

    Extensions only ever lengthen (GOAL-N1, GOAL-P8).
    """

    def __init__(
        self,
        cycles: Iterable[CollectionCycle],
        *,
        provinces: Iterable[str] = (),
        bases: Iterable[int] = (),
        enrollments: Iterable[int] = (),
        now: datetime | None = None,
    ) -> None:
        self.now = now or timezone.now()
        cycles, provinces = list(cycles), list(provinces)
        national_or_own = Q(province__isnull=True) | Q(province__in=provinces)
        self._windows = {
            (row.cycle_id, row.step, row.province_id): row
            for row in CycleWindow.objects.filter(national_or_own, cycle__in=cycles)
        }
        named = Q(province__in=provinces) | Q(base__in=list(bases)) | Q(enrollment__in=list(enrollments))
        self._later: dict[tuple, datetime] = {}
        extensions = Extension.objects.filter(named, cycle__in=cycles)
        for *key, until in extensions.values_list("cycle", "step", "province", "base", "enrollment", "until"):
            self._later[tuple(key)] = max(until, self._later.get(tuple(key), until))

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

    def last_end(
        self,
        cycle: CollectionCycle | None,
        steps: Iterable[Step],
        *,
        province_id: str,
        base_id: int,
        enrollment_id: int | None = None,
    ) -> datetime | None:
        """When nobody named here has time left for any of these steps; None where no national window is set.

        The national windows count too where the province has its own: what happens at the end waits for all of them.
        """
        if cycle is None:
            return None
        keys = [(cycle.pk, step) for step in steps]
        national = [self._windows[(*key, None)].closes_at for key in keys if (*key, None) in self._windows]
        if not national:
            return None
        own = [
            self._windows[(*key, province_id)].closes_at
            for key in keys
            if (*key, province_id) in self._windows
        ]
        places = ((province_id, None, None), (None, base_id, None), (None, None, enrollment_id))
        later = [
            self._later[found] for key in keys for place in places if (found := (*key, *place)) in self._later
        ]
        return max(national + own + later)


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


def _judge(step: Step, window: CycleWindow | None, extended: datetime | None, now: datetime) -> Opening:
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
        f"“{label}”已于 {last_moment(closes_at)} 截止，数据已锁定。",
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
