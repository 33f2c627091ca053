"""Rows that nobody sees and cells that are struck through, of an .xlsx or .ods (AM-39). Runs in the reading child."""

import re
from collections import Counter
from dataclasses import dataclass, field

from portal.characters import number_of
from portal.sheets.values import column_index
from portal.sheets.walking import follow
from portal.sheets.xlsx_parts import TRUE, elements, local

_ROW_TAG = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_CELL_TAG = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r=["']([A-Za-z]+[0-9]+)""")
_HIDDEN = re.compile(rb"""\s(?:hidden=["'](?:1|true|on)|ht=["']0(?:\.0+)?["'])""")
_NUMBER = re.compile(rb"""\sr=["'](\d+)""")
# A file dragged down to the last line may repeat a row a million times; no list is longer than this.
_MOST_REPEATED = 20_000
_MOST_COLUMNS = 256


@dataclass(slots=True)
class Marks:
    """What the reader does not tell of a sheet: numbers of `hidden` rows, whether by hand or by a filter, and (row
    from 1, column from 0) of cells whose words are `struck` through; a cell that is written `twice`."""

    hidden: set[int] = field(default_factory=set)
    struck: set[tuple[int, int]] = field(default_factory=set)
    twice: str = ""


# --- .xlsx -----------------------------------------------------------------------------------------------------------


def in_xlsx(xml: bytes, styles: bytes, strings: bytes) -> Marks:
    """The marks of a sheet by its XML and that of the workbook's styles and shared strings."""
    struck_strings = follow(_StruckStrings(), strings) if b"strike" in strings else set()
    struck_styles = _struck_styles(styles) if b"strike" in styles else set()
    struck: set[tuple[int, int]] = set()
    styled = re.compile(rb"""\ss=["'](?:%b)["']""" % "|".join(sorted(struck_styles)).encode())
    if struck_strings or b"strike" in xml or (struck_styles and styled.search(xml)):
        struck = follow(_StruckCells(struck_styles, struck_strings), xml)
    return Marks(_hidden_rows(xml), struck, _written_twice(xml))


def _written_twice(xml: bytes) -> str:
    """The first cell that the file holds twice: which of the two a program shows is its own affair."""
    references = _CELL_TAG.findall(xml)
    if len(set(references)) == len(references):
        return ""
    return next(each for each, times in Counter(references).items() if times > 1).decode().upper()


def _hidden_rows(xml: bytes) -> set[int]:
    """By hand, by a filter or by a height of nothing."""
    if not _HIDDEN.search(xml):
        return set()
    found, number = set(), 0
    for tag in _ROW_TAG.finditer(xml):
        told = _NUMBER.search(tag[1])
        number = int(told[1]) if told else number + 1
        if _HIDDEN.search(tag[1]):
            found.add(number)
    return found


def _struck_styles(xml: bytes) -> set[str]:
    """The places of the cell styles whose font is struck through."""
    inside, place = "", 0
    fonts: list[bool] = []
    found = set()
    wanted = {"fonts", "font", "strike", "cellStyleXfs", "cellXfs", "xf", "dxfs"}
    for name, attributes in elements(xml, wanted):
        if name == "font" and inside == "fonts":
            fonts.append(False)
        elif name == "strike" and inside == "fonts" and fonts:
            fonts[-1] = _is_on(attributes)
        elif name == "xf" and inside == "cellXfs":
            font = number_of(attributes.get("fontId", "0"), most=len(fonts) - 1)
            if font is not None and fonts[font]:
                found.add(str(place))
            place += 1
        elif name not in ("font", "strike", "xf"):
            inside = name
    return found


def _is_on(attributes: dict[str, str]) -> bool:
    return attributes.get("val", "1") in TRUE


class _Runs:
    """Whether all visible letters of a text are struck through, which may come in runs of several fonts."""

    def __init__(self) -> None:
        self._is_struck_run = self._any_struck = self._any_plain = False

    def look(self, name: str, attributes: dict[str, str]) -> None:
        if name == "r":
            self._is_struck_run = False
        elif name == "strike":
            self._is_struck_run = _is_on(attributes)

    def read(self, text: str) -> None:
        if text.strip():
            self._any_struck |= self._is_struck_run
            self._any_plain |= not self._is_struck_run

    @property
    def is_struck(self) -> bool:
        return self._any_struck and not self._any_plain


