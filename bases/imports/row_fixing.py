"""Correcting the refused rows of a batch in the page; only these are judged again (GOAL-B7).

The rows go through the same judge as the file, so a value has the same verdict wherever it was typed. Good rows of the
file are beside them only for comparison; their verdict stays.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.messages import INFO, SUCCESS, WARNING
from django.core.paginator import Page, Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bases.imports.batch import BatchMoved, State, count_rows, locked, move, require_open
from bases.imports.choices import has_open_questions
from bases.models import ImportBatch, ImportRow
from bases.models.imports import ImportRows
from bases.workbooks.kinds import kind_of, workbook_of
from bases.workbooks.rows import JudgedRow, row_numbers, typed_of
from portal import audit
from portal.characters import one_line_end
from portal.models import User
from portal.sheets.reading import Table
from portal.sheets.values import CellError, Value, from_wire
from residents.rules.duplicates import DIFFERS, DUPLICATE

PAGE_SIZE = 25
LONGEST = 500
# Longer values get a wider input, so that a number can be compared with the document whole.
_LONG_KINDS = frozenset({"id_number", "uscc"})
_SHORT = 12
# No screen has room for more columns side by side.
WIDEST = 6
Verdict = ImportRow.Verdict
CORRECTABLE = (State.CHECKED, State.APPLIED)
_ROW_NUMBER = re.compile("[1-9][0-9]{0,6}")
CHOOSE_FIRST = "文件中有隐藏的或划有删除线的行。请先选择一并读取还是略去，再修改有误的行。"
_TWICE = [Q(problems__contains=[{"code": code}]) for code in (DUPLICATE, DIFFERS)]


@dataclass(frozen=True, slots=True)
class Input:
    """One cell of the table: its input, and what is wrong with it. `words` are what it may be chosen from, with what
    it holds now; none where it is typed. An `is_long` value needs a wide input."""

    name: str
    header: str
    value: str
    problems: list[dict[str, Any]]
    words: list[str]
    is_long: bool

    @property
    def has_lines(self) -> bool:
        return "\n" in self.value or "\r" in self.value


@dataclass(frozen=True, slots=True)
class FixLine:
    """One refused row: inputs of the table's columns, those of the `other` columns, problems of the whole row."""

    row: ImportRow
    inputs: list[Input]
    other: list[Input]
    problems: list[dict[str, Any]]

    @property
    def is_other_bad(self) -> bool:
        return any(each.problems for each in self.other)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What saving did: rows that were judged again, how many of them are still refused, and how many were left out."""

    judged: int
    refused: int
    left_out: int = 0

    @property
    def good(self) -> int:
        return self.judged - self.refused

    @property
    def in_words(self) -> tuple[int, str]:
        """Level and words for whoever saved."""
        left = f"{self.left_out} 行不导入，已略去。" if self.left_out else ""
        if self.refused:
            judged = f"已重新检查 {self.judged} 行：{self.good} 行可以导入，{self.refused} 行仍有误。"
            return WARNING, left + judged
        if self.judged:
            return SUCCESS, f"{left}已重新检查 {self.judged} 行，都没有错误，请确认导入。"
        return (SUCCESS, left) if left else (INFO, "这些行已改正，没有需要重新检查的。")


def can_be_corrected(batch: ImportBatch) -> bool:
    # Without its file a batch has no full numbers any more (portal/retention.py).
    is_whole = bool(batch.file) and not has_open_questions(batch)
    return is_whole and batch.state in CORRECTABLE and batch.rows_refused > 0


# --- the table -------------------------------------------------------------------------------------------------------


def page_to_correct(batch: ImportBatch, number: int | None, fault: str = "") -> Page:
    """One page of FixLines in the order of the sheet, those with a `fault` or all; what is not a page number leads to
    the nearest page."""
    page: Page[Any] = Paginator(refused_rows(batch, fault).order_by("sheet_row"), PAGE_SIZE).get_page(number)
    rows = list(page.object_list)
    headers = [header for _, header in batch.headers]
    columns = _columns(batch, rows, headers)
    words = _words_of(batch)
    numbers = {
        field.label for field in workbook_of(batch).resource.rule_fields() if field.kind in _LONG_KINDS
    }
    page.object_list = [_line(row, headers, columns, words, numbers) for row in rows]
    return page


def refused_rows(batch: ImportBatch, fault: str = "") -> ImportRows:
    """The rows to be corrected, of one group of faults where its title is given (GOAL-B21)."""
    rows = batch.rows.filter(verdict=Verdict.REFUSED)
    return rows.filter(problems__contains=[{"title": fault, "is_warning": False}]) if fault else rows


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """The refused rows with one fault, how many they are, and the columns in which one value may be set for all of
    them, each with the words it may be chosen from."""

    fault: str
    count: int
    columns: list[tuple[str, list[str]]]


def group_of(batch: ImportBatch, fault: str) -> FaultGroup | None:
    """The group with this title, None where no refused row has such a fault."""
    rows = refused_rows(batch, fault) if fault else batch.rows.none()
    faults = rows.values_list("problems", flat=True)
    found = {each["header"] for problems in faults for each in problems if each["title"] == fault}
    words = _words_of(batch)
    columns = [(header, words.get(header, [])) for _, header in batch.headers if header in found]
    return FaultGroup(fault, len(faults), columns) if faults else None


def set_for_all(batch: ImportBatch, fault: str, header: str, text: str, *, by: User) -> Outcome:
    """Put one text into this column of all rows that have the fault there, and judge these rows again (GOAL-B21).
    Raises BatchMoved where the batch cannot be corrected now."""
    at_fault = refused_rows(batch, fault).filter(problems__contains=[{"title": fault, "header": header}])
    numbers = at_fault.values_list("sheet_row", flat=True) if fault and header else []
    return correct(batch, {number: {header: _typed(text)} for number in numbers}, by=by)


def page_beyond(batch: ImportBatch, texts: Mapping[int, Any], fault: str = "") -> int:
    """The page on which the refused rows go on after these, counted anew: saving makes good rows leave the list."""
    passed = refused_rows(batch, fault).filter(sheet_row__lte=max(texts, default=0)).count()
    return passed // PAGE_SIZE + 1


def _columns(batch: ImportBatch, rows: Iterable[ImportRow], headers: Iterable[str]) -> list[str]:
    """The columns of the table: those that identify the person, and those with most faults, as many as can be read."""
    told = {
        field.label
        for field in workbook_of(batch).resource.rule_fields()
        if field.name in kind_of(batch).shown
    }
    faults = Counter(each["header"] for row in rows for each in row.problems)
    worst = [header for header, _ in faults.most_common() if header not in told]
    chosen = told | set(worst[: max(WIDEST - len(told), 1)])
    return [header for header in headers if header in chosen]


def choices_of(batch: ImportBatch) -> list[tuple[str, list[str]]]:
    """(header, words) of the columns of this file that take one of a few words."""
    resource = workbook_of(batch).resource
    fields = {field.label: field for field in resource.rule_fields()}
    found = (
        (header, resource.choices(fields[header], batch.base, [batch.cycle.year]))
        for _, header in batch.headers
    )
    return [(header, words) for header, words in found if words]


def _words_of(batch: ImportBatch) -> dict[str, list[str]]:
    """What each column with a list may hold, by header: its words, and the one that empties it where it can be."""
    resource = workbook_of(batch).resource
    fields = {field.label: field for field in resource.rule_fields()}
    return {header: [*words, *resource.clearing(fields[header])] for header, words in choices_of(batch)}


def _line(
    row: ImportRow,
    headers: list[str],
    columns: list[str],
    words: Mapping[str, list[str]],
    numbers: Collection[str],
) -> FixLine:
    inputs = [
        Input(
            _input_name(row.sheet_row, index),
            header,
            value := row.raw.get(header, ""),
            [each for each in row.problems if each["header"] == header],
            _offered(words.get(header, []), value),
            header in numbers or len(value) > _SHORT,
        )
        for index, header in enumerate(headers)
    ]
    return FixLine(
        row,
        [each for each in inputs if each.header in columns],
        [each for each in inputs if each.header not in columns],
        [each for each in row.problems if each["header"] not in headers],
    )


def _offered(words: list[str], value: str) -> list[str]:
    """The words with the content of the cell, so that a row sent back says what it said."""
    return words if value in ("", *words) or not words else [value, *words]


def _input_name(sheet_row: int, index: int) -> str:
    return f"r{sheet_row}c{index}"


def texts_of(batch: ImportBatch, posted: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """What was typed, by row number and header; a row whose inputs did not all come is not touched."""
    headers = [header for _, header in batch.headers]
    numbers = {name[1:-2] for name in posted if name.startswith("r") and name.endswith("c0")}
    found = {}
    for number in sorted(int(each) for each in numbers if _ROW_NUMBER.fullmatch(each)):
        names = [_input_name(number, index) for index in range(len(headers))]
        if all(name in posted for name in names):
            found[number] = {
                header: _typed(posted[name]) for header, name in zip(headers, names, strict=True)
            }
    return found


def left_out_of(posted: Mapping[str, str]) -> set[int]:
    """The rows by whose side 不导入此行 was ticked."""
    names = {name[1:-1] for name in posted if name.startswith("r") and name.endswith("x")}
    return {int(each) for each in names if _ROW_NUMBER.fullmatch(each)}


def _typed(text: str) -> str:
    """A cell's text: no NUL, which PostgreSQL refuses, and no more than any column takes."""
    return one_line_end(text.replace("\x00", ""))[:LONGEST]


