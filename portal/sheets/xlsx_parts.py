"""A look into the XML of an .xlsx, for what the reader leaves out: extent, error cells, the 1904 flag."""

import re
import zipfile
from xml.parsers import expat

from portal.characters import number_of
from portal.sheets.refusals import refused
from portal.sheets.values import CellError, DigitFormat, Replaced, column_index, digit_format
from portal.sheets.walking import follow

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384
# The reader lays out rows × columns of the extreme cells, 32 bytes each: 8 million cells are 256 MB.
MAX_GRID_CELLS = 8_000_000

TRUE = ("1", "true", "on")
_ROW = re.compile(rb"""row\s(?:[^>]*?\s)?r=["'](\d+)""")
# The widest a sheet can be that has no reference of more letters: columns up to Z, up to ZZ.
_BEYOND = ((26, re.compile(rb"""r=["'][A-Za-z]{2,}\d""")), (702, re.compile(rb"""r=["'][A-Za-z]{3,}\d""")))
# Cells with content only: the reader ignores `<c r="A1" s="1"/>` and so do we.
_CELL = re.compile(rb"""<(?:\w+:)?c\s([^>]*+)(?<!/)>(?!</)""")
_REFERENCE = re.compile(rb"""(?:^|\s)r=["']([A-Za-z]+)(\d+)""")


def local(name: str) -> str:
    """An element's name without its namespace prefix."""
    return name.rpartition(":")[2]


def elements(content: bytes, wanted: set[str]) -> list[tuple[str, dict[str, str]]]:
    """The elements whose local name is in `wanted`, in document order: [(local name, attributes)]."""
    found = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) in wanted:
            found.append((local(name), {local(key): value for key, value in attributes.items()}))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.Parse(content, True)
    return found


class XlsxParts:
    """The parts of an open .xlsx, found in any case and with any slash, as readers do."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {_key(info.filename): info for info in archive.infolist()}
        self.active_place = 0  # of the sheet a person sees first, among all sheets
        self.is_1904, self._sheet_parts = self._workbook()

    def sheet_xml(self, sheet_name: str) -> bytes:
        """The XML of a sheet as bytes; empty if it can't be found."""
        return self.part(self._sheet_parts.get(sheet_name, ""))

    def sheet_names(self) -> list[str]:
        return list(self._sheet_parts)

    def part_of(self, sheet_name: str) -> str | None:
        """The name of a sheet's part as the archive has it, None if it can't be found."""
        info = self._names.get(_key(self._sheet_parts.get(sheet_name, "")))
        return info.filename if info else None

    def number_formats(self) -> dict[str, DigitFormat]:
        """The formats that show digits a number does not have: {place of the style: DigitFormat}."""
        codes: dict[str | None, str] = {}
        formats: dict[str, DigitFormat | None] = {}
        inside, place = "", 0
        wanted = {"numFmt", "cellStyleXfs", "cellXfs", "xf"}
        for name, attributes in elements(self.part("xl/styles.xml") or b"<none/>", wanted):
            if name == "numFmt":
                codes.setdefault(attributes.get("numFmtId"), attributes.get("formatCode", ""))
            elif name != "xf":
                inside = name
            elif inside == "cellXfs":
                formats[str(place)] = digit_format(codes.get(attributes.get("numFmtId"), ""))
                place += 1
        return {place: found for place, found in formats.items() if found}

    def part(self, name: str) -> bytes:
        """The content of a part; empty if there is none."""
        info = self._names.get(_key(name))
        return self._archive.read(info) if info else b""

    def _workbook(self) -> tuple[bool, dict[str, str]]:
        targets = {
            attributes.get("Id"): attributes.get("Target", "")
            for _, attributes in elements(
                self.part("xl/_rels/workbook.xml.rels") or b"<none/>", {"Relationship"}
            )
        }
        is_1904, parts = False, {}
        for name, attributes in elements(
            self.part("xl/workbook.xml") or b"<none/>", {"workbookPr", "workbookView", "sheet"}
        ):
            if name == "workbookPr":
                is_1904 = attributes.get("date1904", "0") in TRUE
            elif name == "workbookView":
                self.active_place = number_of(attributes.get("activeTab", "0")) or 0
            else:
                parts[attributes.get("name", "")] = _resolve(targets.get(attributes.get("id"), ""))
        return is_1904, parts


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _resolve(target: str) -> str:
    target = target.replace("\\", "/")
    if target.startswith("/"):
        return target
    return "xl/" + target.removeprefix("./")


