"""The only writer of migrated records (BR-25): persons, accounts and enrollments with what the roster told of them.

Set-wise like residents/services/accounts.py, for rows of any bases. What a person already keeps here himself is never
overwritten: a block of the roster is taken only where the person has none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.utils import timezone

from portal.bulk import insert_select, stage_into
from portal.models import User
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    StatusChange,
    WorkInfo,
)
from residents.models.enrollment import PersonalState, Status
from residents.rules.fields import Field
from residents.rules.legacy import PARTS
from residents.rules.text import name_key
from residents.services.returns import settle_states
from residents.services.staging import STAGED, create_staging, forget_lost, insert_new_persons, staged
from residents.snapshot import as_column
from residents.standing import AccountRow, bearers

_BLOCKS: dict[str, type[Model]] = {
    "basic": BasicInfo,
    "education": EducationRecord,
    "work": WorkInfo,
    "certificate": CertificateInfo,
}
_EDUCATION_EXTRA = ("enrolled_level",)
_DETAILS = ("extended_until", "expected_resume")


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """One judged row: the person, the base that trains him, and the clean values by part (residents.rules.legacy)."""

    person: AccountRow
    base_id: int
    values: dict[str, Any]
    training_is_complete: bool
    personal_is_complete: bool


def write_legacy(rows: Sequence[LegacyRow], *, by: User) -> set[int]:
    """Write the rows in one transaction; returns the numbers of those that entered.

    A row whose person was imported elsewhere in this very moment stays out, to be judged again (AM-27). Rows of one
    person enter one after the other on one account. The caller provides transaction and history context.
    """
    entered: set[int] = set()
    pending = list(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        while pending:
            first = {_key(row): row for row in reversed(pending)}
            entered |= _enter(cursor, list(first.values()), by)
            pending = [row for row in pending if first[_key(row)] is not row]
    return entered


def _enter(cursor: CursorWrapper, rows: list[LegacyRow], by: User) -> set[int]:
    now = timezone.now()
    numbers = [row.person.id_number for row in rows]
    named = {(*_key(row), name_key(row.person.full_name)) for row in rows}
    known = {
        (each.id_type, number): (each.user_id, each.pk)
        for number, some in bearers(numbers).items()
        for each in some
        if not each.is_former or (each.id_type, number, name_key(each.full_name)) in named
    }
    fresh = [row for row in rows if _key(row) not in known]
    further = [row for row in rows if _key(row) in known]
    beside = _with_shared_login([row.person for row in fresh])
    create_staging(cursor)
    origin = Enrollment.Origin.LEGACY
    stage_into(
        cursor,
        "staged_accounts",
        STAGED,
        (staged(row.person, origin, is_beside=_key(row) in beside) for row in fresh),
    )
    stage_into(
        cursor,
        "staged_accounts",
        (*STAGED, "user_id", "resident_id", "is_new"),
        ((*staged(row.person, origin), *known[_key(row)], False) for row in further),
    )
    insert_new_persons(cursor, len(fresh), now)
    _insert_records(cursor, rows, by, now)
    # A deleted person who comes back may sign in again.
    cursor.execute(
        "UPDATE portal_user u SET is_active = true FROM staged_accounts s"
        " WHERE u.id = s.user_id AND NOT s.is_new AND NOT u.is_active"
    )
    for part, model in _BLOCKS.items():
        _insert_block(cursor, model, part, rows)
    cursor.execute("SELECT sheet_row, enrollment_id, is_new FROM staged_accounts")
    found = cursor.fetchall()
    cursor.execute("DROP TABLE staged_accounts")
    settle_states([pk for _, pk, is_new in found if not is_new])
    return {number for number, _, _ in found}


def _key(row: LegacyRow) -> tuple[str, str]:
    return row.person.id_type, row.person.id_number


def _with_shared_login(people: list[AccountRow]) -> set[tuple[str, str]]:
    """Who of these new people has a number that another account, or one before him, signs in with (AM-35)."""
    taken = set(
        User.objects.filter(username__in=[each.login for each in people]).values_list("username", flat=True)
    )
    found = set()
    for each in people:
        if each.login in taken:
            found.add((each.id_type, each.id_number))
        taken.add(each.login)
    return found


def _insert_records(cursor: CursorWrapper, rows: list[LegacyRow], by: User, now: datetime) -> None:
    fields = PARTS["training"]
    names = ["specialty_id" if field.name == "specialty" else field.name for field in fields]
    state = ["base_id", "specialty_locked", "status", "status_since", *_DETAILS]
    state += ["training_complete", "personal_state"]
    _stage_columns(
        cursor,
        "staged_records",
        Enrollment,
        [*names, *state],
        ((row.person.row, *_cells(fields, row.values["training"]), *_state_of(row)) for row in rows),
    )
    inserted = insert_select(
        cursor,
        Enrollment,
        "staged_accounts s JOIN staged_records r USING (sheet_row) ORDER BY s.resident_id",
        selected={
            "id": "s.enrollment_id",
            **{name: f"s.{name}" for name in ("resident_id", "intake_year", "origin")},
            **{name: f'r."{name}"' for name in (*names, *state)},
        },
        constants={
            "created_at": now,
            "created_by_id": by.pk,
            "state_since": now,
            "updated_at": now,
            "registered_at": now,
        },
    )
    cursor.execute("SELECT count(*) FROM staged_accounts")
    if inserted < cursor.fetchone()[0]:
        # Only persons known before lose this race, so there is no new account to take back.
        forget_lost(cursor, Enrollment, "enrollment_id")
    _insert_changes(cursor, rows, by, now)
    cursor.execute("DROP TABLE staged_records")


def _state_of(row: LegacyRow) -> tuple[Any, ...]:
    told = row.values["status"]
    personal = PersonalState.EMPTY
    if row.personal_is_complete:
        personal = PersonalState.COMPLETE
    elif any(_is_filled(row.values[part]) for part in _BLOCKS):
        personal = PersonalState.FILLING
    return (
        row.base_id,
        row.values["training"].get("specialty") is not None,
        told["status"],
        told.get("effective_date"),
        *(told.get(name) for name in _DETAILS),
        row.training_is_complete,
        personal,
    )


def _is_filled(block: dict[str, Any] | list[dict[str, Any]]) -> bool:
    rows = block if isinstance(block, list) else [block]
    return any(value is not None for row in rows for value in row.values())


def _insert_changes(cursor: CursorWrapper, rows: list[LegacyRow], by: User, now: datetime) -> None:
    """The history of 培训状态: everybody began 在培; who is something else now has that change with its reason."""
    constants = {"changed_by_id": by.pk, "changed_at": now}
    insert_select(
        cursor,
        StatusChange,
        "staged_accounts s",
        selected={"enrollment_id": "s.enrollment_id"},
        constants={"to_status": Status.IN_TRAINING, **constants},
    )
    fields = tuple(field for field in PARTS["status"] if field.name != "status")
    changed = [row for row in rows if row.values["status"]["status"] != Status.IN_TRAINING]
    if not changed:
        return
    names = ["is_undated", *(field.name for field in fields)]
    _stage_columns(
        cursor,
        "staged_changes",
        StatusChange,
        ["to_status", *names],
        (
            (row.person.row, told["status"], told.get("is_undated", False), *_cells(fields, told))
            for row in changed
            for told in (row.values["status"],)
        ),
    )
    insert_select(
        cursor,
        StatusChange,
        "staged_accounts s JOIN staged_changes c USING (sheet_row)",
        selected={
            "enrollment_id": "s.enrollment_id",
            **{name: f'c."{name}"' for name in ("to_status", *names)},
        },
        constants={"from_status": Status.IN_TRAINING, **constants},
    )
    cursor.execute("DROP TABLE staged_changes")


def _insert_block(cursor: CursorWrapper, model: type[Model], part: str, rows: list[LegacyRow]) -> None:
    fields = PARTS[part]
    names = [field.name for field in fields]
    if part == "education":
        names += _EDUCATION_EXTRA
    lines = [
        (row.person.row, *_cells(fields, values), *_extra(part, values))
        for row in rows
        for values in _rows_of(row.values[part])
    ]
    if not lines:
        return
    table = f"staged_{part}"
    _stage_columns(cursor, table, model, names, lines)
    insert_select(
        cursor,
        model,
        f"{table} b JOIN staged_accounts s USING (sheet_row) WHERE NOT EXISTS"
        f' (SELECT FROM "{model._meta.db_table}" t WHERE t.resident_id = s.resident_id)',  # nosec B608 # names of models
        selected={"resident_id": "s.resident_id", **{name: f'b."{name}"' for name in names}},
        constants={"version": 1},
    )
    cursor.execute(f"DROP TABLE {table}")


def _rows_of(block: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [values for values in (block if isinstance(block, list) else [block]) if _is_filled(values)]


def _extra(part: str, values: dict[str, Any]) -> list[Any]:
    return [values.get(name) or "" for name in _EDUCATION_EXTRA] if part == "education" else []


def _cells(fields: Iterable[Field], values: dict[str, Any]) -> list[Any]:
    """The values as their columns hold them: texts "" for a blank, everything else NULL."""
    cells = []
    for field in fields:
        value = as_column(field, values.get(field.name))
        cells.append(value.isoformat() if isinstance(value, date) else value)
    return cells


def _stage_columns(
    cursor: CursorWrapper, table: str, model: type[Model], names: list[str], lines: Iterable[Sequence[Any]]
) -> None:
    """A temporary table of these columns of the model beside the row number, filled by COPY."""
    columns = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    typed = ", ".join(f'"{name}" {columns[name]}' for name in names)
    cursor.execute(f"CREATE TEMPORARY TABLE {table} (sheet_row integer, {typed}) ON COMMIT DROP")
    stage_into(cursor, table, ["sheet_row", *names], lines)