# --- saving ----------------------------------------------------------------------------------------------------------


def correct(
    batch: ImportBatch,
    texts: Mapping[int, Mapping[str, str]],
    *,
    by: User,
    left_out: Collection[int] = (),
) -> Outcome:
    """Put the texts in place of the refused rows' cells and judge these rows again; nothing else changes. A column that
    a row's texts leave out stays as it is. Of the refused rows those in `left_out`, and those emptied like a blank row
    of the file (PAIN-04), go for good and are told of on the batch's page.

    Rows refused for being in the file twice are judged along, for their double may have changed. A row that somebody
    else has corrected meanwhile is left as it is. Raises BatchMoved where the batch cannot be corrected now, or where
    nobody would be left.
    """
    with transaction.atomic():
        batch = locked(batch.pk)
        if batch.state not in CORRECTABLE:
            raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能修改。")
        if has_open_questions(batch):
            raise BatchMoved(CHOOSE_FIRST)
        require_open(batch)
        rows = {
            row.sheet_row: row
            for row in batch.rows.filter(verdict=Verdict.REFUSED).filter(
                reduce(or_, _TWICE, Q(sheet_row__in=[*texts, *left_out]))
            )
        }
        gone = {
            number
            for number, row in rows.items()
            if number in left_out or (number in texts and _is_blank(row, texts[number]))
        }
        _leave_out(batch, gone)
        rows = {number: row for number, row in rows.items() if number not in gone}
        judged = _judge(batch, rows, texts)
        _store(rows.values(), judged, texts)
        count_rows(batch)
        move(batch, batch.state)
        if corrected := sorted(rows.keys() & texts.keys()):
            audit.record("import_correct", by=by, target=batch, rows=corrected)
        if gone:
            audit.record("import_leave_out", by=by, target=batch, rows=sorted(gone))
    own = [judged[number].verdict for number in rows if number in texts]
    return Outcome(len(own), own.count(Verdict.REFUSED), len(gone))


