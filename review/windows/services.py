"""The association's hand on the calendar: cycles, their windows, who is affected, what was changed (BR-01, BR-12;
GOAL-N1).

Whether a step is open is asked of portal/calendar.py alone; here the windows are only written and counted over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from bases.deadlines.tasks import tell_of_window
from bases.lists.records import TO_REPORT
from bases.models import Province, TrainingBase
from bases.models.organisations import ReportingMode
from portal import audit
from portal.calendar import INTAKE_STEPS, Calendar, Opening, last_moment, openings, running_cycles
from portal.histories import event_model
from portal.models import CollectionCycle, CycleWindow, Extension, Step, User
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReviewStatus
from residents.openness import Times
from residents.services.lock import lapsing, unmark_if_open
from residents.updating import ASKED, is_up_to_date
from review.models import CompletionBatch
from review.windows.revival import revivable_by_province


class WindowMoved(ValueError):
    """The window is not what was on the page before the change was confirmed."""


class CycleExists(ValueError):
    """A cycle of that year is there already."""


class CycleInUse(ValueError):
    """The cycle is being worked in, or was."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom a window reaches: its provinces and their bases, and in words how far those are whose work it opens."""

    provinces: int
    bases: int
    people: list[str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do alike in some provinces: the step and the lock of the intake in words, before and after,
    how many records lapse within a minute, how many lapsed ones could live again (AM-43), and with how many of
    these the work could go on."""

    provinces: list[str]
    before: str
    after: str
    locks_before: str
    locks_after: str
    lapsing: int
    revivable: int
    workable: int


@dataclass(slots=True)
class Stranded:
    """Recruits whose review `ends_at` before all their other time (`locks_at`), in some provinces: how many wait for a
    decision then that nobody may take, and how many are not reported yet; what they report later nobody reviews."""

    ends_at: datetime
    locks_at: datetime
    is_over: bool
    provinces: list[str] = field(default_factory=list)
    waiting: int = 0
    unreported: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of a window would do: whom it reaches, what the calendar says then, how many intake records lapse
    at once (AM-05), which later step would be over before this one, what changes in which provinces, which other
    cycles are running, untouched (AM-42), and who could be reviewed by nobody. Only a step `of_intake` moves its
    lock."""

    affected: Affected
    opening: Opening
    lapsing: int
    over_before: list[str]
    effects: list[Effect]
    beside: list[CollectionCycle]
    of_intake: bool
    stranded: list[Stranded]


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
        codes = _reached(cycle, step, province)
        before = _states(cycle, step, codes)
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
        unmark_if_open(cycle)
        _notify(cycle, step, codes, before)
    return window


def set_windows(
    cycle: CollectionCycle,
    times: Mapping[Step, dict[str, datetime]],
    *,
    by: User,
    seen: Mapping[Step, str],
) -> None:
    """The national windows of several steps in one act, all or none. Raises WindowMoved as set_window does."""
    with transaction.atomic():
        for step, each in times.items():
            set_window(cycle, step, None, **each, by=by, seen=seen[step])


def _states(cycle: CollectionCycle, step: Step, codes: list[str]) -> dict[str, Opening]:
    calendar = Calendar([cycle], provinces=codes)
    return {code: calendar.opening(cycle, step, province_id=code) for code in codes}


def _notify(cycle: CollectionCycle, step: Step, codes: list[str], before: dict[str, Opening]) -> None:
    """Whoever has little time left by the change, or none any more, learns it at once, and the provinces whose times it
    moves; the worker notifies them. Times set for the first time are no change."""
    after = _states(cycle, step, codes)
    shut = sorted(code for code in codes if before[code].is_open and not after[code].is_open)
    moved = sorted(
        code for code in codes if before[code].opens_at and _span(before[code]) != _span(after[code])
    )
    opened = sorted(code for code in codes if after[code].is_open and not before[code].is_open)
    again = _again(cycle, step, before, after)
    transaction.on_commit(
        lambda: tell_of_window.enqueue(cycle.pk, str(step), codes, shut, moved, opened=opened, again=again)
    )


def _again(cycle: CollectionCycle, step: Step, before: dict[str, Opening], after: dict[str, Opening]) -> str:
    """A mark of times that are back at an end they had before: what was told of it then is no longer the newest word
    and has to be told anew; "" otherwise."""
    ends = {state.closes_at for code, state in after.items() if state.closes_at != before[code].closes_at}
    if not ends:
        return ""
    events = event_model(CycleWindow).objects.filter(cycle=cycle, step=step)
    number = events.filter(Q(closes_at__in=ends) | Q(pgh_label="delete")).count()
    return f":{number}" if number > 1 else ""


def _span(state: Opening) -> tuple[datetime | None, datetime | None]:
    return state.opens_at, state.closes_at


def preview(
    cycle: CollectionCycle, step: Step, province: Province | None, *, opens_at: datetime, closes_at: datetime
) -> Preview:
    """What would be if the window were set so; nothing is kept."""
    which: dict[str, Any] = {"cycle": cycle, "step": step, "province": province}
    times = {"opens_at": opens_at, "closes_at": closes_at}
    return _tried(
        cycle, step, province, lambda: CycleWindow.objects.update_or_create(**which, defaults=times)
    )


def preview_all(cycle: CollectionCycle, times: Mapping[Step, dict[str, datetime]]) -> dict[Step, Preview]:
    """What would be if the national windows of several steps were set together; nothing is kept."""

    def change() -> None:
        for step, each in times.items():
            CycleWindow.objects.update_or_create(cycle=cycle, step=step, province=None, defaults=each)

    found = {step: _tried(cycle, step, None, change) for step in times}
    # It is one for all the steps together, and is said once.
    said = False
    for each in found.values():
        if said:
            each.stranded.clear()
        said = said or bool(each.stranded)
    return found


def preview_removal(window: CycleWindow) -> Preview:
    """What would be if the province followed the national window again; nothing is kept."""
    mine = CycleWindow.objects.filter(pk=window.pk)
    return _tried(window.cycle, Step(window.step), window.province, mine.delete)


def _tried(
    cycle: CollectionCycle, step: Step, province: Province | None, change: Callable[[], object]
) -> Preview:
    reached, now = affected(cycle, step, province), timezone.now()
    before = situation(cycle, step, now)
    with transaction.atomic():
        change()
        states = openings(cycle, list(Step), province_id=province.pk if province else None, now=now)
        after = situation(cycle, step, now)
        # Also where another step has unlocked the intake before: this one may let more of them go on (AM-42).
        revivable = revivable_by_province(cycle, [code for code in before if not after[code].is_locked])
        codes = [province.pk] if province else list(before)
        stranded = _stranded(cycle, codes, now) if step in INTAKE_STEPS else []
        transaction.set_rollback(True)
    effects = _differences(before, after, revivable, of_intake=step in INTAKE_STEPS)
    return Preview(
        reached,
        states[step],
        sum(each.lapsing for each in effects),
        [] if stranded else _over_before(step, states),
        effects,
        [each for each in running_cycles(now=now) if each.pk != cycle.pk],
        step in INTAKE_STEPS,
        stranded,
    )


def _stranded(cycle: CollectionCycle, codes: list[str], now: datetime) -> list[Stranded]:
    """Who could be reviewed by nobody as the calendar stands, by the two moments (AM-03, AM-43): by province, and
    record by record where a base or a record has more time. A province that delivers by API reports nothing here."""
    given = Extension.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, until__gt=now)
    kept = Q(base__in=given.filter(base__isnull=False).values("base")) | Q(
        pk__in=given.filter(enrollment__isnull=False).values("enrollment")
    )
    recruits = Enrollment.objects.filter(
        LIVE, intake_year=cycle.year, registered_at=None, base__province__in=codes
    ).exclude(Q(base__province__reporting_mode=ReportingMode.API) & ~Q(origin=Enrollment.Origin.API))
    waiting = Q(review_status=ReviewStatus.PENDING)
    unreported = TO_REPORT & ~Q(origin=Enrollment.Origin.API)
    found: dict[tuple[datetime, datetime], Stranded] = {}

    def add(code: str, ends: datetime | None, locks: datetime | None, *numbers: int) -> None:
        if ends is None or locks is None or not now < locks or not ends < locks or not any(numbers):
            return
        each = found.setdefault((ends, locks), Stranded(ends, locks, ends <= now))
        if names[code] not in each.provinces:
            each.provinces.append(names[code])
        each.waiting += numbers[0] if each.is_over else 0
        each.unreported += numbers[1]

    names = dict(Province.objects.filter(pk__in=codes).values_list("pk", "short_name"))
    calendar = Calendar([cycle], provinces=codes, now=now)
    counted = recruits.exclude(kept).order_by().values_list("base__province")
    for code, *numbers in counted.annotate(
        waiting=Count("pk", filter=waiting), unreported=Count("pk", filter=unreported)
    ):
        ends = calendar.opening(cycle, Step.REVIEW, province_id=code).closes_at
        add(code, ends, calendar.last_end(cycle, INTAKE_STEPS, province_id=code), *numbers)
    rows = list(recruits.filter(kept).filter(waiting | unreported).select_related("base__province"))
    times = Times(rows, now=now)
    for row in rows:
        is_waiting = row.review_status == ReviewStatus.PENDING
        ends = times.opening(row, Step.REVIEW).closes_at
        add(row.base.province_id, ends, times.locks_at(row), is_waiting, not is_waiting)
    # Whoever waits for a review that is still open is not stranded.
    return [found[key] for key in sorted(found) if found[key].waiting or found[key].unreported]


