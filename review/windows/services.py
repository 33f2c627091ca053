"""The association's hand on the calendar: cycles, their windows, who is affected, what was changed (BR-01, BR-12;
GOAL-N1).

Whether a step is open is asked of portal/calendar.py alone; here the windows are only written and counted over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from bases.deadlines.tasks import tell_of_window
from bases.models import Province, TrainingBase
from portal import audit
from portal.calendar import INTAKE_STEPS, Opening, openings
from portal.histories import event_model
from portal.models import CollectionCycle, CycleWindow, Step, User
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReportStatus, ReviewStatus
from residents.services.lock import lapsing


class WindowMoved(ValueError):
    """The window is not what was on the page before the change was confirmed."""


class CycleExists(ValueError):
    """A cycle of that year is there already."""


class CycleInUse(ValueError):
    """The cycle is being worked in, or was."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom a window reaches: its provinces and their bases, and this year's intake records by state."""

    provinces: int
    bases: int
    unreported: int
    waiting: int
    approved: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of a window would do: whom it reaches, what the calendar says then, how many intake records lapse
    at once and for good (AM-05), and which later step would be over before this one."""

    affected: Affected
    opening: Opening
    lapsing: int
    over_before: list[str]


@dataclass(frozen=True, slots=True)
class StepWindows:
    """One step of a cycle: the national window and what it means now, and the provinces with a window of their own."""

    step: Step
    national: CycleWindow | None
    opening: Opening
    provincial: list[CycleWindow]


@dataclass(frozen=True, slots=True)
class WindowChange:
    """One line of the history of a cycle's windows."""

    at: datetime
    who: str
    act: str
    step: str
    province: str
    opens_at: datetime
    closes_at: datetime


def steps_of(cycle: CollectionCycle) -> list[StepWindows]:
    """Every step with its windows, in the order in which work passes through them."""
    windows: dict[str, list[CycleWindow]] = {}
    for window in cycle.windows.select_related("province").order_by("province_id"):
        windows.setdefault(window.step, []).append(window)
    states = openings(cycle, list(Step))
    return [
        StepWindows(
            step=step,
            national=next((row for row in windows.get(step, []) if row.province_id is None), None),
            opening=states[step],
            provincial=[row for row in windows.get(step, []) if row.province_id is not None],
        )
        for step in Step
    ]


def mark_of(window: CycleWindow | None) -> str:
    """What the page holds of a window before it is changed; "" where there is none yet."""
    return f"{window.opens_at.isoformat()} {window.closes_at.isoformat()}" if window else ""


def set_window(
    cycle: CollectionCycle,
    step: Step,
    province: Province | None,
    *,
    opens_at: datetime,
    closes_at: datetime,
    by: User,
    seen: str | None = None,
) -> CycleWindow:
    """Open one step from `opens_at` up to, not including, `closes_at`: nationally, or for one province in its
    place (BR-01).

    `seen` is the `mark_of` the window that was shown. Raises WindowMoved where somebody changed it since.
    """
    which: dict[str, Any] = {"cycle": cycle, "step": step, "province": province}
    with transaction.atomic():
        CollectionCycle.objects.select_for_update().get(pk=cycle.pk)
        if seen is not None and seen != mark_of(CycleWindow.objects.filter(**which).first()):
            raise WindowMoved("这一开放时间刚刚被修改过，没有保存。请核对现在的时间后再确认。")
        window, _ = CycleWindow.objects.update_or_create(
            **which, defaults={"opens_at": opens_at, "closes_at": closes_at}
        )
        audit.record(
            "set_window",
            by=by,
            target=window,
            year=cycle.year,
            step=str(step),
            province=province.pk if province else "",
            opens_at=opens_at.isoformat(),
            closes_at=closes_at.isoformat(),
        )
        _notify(cycle, step, province)
    return window


def _notify(cycle: CollectionCycle, step: Step, province: Province | None) -> None:
    """Whoever has little time left by the change learns it at once; the worker notifies them."""
    codes = _reached(cycle, step, province)
    transaction.on_commit(lambda: tell_of_window.enqueue(cycle.pk, str(step), codes))


def preview(
    cycle: CollectionCycle, step: Step, province: Province | None, *, opens_at: datetime, closes_at: datetime
) -> Preview:
    """What would be if the window were set so; nothing is kept."""
    which: dict[str, Any] = {"cycle": cycle, "step": step, "province": province}
    times = {"opens_at": opens_at, "closes_at": closes_at}
    return _tried(
        cycle, step, province, lambda: CycleWindow.objects.update_or_create(**which, defaults=times)
    )


def preview_removal(window: CycleWindow) -> Preview:
    """What would be if the province followed the national window again; nothing is kept."""
    mine = CycleWindow.objects.filter(pk=window.pk)
    return _tried(window.cycle, Step(window.step), window.province, mine.delete)


def _tried(
    cycle: CollectionCycle, step: Step, province: Province | None, change: Callable[[], object]
) -> Preview:
    reached = affected(cycle, step, province)
    before = lapsing(cycle).count() if cycle.locked_at is None else 0
    with transaction.atomic():
        change()
        states = openings(cycle, list(Step), province_id=province.pk if province else None)
        after = lapsing(cycle).count() if cycle.locked_at is None else 0
        transaction.set_rollback(True)
    return Preview(reached, states[step], max(0, after - before), _over_before(step, states))


def _over_before(step: Step, states: dict[Step, Opening]) -> list[str]:
    """Steps that build on this one and would end earlier: what is done in it at the end could not go on."""
    own = states[step].closes_at
    later = list(INTAKE_STEPS)[list(INTAKE_STEPS).index(step) + 1 :] if step in INTAKE_STEPS else []
    ends = [(each, states[each].closes_at) for each in later]
    return [Step(each).label for each, end in ends if own and end and end < own]