def _is_blank(row: ImportRow, typed: Mapping[str, str]) -> bool:
    return all(
        value is None or (type(value) is str and not value.strip()) for value in _cells(row, typed).values()
    )


def _leave_out(batch: ImportBatch, gone: Collection[int]) -> None:
    """Take these rows out of the locked batch, as if the file did not have them; its page tells which. Raises
    BatchMoved where they are all there is."""
    if not gone:
        return
    if len(gone) == batch.rows.count():
        raise BatchMoved("这份文件的行都选择了不导入。全部不导入的，请在本页放弃这次导入。")
    batch.rows.filter(sheet_row__in=gone).delete()
    batch.rows_total -= len(gone)
    before = [number for each in batch.ignored_headers for number in each.get("left_out", ())]
    numbers = sorted({*before, *gone})
    batch.ignored_headers = [
        *(each for each in batch.ignored_headers if "left_out" not in each),
        {"left_out": numbers, "rows": row_numbers(numbers)},
    ]


def _judge(
    batch: ImportBatch, rows: Mapping[int, ImportRow], texts: Mapping[int, Mapping[str, str]]
) -> dict[int, JudgedRow]:
    """The rows by themselves to learn who they are, then beside the rows that share a number with them."""
    cells = {number: _cells(row, texts.get(number)) for number, row in rows.items()}
    judged = _judged(batch, sorted(cells.items()))
    others = _sharing(batch, judged.values())
    if not others:
        return judged
    # What is good already comes first, so a number met twice is the corrected row's fault.
    good = [(row.sheet_row, _cells(row, None)) for row in others if row.verdict != Verdict.REFUSED]
    refused = [(row.sheet_row, _cells(row, None)) for row in others if row.verdict == Verdict.REFUSED]
    return _judged(batch, [*good, *sorted([*cells.items(), *refused], key=lambda each: each[0])])


