"""The limited process that marks faults in a workbook: `python -m portal.sheets.annotation_child`, JSON on stdin.

The answer is the workbook in base64.
"""

import base64
import re
import zipfile
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Fill, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet as NewSheet

from portal.sheets.books import Grid, open_book
from portal.sheets.child import serve
from portal.sheets.extended_lists import keep_lists
from portal.sheets.formula_results import with_results
from portal.sheets.headers import HeaderSearch, normalise_header
from portal.sheets.inspection import inspect
from portal.sheets.locks import without_default_password
from portal.sheets.refusals import refused
from portal.sheets.values import DamagedNumber, Raw, column_index, column_letter

_AUTHOR = "系统检查"
_OURS = "【系统检查】\n"  # what follows in a comment of the user's own is ours
_COLOURS = {"error": "FFC7CE", "warning": "FFEB9C"}
_STATUS_WIDTH = 60
_MAX_EDITED_BYTES = 20 * 2**20  # unpacked; openpyxl holds fifty times as much and needs 14 seconds for it
ANNOTATION_CPU_SECONDS = 15  # openpyxl needs about 6 for 5,000 rows × 30 columns; a web process has 30 in all


def annotate(request: dict[str, Any]) -> str:
    """The marked workbook, in base64."""
    request = request | {"path": without_default_password(request["path"])}
    kind = inspect(request["path"], request["max_bytes"])
    if not request["edit"]:
        return base64.b64encode(_rebuilt(request, kind)).decode()
    with zipfile.ZipFile(request["path"]) as archive:
        if sum(part.file_size for part in archive.infolist()) > _MAX_EDITED_BYTES:
            raise refused("too_demanding")
    return base64.b64encode(_edited(request)).decode()


# The user's own .xlsx, edited in place


def _edited(request: dict[str, Any]) -> bytes:
    _accept_what_others_write()
    # By the open file: openpyxl judges a path by its ending, and an uploaded copy may have none.
    with open(request["path"], "rb") as file:
        book = openpyxl.load_workbook(file, rich_text=True)
    keep_lists(request["path"], book)
    sheet = book[request["sheet_name"]]
    _remove_old_marks(sheet)
    status = _status_column(sheet, request)
    _free_of_merges(sheet, status)
    merges = _Merges(sheet)
    for row, letters, text in request["corrections"]:
        merges.take_apart(row, column_index(letters) + 1)
        _write_text(sheet[f"{letters}{row}"], text)
        sheet[f"{letters}{row}"].number_format = "@"
    for row, letters, text, level in request["marks"]:
        _mark(merges.visible(sheet[f"{letters}{row}"]), text, level)
    for row, text in request["results"]:
        _write_text(sheet.cell(row, status), text)
        sheet.cell(row, status).alignment = Alignment(wrap_text=True, vertical="top")
    buffer = BytesIO()
    book.save(buffer)
    return with_results(request["path"], buffer.getvalue())


def _accept_what_others_write() -> None:
    """openpyxl gives up a whole workbook over an empty <fill/> or a font family beyond 14; the programs that people
    keep their lists with write both."""
    read = Fill.from_tree.__func__
    Fill.from_tree = classmethod(lambda cls, element: read(cls, element) if len(element) else PatternFill())
    vars(Font)["family"].max = 255


