"""Statistics as workbooks: the cross table, and the complete list of people behind any number (GOALS N5, TRUST 39–41).

Rows stream from a server-side cursor into the file, so a list of any length costs the same memory. Every text is a
text cell, never a formula.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Expression, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from bases.models import Submission
from bases.scope import provinces_for
from portal import audit
from portal.models import User
from portal.roles import Action, Role
from portal.sheets.streaming import stream_xlsx
from residents.codes import CODE_LISTS
from residents.words import mask
from review.models import Export
from review.statistics import SOURCES, CrossTable, counted, in_words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list: where its value comes from, how it reads, how wide it is in characters."""

    header: str
    source: str | Expression
    words: Callable[[Any], Any] | None = None
    width: int = 14
    is_personal: bool = False


def _label(name: str) -> Callable[[Any], str]:
    return CODE_LISTS[name].label


def _local(moment: Any) -> Any:
    return timezone.localtime(moment).replace(tzinfo=None)


COLUMNS = (
    Column("省份", "province__name"),
    Column("培训基地", "base__name", width=30),
    Column("培训专业", "specialty__name", width=18),
    Column("招收年份", "intake_year", width=10),
    Column("姓名", KT("snapshot__identity__full_name")),
    Column("证件类型", KT("snapshot__identity__id_type"), _label("id_type"), 18),
    Column("证件号", KT("snapshot__identity__id_number"), width=22, is_personal=True),
    Column("手机号", KT("snapshot__identity__mobile"), width=16, is_personal=True),
    Column("性别", "sex", _label("sex"), 8),
    Column("人员类型", "trainee_type", _label("trainee_type"), 26),
    Column("核定的培训年限（年）", "approved_years"),
    Column("培训实际开始时间", KT("snapshot__training__actual_start_date"), width=18),
    Column("预计培训结束时间", KT("snapshot__training__planned_end_date"), width=18),
    Column("培训状态", "status", _label("status"), 10),
    Column("最高学历", "highest_education", _label("education_level"), 10),
    Column("最高学位", "highest_degree", _label("degree_code"), 24),
    Column("应届毕业生", "is_fresh_graduate", width=12),
    Column("农村订单定向", "is_rural_oriented"),
    Column("西部支援行动", "is_western_support"),
    Column("上报时间", "reported_at", _local, 20),
    Column("审核通过时间", "decided_at", _local, 20),
)


def may_unmask(user: User) -> bool:
    """The association's staff, and those of a province who act for it: a read-only member sees masked numbers only."""
    return user.role == Role.CMDA or provinces_for(user, Action.REVIEW).exists()


def export_list(
    user: User, source: str, filters: Mapping[str, str], *, unmasked: bool = False, purpose: str = ""
) -> Iterator[bytes]:
    """The bytes of an .xlsx with every record that `counted` finds; its making is logged before the first byte leaves.

    Raises PermissionDenied for unmasked numbers without the right to them.
    """
    if unmasked and not may_unmask(user):
        raise PermissionDenied
    found = counted(user, source, filters)
    export = Export.objects.create(
        requested_by=user,
        kind="statistics_list",
        filters={"source": source, **filters},
        is_masked=not unmasked,
        purpose=purpose,
        rows=found.count(),
    )
    audit.record("export", by=user, target=export, rows=export.rows, masked=not unmasked, purpose=purpose)
    return stream_xlsx(
        [column.header for column in COLUMNS],
        _rows(found, unmasked),
        sheet_name="名单",
        widths=[column.width for column in COLUMNS],
    )


def export_table(user: User, table: CrossTable, source: str, filters: Mapping[str, str]) -> Iterator[bytes]:
    """The cross table as an .xlsx, with its totals, its filters in words and the moment it was counted."""
    export = Export.objects.create(
        requested_by=user,
        kind="statistics_table",
        filters={"source": source, "rows": table.rows.key, "columns": table.columns.key, **filters},
        rows=len(table.row_names),
    )
    audit.record("export", by=user, target=export, rows=export.rows, masked=True)
    headers = [f"{table.rows.label}＼{table.columns.label}", *table.column_names.values(), "合计"]
    lines: list[list[Any]] = [
        [name, *(table.cells[value].get(column, 0) for column in table.column_names), table.row_totals[value]]
        for value, name in table.row_names.items()
    ]
    lines.append(["合计", *(table.column_totals[column] for column in table.column_names), table.total])
    notes = [
        f"统计口径：{SOURCES[source]}",
        *in_words(filters),
        f"数据时间：{timezone.localtime(table.as_of):%Y-%m-%d %H:%M:%S}",
    ]
    lines += [[], *([note] for note in notes)]
    return stream_xlsx(headers, lines, sheet_name="统计表", widths=[30, *[14] * (len(headers) - 1)])


def _rows(found: QuerySet[Submission], unmasked: bool) -> Iterator[list]:
    named = {
        f"c{number}": column.source
        for number, column in enumerate(COLUMNS)
        if not isinstance(column.source, str)
    }
    names = [
        f"c{number}" if f"c{number}" in named else column.source for number, column in enumerate(COLUMNS)
    ]
    words = [
        mask if column.is_personal and not unmasked else (column.words or _as_it_is) for column in COLUMNS
    ]
    rows = found.order_by("pk").annotate(**named).values_list(*names)
    for row in rows.iterator(chunk_size=_ROWS_AT_ONCE):
        yield [say(value) if value not in (None, "") else None for say, value in zip(words, row, strict=True)]


def _as_it_is(value: Any) -> Any:
    return value
