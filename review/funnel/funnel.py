"""The intake as a funnel, from account to approval, by province and by base, and day by day (GOAL-P7, GOAL-B16).

A stage counts the records that have come at least so far; a stage's number and its list come from the same queryset.
A large nation takes seconds to count: then the worker does it every ten minutes, and the page says of which moment its
numbers are.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import cast

from django.core.cache import cache
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from bases.models import IntakeCount
from bases.scope import base_ids, deleted_enrollments_for, enrollments_for, province_codes_for
from portal.calendar import cycle_in_view
from portal.models import CollectionCycle, User
from portal.roles import Action, Role
from residents.lapses import COUNTED_BY_ANOTHER
from residents.models import Enrollment
from residents.models.enrollment import GONE, IN_THE_INTAKE
from review.figures import whole_percent
from review.funnel import by_day
from review.funnel.by_day import Reached
from review.funnel.stages import KEPT, STAGES, at_stage
from review.models import FunnelCount

# So many records are counted in about a third of a second, while the page is waited for.
COUNTED_AT_ONCE = 10_000
EVERY = timedelta(minutes=10)

# The stages that the kept numbers distinguish; a department's secretary has no numbers of his own.
_KEPT = {stage: KEPT[stage] for stage in STAGES if stage in KEPT}


@dataclass(frozen=True, slots=True)
class Line:
    """One province or base: how many of its records have reached each stage."""

    key: str
    name: str
    numbers: dict[str, int]

    @property
    def percent(self) -> int | None:
        """Of the imported ones, how many are approved; None of nobody."""
        imported = self.numbers["imported"]
        return whole_percent(self.numbers["approved"], imported)


@dataclass(frozen=True, slots=True)
class Counted:
    """The lines of a page, who came to a stage on which day, the moment this is of, and whether it was kept since."""

    lines: list[Line]
    reached: Reached
    as_of: datetime
    is_kept: bool = False

    @property
    def days(self) -> list[by_day.Day]:
        return by_day.days(self.reached)


def records(
    user: User, cycle: CollectionCycle, *, province: str = "", base: str = ""
) -> QuerySet[Enrollment]:
    """The year's intake within the user's scope, those that lapsed at the lock included, and the approved originals
    whose record was deleted later. What was opened in the registry is none (漏报, 转换专业), so that each person is
    counted once (AM-32): by the living or latest record of the year's intake, at whatever base."""
    return _seen(user, cycle, province, base).exclude(COUNTED_BY_ANOTHER)


def _seen(user: User, cycle: CollectionCycle, province: str, base: str) -> QuerySet[Enrollment]:
    """As `records`, with the lapsed records of people whom another one stands for."""
    if user.role == Role.CMDA:
        seen = Enrollment.objects.all()
    else:
        seen = enrollments_for(user, Action.VIEW) | deleted_enrollments_for(user, Action.VIEW)
    found = seen.filter(IN_THE_INTAKE, intake_year=cycle.year)
    if province:
        found = found.filter(base__province=province)
    if base:
        found = found.filter(base_id=int(base))
    return found


def number(
    user: User, cycle: CollectionCycle, stage: str, *, province: str = "", base: str = ""
) -> int | None:
    """How many of `records` are at this stage, from the numbers kept by the triggers, less the few whom another record
    stands for; None where they do not know."""
    if stage not in _KEPT or user.role not in (Role.PROVINCE, Role.CMDA):
        return None
    kept = IntakeCount.objects.filter(_KEPT[stage], intake_year=cycle.year)
    if user.role == Role.PROVINCE:
        kept = kept.filter(base_id__in=base_ids(user, Action.VIEW))
    if province:
        kept = kept.filter(base__province=province)
    if base:
        kept = kept.filter(base_id=int(base))
    twice = _seen(user, cycle, province, base).filter(GONE, COUNTED_BY_ANOTHER)
    return kept.aggregate(total=Sum("number", default=0))["total"] - at_stage(twice, stage).count()