def _remove_old_marks(sheet: Worksheet) -> None:
    """A copy of ours that was corrected and sent again must not come back with the faults of last time."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, MergedCell) or not cell.comment:
                continue
            own, mark, _ = cell.comment.text.partition(_OURS)
            if mark or cell.comment.author == _AUTHOR:
                cell.comment = _comment(own.removesuffix("\n"), cell.comment.author) if mark else None
                cell.fill = PatternFill()


class _Merges:
    """The merged cells of a sheet, by every cell under them."""

    def __init__(self, sheet: Worksheet) -> None:
        self._sheet = sheet
        self._over = {
            cell: merge for merge in sheet.merged_cells.ranges for row in merge.rows for cell in row
        }

    def visible(self, cell: Cell) -> Cell:
        """The cell in which somebody sees what belongs to `cell`."""
        merge = self._over.get((cell.row, cell.column))
        return self._sheet.cell(merge.min_row, merge.min_col) if merge else cell

    def take_apart(self, row: int, column: int) -> None:
        """Undoes the merge over a cell that is to be written; its other cells keep the value that is seen in them."""
        merge = self._over.get((row, column))
        if merge is None:
            return
        seen = self._sheet.cell(merge.min_row, merge.min_col)
        self._sheet.unmerge_cells(merge.coord)
        for place in (place for line in merge.rows for place in line):
            del self._over[place]
            self._sheet.cell(*place).value = seen.value
            self._sheet.cell(*place).data_type = seen.data_type


def _free_of_merges(sheet: Worksheet, column: int) -> None:
    """Cuts the merges that reach into a column: nothing could be written under them."""
    for merge in list(sheet.merged_cells.ranges):
        if merge.min_col <= column <= merge.max_col:
            sheet.unmerge_cells(merge.coord)
            if merge.min_col < column - 1:
                sheet.merge_cells(
                    start_row=merge.min_row,
                    end_row=merge.max_row,
                    start_column=merge.min_col,
                    end_column=column - 1,
                )


def _status_column(sheet: Worksheet, request: dict[str, Any]) -> int:
    """The column (from 1) of the status header, which is added behind the last used column if need be."""
    header_row, wanted = request["header_row"], normalise_header(request["status_header"])
    last = 1
    for row in sheet.iter_rows(min_row=header_row):
        for cell in row:
            if cell.value is not None and cell.column > last:
                last = cell.column
    for cell in sheet[header_row]:
        if cell.value is not None and normalise_header(cell.value) == wanted:
            for number in range(header_row + 1, sheet.max_row + 1):
                if not isinstance(sheet.cell(number, cell.column), MergedCell):
                    sheet.cell(number, cell.column).value = None
            return cell.column
    header = sheet.cell(header_row, last + 1)
    _write_text(header, request["status_header"])
    header.font = Font(bold=True)
    sheet.column_dimensions[column_letter(last)].width = _STATUS_WIDTH
    return last + 1


def _mark(cell: Cell, text: str, level: str) -> None:
    """Colours the cell and adds the text to its comment, below what the user wrote there himself."""
    before = cell.comment.text if cell.comment else ""
    is_ours = before and (cell.comment.author == _AUTHOR or _OURS in before)
    if before and not is_ours:
        text = _OURS + text
    cell.comment = _comment(
        f"{before}\n{text}" if before else text, cell.comment.author if before else _AUTHOR
    )
    if level == "error" or not is_ours:
        cell.fill = PatternFill("solid", fgColor=_COLOURS[level])


def _comment(text: str, author: str) -> Comment:
    return Comment(text, author, width=300, height=120)


def _write_text(cell: Cell, text: str) -> None:
    cell.value = text or None
    if text:
        cell.data_type = "s"  # a text that begins with "=" stays a text


# Any other kind: a new .xlsx with the same cells


def _rebuilt(request: dict[str, Any], kind: str) -> bytes:
    book = open_book(request["path"], kind)
    search = HeaderSearch(request["headers"])
    buffer = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as target:
        copier = _Copier(target, request)
        for name in book.sheet_names():
            sheet = target.add_worksheet(_free_name(name, target))
            if book.is_hidden(name):
                sheet.hide()
            elif name == request["sheet_name"]:
                sheet.activate()  # without this the first sheet is shown, hidden or not
            copier.copy(sheet, book.grid(name, search), is_marked=name == request["sheet_name"])
    return buffer.getvalue()


def _free_name(name: str, target: xlsxwriter.Workbook) -> str:
    """A sheet name Excel accepts (31 characters, none of its special ones) and the workbook does not have yet."""
    name = re.sub(r"[\[\]:*?/\\]", "_", name).strip("'")[:28] or "Sheet"
    taken = {sheet.name.lower() for sheet in target.worksheets()}
    while name.lower() in taken:
        name = f"{name[:25]}_{len(taken)}"
    return name


class _Copier:
    """Writes grids cell by cell; texts stay texts, and a damaged number stays the number it is."""

    def __init__(self, target: xlsxwriter.Workbook, request: dict[str, Any]) -> None:
        self._request = request
        self._formats: dict[tuple[str, type], Format] = {}
        for level, colour in {"": None, **_COLOURS}.items():
            fill = {"bg_color": f"#{colour}"} if colour else {}
            self._formats[level, str] = target.add_format(fill | {"num_format": "@"})
            self._formats[level, float] = target.add_format(fill)
            self._formats[level, date] = target.add_format(fill | {"num_format": "yyyy-mm-dd"})
            self._formats[level, datetime] = target.add_format(fill | {"num_format": "yyyy-mm-dd hh:mm:ss"})
            self._formats[level, time] = target.add_format(fill | {"num_format": "hh:mm:ss"})
        self._status_format = target.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})

    def copy(self, sheet: NewSheet, grid: Grid, is_marked: bool) -> None:
        replaced = grid.replaced()
        marks = self._marks_by_row() if is_marked else {}
        corrections = self._corrections_by_row() if is_marked else {}
        status = self._write_statuses(sheet, grid) if is_marked else None
        for number, values in grid.rows():
            marked, corrected = marks.get(number, {}), corrections.get(number, {})
            for column in range(max([len(values), *(column + 1 for column in (*marked, *corrected))])):
                value = values[column] if column < len(values) else ""
                if (number, column) in replaced:
                    found = replaced[number, column]
                    value = found if isinstance(found, str) else found.shown
                value = corrected.get(column, value)
                level, texts = marked.get(column, ("", []))
                if column != status or number < self._request["header_row"]:
                    self._write(sheet, number - 1, column, value, level)
                if texts:
                    sheet.write_comment(
                        number - 1, column, "\n".join(texts), {"author": _AUTHOR, "x_scale": 2}
                    )

    def _marks_by_row(self) -> dict[int, dict[int, tuple[str, list[str]]]]:
        by_row: dict[int, dict[int, tuple[str, list[str]]]] = {}
        for row, letters, text, level in self._request["marks"]:
            by_row.setdefault(row, {}).setdefault(column_index(letters), (level, []))[1].append(text)
        return by_row

    def _corrections_by_row(self) -> dict[int, dict[int, str]]:
        by_row: dict[int, dict[int, str]] = {}
        for row, letters, text in self._request["corrections"]:
            by_row.setdefault(row, {})[column_index(letters)] = text
        return by_row

    def _write_statuses(self, sheet: NewSheet, grid: Grid) -> int:
        """Fills the status column, the one of an earlier copy or a new one, and gives its number from 0."""
        request, wanted = self._request, normalise_header(self._request["status_header"])
        place, width = None, 0
        for number, values in grid.rows():
            if number == request["header_row"]:
                place = next((c for c, text in enumerate(values) if normalise_header(text) == wanted), None)
            if number >= request["header_row"]:
                width = max(width, len(values))
        place = width if place is None else place
        sheet.set_column(place, place, _STATUS_WIDTH)
        sheet.write_string(request["header_row"] - 1, place, request["status_header"], self._status_format)
        if request["notice"]:
            shown = {"author": _AUTHOR, "x_scale": 2, "visible": True}
            sheet.write_comment(request["header_row"] - 1, place, request["notice"], shown)
        for row, text in request["results"]:
            sheet.write_string(row - 1, place, text, self._status_format)
        return place

    def _write(self, sheet: NewSheet, row: int, column: int, value: Raw | None, level: str) -> None:
        kind = type(value)
        if value == "" or value is None:
            if level:
                sheet.write_blank(row, column, None, self._formats[level, str])
        elif kind is str:
            sheet.write_string(row, column, value, self._formats[level, str])
        elif isinstance(value, DamagedNumber):
            sheet.write_number(row, column, float(value.shown), self._formats[level, float])
        elif kind is bool:
            sheet.write_boolean(row, column, value, self._formats[level, float])
        elif (level, kind) in self._formats:
            sheet.write(row, column, value, self._formats[level, kind])
        else:
            sheet.write_string(row, column, str(value), self._formats[level, str])


if __name__ == "__main__":
    serve(annotate, cpu_seconds=ANNOTATION_CPU_SECONDS)