def remove_provincial_window(window: CycleWindow, *, by: User, seen: str | None = None) -> None:
    """The province follows the national window again. Raises ValueError for a national one, which is only changed, and
    WindowMoved where somebody changed it since it was on the page."""
    if window.province_id is None:
        raise ValueError("A national window is changed, not removed.")
    with transaction.atomic():
        CollectionCycle.objects.select_for_update().get(pk=window.cycle_id)
        if seen is not None and seen != mark_of(CycleWindow.objects.filter(pk=window.pk).first()):
            raise WindowMoved("这一开放时间刚刚被修改过，没有改回。请核对现在的时间后再确认。")
        audit.record(
            "remove_window",
            by=by,
            target=window,
            year=window.cycle.year,
            step=window.step,
            province=window.province_id,
        )
        window.delete()
        _notify(window.cycle, Step(window.step), window.province)


def create_cycle(year: int, title: str, *, by: User) -> CollectionCycle:
    """Next year's cycle, with the latest cycle's national windows moved on by as many years. Raises CycleExists."""
    latest = CollectionCycle.objects.filter(year__lt=year).order_by("-year").first()
    try:
        with transaction.atomic():
            cycle = CollectionCycle.objects.create(year=year, title=title)
            if latest:
                CycleWindow.objects.bulk_create(
                    CycleWindow(
                        cycle=cycle,
                        step=window.step,
                        opens_at=_years_later(window.opens_at, year - latest.year),
                        closes_at=_years_later(window.closes_at, year - latest.year),
                    )
                    for window in latest.windows.filter(province__isnull=True)
                )
            audit.record("create_cycle", by=by, target=cycle, year=year)
    except IntegrityError as taken:
        raise CycleExists(f"{year} 年的采集周期已经存在。") from taken
    return cycle


def is_unused(cycle: CollectionCycle) -> bool:
    """Set up and never worked in: no step is open, and no record, report, import, request or extension is of it."""
    if any(state.is_open for state in openings(cycle, list(Step)).values()):
        return False
    if cycle.windows.filter(province__isnull=False, opens_at__lte=timezone.now()).exists():
        return False
    if Enrollment.objects.filter(intake_year=cycle.year).exists():
        return False
    # All that points at a cycle but its windows; the history is no use of it.
    others = (
        each
        for each in CollectionCycle._meta.related_objects
        if each.related_model is not CycleWindow and not hasattr(each.related_model, "pgh_tracked_model")
    )
    return not any(
        each.related_model._base_manager.filter(**{each.field.name: cycle}).exists() for each in others
    )


def delete_cycle(cycle: CollectionCycle, *, by: User) -> None:
    """Take away a cycle set up by mistake, with its windows. Raises CycleInUse where anything is of it."""
    with transaction.atomic():
        locked = CollectionCycle.objects.select_for_update().get(pk=cycle.pk)
        if not is_unused(locked):
            raise CycleInUse(f"“{cycle.title}”已有数据或正在开放，不能删除。")
        audit.record("delete_cycle", by=by, target=locked, year=locked.year, title=locked.title)
        locked.windows.all().delete()
        locked.delete()


def affected(cycle: CollectionCycle, step: Step, province: Province | None) -> Affected:
    """Whom a change of this window reaches. A national one does not reach provinces with a window of their own."""
    codes = _reached(cycle, step, province)
    bases = TrainingBase.objects.filter(province_id__in=codes, is_active=True)
    records = Enrollment.objects.filter(LIVE, intake_year=cycle.year, base__province_id__in=codes)
    counts = records.aggregate(
        unreported=Count("pk", filter=Q(report_status=ReportStatus.UNREPORTED)),
        waiting=Count("pk", filter=Q(review_status=ReviewStatus.PENDING)),
        approved=Count("pk", filter=Q(review_status=ReviewStatus.APPROVED)),
    )
    return Affected(provinces=len(codes), bases=bases.count(), **counts)


def _reached(cycle: CollectionCycle, step: Step, province: Province | None) -> list[str]:
    if province:
        return [province.pk]
    own = cycle.windows.filter(step=step, province__isnull=False).values("province_id")
    return list(Province.objects.exclude(pk__in=own).values_list("pk", flat=True))


def history(cycle: CollectionCycle, most: int = 50) -> list[WindowChange]:
    """Who changed which window of the cycle to what, newest first."""
    events = event_model(CycleWindow).objects.filter(cycle=cycle).select_related("pgh_context")
    rows = list(events.order_by("-pgh_id")[:most])
    people = {row.pk: (row.pgh_context.metadata if row.pgh_context else {}).get("user", 0) for row in rows}
    names = dict(User.objects.filter(pk__in=set(people.values())).values_list("pk", "full_name"))
    provinces = dict(Province.objects.values_list("pk", "name"))
    acts = {"insert": "设置", "update": "修改", "delete": "取消本省窗口"}
    return [
        WindowChange(
            at=row.pgh_created_at,
            who=names.get(people[row.pk], "系统"),
            act=acts[row.pgh_label],
            step=Step(row.step).label,
            province=provinces.get(row.province_id, "全国"),
            opens_at=row.opens_at,
            closes_at=row.closes_at,
        )
        for row in rows
    ]


def cycles() -> QuerySet[CollectionCycle]:
    """Every collection cycle, the latest first."""
    return CollectionCycle.objects.order_by("-year")


def _years_later(moment: datetime, years: int) -> datetime:
    """The same wall clock that many years on; 29 February becomes the 28th."""
    local = timezone.localtime(moment)
    try:
        return local.replace(year=local.year + years)
    except ValueError:
        return (local - timedelta(days=1)).replace(year=local.year + years)
