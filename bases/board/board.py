"""The work board of a base: how many records at which stage, what the province sent back (GOAL-B16). What is to be done
today is bases/board/today.py.

A constant number of queries, however many records.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, Count, Exists, F, Min, OuterRef, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.http import urlencode

from bases.lists.records import Stage, Todo, UpdateAt, begun_updates, records_of, todo_condition
from bases.models import Submission, TrainingBase
from bases.scope import Place, records_at
from bases.submissions.remarks import with_remarks
from portal.calendar import Calendar, all_cycles
from portal.models import Extension
from portal.prepared import Asked, prepared
from residents.models.enrollment import Module, ReviewStatus, reviewed_as

RETURNS_SHOWN = 6
# The follow-ups of each module; that of the statuses has its own page (bases/deadlines).
FOLLOW_UPS = {
    Module.INTAKE: (Todo.FREED, Todo.ANSWERED, Todo.NEVER),
    Module.REGISTRY: (Todo.FREED, Todo.ANSWERED, Todo.UPDATE, Todo.STALE, Todo.UNDATED),
}


# Since when a follow-up waits, where it is not since the record's last state.
_SINCE = {Todo.UPDATE.value: Coalesce("personal_changed_at", "state_since")}


class Waiting(NamedTuple):
    """How many wait, and since when the one that waits longest."""

    number: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What one query tells of a module: how many records by year and stage, how many wait at a stage or for a
    follow-up, and of each kind that the calendar cannot tell apart (stage, one record, how many)."""

    module: Module
    stages: dict[int, Counter[str]] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    alike: list[tuple[str, int, int]] = field(default_factory=list)

    def add(self, name: str, number: int, since: datetime) -> None:
        if number:
            before = self.waiting.get(name, Waiting(0, since))
            self.waiting[name] = Waiting(before.number + number, min(before.since, since))


