"""What every exported list is made of: columns, and rows that stream from a server-side cursor (GOAL-N5).

A list of any length costs the same memory. Numbers of persons are masked unless the export was asked for in full.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Expression, F, QuerySet

from portal.masking import mask
from residents.codes import CODE_LISTS

ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list: where its value comes from, how it reads, how wide it is in characters."""

    header: str
    source: str | Expression | F
    words: Callable[[Any], Any] | None = None
    width: int = 14
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One list to export: its columns with their widths, how many rows the filters find (a query), the rows, and the
    keys of the persons in it, for the record of whose full numbers left."""

    headers: Sequence[str]
    widths: Sequence[int]
    count: Callable[[], int]
    rows: Generator[list]
    people: QuerySet | None = None
    # Lines over the headers of a workbook, the first one its title.
    above: Sequence[str] = ()


def sheet_of(
    found: QuerySet, columns: Sequence[Column], *, unmasked: bool, person: str = "resident_id"
) -> Sheet:
    """The queryset's rows under these columns, in the order of their keys; `person`: the column of the person's key."""
    return Sheet(
        headers=[column.header for column in columns],
        widths=[column.width for column in columns],
        count=found.count,
        rows=rows_of(found, columns, unmasked),
        people=found.order_by().values_list(person, flat=True) if unmasked else None,
    )


def rows_of(found: QuerySet, columns: Sequence[Column], unmasked: bool) -> Generator[list]:
    named = {
        f"c{number}": column.source
        for number, column in enumerate(columns)
        if not isinstance(column.source, str)
    }
    names = [
        f"c{number}" if f"c{number}" in named else column.source for number, column in enumerate(columns)
    ]
    words = [
        mask if column.is_personal and not unmasked else (column.words or _as_it_is) for column in columns
    ]
    rows = found.order_by("pk").annotate(**named).values_list(*names)
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield [say(value) if value not in (None, "") else None for say, value in zip(words, row, strict=True)]


def label(name: str) -> Callable[[Any], str]:
    """Codes of this list as their labels."""
    return CODE_LISTS[name].label


def _as_it_is(value: Any) -> Any:
    return value
