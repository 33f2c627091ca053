"""Statistics of approved snapshots only (BR-59, BR-86): any two dimensions crossed, and who is behind every cell.

A head count counts persons, each once (AM-32): which submission stands for a person is written down by the triggers of
bases/models/counts.py. A number and its list come from the same queryset, so a cell always opens exactly that many
(GOAL-P7). What is being changed counts as last approved until a newer approval replaces it (AM-16). Every one can be
asked as of a past moment of the database (截至日期): what was approved then, as it was shown then (AM-50, GOAL-N12).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import (
    Aggregate,
    Case,
    Count,
    DateTimeField,
    Expression,
    F,
    Max,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.lookups import Exact, GreaterThan
from django.utils import timezone

from bases.models import ApprovedCount, Movement, Province, Source, Specialty, Submission, TrainingBase
from bases.models.counts import COUNTED_BY
from bases.scope import province_codes_for
from portal import replica
from portal.models import User
from portal.roles import Action, Role
from residents.codes import CODE_LISTS
from review.paging import one_moment

# An empty column value in addresses: a parameter without a value asks for nothing.
BLANK = "-"
UNKNOWN = "未填写"

SOURCES: dict[str, str] = dict(Source.choices)
# What is told beside the head count and is no part of it (AM-32).
BESIDE = {Source.CURRENT: (Source.ENDED, Source.WAITING)}
# What is counted, as the pages and the files say it.
COUNTS_WHAT: dict[str, str] = {
    Source.CURRENT: "每人只计一次：按此人现在的培训记录最近一次审核通过的信息，尚未审核通过的按此前最晚开始的一条。"
    "“在培”“延期”“暂停”计入合计；“结束”另列一栏，“转出待入”另列一行，都不计入合计；其他退培的和已删除的不计。",
    Source.ENDED: "每人只计一次：培训状态已审核为“结束”的人，不计入现有人员。",
    Source.WAITING: "每人只计一次：因转换培训基地或转换专业基地退培，退培已审核通过、新的培训记录尚未审核通过的人，"
    "不计入现有人员。",
    Source.ALL: "按培训记录计，不按人：每条审核通过的培训记录计一次，退培的也在内；换过培训基地或专业的人，"
    "有几条计几条。已删除的不计。",
    Source.INTAKE: "招收审核通过时的信息，省份和培训基地也是当时的，不随后来的更新、并入和划转变化。"
    "后来删除的仍计入，名单中标明“后来删除”。",
}


def unit(source: str) -> str:
    """Of what there are so many."""
    return "条记录" if source == Source.ALL else "人"


_STANDS = {
    Source.ALL: {"counted_for__isnull": False, "counted_for__deleted_at__isnull": True},
    Source.INTAKE: {"intake_original_of__isnull": False},
}
_EACH = Count("pk")

# Value of the row, value of the column, how many.
Group = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to split what is counted: `column` of its model, `names` of its values in the order of the page."""

    key: str
    label: str
    column: str
    names: Callable[[], Mapping[str, str]]

    @property
    def can_be_blank(self) -> bool:
        """Of a snapshot only texts may be missing; numbers, truth values and references are always there."""
        return isinstance(Submission._meta.get_field(self.column.removesuffix("_id")), models.CharField)


def _codes(name: str) -> Callable[[], Mapping[str, str]]:
    return lambda: CODE_LISTS[name].items


def _yes_no() -> Mapping[str, str]:
    return {"true": "是", "false": "否"}


