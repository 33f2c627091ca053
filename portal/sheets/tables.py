"""From the grids of a book to the one table that holds the expected headers. Runs in the reading child."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from portal.sheets.books import LISTS_SHEET, Book, Grid, Range
from portal.sheets.headers import HeaderRow, HeaderSearch
from portal.sheets.marks import Marks
from portal.sheets.refusals import SheetRefused, refused
from portal.sheets.values import (
    SCALARS,
    CellError,
    DamagedNumber,
    Raw,
    Row,
    Value,
    Wire,
    column_letter,
    plain,
    to_wire,
)

Found = tuple[Grid, HeaderRow]
WireRow = tuple[int, list[Wire]]

_HEADER_SEARCH_ROWS = 60
_SAMPLE_ROWS, _SAMPLE_CHARACTERS = 30, 60
_MAX_MERGED_CELLS = 200_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the table is: a grid and its header row. `others` and `hidden` are the further sheets, visible and not,
    that hold all headers and some data, so that no row vanishes silently."""

    grid: Grid
    header: HeaderRow
    others: list[str]
    hidden: list[str]


def find_table(book: Book, search: HeaderSearch, max_rows: int, sheet: str | None = None) -> dict[str, Any]:
    """The table that holds all headers and some data, as a JSON-ready dictionary; raises SheetRefused."""
    place = find_grid(book, search, sheet)
    found = _extract(place.grid, place.header, max_rows)
    return found | {"ignored_sheets": place.others, "hidden_sheets": place.hidden}


def find_grid(book: Book, search: HeaderSearch, sheet: str | None = None) -> Place:
    """The place of the table: in `sheet` where the user has named one, else in the first of the visible sheets, the
    active one before the others (AM-39). Raises SheetRefused."""
    names = [name for name in book.sheet_names() if name != LISTS_SHEET]
    if not names:
        raise refused("no_sheet")
    visible = [name for name in names if not book.is_hidden(name)]
    visible.sort(key=lambda name: name != book.active_sheet())
    read = _Candidates(book, search, [sheet] if sheet in names else visible)
    others = _Candidates(book, search, [name for name in names if name not in read.names])
    if read.filled:
        further = [*read.filled[1:], *others.filled]
        grid, header = read.filled[0]
        return Place(
            grid,
            header,
            [other.name for other, _ in further if not book.is_hidden(other.name)],
            [other.name for other, _ in further if book.is_hidden(other.name)],
        )
    if others.filled:
        refusal = refused("hidden_sheets", sheets="".join(f"“{other.name}”" for other, _ in others.filled))
        refusal.sheets = [other.name for other, _ in others.filled]
        raise refusal
    raise read.refusal_of_all()


class _Candidates:
    """Sheets that may hold the table: those with all headers and some data are `filled`."""

    def __init__(self, book: Book, search: HeaderSearch, names: list[str]) -> None:
        self.names = names
        self.filled: list[Found] = []
        self._empty: list[Found] = []
        self._partial: Found | None = None
        self._refusal: SheetRefused | None = None
        self._expected = search.expected
        for name in names:
            try:
                self._look(book.grid(name, search), search)
            except SheetRefused as error:
                self._refusal = self._refusal or error

    def _look(self, grid: Grid, search: HeaderSearch) -> None:
        header = search.best_row(_head(grid))
        if header is None:
            return
        if header.is_complete():
            (self.filled if _has_data(grid, header) else self._empty).append((grid, header))
        elif self._partial is None or len(header.columns) > len(self._partial[1].columns):
            self._partial = grid, header

    def refusal_of_all(self) -> SheetRefused:
        """Why none of these sheets holds the table: of a sheet that could not be opened the cause, unless another one
        is clearly meant. A few words of the headers stand on any sheet of notes."""
        if self._empty:
            grid, header = self._empty[0]
            return self._refusal or refused("no_rows", sheet=grid.name, row=header.row)
        if self._partial:
            grid, header = self._partial
            if self._refusal is None or len(header.columns) * 2 > len(self._expected):
                refusal = refused("headers", sheet=grid.name, row=header.row, faults=header.faults())
                if header.missing and header.unknown and not header.doubled:
                    refusal.columns = {"missing": header.missing, "unknown": _samples(grid, header)}
                return refusal
        return self._refusal or refused("no_header", expected="、".join(self._expected))


def _samples(grid: Grid, header: HeaderRow) -> list[tuple[str, str, list[str]]]:
    """(letters, header, first cells as texts) of the columns that nobody knows."""
    rows = [values for _, values in islice(grid.rows(), header.row, header.row + _SAMPLE_ROWS)]
    return [
        (
            column_letter(column),
            text,
            [
                _seen(value)[:_SAMPLE_CHARACTERS]
                for row in rows
                if column < len(row) and (value := plain(row[column])) is not None
            ],
        )
        for column, text in header.unknown
    ]


def _head(grid: Grid) -> list[tuple[int, list[Raw]]]:
    """The first rows, with the words of vertically merged cells repeated in every row they cover."""
    rows = [(number, list(values)) for number, values in islice(grid.rows(), _HEADER_SEARCH_ROWS)]
    for (top, left), (bottom, _) in grid.merged:
        if top < bottom and top < len(rows) and left < len(rows[top][1]):
            for row in range(top + 1, min(bottom + 1, len(rows))):
                rows[row][1][left] = rows[top][1][left]
    return rows


def _has_data(grid: Grid, header: HeaderRow) -> bool:
    columns = header.columns.values()
    for _, values in islice(grid.rows(), header.row, None):
        if any(column < len(values) and plain(values[column]) is not None for column in columns):
            return True
    return False


