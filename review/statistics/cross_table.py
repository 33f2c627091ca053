"""Statistics of approved snapshots only (BR-59, BR-86): any two dimensions crossed, and the records behind every cell.

A number and its list come from the same queryset, so a cell always opens exactly that many records (GOAL-P7). What
is being changed counts as last approved until a newer approval replaces it (AM-16).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Aggregate, Count, Model, QuerySet, Sum
from django.db.models.fields.json import KT
from django.utils import timezone

from bases.models import ApprovedCount, Province, Specialty, Submission, TrainingBase
from bases.models.counts import COUNTED_BY
from bases.scope import province_codes_for
from portal.models import User
from portal.roles import Action, Role
from residents.codes import CODE_LISTS

# An empty column value in addresses: a parameter without a value asks for nothing.
BLANK = "-"
UNKNOWN = "未填写"

# AM-30: the head count reads the registry's last approved snapshots, the intake statistics the approved originals.
SOURCES = dict(ApprovedCount.Source.choices)
_EACH = Count("pk")


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
class CrossTable:
    """Counts by two dimensions: `cells[row value][column value]`, with totals, as of one moment of the database."""

    rows: Dimension
    columns: Dimension
    row_names: dict[str, str]
    column_names: dict[str, str]
    cells: dict[str, dict[str, int]]
    row_totals: dict[str, int]
    column_totals: dict[str, int]
    total: int
    as_of: datetime


def counted(user: User, source: str, filters: Mapping[str, str]) -> QuerySet[Submission]:
    """The approved snapshots that count, within the provinces the user sees; `filters`: dimension key → value
    (BR-31, BR-93).

    Deleted records (wrong entries, AM-19) count nowhere; withdrawn ones count with their status.
    """
    relation = "intake_original_of" if source == "intake" else "counted_for"
    found = Submission.objects.filter(
        **{f"{relation}__isnull": False, f"{relation}__deleted_at__isnull": True}
    )
    return _narrowed(found, user, filters)


def counted_table(user: User, source: str, filters: Mapping[str, str], rows: str, columns: str) -> CrossTable:
    """The snapshots of `counted` crossed by two different dimensions: from the numbers kept by the triggers where they
    distinguish these dimensions, else counted one by one."""
    asked = {DIMENSIONS[key].column for key in (*filters, rows, columns)}
    if not asked <= set(COUNTED_BY):
        return cross_table(counted(user, source, filters), rows, columns)
    kept = _narrowed(ApprovedCount.objects.filter(source=source), user, filters)
    return cross_table(kept, rows, columns, number=Sum("number"))


def number(user: User, source: str, filters: Mapping[str, str]) -> int | None:
    """How many snapshots `counted` finds, from the numbers kept by the triggers; None where they do not know."""
    if not {DIMENSIONS[key].column for key in filters} <= set(COUNTED_BY):
        return None
    kept = _narrowed(ApprovedCount.objects.filter(source=source), user, filters)
    return kept.aggregate(total=Sum("number", default=0))["total"]


def _narrowed(found: QuerySet, user: User, filters: Mapping[str, str]) -> QuerySet:
    if user.role != Role.CMDA:
        provinces = province_codes_for(user, Action.VIEW)
        found = found.filter(province_id__in=provinces)
    for key, value in filters.items():
        found = found.filter(**{DIMENSIONS[key].column: _stored(value)})
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
    as_of = timezone.now()
    cells: dict[str, dict[str, int]] = {}
    column_totals: dict[str, int] = {}
    grouped = found.order_by().values_list(row.column, column.column).annotate(counted=number)
    for first, second, count in grouped.exclude(counted=0):
        row_value, column_value = _written(first), _written(second)
        cells.setdefault(row_value, {})[column_value] = count
        column_totals[column_value] = column_totals.get(column_value, 0) + count
    row_totals = {value: sum(line.values()) for value, line in cells.items()}
    return CrossTable(
        rows=row,
        columns=column,
        row_names=_in_order(row, row_totals),
        column_names=_in_order(column, column_totals),
        cells=cells,
        row_totals=row_totals,
        column_totals=column_totals,
        total=sum(row_totals.values()),
        as_of=as_of,
    )


def for_list(found: QuerySet[Submission]) -> QuerySet[Submission]:
    """With what a list displays of the snapshot, and without the long snapshot itself."""
    return (
        found.select_related("province", "base", "specialty")
        .defer("snapshot")
        .annotate(
            full_name=KT("snapshot__identity__full_name"),
            id_number=KT("snapshot__identity__id_number"),
            mobile=KT("snapshot__identity__mobile"),
        )
    )


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
