"""From the grids of a book to the one table that holds the expected headers. Runs in the reading child."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from portal.sheets.books import LISTS_SHEET, Book, Grid, Range
from portal.sheets.headers import HeaderRow, HeaderSearch
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
_MAX_MERGED_CELLS = 200_000


def find_table(book: Book, search: HeaderSearch, max_rows: int) -> dict[str, Any]:
    """The first sheet that holds all headers and some data, as a JSON-ready dictionary; raises SheetRefused.

    Further complete sheets with data are named under "ignored_sheets", so that no row vanishes silently.
    """
    grid, header, ignored = find_grid(book, search)
    return _extract(grid, header, max_rows) | {"ignored_sheets": ignored}


def find_grid(book: Book, search: HeaderSearch) -> tuple[Grid, HeaderRow, list[str]]:
    """(grid, header row, names of further complete sheets with data) of that sheet; raises SheetRefused."""
    names = [name for name in book.sheet_names() if name != LISTS_SHEET]
    if not names:
        raise refused("no_sheet")
    complete, partial, refusal = [], None, None
    for name in names:
        try:
            grid = book.grid(name, search)
            header = search.best_row(_head(grid))
        except SheetRefused as error:
            refusal = refusal or error
            continue
        if header is None:
            continue
        if header.is_complete():
            complete.append((grid, header))
        elif partial is None or len(header.columns) > len(partial[1].columns):
            partial = grid, header
    if not complete:
        raise _no_table(search, partial, refusal)
    return _first_filled(complete)


def _no_table(search: HeaderSearch, partial: Found | None, refusal: SheetRefused | None) -> SheetRefused:
    if partial:
        grid, header = partial
        return refused("headers", sheet=grid.name, row=header.row, faults=header.faults())
    return refusal or refused("no_header", expected="、".join(search.expected))


def _first_filled(complete: list[Found]) -> tuple[Grid, HeaderRow, list[str]]:
    filled = [(grid, header) for grid, header in complete if _has_data(grid, header)]
    if not filled:
        grid, header = complete[0]
        raise refused("no_rows", sheet=grid.name, row=header.row)
    grid, header = filled[0]
    return grid, header, [other.name for other, _ in filled[1:]]


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
    rows = _rows(grid, header, [column for column, _ in by_column], nameless, max_rows)
    ignored = sorted([*header.unknown, *((column, "") for column in nameless.used)])
    return {
        "sheet_name": grid.name,
        "header_row": header.row,
        "headers": [(column_letter(column), text) for column, text in by_column],
        "rows": rows,
        "unknown_headers": [(column_letter(column), text) for column, text in ignored],
        "skipped": [column_letter(column) for column in header.ignored],
    }


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