@dataclass(frozen=True, slots=True)
class Situation:
    """One step of one cycle in one province, in words, and how many records its lock takes away within a minute."""

    step: str
    locks: str
    is_locked: bool
    lapsing: int


def situation(cycle: CollectionCycle, step: Step, now: datetime | None = None) -> dict[str, Situation]:
    """What is so in every province, by its code; at most eight queries."""
    codes = list(Province.objects.order_by("code").values_list("pk", flat=True))
    calendar = Calendar([cycle], provinces=codes, now=now)
    counted = lapsing(cycle, calendar.now).order_by().values_list("base__province_id")
    gone = dict(counted.annotate(number=Count("pk")))
    found = {}
    for code in codes:
        end = calendar.last_end(cycle, INTAKE_STEPS, province_id=code)
        is_locked = end is not None and end <= calendar.now
        words = last_moment(end) if end else "未设置"
        found[code] = Situation(
            in_words(calendar.opening(cycle, step, province_id=code)),
            f"已于 {words} 锁定" if is_locked else words,
            is_locked,
            gone.get(code, 0),
        )
    return found


def in_words(opening: Opening) -> str:
    """A step's state as the preview and its result say it."""
    if opening.opens_at is None or opening.closes_at is None:
        return opening.word
    begins = f"{timezone.localtime(opening.opens_at):%Y-%m-%d %H:%M}"
    ends = last_moment(opening.closes_at)
    if opening.is_open:
        return f"开放，至 {ends}"
    return f"{begins} 开放，至 {ends}" if opening.word == "未开始" else f"已于 {ends} 截止"


