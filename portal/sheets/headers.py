"""Finding the header row of a sheet by its words. Runs in the reading child."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from portal.sheets.values import Raw, Row, column_letter

STATUS_HEADER = "检查结果"  # the column our annotated copy adds; ignored when that copy is sent again

_NOISE = re.compile("[\\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad*★'\"“”]+")
_BRACKETS = str.maketrans("【〔〖［[｛{〈《】〕〗］]｝}〉》", "(((((((((" + ")))))))))")
_REQUIRED_MARK = re.compile(r"\((?:必填|选填|必填项|选填项)\)|[:：]$")


def normalise_header(text: object) -> str:
    """A header as it is compared: no blanks or stars, one width, one kind of bracket, no "(必填)"."""
    text = unicodedata.normalize("NFKC", str(text).translate(_BRACKETS)).translate(_BRACKETS)
    return _REQUIRED_MARK.sub("", _NOISE.sub("", text)).lower()


@dataclass(slots=True)
class HeaderRow:
    """What one row of a sheet holds as a header row."""

    row: int = 0
    columns: dict[str, int] = field(default_factory=dict)  # expected header -> column from 0
    doubled: dict[str, list[int]] = field(default_factory=dict)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    renamed: dict[int, tuple[str, str]] = field(default_factory=dict)  # column -> (its words, header meant)
    ignored: list[int] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def is_complete(self) -> bool:
        return bool(self.columns) and not self.missing and not self.doubled

    def faults(self) -> str:
        """What is wrong with this row, in Chinese, all of it, without a final stop."""
        faults = []
        if self.missing:
            faults.append("缺少列" + "".join(f"“{header}”" for header in self.missing))
        for header, columns in self.doubled.items():
            letters = "、".join(column_letter(column) for column in columns)
            faults.append(f"“{header}”出现了 {len(columns)} 次（{letters} 列）")
        if self.missing and self.unknown:
            faults.append(
                "未识别的列有"
                + "".join(
                    f"“{text[:30]}”（{column_letter(column)} 列）" for column, text in self.unknown[:20]
                )
            )
        return "；".join(faults)


class HeaderSearch:
    """The headers to look for. `aliases` maps other wordings to the expected header they stand for."""

    def __init__(
        self,
        expected: Sequence[str],
        optional: Sequence[str] = (),
        ignorable: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.expected = list(expected)
        self._known = {normalise_header(header): header for header in (*expected, *optional)}
        self._aliases = {normalise_header(alias): header for alias, header in (aliases or {}).items()}
        self._ignorable = {normalise_header(header) for header in ignorable}

    def best_row(self, rows: Iterable[Row]) -> HeaderRow | None:
        """The row that holds most of the headers, the first of equals; None if no row holds any.

        `rows` is an iterable of (row number, list of values).
        """
        best = None
        for number, values in rows:
            candidate = self._judge(number, values)
            if candidate.columns and (best is None or len(candidate.columns) > len(best.columns)):
                best = candidate
        return best

    def _judge(self, number: int, values: Sequence[Raw]) -> HeaderRow:
        found = HeaderRow(number)
        other_words: list[tuple[int, str, str]] = []
        for column, value in enumerate(values):
            if value is None or value == "":
                continue
            key = normalise_header(value)
            if key in self._known:
                self._place(found, self._known[key], column)
            elif key in self._aliases:
                other_words.append((column, str(value).strip(), self._aliases[key]))
            elif key in self._ignorable:
                found.ignored.append(column)
            elif key:
                found.unknown.append((column, str(value).strip()))
        named = set(found.columns)
        for column, text, header in other_words:
            if header in named:  # the column is there by its own name
                found.unknown.append((column, text))
            else:
                found.renamed[column] = text, header
                self._place(found, header, column)
        found.unknown.sort()
        found.missing = [header for header in self.expected if header not in found.columns]
        return found

    @staticmethod
    def _place(found: HeaderRow, header: str, column: int) -> None:
        if header in found.columns:
            found.doubled.setdefault(header, [found.columns[header]]).append(column)
        else:
            found.columns[header] = column
