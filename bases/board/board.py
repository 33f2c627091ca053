"""The work board of a base: how many records at which stage, what is to do, what the province sent back (GOAL-B16).

A constant number of queries, however many records.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.http import urlencode

from bases.lists.records import Stage, Todo, in_module, records_of, todo_condition
from bases.models import Submission, TrainingBase
from bases.submissions.remarks import with_remarks
from portal.models import CollectionCycle, Extension
from residents.models import Enrollment
from residents.models.enrollment import Module, ReviewStatus
from residents.openness import Times, personal_entry, report_entry, training_entry

RETURNS_SHOWN = 6
# Where the base itself must act, or must see that the resident acts.
_TO_DO = {
    Stage.PROVINCE: "省级退回，待修改",
    Stage.READY: "信息完整，可上报",
    Stage.CHANGED: "已修改，待重新上报",
    Stage.TRAINING: "待填培训信息",
    Stage.RETURNED: "已退回住院医师，待其修改",
}
_URGENT = frozenset({Stage.PROVINCE})
# What the tile asks for, of an intake record; in the registry all of it is always open.
_ACTS = {
    Stage.PROVINCE: report_entry,
    Stage.READY: report_entry,
    Stage.TRAINING: training_entry,
    Stage.RETURNED: personal_entry,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A count and the list that holds exactly those records."""

    count: int
    url: str
    label: str = ""
    is_urgent: bool = False
    module: str = ""


# What else waits for a base, from rooms above this desk, which knows none of them: filled at start (review/apps.py).
MORE: list[Callable[[TrainingBase], list[Cell]]] = []


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


def from_above(base: TrainingBase) -> list[Cell]:
    """What the rooms above have for this base to do."""
    return [cell for found in MORE for cell in found(base)]


def board(scope: QuerySet[Enrollment], module: Module, *, year: int | None = None) -> Board:
    """Counts by cohort and stage; of one year by specialty and stage. One query."""
    records = records_of(scope, module)
    group = ("specialty_id", "specialty__name") if year else ("intake_year",)
    if year:
        records = records.filter(intake_year=year)
    counts: dict[tuple, Counter[str]] = {}
    for *key, stage, count in records.values_list(*group, "stage").annotate(count=Count("pk")).order_by():
        counts.setdefault(tuple(key), Counter())[stage] += count
    stages = [stage for stage in Stage if any(found[stage] for found in counts.values())]
    rows = []
    for key in sorted(counts, key=lambda key: (key[0] is None, key[0]) if year else -key[0]):
        if year:
            label, filters = key[1] or "未选专业", {"year": year, "specialty": key[0] or "none"}
        else:
            label, filters = f"{key[0]} 年", {"year": key[0]}
        rows.append(_row(module, label, counts[key], stages, filters, is_open=year is None))
    return Board(module, stages, rows, year)


def _row(
    module: Module, label: str, found: Counter[str], stages: list[Stage], filters: dict, *, is_open: bool
) -> Row:
    cells = [Cell(found[stage], list_url(module, **filters, stage=stage), stage.label) for stage in stages]
    total = Cell(sum(found.values()), list_url(module, **filters))
    inside = f"?{urlencode({'module': module, 'year': filters['year']})}" if is_open else total.url
    return Row(label, inside, cells, total)


def to_do(boards: list[Board], scope: QuerySet[Enrollment]) -> list[Cell]:
    """What waits for the base, urgent first, from the counts of both boards; nothing is listed that is not there or
    that nobody can do now."""
    found, closed = [], _closed(boards, scope)
    for stage, label in _TO_DO.items():
        for each in boards:
            if stage not in each.stages:
                continue
            count = sum(row.cells[each.stages.index(stage)].count for row in each.rows)
            shut = closed[stage] if each.module == Module.INTAKE else 0
            if shut >= count:
                continue
            filters = {"year": "all"} if each.module == Module.INTAKE else {}
            url = list_url(each.module, **filters, stage=stage)
            words = f"{label}（其中 {shut} 人现在不能办理）" if shut else label
            found.append(Cell(count, url, words, stage in _URGENT, each.module.label))
    return found


def _closed(boards: list[Board], scope: QuerySet[Enrollment]) -> Counter[str]:
    """How many of the intake records at each stage are closed for what its tile asks for; at most five queries.

    One record is asked for all that the entries cannot tell apart; whoever has more time for himself alone is asked
    by himself.
    """
    waits = {stage for each in boards if each.module == Module.INTAKE for stage in each.stages} & _ACTS.keys()
    if not waits:
        return Counter()
    own_time = Exists(Extension.objects.filter(enrollment=OuterRef("pk")))
    alike = (
        records_of(scope, Module.INTAKE)
        .filter(Q(stage__in=waits))
        .annotate(alone=Case(When(own_time, then=F("pk")), default=Value(0)))
        .values_list("stage", "alone", "base", "intake_year", "status", "report_status", "review_status")
        .annotate(one=Min("pk"), count=Count("pk"))
        .order_by()
    )
    found = [(stage, one, count) for stage, *_, one, count in alike]
    records = Enrollment.objects.select_related("base__province").in_bulk([one for _, one, _ in found])
    times, closed = Times(records.values()), Counter[str]()
    for stage, one, count in found:
        if one in records and not _ACTS[stage](records[one], times).is_open:
            closed[stage] += count
    return closed


def follow_ups(
    scope: QuerySet[Enrollment], base: TrainingBase | None, cycle: CollectionCycle | None
) -> list[Cell]:
    """Residents to remind, statuses to bring up to date or to complete (AM-40), in the registry and this year's intake
    (BR-14, BR-33, BR-82)."""
    asked = [
        (Module.REGISTRY, Todo.UPDATE),
        (Module.REGISTRY, Todo.STALE),
        (Module.REGISTRY, Todo.OVERDUE),
        (Module.REGISTRY, Todo.UNDATED),
        (Module.INTAKE, Todo.NEVER),
        *((module, Todo.ANSWERED) for module in Module),
    ]
    found = []
    for module in Module:
        todos = [todo for each, todo in asked if each == module]
        counts = in_module(scope, module).aggregate(
            **{todo.value: Count("pk", filter=_condition(module, todo, cycle, base)) for todo in todos}
        )
        found += [
            Cell(counts[todo.value], list_url(module, todo=todo), todo.label, module=module.label)
            for todo in todos
            if counts[todo.value]
        ]
    return found


def _condition(module: Module, todo: Todo, cycle: CollectionCycle | None, base: TrainingBase | None) -> Q:
    """As the list behind the number asks: that of the intake opens with the year of the cycle."""
    condition = todo_condition(todo, base)
    return condition & Q(intake_year=cycle.year) if module == Module.INTAKE and cycle else condition


def recent_returns(scope: QuerySet[Enrollment]) -> list[Submission]:
    """The newest returns of the province that no new report has answered, with all that it wrote (BR-47, BR-66;
    GOAL-P4)."""
    records = scope.filter(review_status=ReviewStatus.RETURNED, lapsed_at__isnull=True)
    returned = Submission.objects.filter(enrollment__in=records, outcome=Submission.Outcome.RETURNED)
    later = returned.filter(enrollment=OuterRef("enrollment"), number__gt=OuterRef("number"))
    return with_remarks(
        returned.filter(~Exists(later))
        .select_related("enrollment__resident", "specialty")
        .defer("snapshot")
        .order_by("-decided_at")[:RETURNS_SHOWN]
    )
