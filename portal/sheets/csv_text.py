"""Csv files as people really save them, in the usual encodings and delimiters. Runs in the reading child."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice

from portal.sheets.headers import HeaderSearch
from portal.sheets.refusals import refused
from portal.sheets.values import MAX_CELL_CHARACTERS, DamagedNumber, Row

_SAMPLE_ROWS = 40
_DELIMITERS = (",", ";", "\t", "|", "，", "；")
_FORMULA_TEXT = re.compile(r'="([^"]*)"')  # ="110101…", the usual trick to keep digits as text
# Excel saves an 18-digit number as 15 digits and zeros. A true number of that form is possible (about one in
# a thousand), and a refused cell can be repaired, while a wrong person cannot.
_ZEROED = re.compile(r"\d{15}000\d*")


class CsvText:
    """The decoded text of a csv file. Raises SheetRefused("encoding") if no usual encoding fits."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            self._text = _decode(file.read())
        self._delimiters: tuple[str, ...] = _DELIMITERS
        directive = re.match(r"sep=(.)\r?\n", self._text)
        if directive:  # spreadsheets obey this line and do not show it
            self._delimiters = (directive[1],)
            self._text = self._text[directive.end() :]
        csv.field_size_limit(MAX_CELL_CHARACTERS * 4)

    def reader(self, search: HeaderSearch) -> Callable[[], Iterator[Row]]:
        """A function that yields (row number, values) afresh at each call; the delimiter fits the headers."""
        delimiter = max(self._delimiters, key=lambda candidate: self._fit(candidate, search))
        return lambda: self._rows(delimiter)

    def _fit(self, delimiter: str, search: HeaderSearch) -> int:
        sample = list(islice(self._rows(delimiter, strict=False), _SAMPLE_ROWS))
        best = search.best_row(sample)
        return len(best.columns) if best else 0

    def _rows(self, delimiter: str, strict: bool = True) -> Iterator[Row]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=delimiter, strict=strict)
        try:
            for number, values in enumerate(reader, 1):
                yield number, [_csv_value(value) for value in values]
        except csv.Error as error:
            if strict:
                raise refused("csv_quotes", line=reader.line_num) from error


def _decode(content: bytes) -> str:
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refused("encoding")


def _encodings(content: bytes) -> tuple[str, ...]:
    """Those that its first bytes allow; of the marks the longer ones begin like the shorter."""
    if content.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return ("utf-32",)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    return ("utf-8-sig", "gb18030")


def _csv_value(value: str) -> str | DamagedNumber:
    if value.startswith("="):
        kept = _FORMULA_TEXT.fullmatch(value)
        return kept[1] if kept else value
    if value.startswith("'"):
        return value[1:]
    if len(value) >= 18 and _ZEROED.fullmatch(value.strip()):
        return DamagedNumber(value.strip())
    return value
