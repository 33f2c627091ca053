"""Exports of any length in constant memory: bytes leave while rows still come in.

No workbook library hands out bytes before its file is complete, so the few parts of an .xlsx that a plain list
needs are written here; the container is the standard library's.
"""

import csv
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from xml.sax.saxutils import escape  # nosec B406 # text only, nothing is parsed

from portal.sheets.values import column_letter

MAX_SHEET_ROWS = 1_048_576
MAX_CELL_CHARACTERS = 32_767
# A zip member needs 64-bit records from 2 GiB on, which not every spreadsheet program reads.
_MAX_SHEET_BYTES = 1_800_000_000
_ROWS_A_CHUNK = 500
_COMPRESSION_LEVEL = 1  # level 6 takes half as long again for a file a quarter smaller
_EXACT_LIMIT = 10**15
_EXCEL_EPOCH = date(1899, 12, 30)
_FIRST_EXACT_DAY = date(1900, 3, 1)  # before it Excel counts a 29 February 1900 that never was

_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_x[0-9A-Fa-f]{4}_")
_REFUSED_BY_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Any .xml not named here is a sheet: how many there will be is not known when this part is written.
_CONTENT_TYPES = (
    f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_ROOT_RELATIONS = (
    f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_STYLES = (
    f'{_DECLARATION}<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="3"><font><sz val="11"/><name val="宋体"/></font>'
    '<font><b/><sz val="11"/><name val="宋体"/></font><font><b/><sz val="16"/><name val="宋体"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="7"><xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" applyFont="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="0"/>'
    '<xf numFmtId="49" fontId="2" applyFont="1" applyAlignment="1"><alignment horizontal="center"/></xf>'
    '<xf numFmtId="49" applyAlignment="1"><alignment horizontal="left"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_HEADER, _DATE, _DATETIME, _NUMBER, _TITLE, _ABOVE = range(1, 7)  # places in cellXfs; 0 is text


def stream_xlsx(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    sheet_name: str = "数据",
    widths: Sequence[float] | None = None,
    above: Sequence[str] = (),
) -> Iterator[bytes]:
    """Yields the bytes of an .xlsx with one sheet for each 1,048,575 rows, the headers on each; the lines `above` them
    go over all columns, the first as a title.

    Text becomes inline text, never a formula; whole numbers beyond 15 digits become text; a date or datetime
    becomes a date cell (a datetime as the wall clock it holds); True and False become 是 and 否. `widths` are
    column widths in characters. Characters XML can't hold are replaced by U+FFFD.
    """
    sink = _Sink()
    names: list[str] = []
    rows = iter(rows)
    # The stub asks for a `close` that ZipFile calls only for files it has opened itself.
    with zipfile.ZipFile(  # type: ignore[call-overload]
        sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL
    ) as archive:
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("_rels/.rels", _ROOT_RELATIONS)
        archive.writestr("xl/styles.xml", _STYLES)
        first = next(rows, None)
        while first is not None or not names:
            names.append(sheet_name if not names else f"{sheet_name}{len(names) + 1}")
            rows = chain(() if first is None else (first,), rows)
            with archive.open(f"xl/worksheets/sheet{len(names)}.xml", "w") as part:
                for chunk in _sheet(headers, rows, widths, above):
                    part.write(chunk)
                    yield from sink.take()
            first = next(rows, None)
        archive.writestr("xl/workbook.xml", _workbook(names))
        archive.writestr("xl/_rels/workbook.xml.rels", _workbook_relations(len(names)))
    yield from sink.take()


def stream_zip(members: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yields the bytes of a zip of these members, (path, content) each, none of which is held as a whole."""
    sink = _Sink()
    with zipfile.ZipFile(  # type: ignore[call-overload]
        sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL
    ) as archive:
        for path, content in members:
            with archive.open(path, "w", force_zip64=True) as part:
                for piece in content:
                    part.write(piece)
                    yield from sink.take()
    yield from sink.take()


class _Sink:
    """What the zip writer writes into and the stream is taken from. It can't seek, so sizes follow their data."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits here for more than one chunk."""

    def take(self) -> Iterator[bytes]:
        if self._pieces:
            whole = b"".join(self._pieces)
            self._pieces.clear()
            if whole:
                yield whole


def _sheet(
    headers: Sequence[str],
    rows: Iterator[Sequence[object]],
    widths: Sequence[float] | None,
    above: Sequence[str],
) -> Iterator[bytes]:
    """The XML of one sheet in chunks; takes from `rows` what fits."""
    start = f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    top = len(above) + 1
    start += f'<pane ySplit="{top}" topLeftCell="A{top + 1}" activePane="bottomLeft" state="frozen"/>'
    start += "</sheetView></sheetViews>"
    if widths:
        start += "<cols>"
        for number, width in enumerate(widths, 1):
            start += f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        start += "</cols>"
    start += "<sheetData>"
    for number, line in enumerate(above):
        start += f'<row><c t="inlineStr" s="{_ABOVE if number else _TITLE}"><is><t>{_text(line)}</t></is></c></row>'
    start += "<row>"
    start += "".join(
        f'<c t="inlineStr" s="{_HEADER}"><is><t>{_text(header)}</t></is></c>' for header in headers
    )
    yield f"{start}</row>".encode()
    left, written = MAX_SHEET_ROWS - top, 0
    while left and written < _MAX_SHEET_BYTES:
        chunk = [_row(values) for values in islice(rows, min(left, _ROWS_A_CHUNK))]
        if not chunk:
            break
        left -= len(chunk)
        content = "".join(chunk).encode()
        written += len(content)
        yield content
    yield b"</sheetData>"
    if above and len(headers) > 1:
        last = column_letter(len(headers) - 1)
        merged = "".join(f'<mergeCell ref="A{line}:{last}{line}"/>' for line in range(1, top))
        yield f'<mergeCells count="{len(above)}">{merged}</mergeCells>'.encode()
    yield b"</worksheet>"


def _row(values: Sequence[object]) -> str:
    cells = "".join([_TEXT_CELL % _text(v) if type(v) is str and v else _cell(v) for v in values])
    return f"<row>{cells}</row>"


_TEXT_CELL = '<c t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'


def _cell(value: object) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return _TEXT_CELL % ("是" if value else "否")
    if isinstance(value, int | float) and abs(value) < _EXACT_LIMIT:
        return f'<c s="{_NUMBER}"><v>{value!r}</v></c>'
    if isinstance(value, date) and _is_counted(value):
        return _date_cell(value)
    return _TEXT_CELL % _text(str(value))


def _is_counted(value: date) -> bool:
    return (value.date() if isinstance(value, datetime) else value) >= _FIRST_EXACT_DAY


def _date_cell(value: date) -> str:
    days = value.toordinal() - _EXCEL_EPOCH.toordinal()
    if not isinstance(value, datetime):
        return f'<c s="{_DATE}"><v>{days}</v></c>'
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return f'<c s="{_DATETIME}"><v>{days + seconds / 86400!r}</v></c>'


def _text(value: str) -> str:
    if len(value) > MAX_CELL_CHARACTERS:
        value = value[: MAX_CELL_CHARACTERS - 1] + "…"
    if _SPECIAL.search(value) is None:
        return value
    # A reader takes "_x0041_" for "A" unless its first underscore is escaped itself.
    value = _REFUSED_BY_XML.sub("�", _LOOKS_ESCAPED.sub("_x005F_", value))
    return escape(value, {"\r": "&#13;"})


def _workbook(names: list[str]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(name, {chr(34): "&quot;"})}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, 1)
    )
    return f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _workbook_relations(count: int) -> str:
    sheets = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, count + 1)
    )
    styles = f'<Relationship Id="rId{count + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    return f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{sheets}{styles}</Relationships>'


# What a spreadsheet program may run: a sign in either width, also behind what it strips or does not show; and line ends
# and tabs, behind which some programs begin a new cell.
_UNSEEN = "\\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x1f\x7f-\x9f"
_FORMULA_START = re.compile(f"[{_UNSEEN}'\"]*[=+@＝＋＠－﹢﹦﹣﹫−-]|[\t\r\n\x0b\x0c]")


def stream_csv(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yields the bytes of a csv in UTF-8 with a byte order mark, which Excel needs to read Chinese.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay as they are.
    """
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow([_guarded(header) for header in headers])
    yield "\ufeff".encode() + lines.take()
    rows = iter(rows)
    while chunk := list(islice(rows, _ROWS_A_CHUNK)):
        writer.writerows([[_guarded(value) for value in values] for values in chunk])
        yield lines.take()


class _Lines:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def write(self, line: str) -> None:
        self._lines.append(line)

    def take(self) -> bytes:
        content = "".join(self._lines).encode("utf-8", "replace")
        self._lines.clear()
        return content


def _guarded(value: object) -> object:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, str) and _FORMULA_START.match(value):
        return "'" + value
    return value
