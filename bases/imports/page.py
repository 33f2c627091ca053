"""What a page, and the user's own workbook, say about the rows of an import batch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Case, Q, Value, When

from bases.activation import takes_mobile
from bases.imports.undo.services import KEPT
from bases.models import ImportBatch, ImportRow
from bases.models.imports import ImportRows
from bases.workbooks.kinds import kind_of, workbook_of
from portal.masking import mask, mask_numbers
from portal.models import AuditEvent
from residents.catalogue.catalogue import CATALOGUE
from residents.models import Enrollment
from residents.models.enrollment import LIVE
from residents.openness import personal_entry
from residents.rules.fields import Field
from residents.words import in_words

PAGE_SIZE = 50
GOOD, WARNED = "good", "warned"
_PERSONAL_KINDS = frozenset({"id_number", "mobile", "phone"})
_WRITTEN = (ImportRow.Verdict.CREATE, ImportRow.Verdict.UPDATE)
# Below this nothing typed is anybody's number.
_SHORTEST_NUMBER = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Faults of one rule, with how many cells have it; `repair` where it is the same for all."""

    title: str
    headers: str
    count: int
    is_warning: bool
    repair: str

    @property
    def is_mendable(self) -> bool:
        """Whether another content of the cells could mend it: none makes a locked record an open one."""
        return not self.is_warning and self.title != CATALOGUE["record_locked"].title


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row as the page displays it: what would be stored, and as `typed` what the file holds if that is
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
    """One row of the batch as the page displays it, with the record it found or made; `result` is its verdict, or what
    an undo made of it."""

    row: ImportRow
    cells: list[Cell]
    enrollment_id: int | None
    result: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """How the people of an import of accounts get in: so many new accounts, open to the mobile number or not (None
    where nobody waits any more), so many that hold personal info and need a code, so many who had one already."""

    new: int
    by_mobile: bool | None
    coded: int
    kept: int


def accounts_of(batch: ImportBatch) -> Accounts | None:
    """None where the batch brought nobody in; four to seven queries."""
    if batch.kind != ImportBatch.Kind.ACCOUNTS or batch.state != ImportBatch.State.APPLIED:
        return None
    made = batch.rows.filter(verdict=ImportRow.Verdict.CREATE).exclude(
        pk__in=batch.rows.waiting().values("pk")
    )
    count = made.count()
    if not count:
        return None
    kept = made.filter(problems__contains=[{"code": "account_reused"}]).count()
    coded = made.filter(problems__contains=[{"code": "account_needs_code"}]).count()
    # Base, year and module are those of all of them.
    waits = Enrollment.objects.filter(LIVE, import_batch=batch, resident__user__activated_at=None)
    one = waits.select_related("base__province").first()
    return Accounts(
        count - kept - coded, takes_mobile(one, personal_entry(one)) if one else None, coded, kept
    )


def first_import(batch: ImportBatch) -> datetime | None:
    """When the batch was first written; `applied_at` is the last time, after corrections in the page."""
    if batch.applied_at is None:
        return None
    target = {"target_type": batch._meta.label, "target_id": str(batch.pk)}
    written = AuditEvent.objects.filter(action="import", **target).order_by("at")
    return written.values_list("at", flat=True).first()


def problem_groups(batch: ImportBatch) -> list[Group]:
    """The faults of a batch by rule, errors first, the most frequent first (GOAL-B4)."""
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


def rows_of(batch: ImportBatch, verdict: str, fault: str = "") -> ImportRows:
    """The rows with one verdict ("good": those that are written, "warned": with a warning, "": all), problems first; of
    one group of faults where its title is given (GOAL-B21)."""
    rows = batch.rows.filter(problems__contains=[{"title": fault}]) if fault else batch.rows.all()
    rows = rows.order_by(
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


def page_of(batch: ImportBatch, verdict: str, number: int | None, fault: str = "") -> Page:
    """One page of Lines; what is not a page number leads to the nearest page."""
    page: Page[Any] = Paginator(rows_of(batch, verdict, fault), PAGE_SIZE).get_page(number)
    fields = [
        field for field in workbook_of(batch).resource.rule_fields() if field.name in kind_of(batch).shown
    ]
    rows = list(page.object_list)
    records = Enrollment.objects.filter(
        import_batch=batch,
        deleted_at=None,
        resident__id_number__in=[row.values.get("id_number", "") for row in rows],
    )
    made = {
        (id_type, number): pk
        for id_type, number, pk in records.values_list("resident__id_type", "resident__id_number", "pk")
    }
    page.object_list = [
        Line(
            row, _cells(row, fields), pk := row.enrollment_id or _made_by(row, made), _result(batch, row, pk)
        )
        for row in rows
    ]
    return page


def _result(batch: ImportBatch, row: ImportRow, enrollment_id: int | None) -> str:
    if batch.state != ImportBatch.State.UNDONE or row.verdict not in _WRITTEN:
        return row.verdict
    if row.corrected_at and batch.applied_at and row.corrected_at > batch.applied_at:
        return "waiting"
    if any(each["code"] == KEPT for each in row.problems):
        return "kept"
    is_back = row.verdict == ImportRow.Verdict.CREATE and enrollment_id is not None
    return "restored" if is_back else "undone"


def _made_by(row: ImportRow, made: Mapping[tuple[str, str], int]) -> int | None:
    """A refused row may bear the number of another row's person."""
    if row.verdict != ImportRow.Verdict.CREATE:
        return None
    return made.get((row.values.get("id_type", ""), row.values.get("id_number", "")))


def _cells(row: ImportRow, fields: Iterable[Field]) -> list[Cell]:
    levels: dict[str, str] = {}
    for problem in row.problems:
        if levels.get(problem["header"]) != "error":
            levels[problem["header"]] = "warning" if problem["is_warning"] else "error"
    return [_cell(row, field, levels.get(field.label, "")) for field in fields]


def _cell(row: ImportRow, field: Field, level: str) -> Cell:
    """What is wrong appears as typed, what is right as it is stored; numbers of persons are masked in both, in full
    they stand in the page that corrects them (TRUST-51)."""
    typed, value = row.raw.get(field.label, ""), row.values.get(field.name)
    if level == "error" or value is None:
        # A number may stand in the wrong column, and a wrong one is nearly right.
        is_number = field.kind in _PERSONAL_KINDS and len(typed) >= _SHORTEST_NUMBER
        return Cell(field.label, mask(typed) if is_number else mask_numbers(typed), level)
    text = in_words(field, value)
    is_same = field.kind in _PERSONAL_KINDS or typed.strip() == text
    return Cell(field.label, text, level, "" if is_same else typed)