def _extract(grid: Grid, header: HeaderRow, max_rows: int) -> dict[str, Any]:
    by_column = sorted((column, text) for text, column in header.columns.items())
    nameless = _NamelessColumns(header)
    columns = [column for column, _ in by_column]
    rows = _rows(grid, header, columns, nameless, max_rows)
    marks = grid.marks()
    if marks.twice:
        raise refused("cell_twice", sheet=grid.name, cell=marks.twice)
    ignored = sorted([*header.unknown, *((column, "") for column in nameless.used)])
    return {
        "sheet_name": grid.name,
        "header_row": header.row,
        "headers": [(column_letter(column), text) for column, text in by_column],
        "rows": rows,
        "hidden_rows": [number for number, _ in rows if number in marks.hidden],
        "struck_rows": [number for number, values in rows if _is_struck(number, values, columns, marks)],
        "unknown_headers": [(column_letter(column), text) for column, text in ignored],
        "renamed": [(column_letter(column), *names) for column, names in sorted(header.renamed.items())],
        "skipped": [column_letter(column) for column in header.ignored],
    }


def _is_struck(number: int, values: list[Wire], columns: list[int], marks: Marks) -> bool:
    """Is anything that the row holds struck through?"""
    filled = (column for column, value in zip(columns, values, strict=True) if value is not None)
    return bool(marks.struck) and any((number, column) in marks.struck for column in filled)


def _rows(
    grid: Grid, header: HeaderRow, columns: list[int], nameless: "_NamelessColumns", max_rows: int
) -> list[WireRow]:
    """The rows below the header that hold anything in `columns`, refused beyond `max_rows`."""
    below = islice(grid.rows(), header.row, None)
    rows: list[WireRow] = []
    for row in data_rows(grid, header, columns, below, nameless.look):
        if len(rows) == max_rows:
            count = max_rows + 1 + sum(_is_filled(more, columns) for _, more in below)
            raise refused("too_many_rows", sheet=grid.name, count=count, limit=max_rows)
        rows.append(row)
    return rows


def data_rows(
    grid: Grid,
    header: HeaderRow,
    columns: list[int],
    below: Iterable[Row],
    look: Callable[[Sequence[Raw]], None] = lambda raw: None,
) -> Iterator[WireRow]:
    """Yields (row number, JSON-ready values of `columns`) of every row of `below` that holds anything in them.

    `below` iterates the grid's rows under the header; `look` is called with every raw row.
    """
    replaced = grid.replaced()
    merged = _MergedCells(grid.merged, header.row, columns)
    texts = _Texts()
    width = max(columns, default=-1) + 1
    for number, raw in below:
        look(raw)
        cells = raw if len(raw) >= width else [*raw, *[""] * (width - len(raw))]
        values = [
            texts[cell] if type(cell) is str else plain(cell)
            for cell in (cells[column] for column in columns)
        ]
        if replaced:
            values = [replaced.get((number, c), value) for c, value in zip(columns, values, strict=True)]
        if merged.any and not merged.mark(number, values):
            continue
        if all(value is None for value in values):
            continue
        # What SCALARS holds travels as it is; asked here, since a call for every cell would cost more than the rest.
        yield number, [value if type(value) in SCALARS else to_wire(value) for value in values]  # type: ignore[misc]


class _Texts(dict[str, Value]):
    """Text → what it stands for, looked at once however many cells of the sheet hold it."""

    def __missing__(self, text: str) -> Value:
        value = self[text] = plain(text)
        return value


def _is_filled(raw: Sequence[Raw], columns: list[int]) -> bool:
    return any(column < len(raw) and raw[column] != "" for column in columns)


class _NamelessColumns:
    """Columns that hold data under no header; they are ignored, and the page says so."""

    def __init__(self, header: HeaderRow) -> None:
        self._named = {*header.columns.values(), *(column for column, _ in header.unknown), *header.ignored}
        self._pending: list[int] = []
        self._seen_width = 0
        self.used: list[int] = []

    def look(self, raw: Sequence[Raw]) -> None:
        if len(raw) > self._seen_width:
            self._pending += [c for c in range(self._seen_width, len(raw)) if c not in self._named]
            self._seen_width = len(raw)
        for column in self._pending:
            if column < len(raw) and raw[column] not in ("", None) and plain(raw[column]) is not None:
                self.used.append(column)
        if self.used:
            self._pending = [column for column in self._pending if column not in self.used]


class _MergedCells:
    """Cells hidden under a merge: blank for the reader, filled for the person who looks at the sheet."""

    def __init__(self, ranges: list[Range], header_row: int, columns: list[int]) -> None:
        self._columns = columns
        self._under = {}  # (row from 1, column) -> (row, column) of the merge's top left cell
        self._filled: dict[tuple[int, int], Value] = {}  # (row from 1, column) -> the content of that cell
        budget = _MAX_MERGED_CELLS
        for (top, left), (bottom, right) in ranges:
            if top < header_row:
                continue
            inside = [column for column in columns if left <= column <= right]
            budget -= (bottom - top + 1) * len(inside)
            if budget < 0:
                raise refused("too_demanding")
            for row in range(top + 1, bottom + 2):
                for column in inside:
                    self._under[row, column] = (top + 1, left)
        self.any = bool(self._under)

    def mark(self, number: int, values: list[Value]) -> bool:
        """Puts errors in the cells under a filled merge; False if the row holds nothing of its own."""
        own = False
        for index, column in enumerate(self._columns):
            if values[index] is not None:
                own = True
                self._filled[number, column] = values[index]
                continue
            origin = self._under.get((number, column))
            if origin in self._filled:
                values[index] = CellError("merged", _seen(self._filled[origin]))
        return own


def _seen(value: Value) -> str:
    """What a person sees in a cell."""
    if isinstance(value, CellError | DamagedNumber):
        return value.shown
    return value.isoformat()[:10] if isinstance(value, date) else str(value)
