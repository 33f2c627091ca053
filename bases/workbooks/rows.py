"""What each kind of workbook asks of its rows and what it writes; bases/imports/services.py runs them all alike."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from bases.models import ImportBatch, ImportRow, TrainingBase
from bases.workbooks.resource import CELL_FAULTS, WorkbookResource
from portal.models import User
from portal.sheets.reading import Table
from portal.sheets.values import CellError, DamagedNumber, Value, Wire, to_wire
from portal.sheets.writing import as_text
from residents.catalogue.catalogue import CATALOGUE
from residents.models import Enrollment
from residents.rules.fields import Problems

Verdict = ImportRow.Verdict
_RANGES_SHOWN = 12


@dataclass(slots=True)
class JudgedRow:
    """One row of the sheet with its verdict, as ImportRow keeps it; `enrollment_id` where it is known already.

    `before`: [header, before, after] of each cell that would change an existing record.
    """

    sheet_row: int
    raw: dict[str, str]
    values: dict[str, Any]
    verdict: str
    problems: list[dict[str, Any]]
    enrollment_id: int | None = None
    before: list[list[str]] | None = None


@dataclass(slots=True)
class Applied:
    """Rows whose verdict is another one than at the check: (verdict, problems, record found) by row number."""

    changed: dict[int, tuple[str, list[dict[str, Any]], int | None]] = field(default_factory=dict)


class Workbook(Protocol):
    """One kind of workbook. `judge` yields the rows in their order; `apply` takes (row number, clean values) of the
    good rows and runs in the caller's transaction."""

    resource: type[WorkbookResource]

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]: ...

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied: ...


class BaseWorkbook(Workbook, Protocol):
    """A workbook of a base: its template holds these records if it is one that is filled."""

    def template(
        self, records: Iterable[Enrollment], *, base: TrainingBase, module: str, cycle_year: int
    ) -> bytes: ...


def title_of(code: str) -> str:
    """The title under which faults of one kind are grouped."""
    if code in CATALOGUE:
        return CATALOGUE[code].title
    return CELL_FAULTS[code.removeprefix("cell_")]


def as_stored(
    found: Problems, resource: type[WorkbookResource], letters: Callable[[str], str | None]
) -> list[dict]:
    """Problems as an ImportRow keeps them: header, column letters as the sheet has them, rule, text, repair."""
    if not found:
        return []
    labels = {each.name: each.label for each in resource.rule_fields()}
    return [
        {
            "header": labels.get(name, ""),
            "column": letters(labels.get(name, "")) or "",
            "code": each.code,
            "title": title_of(each.code),
            "text": each.text,
            "repair": each.repair,
            "is_warning": each.is_warning,
        }
        for name in ("", *labels)
        for each in found.get(name, ())
    ]


def shown(value: Any) -> str:
    """A cell's value as the page displays it; what is left of a number that lost digits, never a guess (PAIN-01)."""
    return value.shown if isinstance(value, CellError | DamagedNumber) else as_text(value)


def row_numbers(numbers: Iterable[int]) -> str:
    """Row numbers as people write them, with runs drawn together: "3、4、9–12"."""
    numbers = sorted(numbers)
    starts = [numbers[0], *(after for before, after in pairwise(numbers) if after != before + 1)]
    ends = [*(before for before, after in pairwise(numbers) if after != before + 1), numbers[-1]]
    runs = [
        str(start) if start == end else f"{start}、{end}" if end == start + 1 else f"{start}–{end}"
        for start, end in zip(starts, ends, strict=True)
    ]
    return "、".join(runs[:_RANGES_SHOWN]) + ("等" if len(runs) > _RANGES_SHOWN else "")


def typed_of(record: Mapping[str, Value]) -> dict[str, Wire] | None:
    """The cells that hold no text, by header as an ImportRow keeps them, so that judging the row again knows what the
    file told of them (AM-39); None for a row of texts."""
    return {
        header: to_wire(value)
        for header, value in record.items()
        if value is not None and type(value) is not str
    } or None


def say_further(found: Problems, more: Problems, *, unreadable: Collection[str]) -> None:
    """Add what the rules say of a row to what was said of its cells. Of an `unreadable` cell there is no
    second fault: nothing true is known of what it should hold."""
    for name, problems in more.items():
        if name not in unreadable:
            told = found.setdefault(name, [])
            told.extend(each for each in problems if each not in told)


def unread(found: Problems) -> frozenset[str]:
    """The fields whose cells could not be read."""
    return frozenset(
        name for name, problems in found.items() if any(not each.is_warning for each in problems)
    )


def has_errors(found: Problems) -> bool:
    return any(not each.is_warning for problems in found.values() for each in problems)