def by(found: QuerySet[Enrollment], organisation: str) -> list[Line]:
    """One line a "province" or "base" that has records, in the order of its code; one query."""
    key, name, order = {
        "province": ("base__province_id", "base__province__name", "base__province_id"),
        "base": ("base_id", "base__name", "base__code"),
    }[organisation]
    counts = {stage: Count("pk", filter=condition) for stage, (_, condition) in STAGES.items()}
    grouped = found.order_by(order).values(key, name, order).annotate(**counts)
    return [Line(str(row[key]), row[name], {stage: row[stage] for stage in STAGES}) for row in grouped]


def count(found: QuerySet[Enrollment], organisation: str) -> Counted:
    as_of = timezone.now()
    return Counted(by(found, organisation), by_day.reached(found, organisation), as_of)


def nation(year: int) -> Counted:
    """Every province, counted now or, of a large nation, as kept; a nation that was never counted is counted now."""
    if not _is_large(year):
        return count(_whole_intake(year), "province")
    # What an earlier version kept has no days.
    known = FunnelCount.objects.filter(year=year, as_of__isnull=False).exclude(reached={})
    kept = known.first() or recount(year)
    assert kept.as_of is not None
    return Counted(
        [Line(code, name, numbers) for code, name, numbers in kept.lines],
        {
            code: {
                stage: Counter({date.fromisoformat(day): number for day, number in numbers.items()})
                for stage, numbers in stages.items()
            }
            for code, stages in kept.reached.items()
        },
        kept.as_of,
        is_kept=True,
    )


def within(user: User, cycle: CollectionCycle, **where: str) -> Counted:
    """The bases of the user's scope or of one organisation in it, counted now; of very many records at most ten
    minutes ago. What is kept is kept for everybody of the same provinces and for nobody else."""
    found = records(user, cycle, **where)
    imported = number(user, cycle, "imported", **where)
    if imported is None or imported <= COUNTED_AT_ONCE:
        return count(found, "base")
    scope = province_codes_for(user, Action.VIEW)
    key = ":".join(
        ["funnel", str(cycle.year), "-".join(scope), *(f"{name}-{value}" for name, value in where.items())]
    )
    kept = cache.get_or_set(key, lambda: replace(count(found, "base"), is_kept=True), EVERY.total_seconds())
    return cast(Counted, kept)


def recount(year: int) -> FunnelCount:
    """Count the nation's intake of this year anew and keep it."""
    counted = count(_whole_intake(year), "province")
    kept, _ = FunnelCount.objects.update_or_create(
        year=year,
        defaults={
            "as_of": counted.as_of,
            "lines": [[line.key, line.name, line.numbers] for line in counted.lines],
            "reached": {
                code: {
                    stage: {day.isoformat(): number for day, number in numbers.items()}
                    for stage, numbers in stages.items()
                }
                for code, stages in counted.reached.items()
            },
        },
    )
    return kept


def due_year() -> int | None:
    """The year whose nation is to be counted anew; from then on the caller has asked for it and others get None."""
    cycle, now = cycle_in_view(), timezone.now()
    if cycle is None or not _is_large(cycle.year):
        return None
    FunnelCount.objects.get_or_create(year=cycle.year)
    due = FunnelCount.objects.filter(year=cycle.year)
    due = due.exclude(as_of__gt=now - EVERY).exclude(asked_at__gt=now - EVERY)
    return cycle.year if due.update(asked_at=now) else None


def _whole_intake(year: int) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(IN_THE_INTAKE, intake_year=year).exclude(COUNTED_BY_ANOTHER)


def _is_large(year: int) -> bool:
    """By the numbers that the triggers keep."""
    kept = IntakeCount.objects.filter(intake_year=year).aggregate(total=Sum("number", default=0))
    return kept["total"] > COUNTED_AT_ONCE


def total(lines: Iterable[Line]) -> Line:
    lines = list(lines)
    return Line("", "合计", {stage: sum(line.numbers[stage] for line in lines) for stage in STAGES})
