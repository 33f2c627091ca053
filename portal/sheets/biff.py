"""A look into the records of an .xls, for what the reader leaves out: error cells, zeros before a number and the
1904 flag.

Layout: [MS-XLS]. Runs in the reading child.
"""

import struct
from collections.abc import Iterator

from olefile import OleFileIO

from portal.sheets.marks import Marks
from portal.sheets.refusals import refused
from portal.sheets.values import CellError, Replaced, digit_format

_FORMULA, _EOF, _DATEMODE, _FILEPASS, _BOUNDSHEET, _BOOLERR = 0x0006, 0x000A, 0x0022, 0x002F, 0x0085, 0x0205
_FORMAT, _XF, _NUMBER, _RK, _MULRK = 0x041E, 0x00E0, 0x0203, 0x027E, 0x00BD
_WINDOW, _FONT, _ROW, _SHARED, _LABEL, _RICH = 0x003D, 0x0031, 0x0208, 0x00FD, 0x0204, 0x00D6
_CELLS = frozenset({_NUMBER, _RK, _SHARED, _LABEL, _RICH, _FORMULA, _BOOLERR})
_STRUCK, _NO_HEIGHT = 0x08, 0x20  # bits of a font and of a row
_ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


class Workbook:
    """The workbook stream of an .xls. Raises SheetRefused for a password or a broken container."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            try:
                container = OleFileIO(file)
                name = next((name for name in ("Workbook", "Book") if container.exists(name)), None)
                self._stream = container.openstream(name).read() if name else b""
            except (OSError, ValueError, struct.error, IndexError) as error:
                raise refused("broken") from error
        self.is_1904 = False
        self.active_place = 0  # of the sheet a person sees first, among all sheets
        self._sheet_offsets: list[int] = []
        codes: dict[int, str] = {}
        styles: list[int] = []
        fonts: list[bool] = []
        fonts_of_styles: list[int] = []
        for kind, body in _records(self._stream, 0):
            if kind == _FILEPASS:
                raise refused("password")
            if kind == _DATEMODE:
                self.is_1904 = body[:2] == b"\x01\x00"
            elif kind == _BOUNDSHEET:
                self._sheet_offsets.append(struct.unpack_from("<I", body)[0])
            elif kind == _FORMAT:
                codes[struct.unpack_from("<H", body)[0]] = _text(body[2:])
            elif kind == _XF:
                styles.append(struct.unpack_from("<H", body, 2)[0])
                fonts_of_styles.append(struct.unpack_from("<H", body)[0])
            elif kind == _WINDOW and len(body) >= 12:
                self.active_place = struct.unpack_from("<H", body, 10)[0]
            elif kind == _FONT:
                fonts.append(bool(body[2] & _STRUCK))
                if len(fonts) == 4:
                    fonts.append(False)  # the format gives no font the number 4
        formats = enumerate(digit_format(codes.get(code, "")) for code in styles)
        self._formats = {place: found for place, found in formats if found}
        self._struck_styles = {
            place for place, font in enumerate(fonts_of_styles) if font < len(fonts) and fonts[font]
        }

    def replaced(self, sheet_index: int) -> Replaced:
        """Error cells of the sheet at a place in the workbook, and numbers that are displayed with digits they do not
        have: {(row from 1, column from 0): CellError or text}."""
        found: Replaced = {}
        for kind, body in _records(self._stream, self._sheet_offsets[sheet_index]):
            for row, column, style, number in _numbers(kind, body) if self._formats else ():
                shown = style in self._formats and self._formats[style].shown(number)
                if shown:
                    found[row + 1, column] = shown
            code = None
            if kind == _BOOLERR and len(body) >= 8 and body[7] == 1:
                code = body[6]
            elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
                code = body[8]
            if code is not None:
                row, column = struct.unpack_from("<HH", body)
                found[row + 1, column] = CellError("formula_error", _ERROR_NAMES.get(code, "#ERR"))
        return found

    def marks(self, sheet_index: int) -> Marks:
        """Hidden rows and struck cells of the sheet at a place in the workbook."""
        found = Marks()
        for kind, body in _records(self._stream, self._sheet_offsets[sheet_index]):
            if kind == _ROW and len(body) >= 14 and body[12] & _NO_HEIGHT:
                found.hidden.add(struct.unpack_from("<H", body)[0] + 1)
            for row, column, style in _styled(kind, body) if self._struck_styles else ():
                if style in self._struck_styles:
                    found.struck.add((row + 1, column))
        return found


def _styled(kind: int, body: bytes) -> Iterator[tuple[int, int, int]]:
    """(row, column, style) of the cells in a record, from 0."""
    if kind in _CELLS and len(body) >= 6:
        yield struct.unpack_from("<HHH", body)
    elif kind == _MULRK:
        row, first = struct.unpack_from("<HH", body)
        for place in range((len(body) - 6) // 6):
            yield row, first + place, struct.unpack_from("<H", body, 4 + 6 * place)[0]


def _text(body: bytes) -> str:
    """A text with its length and a flag before it, one byte or two a character; empty in the layout of Excel 95."""
    if len(body) < 4:
        return ""
    length, is_wide = struct.unpack_from("<HB", body)
    encoding, width = ("utf-16-le", 2) if is_wide & 1 else ("latin-1", 1)
    return body[3 : 3 + width * length].decode(encoding, "replace")


def _numbers(kind: int, body: bytes) -> Iterator[tuple[int, int, int, float]]:
    """(row, column, style, number) of the numbers in a record, from 0."""
    if kind in (_NUMBER, _FORMULA) and body[12:14] != b"\xff\xff":
        yield struct.unpack_from("<HHHd", body)
    elif kind == _RK:
        row, column, style = struct.unpack_from("<HHH", body)
        yield row, column, style, _packed(body, 6)
    elif kind == _MULRK:
        row, first = struct.unpack_from("<HH", body)
        for place in range((len(body) - 6) // 6):
            style = struct.unpack_from("<H", body, 4 + 6 * place)[0]
            yield row, first + place, style, _packed(body, 6 + 6 * place)


def _packed(body: bytes, offset: int) -> float:
    """A number in four bytes: an integer of 30 bits or the upper bits of a double, perhaps a hundredfold."""
    bits = struct.unpack_from("<i", body, offset)[0]
    number = float(bits >> 2) if bits & 2 else struct.unpack("<d", struct.pack("<q", (bits & ~3) << 32))[0]
    return number / 100 if bits & 1 else number


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """The records (kind, body) of the substream at `offset`, up to its end mark."""
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        if kind == _EOF:
            return
        yield kind, stream[offset + 4 : offset + 4 + size]
        offset += 4 + size