@dataclass(frozen=True, slots=True)
class Cell:
    """A count and the list that holds exactly those records."""

    count: int
    url: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One cohort (or one specialty of it) of one module: a cell a stage, and all together."""

    label: str
    url: str
    cells: list[Cell]
    total: Cell


@dataclass(frozen=True, slots=True)
class Board:
    """The counts of one module; `stages` heads the columns and holds only stages that occur."""

    module: Module
    stages: list[Stage]
    rows: list[Row]
    year: int | None = None


def list_url(module: str, **filters: object) -> str:
    """The record list with these filters; the address holds all that the list displays."""
    query = urlencode({name: str(value) for name, value in filters.items() if value not in (None, "")})
    return reverse("bases:record-list", args=[module]) + (f"?{query}" if query else "")


def calendar_of(bases: Sequence[TrainingBase]) -> Calendar:
    """Windows and extensions of all cycles for these bases: all that the board asks of the calendar, read once."""
    ids = [each.pk for each in bases]
    provinces = {each.province_id for each in bases}
    return Calendar(all_cycles(), provinces=provinces, bases=ids, records_of=ids)


@prepared
def _counted(module: Module, place: int | None, updates: int) -> QuerySet:
    """By year, stage and what else the calendar cannot tell apart; of `updates` bases the yearly update has begun."""
    of_updates = [UpdateAt(Asked(f"update_base_{n}"), Asked(f"update_cycle_{n}")) for n in range(updates)]
    asked = {todo.value: Count("pk", filter=todo_condition(todo, of_updates)) for todo in FOLLOW_UPS[module]}
    since = {
        f"{name}_since": Min(_SINCE.get(name, F("state_since")), filter=found.filter)
        for name, found in asked.items()
    }
    # Whoever has more time for himself alone is asked by himself; the registry has no windows.
    own_time = Exists(Extension.objects.filter(enrollment=OuterRef("pk")))
    alone = Case(When(own_time, then=F("pk")), default=Value(0)) if module == Module.INTAKE else Value(0)
    return (
        records_of(records_at(place), module)
        .annotate(alone=alone)
        .values("intake_year", "stage", "alone", "base", "status", "report_status", "review_status")
        .annotate(one=Min("pk"), number=Count("pk"), stage_since=Min("state_since"), **asked, **since)
        .order_by()
    )


def count(place: Place, module: Module, *, bases: Sequence[TrainingBase], calendar: Calendar) -> Counts:
    """All that the board tells of one module; one query."""
    updates = begun_updates(bases, calendar) if Todo.STALE in FOLLOW_UPS[module] else []
    # Nobody is behind in an update before it began.
    no_earlier = {Todo.STALE.value: min((each.since for each in updates if each.since), default=None)}
    values: dict[str, object] = dict(place.values)
    for number, (base, cycle, _) in enumerate(updates):
        values |= {f"update_base_{number}": base, f"update_cycle_{number}": cycle}
    rows = _counted.ask(module, place.shape, len(updates), **values)
    found = Counts(module)
    for row in rows:
        stage, number = row["stage"], row["number"]
        found.stages.setdefault(row["intake_year"], Counter())[stage] += number
        found.alike.append((stage, row["one"], number))
        found.add(stage, number, row["stage_since"])
        for todo in FOLLOW_UPS[module]:
            name = todo.value
            waits = [at for at in (row[f"{name}_since"], no_earlier.get(name)) if at]
            found.add(name, row[name], max(waits, default=row["stage_since"]))
    return found


def board(found: Counts) -> Board:
    """The counts by cohort and stage, newest first."""
    stages = _occurring(found.stages.values())
    rows = [
        _row(
            found.module,
            f"{year} 年",
            f"?{urlencode({'module': found.module.value, 'year': str(year)})}",
            found.stages[year],
            stages,
            {"year": year},
        )
        for year in sorted(found.stages, reverse=True)
    ]
    return Board(found.module, stages, rows)


@prepared
def _of_year(module: Module, place: int | None) -> QuerySet:
    records: QuerySet = records_of(records_at(place), module).filter(intake_year=Asked("year"))
    grouped = records.values_list("specialty_id", "specialty__name", "stage").annotate(count=Count("pk"))
    return grouped.order_by()


def board_of_year(place: Place, module: Module, year: int) -> Board:
    """The counts of one year by specialty and stage; one query."""
    counts: dict[tuple[str | None, str], Counter[str]] = {}
    for code, name, stage, number in _of_year.ask(module, place.shape, year=year, **place.values):
        counts.setdefault((code, name or "未选专业"), Counter())[stage] += number
    stages, rows = _occurring(counts.values()), []
    for code, name in sorted(counts, key=lambda key: (key[0] is None, key)):
        filters = {"year": year, "specialty": code or "none"}
        rows.append(_row(module, name, list_url(module, **filters), counts[code, name], stages, filters))
    return Board(module, stages, rows, year)


def _occurring(counts: Iterable[Counter[str]]) -> list[Stage]:
    found = sum(counts, Counter())
    return [stage for stage in Stage if found[stage]]


def _row(
    module: Module, label: str, url: str, found: Counter[str], stages: list[Stage], filters: dict
) -> Row:
    cells = [Cell(found[stage], list_url(module, **filters, stage=stage), stage.label) for stage in stages]
    return Row(label, url, cells, Cell(sum(found.values()), list_url(module, **filters)))


def recent_returns(place: Place) -> list[Submission]:
    """The newest returns of the province that no new report has answered, with all that it wrote (BR-47, BR-66;
    GOAL-P4)."""
    return with_remarks(_returned.ask(place.shape, **place.values))


@prepared
def _returned(place: int | None) -> QuerySet:
    records = records_at(place).filter(reviewed_as(ReviewStatus.RETURNED))
    returned = Submission.objects.filter(enrollment__in=records, outcome=Submission.Outcome.RETURNED)
    later = returned.filter(enrollment=OuterRef("enrollment"), number__gt=OuterRef("number"))
    return (
        returned.filter(~Exists(later))
        .select_related("enrollment__resident", "specialty")
        .defer("snapshot")
        .order_by("-decided_at")[:RETURNS_SHOWN]
    )
