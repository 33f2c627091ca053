"""Reading one table out of an uploaded file, always in a limited child process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from portal.sheets.headers import STATUS_HEADER
from portal.sheets.refusals import SheetRefused, refused
from portal.sheets.values import Value, Wire, from_wire

__all__ = ["MAX_BYTES", "MAX_ROWS", "SheetRefused", "Table", "read_table"]

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 5_000
_WALL_SECONDS = 9
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows under the expected headers of one sheet, with row numbers and letters as a spreadsheet shows them.

    A value is None, str, int, float, bool, date, datetime or time, or a marker: DamagedNumber, CellError.
    """

    kind: str  # "xlsx", "xls", "ods" or "csv"
    sheet_name: str
    header_row: int
    headers: list[
        tuple[str, str]
    ]  # (column letters, header as the caller spells it), in the order of the file
    rows: list[tuple[int, list[Value]]]  # (row number, one value for each of `headers`)
    is_1904: bool  # a number without a date format can't be known to be a date then
    template_version: str | None
    unknown_headers: list[tuple[str, str]] = field(
        default_factory=list
    )  # ignored columns; "" = data, no header
    ignored_sheets: list[str] = field(default_factory=list)  # further sheets with all the headers and data
    skipped: list[str] = field(default_factory=list)  # letters of the columns with an ignorable header
    renamed: list[tuple[str, str, str]] = field(
        default_factory=list
    )  # (column letters, what the file says, the header it was read as)
    hidden_sheets: list[str] = field(default_factory=list)  # as `ignored_sheets`, of those nobody sees
    hidden_rows: list[int] = field(default_factory=list)  # rows that nobody sees, of `rows`
    struck_rows: list[int] = field(default_factory=list)  # rows with words that are struck through, of `rows`

    def letter(self, header: str) -> str | None:
        """The column letters of a header, None if the file lacks that column."""
        return next((letters for letters, text in self.headers if text == header), None)

    def records(self) -> Iterator[tuple[int, dict[str, Value]]]:
        """Yields (row number, {header: value})."""
        names = [text for _, text in self.headers]
        for number, values in self.rows:
            yield number, dict(zip(names, values, strict=True))


def read_table(
    path: str | os.PathLike[str],
    *,
    expected_headers: Iterable[str],
    optional_headers: Iterable[str] = (),
    ignorable_headers: Iterable[str] = (STATUS_HEADER,),
    aliases: Mapping[str, str] | None = None,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
    sheet: str | None = None,
) -> Table:
    """The table of an .xlsx, .xls, .ods or .csv file (known by its content, not by its name). Raises SheetRefused.

    `aliases` maps other wordings of a header to the expected or optional one. `ignorable_headers` are skipped
    without being reported in `Table.unknown_headers`. `sheet`: the one to read, hidden or not, where the user said so.
    """
    found = run_child(
        "portal.sheets.child",
        {
            "path": os.path.abspath(path),
            "expected": list(expected_headers),
            "optional": list(optional_headers),
            "ignorable": list(ignorable_headers),
            "aliases": dict(aliases or {}),
            "max_rows": max_rows,
            "max_bytes": max_bytes,
            "sheet": sheet,
        },
    )
    return Table(
        kind=found["kind"],
        sheet_name=found["sheet_name"],
        header_row=found["header_row"],
        headers=[tuple(header) for header in found["headers"]],
        rows=[(number, _unpack(values)) for number, values in found["rows"]],
        is_1904=found["is_1904"],
        template_version=found["template_version"],
        unknown_headers=[tuple(header) for header in found["unknown_headers"]],
        ignored_sheets=found["ignored_sheets"],
        skipped=found["skipped"],
        renamed=[tuple(each) for each in found["renamed"]],
        hidden_sheets=found["hidden_sheets"],
        hidden_rows=found["hidden_rows"],
        struck_rows=found["struck_rows"],
    )


def _unpack(values: list[Wire]) -> list[Value]:
    if list in map(type, values):
        return [from_wire(value) for value in values]
    return cast(list[Value], values)  # without a list in it each one travelled as it is


def run_child(module: str, request: Mapping[str, object], seconds: float = _WALL_SECONDS) -> Any:
    """The child's result for a request. Raises SheetRefused, also for a child that was killed or gave nonsense."""
    environment = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if key in os.environ}
    try:
        finished = subprocess.run(
            [sys.executable, "-E", "-s", "-m", module],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT,
            env=environment,
            timeout=seconds,
            check=False,
        )
        answer = json.loads(finished.stdout) if finished.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        answer = {}
    if "refused" in answer:
        raise SheetRefused(*answer["refused"])
    if "result" not in answer:
        raise refused("too_demanding")
    return answer["result"]
