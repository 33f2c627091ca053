"""Statistics as workbooks: the cross table, and the complete list of people behind any number (GOAL-N5, GOAL-P7)."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models.fields.json import KT
from django.utils import timezone

from bases.models import Source
from portal import audit
from portal.calendar import wall_clock
from portal.models import User
from portal.parameters import moment_of
from portal.sheets.streaming import stream_xlsx
from review.exports.sheets import Column, Sheet, label, sheet_of
from review.figures import SHOWN, shares
from review.models import Edition, Export
from review.statistics import frozen
from review.statistics.cross_table import (
    COUNTS_WHAT,
    SOURCES,
    CrossTable,
    counted,
    deleted_later,
    in_words,
    until_words,
)

COLUMNS = (
    Column("省份", "province__name"),
    Column("培训基地", "base__name", width=30),
    Column("培训专业", "specialty__name", width=18),
    Column("招收年份", "intake_year", width=10),
    Column("姓名", KT("snapshot__identity__full_name")),
    Column("证件类型", KT("snapshot__identity__id_type"), label("id_type"), 18),
    Column("证件号", KT("snapshot__identity__id_number"), width=22, is_personal=True),
    Column("手机号", KT("snapshot__identity__mobile"), width=16, is_personal=True),
    Column("性别", "sex", label("sex"), 8),
    Column("人员类型", "trainee_type", label("trainee_type"), 26),
    Column("核定的培训年限（年）", "approved_years"),
    Column("培训实际开始时间", KT("snapshot__training__actual_start_date"), date.fromisoformat, 18),
    Column("预计培训结束时间", KT("snapshot__training__planned_end_date"), date.fromisoformat, 18),
    Column("培训状态", "status", label("status"), 10),
    Column("最高学历", "highest_education", label("education_level"), 10),
    Column("最高学位", "highest_degree", label("degree_code"), 24),
    Column("应届毕业生", "is_fresh_graduate", width=12),
    Column("农村订单定向", "is_rural_oriented"),
    Column("西部支援行动", "is_western_support"),
    Column("上报时间", "reported_at", wall_clock, 20),
    Column("审核通过时间", "decided_at", wall_clock, 20),
)


def of_export(asked: Mapping[str, str]) -> tuple[str, dict[str, str], datetime | None]:
    """What an export was asked: source, filters, and the moment if not that of the export."""
    filters = dict(asked)
    source, as_of = filters.pop("source"), filters.pop("as_of", "")
    return source, filters, moment_of(as_of)


def list_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """Everybody whom `counted` finds for what was asked; of an original also when it was deleted (AM-32)."""
    if "edition" in asked:
        return frozen.list_sheet(user, asked, unmasked=unmasked)
    source, filters, as_of = of_export(asked)
    is_intake = source == Source.INTAKE
    columns = [*COLUMNS, Column("后来删除", deleted_later(as_of), wall_clock, 20)] if is_intake else COLUMNS
    found = counted(user, source, filters, as_of)
    return sheet_of(found, columns, unmasked=unmasked, person="enrollment__resident")


def list_in_words(asked: Mapping[str, str]) -> list[str]:
    source, filters, as_of = of_export(asked)
    edition = frozen.edition_of(asked)
    filters.pop("edition", None)
    whence = [frozen.in_words(edition)] if edition else until_words(as_of)
    return [SOURCES[source], COUNTS_WHAT[source], *whence, *in_words(filters)]


def export_table(
    user: User,
    table: CrossTable,
    source: str,
    filters: Mapping[str, str],
    as_of: datetime | None = None,
    edition: Edition | None = None,
    shown: str = "",
) -> Iterator[bytes]:
    """The cross table as an .xlsx, with its totals, its filters in words and the moment it was counted; in numbers or
    in percent, as it is shown."""
    asked = {"source": source, "rows": table.rows.key, "columns": table.columns.key, **filters}
    if as_of:
        asked["as_of"] = as_of.isoformat()
    if edition:
        asked["edition"] = str(edition.pk)
    with transaction.atomic():
        export = Export.objects.create(
            requested_by=user,
            kind="statistics_table",
            filters=asked,
            rows=len(table.row_names),
        )
        audit.record("export", by=user, target=export, rows=export.rows, masked=True)
    ended, waiting = table.ended, table.waiting
    headers = [f"{table.rows.label}＼{table.columns.label}", *table.column_names.values(), "合计"]
    lines: list[list[Any]] = [
        [name, *(table.cells[value].get(column, 0) for column in table.column_names), table.row_totals[value]]
        for value, name in table.row_names.items()
    ]
    lines.append(["合计", *(table.column_totals[column] for column in table.column_names), table.total])
    if shown:
        asked["shown"] = shown
        told = shares([line[1:] for line in lines], shown)
        lines = [[line[0], *each] for line, each in zip(lines, told, strict=True)]
    if ended:
        headers.append(ended.name)
        for line, value in zip(lines, table.row_names, strict=False):
            line.append(ended.by_row.get(value, 0))
        lines[-1].append(ended.total)
    if waiting:
        numbers = (waiting.by_column.get(column, 0) for column in table.column_names)
        lines.append([waiting.name, *numbers, waiting.total])
    notes = [
        f"统计口径：{SOURCES[source]}",
        COUNTS_WHAT[source],
        *([frozen.in_words(edition)] if edition else until_words(as_of)),
        *in_words(filters),
        *([f"显示：{SHOWN[shown]}"] if shown else []),
        f"数据时间：{timezone.localtime(table.as_of):%Y-%m-%d %H:%M:%S}",
    ]
    lines += [[], *([note] for note in notes)]
    return stream_xlsx(headers, lines, sheet_name="统计表", widths=[30, *[14] * (len(headers) - 1)])
