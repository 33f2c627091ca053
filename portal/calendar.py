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
    """Whether a step is open now, its deadline, and the sentence that explains to the user why it is not."""

    is_open: bool
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    reason: str = ""
    in_grace: bool = False


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


def opening(
    cycle: CollectionCycle | None,
    step: Step,
    *,
    province_id: str | None = None,
    base_id: int | None = None,
    enrollment_id: int | None = None,
    now: datetime | None = None,
) -> Opening:
    """The state of one step for one province, base and record; extensions only ever lengthen (GOAL-N1, GOAL-P8).

    Two queries. For lists use `openings`, which answers for many steps with the same two.
    """
    return openings(
        cycle, [step], province_id=province_id, base_id=base_id, enrollment_id=enrollment_id, now=now
    )[step]


def openings(
    cycle: CollectionCycle | None,
    steps: Iterable[Step],
    *,
    province_id: str | None = None,
    base_id: int | None = None,
    enrollment_id: int | None = None,
    now: datetime | None = None,
) -> dict[Step, Opening]:
    steps = list(steps)
    if cycle is None:
        return {step: Opening(False, reason="尚未设置采集周期，请联系中国医师协会。") for step in steps}
    now = now or timezone.now()
    windows: dict[str, CycleWindow] = {}
    scope = Q(province__isnull=True) | Q(province_id=province_id)
    for window in CycleWindow.objects.filter(scope, cycle=cycle, step__in=steps):
        if window.province_id or window.step not in windows:
            windows[window.step] = window
    named = Q(province_id=province_id, province__isnull=False) | Q(base_id=base_id, base__isnull=False)
    named |= Q(enrollment_id=enrollment_id, enrollment__isnull=False)
    later: dict[str, datetime] = {}
    for step, until in Extension.objects.filter(named, cycle=cycle, step__in=steps).values_list(
        "step", "until"
    ):
        later[step] = max(until, later.get(step, until))
    return {step: _judge(step, windows.get(step), later.get(step), now) for step in steps}


def openings_of_provinces(
    cycle: CollectionCycle, province_ids: Iterable[str], *, now: datetime | None = None
) -> dict[str, dict[Step, Opening]]:
    """Every step of every one of these provinces, without extensions of single bases and records; two queries."""
    now = now or timezone.now()
    windows = {(row.step, row.province_id): row for row in CycleWindow.objects.filter(cycle=cycle)}
    later: dict[tuple[str, str], datetime] = {}
    extended = Extension.objects.filter(cycle=cycle, province__isnull=False)
    for step, province, until in extended.values_list("step", "province_id", "until"):
        later[step, province] = max(until, later.get((step, province), until))
    return {
        province: {
            step: _judge(
                step,
                windows.get((step, province)) or windows.get((step, None)),
                later.get((step, province)),
                now,
            )
            for step in Step
        }
        for province in province_ids
    }


def _judge(step: Step, window: CycleWindow | None, extended: datetime | None, now: datetime) -> Opening:
    label = Step(step).label
    if window is None:
        return Opening(False, reason=f"“{label}”尚未设置开放时间，请联系中国医师协会。")
    closes_at = max(window.closes_at, extended) if extended else window.closes_at
    if now < window.opens_at:
        start = timezone.localtime(window.opens_at).strftime("%Y-%m-%d %H:%M")
        return Opening(False, window.opens_at, closes_at, f"“{label}”将于 {start} 开放。")
    if now < closes_at:
        return Opening(True, window.opens_at, closes_at)
    return Opening(
        False,
        window.opens_at,
        closes_at,
        f"“{label}”已于 {last_moment(closes_at)} 截止，数据已锁定。",
        in_grace=now < closes_at + GRACE,
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
