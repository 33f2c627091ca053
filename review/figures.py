"""Tables of figures as pages, prints and workbooks show them: each figure with the address of who is behind it
(GOAL-P7), a share of nothing as a dash."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from portal.models import User
from portal.sheets.streaming import stream_xlsx

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, a text or nothing, and where its people are listed."""

    value: int | float | str | None
    link: str = ""

    @property
    def shown(self) -> str:
        if self.value is None:
            return NOTHING
        return f"{self.value:,}" if isinstance(self.value, int | float) else self.value


@dataclass(frozen=True, slots=True)
class Line:
    """A row: what it is of, a page with more of it, its figures."""

    name: str
    figures: Sequence[Figure]
    link: str = ""
    is_total: bool = False


@dataclass(slots=True)
class FigureTable:
    """Lines under headers, the first of which is over their names."""

    title: str
    headers: Sequence[str]
    lines: list[Line] = field(default_factory=list)
    key: str = "figures"
    notes: Sequence[str] = ()
    # The headers that a chart draws: at most eight (GOAL-P13); none means no chart.
    charted: Sequence[str] = ()

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """The headers after the first, each with whether it is left out of the chart."""
        return [(header, header not in self.charted) for header in self.headers[1:]]

    @property
    def values(self) -> list[list[object]]:
        return [[line.name, *(each.value for each in line.figures)] for line in self.lines]


def share(part: int | None, whole: int | None) -> str | None:
    """A part in percent with one digit; None of nothing, which every table shows as a dash."""
    return f"{100 * part / whole:.1f}%" if whole and part is not None else None


def whole_percent(part: int, whole: int) -> int | None:
    """A part in whole percent, rounded; 100 only of all, None of nothing."""
    return 100 if whole and part == whole else min(99, round(100 * part / whole)) if whole else None


# How a table is read, as its page offers it (GOAL-P13).
SHOWN = {"": "数值", "row": "行百分比", "column": "列百分比"}


def shares(rows: Sequence[Sequence[int]], by: str) -> list[list[str]]:
    """Numbers whose last column and last row are totals, in percent of the total of their row or of their column."""
    return [
        [
            share(number, row[-1] if by == "row" else rows[-1][place]) or NOTHING
            for place, number in enumerate(row)
        ]
        for row in rows
    ]


def official(table: FigureTable, *, unit: str, by: User, remarks: Sequence[str] = ()) -> Iterator[bytes]:
    """The table as the workbook that offices send each other: title, unit, maker and date over all columns."""
    about = f"单位：{unit}　　制表人：{by.full_name}　　制表日期：{timezone.localdate():%Y-%m-%d}"
    lines = [*table.values, []]
    lines.extend([note] for note in table.notes)
    widths = [30, *[13] * (len(table.headers) - 1)]
    above = (table.title, about, *remarks)
    return stream_xlsx(table.headers, lines, sheet_name=table.title[:28], widths=widths, above=above)
