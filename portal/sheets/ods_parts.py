"""A look into the XML of an .ods, for what the reader leaves out: error cells and zeros before a number."""

import re
from html import unescape

from portal.sheets.values import CellError, Replaced
from portal.sheets.walking import follow
from portal.sheets.xlsx_parts import local

_MOST_REPEATED = 256
_ACTIVE = re.compile(rb"""config:name="ActiveTable"[^>]*>([^<]+)<""")
_ZERO_FIRST = re.compile(rb">0[0-9]+</")


def active_sheet(settings: bytes) -> str | None:
    """The name of the table that is shown when the file is opened, by the XML of settings.xml."""
    found = _ACTIVE.search(settings)
    return unescape(found[1].decode("utf-8", "replace")) if found else None


def replaced(content: bytes, sheet_name: str) -> Replaced:
    """Error cells and formulas without a stored result of one sheet, which the reader gives as blank, and numbers that
    are displayed with zeros before them.

    `content` is the XML of content.xml. Returns {(row from 1, column from 0): CellError or text}.
    """
    if b'"error"' not in content and b":formula=" not in content and not _ZERO_FIRST.search(content):
        return {}
    return follow(_TableWalk(sheet_name), content)


class _TableWalk:
    """Follows the rows and cells of one table through content.xml, counting the repeated ones."""

    def __init__(self, sheet_name: str) -> None:
        self.sheet_name = sheet_name
        self.found: Replaced = {}
        self.active = False
        self.row = 1
        self.row_step = 1
        self.column = 0
        self.cell: dict[str, str] | None = None
        self.shown = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "table":
            self.active = attributes.get("table:name") == self.sheet_name
            self.row = 1
        elif not self.active:
            return
        elif name == "table-row":
            self.row_step = int(attributes.get("table:number-rows-repeated") or 1)
            self.column = 0
        elif name in ("table-cell", "covered-table-cell"):
            self.cell = attributes
            self.shown = ""

    def text(self, text: str) -> None:
        if self.cell is not None:
            self.shown += text

    def end(self, name: str) -> None:
        name = local(name)
        if name == "table":
            self.active = False
        elif not self.active:
            return
        elif name == "table-row":
            self.row += self.row_step
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()

    def _end_cell(self) -> None:
        cell, self.cell = self.cell, None
        assert cell is not None  # a cell within a cell: such a file is refused as unreadable
        width = int(cell.get("table:number-columns-repeated") or 1)
        found: CellError | str | None = None
        if cell.get("calcext:value-type") == "error":
            found = CellError("formula_error", self.shown[:30])
        elif "table:formula" in cell and "office:value-type" not in cell:
            found = CellError("no_cached_value")
        elif cell.get("office:value-type") == "float" and _is_padded(self.shown, cell.get("office:value")):
            found = self.shown
        if found:
            # Equal neighbours are written once, with their number.
            for row in range(min(self.row_step, _MOST_REPEATED)):
                for column in range(min(width, _MOST_REPEATED)):
                    self.found[self.row + row, self.column + column] = found
        self.column += width


def _is_padded(shown: str, value: str | None) -> bool:
    """Is this the number, with zeros before it?"""
    return shown.startswith("0") and shown.isdecimal() and shown.lstrip("0") == (value or "").lstrip("0")