def check_extent(xml: bytes, sheet_name: str) -> None:
    """Refuses a sheet whose extreme cells span more than the reader could lay out in memory."""
    # The last row is the deepest in every honest file, and the exact look costs as much as reading the sheet.
    # A dishonest one meets the limits of this process.
    last = _ROW.match(xml, max(xml.rfind(b"row "), 0))
    for width, beyond in _BEYOND:
        if last and int(last[1]) * width <= MAX_GRID_CELLS and not beyond.search(xml):
            return
    references = [found.groups() for cell in _CELL.findall(xml) if (found := _REFERENCE.search(cell))]
    if not references:
        return
    rows = {int(row) for row in {row for _, row in references}}
    columns = {column_index(letters.decode()) + 1 for letters in {letters for letters, _ in references}}
    last_row, last_column = max(rows), max(columns)
    area = (last_row - min(rows) + 1) * (last_column - min(columns) + 1)
    if last_row > MAX_ROW or last_column > MAX_COLUMN or area > MAX_GRID_CELLS:
        far = max(references, key=lambda each: _distance(column_index(each[0].decode()), int(each[1])))
        raise refused("far_corner", sheet=sheet_name, cell=f"{far[0].decode().upper()}{far[1].decode()}")


def _distance(column: int, row: int) -> float:
    """How far out a cell lies, as a share of what a sheet can hold."""
    return max(column / MAX_COLUMN, row / MAX_ROW)


def replaced(xml: bytes, number_formats: dict[str, DigitFormat]) -> Replaced:
    """Error cells and formulas without a stored result, both of which the reader gives as blank, and numbers that are
    displayed with digits they do not have.

    Returns {(row from 1, column from 0): CellError or text}.
    """
    has_error = b"<f" in xml or b":f" in xml or b'"e"' in xml or b"'e'" in xml
    styles = "|".join(number_formats).encode()
    if not has_error and not (styles and re.search(rb"""\ss=["'](?:%b)["']""" % styles, xml)):
        return {}
    return follow(_CellWalk(number_formats), xml)


class _CellWalk:
    """Follows rows and cells through a sheet's XML, with or without their `r` attributes."""

    def __init__(self, number_formats: dict[str, DigitFormat]) -> None:
        self.found: Replaced = {}
        self.number_formats = number_formats
        self.row = 0
        self.column = -1
        self.type = ""
        self.format: DigitFormat | None = None
        self.children: set[str] = set()
        self.value = ""
        self.inside = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "row":
            self.row = int(attributes.get("r") or self.row + 1)
            self.column = -1
        elif name == "c":
            self._start_cell(attributes)
        elif name in ("f", "v", "is"):
            self.children.add(name)
            self.inside = name

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r", "")
        letters = reference.rstrip("0123456789")
        self.column = column_index(letters) if letters else self.column + 1
        if letters and letters != reference:
            self.row = int(reference[len(letters) :])
        self.type = attributes.get("t", "n")
        self.format = self.number_formats.get(attributes.get("s", ""))
        self.children = set()
        self.value = ""

    def text(self, text: str) -> None:
        if self.inside == "v":
            self.value += text

    def end(self, name: str) -> None:
        name = local(name)
        if name in ("f", "v", "is"):
            self.inside = ""
        elif name == "c":
            if self.type == "e":
                self.found[self.row, self.column] = CellError("formula_error", self.value[:30])
            elif "f" in self.children and not self._has_result():
                self.found[self.row, self.column] = CellError("no_cached_value")
            elif self.format and self.type == "n" and self.value:
                self._keep_digits(self.format)

    def _keep_digits(self, digits: DigitFormat) -> None:
        try:
            shown = digits.shown(float(self.value))
        except ValueError:
            return
        if shown:
            self.found[self.row, self.column] = shown

    def _has_result(self) -> bool:
        """Whether a formula has a stored result; openpyxl leaves an empty <v/>, which only a text may have."""
        return bool(self.value) or "is" in self.children or ("v" in self.children and self.type == "str")