def _cells(row: ImportRow, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """The row's cells as the reader gave them; `typed` is what the page sent of it. A cell that was not typed anew is
    what the file holds: of a number, a date or a damaged number the page shows but a text, which would pass for
    something else (AM-39, PAIN-01). What is seen in a merged cell is the row's own once it was sent with the row."""
    told = {header: from_wire(value) for header, value in (row.typed or {}).items()}
    cells: dict[str, Value] = {}
    for header in {**row.raw, **told, **(typed or {})}:
        before = row.raw.get(header, "")
        text = before if typed is None else typed.get(header, before)
        if text != before and text.strip() != _typed(before).strip():
            cells[header] = text or None
            continue
        value = told.get(header, before or None)
        is_sent = typed is not None and header in typed
        is_merged = isinstance(value, CellError) and value.kind == "merged"
        cells[header] = before or None if is_merged and is_sent else value
    return cells


def _judged(batch: ImportBatch, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[int, JudgedRow]:
    headers = [(column, text) for column, text in batch.headers]
    table = Table(
        kind="page",
        sheet_name=batch.sheet_name,
        header_row=batch.header_row or 1,
        headers=headers,
        rows=[(number, [line.get(text) for _, text in headers]) for number, line in lines],
        is_1904=batch.facts.get("is_1904", False),
        template_version=None,
    )
    return {row.sheet_row: row for row in workbook_of(batch).judge(batch, table)}


def _sharing(batch: ImportBatch, judged: Collection[JudgedRow]) -> list[ImportRow]:
    """Rows of the batch with the same person or mobile number as one of these."""
    shared = Q()
    for name in ("id_number", "mobile"):
        if given := [row.values[name] for row in judged if row.values.get(name)]:
            shared |= Q(**{f"values__{name}__in": given})
    if not shared:
        return []
    return list(batch.rows.filter(shared).exclude(sheet_row__in=[row.sheet_row for row in judged]))


def _store(
    rows: Iterable[ImportRow], judged: Mapping[int, JudgedRow], texts: Mapping[int, Mapping[str, str]]
) -> None:
    now, changed = timezone.now(), []
    for row in rows:
        new = judged[row.sheet_row]
        row.typed = typed_of(_cells(row, texts.get(row.sheet_row)))
        row.raw, row.values, row.verdict = new.raw, _as_json(new.values), new.verdict
        row.problems, row.before, row.enrollment_id = new.problems, new.before, new.enrollment_id
        row.corrected_at = now
        changed.append(row)
    ImportRow.objects.bulk_update(
        changed,
        ["raw", "typed", "values", "verdict", "problems", "before", "enrollment", "corrected_at"],
        batch_size=500,
    )


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the check stores them: dates as text."""
    return json.loads(DjangoJSONEncoder().encode(values))
