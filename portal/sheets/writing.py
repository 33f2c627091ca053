"""Making templates: one sheet to fill in, one that explains, one hidden with lists and the version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from portal.sheets.books import LISTS_SHEET, VERSION_MARK
from portal.sheets.values import column_letter

NOTES_SHEET = "填写说明"
TEMPLATE_ROWS = 5_000

_FONT = {"font_name": "宋体", "font_size": 11}
_HEADER = _FONT | {"bold": True, "num_format": "@", "border": 1, "align": "center", "valign": "vcenter"}
_HEADER |= {"text_wrap": True, "bg_color": "#DDEBF7"}
_REQUIRED_HEADER = _HEADER | {"font_color": "#C00000"}
_BODY = _FONT | {"num_format": "@"}
_NOTE = _FONT | {"num_format": "@", "text_wrap": True, "valign": "top"}


# A line of the notes sheet, or a table whose first row is a heading.
Note = str | Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a template. `rule`, `example` and `need` (when it is to be filled in, if that is more than
    `required` says) go to the notes sheet, `comment` to the header cell.

    `choices` makes a drop-down list; with `depends_on` (the header of an earlier column) it is a mapping from
    that column's value to the list offered for it.
    """

    header: str
    width: int = 18
    required: bool = False
    rule: str = ""
    need: str = ""
    example: str = ""
    comment: str = ""
    choices: Sequence[str] | Mapping[str, Sequence[str]] = field(default=())
    depends_on: str | None = None


def write_template(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] = (),
    *,
    sheet_name: str,
    notes: Sequence[Note] = (),
    version: str,
    text_rows: int = TEMPLATE_ROWS,
) -> bytes:
    """An .xlsx template as bytes: header in row 1, then `rows`, every cell in text format, no formula ever.

    `rows` holds one value for each column. `notes` are lines (str) and tables (sequences of rows, the first one
    a heading) for the notes sheet. `text_rows` rows are formatted and carry the drop-down lists.
    """
    buffer = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet(sheet_name)
        _write_notes(book, columns, notes, version)
        lists = _Lists(book, version)
        _write_headers(book, sheet, columns)
        _write_rows(sheet, columns, rows, text_rows, book.add_format(_BODY))
        for index, column in enumerate(columns):
            source = lists.source(columns, column)
            if source:
                sheet.data_validation(1, index, text_rows, index, _validation(column, source))
        sheet.activate()
    return buffer.getvalue()


def as_text(value: object) -> str:
    """A value as a text cell shows it: dates as yyyy-mm-dd, truth as 是/否, None as an empty string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()[:10]
    return str(value)


def _write_headers(book: xlsxwriter.Workbook, sheet: Worksheet, columns: Sequence[Column]) -> None:
    ordinary, required = book.add_format(_HEADER), book.add_format(_REQUIRED_HEADER)
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.write_string(0, index, column.header, required if column.required else ordinary)
        if column.comment:
            sheet.write_comment(0, index, column.comment, {"author": "", "x_scale": 2, "y_scale": 1.2})


def _write_rows(
    sheet: Worksheet,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    text_rows: int,
    body: Format,
) -> None:
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width, body)
    number = 0
    for number, values in enumerate(rows, 1):
        for index, value in enumerate(values):
            text = as_text(value)
            if text:
                sheet.write_string(number, index, text, body)
            else:
                sheet.write_blank(number, index, None, body)
    # The column's own format would do for Excel; other programs look at the cells.
    for row in range(number + 1, text_rows + 1):
        for index in range(len(columns)):
            sheet.write_blank(row, index, None, body)


def _validation(column: Column, source: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": source,
        "error_title": "不在可选范围内",
        "error_message": f"“{column.header[:40]}”请从下拉列表中选择。",
    }


class _Lists:
    """The hidden sheet: the version in column A, each list in columns of its own."""

    def __init__(self, book: xlsxwriter.Workbook, version: str) -> None:
        self._sheet = book.add_worksheet(LISTS_SHEET)
        self._sheet.hide()
        self._sheet.write_string(0, 0, VERSION_MARK)
        self._sheet.write_string(1, 0, version)
        self._next = 1

    def source(self, columns: Sequence[Column], column: Column) -> str | None:
        """The list formula of a column's validation, None without choices."""
        if not column.choices:
            return None
        if column.depends_on is None:
            return self._range(column.header, list(column.choices))
        assert isinstance(column.choices, Mapping)
        pairs = [(parent, choice) for parent, offered in column.choices.items() for choice in offered]
        parents = self._range(column.header, [parent for parent, _ in pairs])
        first = (
            self._range(column.header, [choice for _, choice in pairs]).partition(":")[0].removeprefix("=")
        )
        headers = [other.header for other in columns]
        chosen = f"${column_letter(headers.index(column.depends_on))}2"
        parents = parents.removeprefix("=")
        # The choices of one parent are next to each other: start at its first line, as many lines as it has.
        return f"=OFFSET({first},MATCH({chosen},{parents},0)-1,0,COUNTIF({parents},{chosen}),1)"

    def _range(self, title: str, values: list[str]) -> str:
        place = self._next
        self._next += 1
        for row, value in enumerate((title, *values)):
            self._sheet.write_string(row, place, value)
        letter = column_letter(place)
        return f"='{LISTS_SHEET}'!${letter}$2:${letter}${len(values) + 1}"


def _write_notes(
    book: xlsxwriter.Workbook, columns: Sequence[Column], notes: Sequence[Note], version: str
) -> None:
    sheet = book.add_worksheet(NOTES_SHEET)
    note, heading = book.add_format(_NOTE), book.add_format(_HEADER)
    sheet.set_column(0, 0, 34, note)
    sheet.set_column(1, 1, 26, note)
    sheet.set_column(2, 2, 60, note)
    sheet.set_column(3, 8, 28, note)
    fields = [("列名", "是否必填", "填写要求", "示例")]
    fields += [(c.header, c.need or _need(c), c.rule or c.comment, c.example) for c in columns]
    line_format = book.add_format(_FONT | {"num_format": "@"})  # a line may run over the columns to its right
    row = 0
    for item in (f"模板版本：{version}", *notes, fields):
        if isinstance(item, str):
            sheet.write_string(row, 0, item, line_format)
            row += 1
            continue
        row += 1
        for position, values in enumerate(item):
            for index, value in enumerate(values):
                sheet.write_string(row, index, as_text(value), heading if position == 0 else note)
            row += 1
        row += 1


def _need(column: Column) -> str:
    return "必填" if column.required else "选填"