def _differences(
    before: dict[str, Situation],
    after: dict[str, Situation],
    revivable: dict[str, tuple[int, int]],
    *,
    of_intake: bool,
) -> list[Effect]:
    """Provinces in which anything changes, those with the same change together."""
    names = dict(Province.objects.values_list("pk", "short_name"))
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for code, old in before.items():
        new = after[code]
        if old != new:
            # Where the lock is not shown, provinces that differ in it alone are alike.
            locks = (old.locks, new.locks) if of_intake else ("", "")
            groups.setdefault((old.step, new.step, *locks), []).append(code)
    return [
        Effect(
            [names[code] for code in codes],
            *words,
            lapsing=sum(max(0, after[code].lapsing - before[code].lapsing) for code in codes),
            revivable=sum(revivable.get(code, (0, 0))[0] for code in codes),
            workable=sum(revivable.get(code, (0, 0))[1] for code in codes),
        )
        for words, codes in groups.items()
    ]


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
        step, codes = Step(window.step), [window.province_id]
        before = _states(window.cycle, step, codes)
        window.delete()
        unmark_if_open(window.cycle)
        _notify(window.cycle, step, codes, before)


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
    return Affected(len(codes), bases.count(), _people(cycle, step, codes))


def _people(cycle: CollectionCycle, step: Step, codes: list[str]) -> list[str]:
    """How far those are whom the step asks for something: the registry by the yearly update, the provinces by their
    early completions, else this year's intake."""
    if step == Step.REGISTRY_UPDATE:
        asked = Enrollment.objects.filter(ASKED, base__province_id__in=codes)
        done = asked.filter(is_up_to_date(cycle)).count()
        return [f"在培应更新 {asked.count()} 人", f"已逐项确认 {done} 人"]
    if step == Step.BACK_REPORT:
        batches = CompletionBatch.objects.filter(cycle=cycle, province__in=codes)
        states = CompletionBatch.State
        counts = [
            (state.label, batches.filter(state=state).count()) for state in (states.SENT, states.ACCEPTED)
        ]
        return [f"本周期补报{label} {number} 批" for label, number in counts]
    records = Enrollment.objects.filter(deleted_at=None, intake_year=cycle.year, base__province_id__in=codes)
    counted = records.aggregate(
        unreported=Count("pk", filter=LIVE & TO_REPORT),
        waiting=Count("pk", filter=LIVE & Q(review_status=ReviewStatus.PENDING, registered_at=None)),
        # As the overview counts: who has left since was approved all the same.
        approved=Count("pk", filter=Q(registered_at__isnull=False, intake_submission__isnull=False)),
    )
    labels = {"unreported": "未上报", "waiting": "待审核", "approved": "审核通过"}
    return [f"{cycle.year} 年{label} {counted[name]} 人" for name, label in labels.items()]


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
