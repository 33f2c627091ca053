"""What a page, and the user's own workbook, say about the rows of an import batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Case, Q, Value, When

from bases.import_work import State, local_copy, read_batch
from bases.models import ImportBatch, ImportRow
from bases.models.imports import ImportRows
from bases.workbook_kinds import kind_of, workbook_of
from bases.workbooks import shown
from portal.masking import mask
from portal.sheets.annotation import annotate
from portal.sheets.reading import Table
from portal.sheets.values import CellError, DamagedNumber
from residents.models import Enrollment
from residents.rules.fields import Field
from residents.words import in_words

PAGE_SIZE = 50
GOOD, WARNED = "good", "warned"
_PERSONAL_KINDS = frozenset({"id_number", "mobile"})
_WORDS = {
    ImportRow.Verdict.CREATE: ("将新增", "已新增"),
    ImportRow.Verdict.UPDATE: ("将更新", "已更新"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Faults of one rule, with how many cells have it; `repair` where it is the same for all."""

    title: str
    headers: str
    count: int
    is_warning: bool
    repair: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row as the page shows it: what would be stored, and as `typed` what the file holds if that is
    written otherwise. `level` is "error", "warning" or empty."""

    header: str
    text: str
    level: str
    typed: str = ""

    @property
    def css(self) -> str:
        """The class of the cell: coloured where it has a remark; on a phone the plain ones go but for the name."""
        if self.level:
            return f"cell-{self.level}"
        return "" if self.header == "姓名" else "cell-plain"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the batch as the page shows it, with the record it found or made."""

    row: ImportRow
    cells: list[Cell]
    enrollment_id: int | None


def problem_groups(batch: ImportBatch) -> list[Group]:
    """The faults of a batch by rule, errors first, the most frequent first (GOALS B4)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p->>'title', string_agg(DISTINCT p->>'header', '、'), count(*),"
            " bool_and((p->>'is_warning')::boolean),"
            " CASE WHEN count(DISTINCT p->>'repair') = 1 THEN min(p->>'repair') ELSE '' END"
            " FROM bases_importrow r, jsonb_array_elements(r.problems) p WHERE r.batch_id = %s"
            " GROUP BY p->>'title', p->>'is_warning' ORDER BY 4, 3 DESC, 1",
            [batch.pk],
        )
        return [
            Group(title, headers, count, is_warning, repair)
            for title, headers, count, is_warning, repair in cursor.fetchall()
        ]


def rows_of(batch: ImportBatch, verdict: str) -> ImportRows:
    """The rows with one verdict ("good": those that are written, "warned": with a warning, "": all), problems first."""
    rows = batch.rows.order_by(
        Case(
            When(verdict=ImportRow.Verdict.REFUSED, then=Value(0)),
            When(~Q(problems=[]), then=Value(1)),
            When(verdict=ImportRow.Verdict.UNCHANGED, then=Value(3)),
            default=Value(2),
        ),
        "sheet_row",
    )
    if verdict == GOOD:
        return rows.good()
    if verdict == WARNED:
        return rows.filter(Q(problems__contains=[{"is_warning": True}]))
    return rows.filter(verdict=verdict) if verdict in ImportRow.Verdict.values else rows


def page_of(batch: ImportBatch, verdict: str, number: str | None) -> Page:
    """One page of Lines; what is not a page number leads to the nearest page."""
    page = Paginator(rows_of(batch, verdict), PAGE_SIZE).get_page(number)
    fields = [
        field for field in workbook_of(batch).resource.rule_fields() if field.name in kind_of(batch).shown
    ]
    rows = list(page.object_list)
    made = dict(
        Enrollment.objects.filter(
            import_batch=batch,
            deleted_at=None,
            resident__id_number__in=[row.values.get("id_number", "") for row in rows],
        ).values_list("resident__id_number", "pk")
    )
    page.object_list = [
        Line(row, _cells(row, fields), row.enrollment_id or _made_by(row, made)) for row in rows
    ]
    return page


def _made_by(row: ImportRow, made: Mapping[str, int]) -> int | None:
    """A refused row may bear the number of another row's person."""
    return made.get(row.values.get("id_number", "")) if row.verdict == ImportRow.Verdict.CREATE else None


def _cells(row: ImportRow, fields: Iterable[Field]) -> list[Cell]:
    levels: dict[str, str] = {}
    for problem in row.problems:
        if levels.get(problem["header"]) != "error":
            levels[problem["header"]] = "warning" if problem["is_warning"] else "error"
    return [_cell(row, field, levels.get(field.label, "")) for field in fields]


def _cell(row: ImportRow, field: Field, level: str) -> Cell:
    """What is wrong stands as typed; what is right as it is stored, with numbers of persons masked (TRUST 51)."""
    typed, value = row.raw.get(field.label, ""), row.values.get(field.name)
    if level == "error" or value is None:
        is_secret = field.kind in _PERSONAL_KINDS and level != "error"
        return Cell(field.label, mask(typed) if is_secret else typed, level)
    text = in_words(field, value)
    is_same = field.kind in _PERSONAL_KINDS or typed.strip() == text
    return Cell(field.label, text, level, "" if is_same else typed)


def annotated_copy(batch: ImportBatch) -> bytes:
    """The user's own workbook with coloured cells, comments and a status column (GOALS B5). Raises SheetRefused."""
    errors: dict[int, dict[str, list[str]]] = {}
    warnings: dict[int, dict[str, list[str]]] = {}
    statuses: dict[int, str] = {}
    waiting = set(batch.rows.waiting().values_list("pk", flat=True))
    for row in batch.rows.all():
        is_done = batch.state == State.APPLIED and row.pk not in waiting
        for problem in row.problems:
            side = warnings if problem["is_warning"] else errors
            texts = side.setdefault(row.sheet_row, defaultdict(list))
            texts[problem["header"]].append(problem["text"] + problem["repair"])
        if row.verdict == ImportRow.Verdict.UNCHANGED:
            statuses[row.sheet_row] = workbook_of(batch).resource.unchanged_word
        elif row.verdict in _WORDS:
            statuses[row.sheet_row] = _WORDS[row.verdict][is_done]
    table = read_batch(batch)
    with local_copy(batch) as path:
        return annotate(
            path,
            table,
            errors,
            warnings=warnings,
            statuses=statuses,
            corrections=_corrections(batch, table),
        )


def _corrections(batch: ImportBatch, table: Table) -> dict[int, dict[str, str]]:
    """What was typed in the page in place of what the file holds, by row number and header (GOALS B5, B7)."""
    corrected = {row.sheet_row: row for row in batch.rows.exclude(corrected_at=None)}
    found = {
        number: {
            header: corrected[number].raw.get(header, "")
            for header, value in line.items()
            if _is_replaced(corrected[number], header, value)
        }
        for number, line in table.records()
        if number in corrected
    }
    return {number: changed for number, changed in found.items() if changed}


def _is_replaced(row: ImportRow, header: str, value: Any) -> bool:
    """A cell that could not be read is replaced, too, where the page took over what is seen in it."""
    if isinstance(value, CellError | DamagedNumber):
        found = (each["code"] for each in row.problems if each["header"] == header)
        return not any(code == "number_damaged" or code.startswith("cell_") for code in found)
    return row.raw.get(header, "") != shown(value)
