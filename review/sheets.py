"""Small workbooks of the association, judged while one waits: read, errors at the cell, then carried signed.

Two thousand rows need no stored batch; what was judged travels in the page, signed for the person who uploaded it, and
is judged again when it is confirmed.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from portal.models import User
from portal.sheets.reading import Table, read_table
from portal.sheets.values import CellError, DamagedNumber
from portal.sheets.writing import Column, as_text
from residents.catalogue.catalogue import Invalid
from residents.rules.text import clean_text

_SALT = "review.directory"
_GOOD_FOR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell: where it is in the spreadsheet, what, how to repair it."""

    row: int
    column: str
    header: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file: its number there and its texts by header; None for an empty cell."""

    number: int
    cells: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read: the rows with something in them, the letters of their columns, cells nobody can read."""

    lines: list[Line]
    letters: dict[str, str]
    faults: list[Fault]

    def told(self, line: Line) -> list[Fault]:
        """The cells of this row that nobody can read."""
        return [fault for fault in self.faults if fault.row == line.number]

    def fault(self, line: Line, header: str, text: str) -> Fault:
        return Fault(line.number, self.letters.get(header, ""), header, text)

    def checked(
        self, line: Line, header: str, faults: list[Fault], clean: Callable[[str], Any], missing: str = ""
    ) -> Any:
        """A cell cleaned by a rule; None with a fault where the rule refuses it, or where it is empty and asked for and
        nothing was said of it yet."""
        raw = line.cells.get(header)
        if raw is None:
            if missing and all(fault.header != header for fault in faults):
                faults.append(self.fault(line, header, missing))
            return None
        try:
            return clean(raw)
        except Invalid as refusal:
            faults.append(self.fault(line, header, str(refusal.problem)))
        except ValueError as refusal:
            faults.append(self.fault(line, header, str(refusal)))
        return None


def read(file: UploadedFile, columns: Sequence[Column], *, max_rows: int) -> Sheet:
    """The sheet of an uploaded file. Raises SheetRefused with one plain reason."""
    with tempfile.NamedTemporaryFile(prefix="directory-") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        table = read_table(
            copy.name,
            expected_headers=[column.header for column in columns if column.required],
            optional_headers=[column.header for column in columns if not column.required],
            max_rows=max_rows,
        )
    return _sheet(table)


def _sheet(table: Table) -> Sheet:
    letters = {header: letter for letter, header in table.headers}
    lines: list[Line] = []
    faults: list[Fault] = []
    for number, values in table.records():
        told = len(faults)
        cells: dict[str, str | None] = {}
        for header, value in values.items():
            if isinstance(value, CellError | DamagedNumber):
                text = "单元格是错误值或数字已失真。请改为文本格式，重新填写原来的内容。"
                faults.append(Fault(number, letters[header], header, text))
                value = None
            cells[header] = _text(value)
        if any(cells.values()) or len(faults) > told:
            lines.append(Line(number, cells))
    return Sheet(lines, letters, faults)


def _text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = as_text(value) if isinstance(value, bool | date) else str("" if value is None else value)
    try:
        return clean_text(text) or None
    except Invalid:
        return text.strip() or None


def carry(sheet: Sheet, *, by: User, kind: str) -> str:
    """The rows as a signed text for the confirmation's form."""
    rows = [[line.number, line.cells] for line in sheet.lines]
    return signing.dumps([by.pk, kind, sheet.letters, rows], salt=_SALT, compress=True)


def carried(text: str, *, by: User, kind: str) -> Sheet:
    """The rows again. Raises signing.BadSignature for another's, an old or a forged text."""
    user, of_kind, letters, rows = signing.loads(text, salt=_SALT, max_age=_GOOD_FOR_SECONDS)
    if (user, of_kind) != (by.pk, kind):
        raise signing.BadSignature
    return Sheet([Line(number, cells) for number, cells in rows], letters, [])