DIMENSIONS = {
    dimension.key: dimension
    for dimension in (
        Dimension("province", "省份", "province_id", lambda: _names(Province)),
        Dimension("base", "培训基地", "base_id", lambda: _names(TrainingBase, "province_id", "code")),
        Dimension("specialty", "培训专业", "specialty_id", lambda: _names(Specialty)),
        Dimension("year", "招收年份", "intake_year", dict),
        Dimension("type", "人员类型", "trainee_type", _codes("trainee_type")),
        Dimension("status", "培训状态", "status", _codes("status")),
        Dimension("degree", "最高学位", "highest_degree", _codes("degree_code")),
        Dimension("education", "最高学历", "highest_education", _codes("education_level")),
        Dimension(
            "years", "核定的培训年限", "approved_years", lambda: {str(n): f"{n} 年" for n in (1, 2, 3)}
        ),
        Dimension("sex", "性别", "sex", _codes("sex")),
        Dimension("fresh", "应届毕业生", "is_fresh_graduate", _yes_no),
        Dimension("rural", "农村订单定向", "is_rural_oriented", _yes_no),
        Dimension("western", "西部支援行动", "is_western_support", _yes_no),
    )
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What is told beside a table without being part of its totals, by the same rows and columns."""

    source: str
    name: str
    by_row: dict[str, int]
    by_column: dict[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class CrossTable:
    """Counts by two dimensions: `cells[row value][column value]`, with totals, as of one moment of the database.

    Of a head count `ended` and `waiting` stand beside it (AM-32).
    """

    rows: Dimension
    columns: Dimension
    row_names: dict[str, str]
    column_names: dict[str, str]
    cells: dict[str, dict[str, int]]
    row_totals: dict[str, int]
    column_totals: dict[str, int]
    total: int
    as_of: datetime
    ended: Beside | None = None
    waiting: Beside | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.total or (self.ended and self.ended.total) or (self.waiting and self.waiting.total))


def counted(
    user: User, source: str, filters: Mapping[str, str], as_of: datetime | None = None
) -> QuerySet[Submission]:
    """The approved snapshots that count, within the provinces the user sees; `filters`: dimension key → value
    (BR-31, BR-93). Of persons one each (AM-32). Those that counted at the moment `as_of`, where one is given."""
    if as_of:
        # Row by row, so that a page of a long list need not find out who else counted.
        found = Submission.objects.filter(GreaterThan(Subquery(_net(source, as_of)), 0))
    else:
        found = Submission.objects.filter(**_STANDS.get(Source(source), {"stands_for__source": source}))
    return _narrowed(found, user, filters)


def _net(source: str, as_of: datetime) -> QuerySet:
    """The sum of the outer submission's movements until then: 1 where it counted, else 0 or nothing."""
    mine = Movement.objects.filter(source=source, at__lte=as_of, submission=OuterRef("pk")).order_by()
    return mine.values("submission").annotate(net=Sum("number")).values("net")


def counted_table(
    user: User,
    source: str,
    filters: Mapping[str, str],
    rows: str,
    columns: str,
    as_of: datetime | None = None,
) -> CrossTable:
    """The snapshots of `counted` crossed by two different dimensions, and what stands beside them: from the numbers
    kept by the triggers where they tell these dimensions apart, else counted one by one. All of one moment."""
    row, column = DIMENSIONS[rows], DIMENSIONS[columns]
    sources = (source, *BESIDE.get(Source(source), ()))
    is_kept = {DIMENSIONS[key].column for key in (*filters, rows, columns)} <= set(COUNTED_BY)
    if not is_kept and not as_of and len(sources) == 1:
        return cross_table(counted(user, source, filters), rows, columns)
    told: dict[str, Counter[tuple[str, str]]] = {each: Counter() for each in sources}

    def add(found: QuerySet, of: str, prefix: str, number: Aggregate, sign: int = 1) -> None:
        grouped = _narrowed(found, user, filters, prefix).order_by()
        parts = grouped.values_list(of, f"{prefix}{row.column}", f"{prefix}{column.column}")
        for each, first, second, count in parts.annotate(counted=number).exclude(counted=0):
            told[each][_written(first), _written(second)] += sign * count

    with one_moment() as now:
        if is_kept:
            add(ApprovedCount.objects.filter(source__in=sources), "source", "", Sum("number"))
        elif not as_of:
            found = Submission.objects.filter(stands_for__source__in=sources)
            add(found, "stands_for__source", "", _EACH)
        if as_of:
            moved = Movement.objects.filter(source__in=sources)
            # Less what has moved since, or all that had moved until then.
            moved = moved.filter(at__gt=as_of) if is_kept else moved.filter(at__lte=as_of)
            add(moved, "source", "submission__", Sum("number"), -1 if is_kept else 1)
    groups = {
        each: [(*values, number) for values, number in numbers.items() if number]
        for each, numbers in told.items()
    }
    beside = {each: _beside(each, groups[each]) for each in sources[1:]}
    return _crossed(groups[source], row, column, as_of or now, **beside)


def number(user: User, source: str, filters: Mapping[str, str], as_of: datetime | None = None) -> int | None:
    """How many snapshots `counted` finds, from the numbers kept by the triggers; None where they do not know."""
    if not {DIMENSIONS[key].column for key in filters} <= set(COUNTED_BY):
        return None
    kept = _narrowed(ApprovedCount.objects.filter(source=source), user, filters)
    total = kept.aggregate(total=Sum("number", default=0))["total"]
    if not as_of:
        return total
    since = Movement.objects.filter(source=source, at__gt=as_of)
    return (
        total
        - _narrowed(since, user, filters, "submission__").aggregate(total=Sum("number", default=0))["total"]
    )


def _narrowed(found: QuerySet, user: User, filters: Mapping[str, str], prefix: str = "") -> QuerySet:
    if user.role != Role.CMDA:
        provinces = province_codes_for(user, Action.VIEW)
        found = found.filter(**{f"{prefix}province_id__in": provinces})
    for key, value in filters.items():
        found = found.filter(**{f"{prefix}{DIMENSIONS[key].column}": _stored(value)})
    return found


def cross_table(
    found: QuerySet,
    rows: str,
    columns: str,
    dimensions: Mapping[str, Dimension] = DIMENSIONS,
    *,
    number: Aggregate = _EACH,
) -> CrossTable:
    """Count the queryset by two different dimensions; one grouping query, so parts and totals agree by themselves.

    `number` is what a group counts for.
    """
    row, column = dimensions[rows], dimensions[columns]
    as_of = replica.now()
    grouped = found.order_by().values_list(row.column, column.column).annotate(counted=number)
    groups = [
        (_written(first), _written(second), count) for first, second, count in grouped.exclude(counted=0)
    ]
    return _crossed(groups, row, column, as_of)


def _crossed(
    groups: Iterable[Group], row: Dimension, column: Dimension, as_of: datetime, **beside: Beside
) -> CrossTable:
    cells: dict[str, dict[str, int]] = {}
    row_totals: dict[str, int] = {}
    column_totals: dict[str, int] = {}
    for first, second, count in groups:
        cells.setdefault(first, {})[second] = count
        row_totals[first] = row_totals.get(first, 0) + count
        column_totals[second] = column_totals.get(second, 0) + count
    total = sum(row_totals.values())
    # Who stands beside may be the only one of a row or column; by status he has a place of his own already.
    for each in beside.values():
        for dimension, totals, others in (
            (row, row_totals, each.by_row),
            (column, column_totals, each.by_column),
        ):
            if dimension.key != "status":
                totals |= {value: 0 for value in others if value not in totals}
    return CrossTable(
        rows=row,
        columns=column,
        row_names=_in_order(row, row_totals),
        column_names=_in_order(column, column_totals),
        cells={value: cells.get(value, {}) for value in row_totals},
        row_totals=row_totals,
        column_totals=column_totals,
        total=total,
        as_of=as_of,
        **beside,
    )


def _beside(source: str, groups: Iterable[Group]) -> Beside:
    by_row: dict[str, int] = {}
    by_column: dict[str, int] = {}
    for first, second, count in groups:
        by_row[first] = by_row.get(first, 0) + count
        by_column[second] = by_column.get(second, 0) + count
    return Beside(source, SOURCES[source], by_row, by_column, sum(by_row.values()))


def deleted_later(as_of: datetime | None) -> F | Expression:
    """When the record of an original was deleted (AM-32), as far as was known at the moment `as_of`: of a deleted
    record nothing counts among all."""
    if as_of is None:
        return F("enrollment__deleted_at")
    mine = Movement.objects.filter(
        source=Source.ALL, at__lte=as_of, submission__enrollment=OuterRef("enrollment")
    ).order_by()
    total = mine.values("submission__enrollment").annotate(net=Sum("number")).values("net")
    last = mine.values("submission__enrollment").annotate(last=Max("at")).values("last")
    return Case(
        When(Exact(Subquery(total), 0), then=Subquery(last)), default=None, output_field=DateTimeField()
    )


def for_list(found: QuerySet[Submission], as_of: datetime | None = None) -> QuerySet[Submission]:
    """With what a list shows of the snapshot, and without the long snapshot itself; `deleted_later` is the moment at
    which the record was deleted (AM-32)."""
    return (
        found.select_related("province", "base", "specialty")
        .defer("snapshot")
        .annotate(
            full_name=KT("snapshot__identity__full_name"),
            id_number=KT("snapshot__identity__id_number"),
            mobile=KT("snapshot__identity__mobile"),
            deleted_later=deleted_later(as_of),
        )
    )


def until_words(as_of: datetime | None) -> list[str]:
    """The moment that a statistic was asked of, in words; none where it is now."""
    return [f"截至 {timezone.localtime(as_of):%Y-%m-%d %H:%M:%S}"] if as_of else []


def in_words(filters: Mapping[str, str], dimensions: Mapping[str, Dimension] = DIMENSIONS) -> list[str]:
    """The filters as people read them, for headings and exports: "省份：浙江省"."""
    words = []
    for key, value in filters.items():
        names = dimensions[key].names()
        words.append(f"{dimensions[key].label}：{UNKNOWN if value == BLANK else names.get(value, value)}")
    return words


def _names(model: type[Model], *order: str) -> dict[str, str]:
    return {
        str(pk): name
        for pk, name in model._default_manager.order_by(*(order or ["pk"])).values_list("pk", "name")
    }


def _in_order(dimension: Dimension, values: Mapping[str, int]) -> dict[str, str]:
    """Name of each value that occurs, in the order of its code list; unknown ones after it, blank ones last."""
    names = dimension.names()
    known = {value: name for value, name in names.items() if value in values}
    others = {value: value for value in sorted(values) if value not in known and value != BLANK}
    return known | others | ({BLANK: UNKNOWN} if BLANK in values else {})


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value not in (None, "") else BLANK


def _stored(value: str) -> object:
    return {"true": True, "false": False, BLANK: ""}.get(value, value)
