"""What each kind of workbook asks of its rows and what it writes; bases/imports/services.py runs them all alike."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils import timezone

from bases.models import ImportBatch, ImportRow, TrainingBase
from bases.workbooks.resource import CELL_FAULTS, AccountResource, WorkbookResource, account_template
from bases.workbooks.signs import tell
from portal.models import User
from portal.sheets.reading import Table
from portal.sheets.values import CellError, DamagedNumber
from portal.sheets.writing import as_text
from residents.catalogue.catalogue import CATALOGUE, Problem, problem
from residents.models import Enrollment
from residents.rules import account
from residents.rules.fields import Problems
from residents.services.accounts import create_accounts
from residents.standing import NOBODY, AccountRow, Known, Standing, standings

Verdict = ImportRow.Verdict


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
    good rows and runs in the caller's transaction; `template` holds these records if it is one that is filled."""

    resource: type[WorkbookResource]

    def template(
        self, records: Iterable[Enrollment], *, base: TrainingBase, module: str, cycle_year: int
    ) -> bytes: ...

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]: ...

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied: ...


def title_of(code: str) -> str:
    """The title under which faults of one kind are grouped."""
    if code in CATALOGUE:
        return CATALOGUE[code].title
    return CELL_FAULTS[code.removeprefix("cell_")]


def as_stored(
    found: Problems, resource: type[WorkbookResource], letters: Callable[[str], str | None]
) -> list[dict]:
    """Problems as an ImportRow keeps them: header, column letters as the sheet shows them, rule, text, repair."""
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
    """A cell's value as the page shows it; what is left of a number that lost digits, never a guess (P-01)."""
    return value.shown if isinstance(value, CellError | DamagedNumber) else as_text(value)


def has_errors(found: Problems) -> bool:
    return any(not each.is_warning for problems in found.values() for each in problems)


class AccountWorkbook:
    """账号模板: persons of one base (BR-43, 67)."""

    resource = AccountResource

    def template(
        self, records: Iterable[Enrollment], *, base: TrainingBase, module: str, cycle_year: int
    ) -> bytes:
        return account_template(cycle_year=cycle_year, module=module)

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]:
        """All faults of every row at once: cells, the row, the rows against each other, what the platform knows."""
        read = [
            (number, record, *AccountResource.read(record, is_1904=table.is_1904))
            for number, record in table.records()
        ]
        known = standings(list(_identified(read)), base_id=batch.base_id)
        among = account.problems_of_rows((number, values) for number, _, values, _ in read)
        context = {
            "cycle_year": batch.cycle.year,
            "module": batch.module,
            "today": timezone.localdate(),
        }
        for number, record, values, found in read:
            standing = known.get(number, NOBODY)
            context["live_enrollment"] = _live_facts(standing, batch.base_id)
            for name, problems in (
                *account.problems(values, context).items(),
                *among.get(number, {}).items(),
                *_standing_problems(standing).items(),
            ):
                found.setdefault(name, []).extend(problems)
            yield JudgedRow(
                number,
                {header: text for header, value in record.items() if (text := shown(value))},
                values,
                _verdict(found, standing),
                as_stored(found, AccountResource, table.letter) if found else [],
                standing.live.enrollment_id if standing.known is Known.HERE else None,
            )

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied:
        """Bring the rows in. Whoever came in by another way since the check is told so in his row (AM-27)."""
        tell("正在导入：写入账号")
        created = create_accounts(
            [AccountRow(number, **values) for number, values in rows],
            base=batch.base,
            module=batch.module,
            batch=batch,
            by=by,
        )
        applied = Applied()
        letters = {header: column for column, header in batch.headers}
        for number, standing in created.others.items():
            found = _standing_problems(standing)
            facts = _live_facts(standing, batch.base_id)
            for name, problems in account.problems({}, {"live_enrollment": facts}).items():
                found.setdefault(name, []).extend(problems)
            here = standing.live.enrollment_id if standing.known is Known.HERE else None
            applied.changed[number] = (
                _verdict(found, standing),
                as_stored(found, AccountResource, letters.get),
                here,
            )
        return applied


def _identified(read: Iterable[tuple[int, dict, dict, Problems]]) -> Iterator[AccountRow]:
    """The rows whose person can be looked up."""
    for number, _, values, _ in read:
        if values.get("id_number") and values.get("id_type"):
            yield AccountRow(
                number,
                values.get("intake_year"),
                values.get("full_name") or "",
                values["id_type"],
                values["id_number"],
                values.get("mobile"),
            )


def _live_facts(standing: Standing, base_id: int) -> dict[str, Any] | None:
    live = standing.live
    if live is None:
        return None
    return {
        "is_same_base": live.base_id == base_id,
        "base_name": live.base_name,
        "intake_year": live.intake_year,
        "status_name": live.status_name,
    }


def _standing_problems(standing: Standing) -> Problems:
    found: dict[str, list[Problem]] = {}
    if standing.known is Known.OTHER_PERSON:
        found["id_number"] = [problem("identity_mismatch")]
    if standing.known is Known.HERE and standing.differences:
        found["id_number"] = [problem("already_here_differs", columns="、".join(standing.differences))]
    if standing.known is Known.FREE and not standing.is_unused:
        found["id_number"] = [problem("account_reused")]
        if standing.keeps_mobile:
            found["mobile"] = [problem("mobile_kept")]
    return found


def _verdict(found: Problems, standing: Standing) -> str:
    if has_errors(found):
        return Verdict.REFUSED
    return Verdict.UNCHANGED if standing.known is Known.HERE else Verdict.CREATE
