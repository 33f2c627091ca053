"""The process that reads a long roll row by row: `python -m portal.sheets.roll_child`, JSON on stdin.

Its answer is JSON lines: the head of the table or {"refused": …}, then lists of rows, and "end" after the last one.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from portal.sheets.books import open_book
from portal.sheets.child import limit_resources, refusal_of
from portal.sheets.headers import HeaderSearch
from portal.sheets.inspection import inspect
from portal.sheets.locks import without_default_password
from portal.sheets.tables import WireRow, data_rows, find_grid
from portal.sheets.values import column_letter

# The person who runs a migration vouches for its files: limits against accidents, not against attacks.
ADDRESS_SPACE_BYTES = 4 << 30
CPU_SECONDS = 1_800
MAX_BYTES = 500 << 20
MAX_UNPACKED_BYTES = 2 << 30
_ROWS_A_LINE = 200


def stream(request: dict[str, Any], out: BinaryIO) -> None:
    """Write head and rows of the requested file. Raises SheetRefused and what the readers throw."""
    search = HeaderSearch(request["expected"], request["optional"], request["ignorable"], request["aliases"])
    path = without_default_password(request["path"])
    kind = inspect(path, MAX_BYTES, MAX_UNPACKED_BYTES)
    book = open_book(path, kind)
    place = find_grid(book, search)
    grid, header = place.grid, place.header
    known = sorted((column, text) for text, column in header.columns.items())
    columns = known + sorted(header.unknown)
    head = {
        "sheet_name": grid.name,
        "header_row": header.row,
        "headers": [(column_letter(column), text) for column, text in columns],
        "known": len(known),
        "is_1904": book.is_1904,
        "ignored_sheets": [*place.others, *place.hidden],
    }
    _write(out, head)
    rows = data_rows(grid, header, [column for column, _ in columns], islice(grid.rows(), header.row, None))
    for chunk in _batches(rows):
        _write(out, chunk)
    _write(out, "end")


def _batches(rows: Iterable[WireRow]) -> Iterator[list[WireRow]]:
    rows = iter(rows)
    while chunk := list(islice(rows, _ROWS_A_LINE)):
        yield chunk


def _write(out: BinaryIO, item: object) -> None:
    out.write(json.dumps(item, ensure_ascii=False).encode() + b"\n")


def main() -> None:
    limit_resources(CPU_SECONDS, ADDRESS_SPACE_BYTES)
    out = sys.stdout.buffer
    try:
        stream(json.load(sys.stdin.buffer), out)
    except BrokenPipeError:
        return
    except BaseException as error:  # a panic of the Rust reader is no Exception
        out.write(refusal_of(error) + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
