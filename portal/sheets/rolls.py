"""Reading a roll of any length row by row, for commands run by an operator; uploads go through reading.py.

The file is opened in a child process here too: rows come over a pipe, and the caller holds only those it works on.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.sheets.headers import STATUS_HEADER
from portal.sheets.refusals import SheetRefused, refused
from portal.sheets.values import from_wire

_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Roll:
    """The table of one sheet; `rows` can be walked through once.

    `headers` are (column letters, header): the `known` first ones as the caller spells them, then those nobody asked
    for. A row is (row number, one value for each of the headers); values are those of reading.Table.
    """

    sheet_name: str
    header_row: int
    headers: list[tuple[str, str]]
    known: int
    is_1904: bool
    ignored_sheets: list[str]
    rows: Iterator[tuple[int, list[Any]]]


@contextmanager
def open_roll(
    path: str | os.PathLike[str],
    *,
    expected_headers: Sequence[str],
    optional_headers: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> Iterator[Roll]:
    """The roll in an .xlsx, .xls, .ods or .csv file, known by its content. Raises SheetRefused, also amid the rows."""
    request = {
        "path": os.path.abspath(path),
        "expected": list(expected_headers),
        "optional": list(optional_headers),
        "ignorable": [STATUS_HEADER],
        "aliases": dict(aliases or {}),
    }
    environment = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if key in os.environ}
    child = subprocess.Popen(
        [sys.executable, "-E", "-s", "-m", "portal.sheets.roll_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_PROJECT,
        env=environment,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(request).encode())
        child.stdin.close()
        head = _line(child.stdout.readline())
        head["headers"] = [tuple(header) for header in head["headers"]]
        yield Roll(**head, rows=_rows(child.stdout))
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _rows(lines: Any) -> Iterator[tuple[int, list[Any]]]:
    while (chunk := _line(lines.readline())) != "end":
        for number, values in chunk:
            yield number, [from_wire(value) for value in values]


def _line(text: bytes) -> Any:
    """One line of the child's answer; a child that died has left none."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise refused("too_demanding") from error
    if isinstance(answer, dict) and "refused" in answer:
        raise SheetRefused(*answer["refused"])
    return answer
