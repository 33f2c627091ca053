"""One shape for the four kinds of file: a book of grids. Runs in the reading child."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import python_calamine

from portal.sheets import marks as sheet_marks
from portal.sheets import ods_parts, xlsx_parts
from portal.sheets.csv_text import CsvText
from portal.sheets.headers import HeaderSearch
from portal.sheets.marks import Marks
from portal.sheets.refusals import refused
from portal.sheets.values import Replaced, Row

if TYPE_CHECKING:
    from portal.sheets import biff

LISTS_SHEET = (
    "_选项"  # hidden sheet of our templates: lists, and the template's version in A2 under this mark
)
VERSION_MARK = "template_version"
_WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet


Range = tuple[tuple[int, int], tuple[int, int]]  # ((row, column), (row, column)), both from 0


@dataclass(slots=True)
class Grid:
    """One sheet. `rows()` gives (row number, raw values from column A on) for all rows, blank ones too."""

    name: str
    rows: Callable[[], Iterable[Row]]
    merged: list[Range] = field(default_factory=list)
    replaced: Callable[[], Replaced] = dict
    marks: Callable[[], Marks] = Marks


class CsvBook:
    """A csv file as a book of one grid."""

    is_1904 = False

    def __init__(self, path: str) -> None:
        self._text = CsvText(path)

    def sheet_names(self) -> list[str]:
        return ["CSV"]

    def active_sheet(self) -> str | None:
        return None

    def is_hidden(self, name: str) -> bool:
        return False

    def grid(self, name: str, search: HeaderSearch) -> Grid:
        return Grid(name, self._text.reader(search))

    def template_version(self) -> str | None:
        return None


def _records_of(path: str) -> "biff.Workbook":
    from portal.sheets import biff  # noqa: PLC0415 - a tenth of the start of a child, and few files are old ones

    return biff.Workbook(path)


class CalamineBook:
    """An .xlsx, .xls or .ods file, read by calamine; what it leaves out comes from a look of our own."""

    def __init__(self, path: str, kind: str) -> None:
        self._archive = zipfile.ZipFile(path) if kind in ("xlsx", "ods") else None
        self._parts = xlsx_parts.XlsxParts(self._archive) if self._archive and kind == "xlsx" else None
        self._records = _records_of(path) if kind == "xls" else None
        looked_into = self._parts or self._records
        self.is_1904 = bool(looked_into and looked_into.is_1904)
        try:
            # Given a path calamine believes the name; given a file it looks at the content.
            self._book = python_calamine.load_workbook(open(path, "rb"))  # noqa: SIM115  read as long as we live
        except python_calamine.PasswordError as error:
            raise refused("password") from error
        self._visibility = {sheet.name: sheet.visible for sheet in self._book.sheets_metadata}

    def sheet_names(self) -> list[str]:
        return [sheet.name for sheet in self._book.sheets_metadata if sheet.typ == _WORKSHEET]

    def active_sheet(self) -> str | None:
        """The sheet a person sees when the file is opened; None where the file does not tell."""
        looked_into = self._parts or self._records
        if looked_into is None:
            return ods_parts.active_sheet(self._part("settings.xml"))
        names = self._book.sheet_names
        return names[looked_into.active_place] if looked_into.active_place < len(names) else None

    def is_hidden(self, name: str) -> bool:
        return self._visibility[name] != python_calamine.SheetVisibleEnum.Visible

    def grid(self, name: str, search: HeaderSearch) -> Grid:
        """The grid of a sheet; `search` matters to csv only.

        Raises SheetRefused if its extreme cells are too far apart to lay out.
        """
        xml = b""
        if self._parts:
            xml = self._parts.sheet_xml(name)
            xlsx_parts.check_extent(xml, name)
        sheet = self._book.get_sheet_by_name(name)
        if sheet.end and sheet.end[0] >= xlsx_parts.MAX_ROW:
            raise refused("far_corner", sheet=name, cell=f"A{xlsx_parts.MAX_ROW}")
        return Grid(
            name,
            lambda: _numbered_rows(sheet),
            sheet.merged_cell_ranges or [],
            lambda: self._replaced(name, xml),
            lambda: self._marks(name, xml),
        )

    def _replaced(self, name: str, xml: bytes) -> Replaced:
        if self._parts:
            return xlsx_parts.replaced(xml, self._parts.number_formats())
        if self._archive:
            return ods_parts.replaced(self._archive.read("content.xml"), name)
        return self._records.replaced(self._book.sheet_names.index(name)) if self._records else {}

    def _marks(self, name: str, xml: bytes) -> Marks:
        if self._parts:
            return sheet_marks.in_xlsx(
                xml, self._parts.part("xl/styles.xml"), self._parts.part("xl/sharedStrings.xml")
            )
        if self._records:
            return self._records.marks(self._book.sheet_names.index(name))
        return sheet_marks.in_ods(self._part("content.xml"), self._part("styles.xml"), name)

    def _part(self, name: str) -> bytes:
        """A part of an .ods; empty where there is none."""
        assert self._archive
        return self._archive.read(name) if name in self._archive.namelist() else b""

    def template_version(self) -> str | None:
        """The version written by `write_template`, or None. The sheet may be hidden, very hidden or visible."""
        if LISTS_SHEET not in self._book.sheet_names:
            return None
        rows = self._book.get_sheet_by_name(LISTS_SHEET).iter_rows()
        values = [row[0] for row in islice(rows, 2)]
        return str(values[1]) if len(values) == 2 and values[0] == VERSION_MARK else None


Book = CsvBook | CalamineBook


def _numbered_rows(sheet: python_calamine.CalamineSheet) -> Iterator[Row]:
    """Rows from row 1 on. calamine starts at row 1 but leaves out the columns before the first used one."""
    before = [""] * (sheet.start[1] if sheet.start else 0)
    if not before:
        return enumerate(sheet.iter_rows(), 1)
    return ((number, [*before, *row]) for number, row in enumerate(sheet.iter_rows(), 1))


def open_book(path: str, kind: str) -> Book:
    """The book at `path`, of a kind that `inspection.inspect` found."""
    return CsvBook(path) if kind == "csv" else CalamineBook(path, kind)