class _StruckStrings:
    """Finds the places of the shared strings that are struck through."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._place = -1
        self._runs = _Runs()
        self._is_inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "si":
            self._place += 1
            self._runs = _Runs()
        self._is_inside = name == "t"
        self._runs.look(name, attributes)

    def text(self, text: str) -> None:
        if self._is_inside:
            self._runs.read(text)

    def end(self, name: str) -> None:
        self._is_inside = False
        if local(name) == "si" and self._runs.is_struck:
            self.found.add(str(self._place))


class _StruckCells:
    """Finds the cells with a struck style, a struck shared string or struck letters of their own."""

    def __init__(self, styles: set[str], strings: set[str]) -> None:
        self.found: set[tuple[int, int]] = set()
        self._styles = styles
        self._strings = strings
        self._row = 0
        self._column = -1
        self._cell: dict[str, str] = {}
        self._value = ""
        self._runs = _Runs()
        self._inside = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "row":
            self._row = int(attributes.get("r") or self._row + 1)
            self._column = -1
        elif name == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            self._column = column_index(letters) if letters else self._column + 1
            self._cell, self._value, self._runs = attributes, "", _Runs()
        self._inside = name if name in ("v", "t") else ""
        self._runs.look(name, attributes)

    def text(self, text: str) -> None:
        if self._inside == "v":
            self._value += text
        elif self._inside == "t":
            self._runs.read(text)

    def end(self, name: str) -> None:
        self._inside = ""
        if local(name) != "c":
            return
        is_struck_string = self._cell.get("t") == "s" and self._value in self._strings
        if self._cell.get("s") in self._styles or is_struck_string or self._runs.is_struck:
            self.found.add((self._row, self._column))


# --- .ods ------------------------------------------------------------------------------------------------------------


def in_ods(content: bytes, styles: bytes, sheet_name: str) -> Marks:
    """The marks of a sheet by the XML of content.xml and styles.xml."""
    is_struck = b"line-through" in content or b"line-through" in styles
    if not is_struck and b"table:visibility=" not in content:
        return Marks()
    known = (follow(_Styles(), styles) if styles else {}) | follow(_Styles(), content)
    return follow(_MarkedTable(sheet_name, {name for name in known if _strikes(known, name)}), content)


def _strikes(known: dict[str, tuple[str, bool | None]], name: str) -> bool:
    """By the style itself or, where it does not tell, by the one it builds on."""
    seen = set()
    while name in known and name not in seen:
        seen.add(name)
        parent, is_struck = known[name]
        if is_struck is not None:
            return is_struck
        name = parent
    return False


class _Styles:
    """Finds {style: (the style it builds on, whether it strikes through, None where it does not tell)}."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, bool | None]] = {}
        self._name = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "style":
            self._name = attributes.get("style:name", "")
            self.found[self._name] = attributes.get("style:parent-style-name", ""), None
        elif name == "text-properties" and self._name in self.found:
            told = [
                attributes[f"style:text-line-through-{what}"]
                for what in ("style", "type")
                if f"style:text-line-through-{what}" in attributes
            ]
            if told:
                self.found[self._name] = self.found[self._name][0], any(each != "none" for each in told)

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None:
        if local(name) == "style":
            self._name = ""


class _MarkedTable:
    """Finds the marks of one table, counting the repeated rows and cells."""

    def __init__(self, sheet_name: str, struck_styles: set[str]) -> None:
        self.found = Marks()
        self._sheet_name = sheet_name
        self._struck_styles = struck_styles
        self._is_inside = False
        self._row = 1
        self._repeated = 1
        self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "table":
            self._is_inside = attributes.get("table:name") == self._sheet_name
            self._row = 1
        elif not self._is_inside:
            return
        elif name == "table-row":
            self._repeated = int(attributes.get("table:number-rows-repeated") or 1)
            self._column = 0
            if attributes.get("table:visibility") in ("collapse", "filter"):
                self.found.hidden.update(self._rows())
        elif name in ("table-cell", "covered-table-cell"):
            width = int(attributes.get("table:number-columns-repeated") or 1)
            if attributes.get("table:style-name") in self._struck_styles:
                columns = range(self._column, self._column + min(width, _MOST_COLUMNS))
                self.found.struck.update((row, column) for row in self._rows() for column in columns)
            self._column += width

    def _rows(self) -> range:
        return range(self._row, self._row + min(self._repeated, _MOST_REPEATED))

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None:
        name = local(name)
        if name == "table":
            self._is_inside = False
        elif self._is_inside and name == "table-row":
            self._row += self._repeated
