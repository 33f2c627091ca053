"""Bringing persons in by the workbook: accounts, persons and enrollments, set-wise (BR-43, BR-48, BR-67, BR-69).

Rows go by COPY into a temporary table that reserves their ids, then by INSERT … SELECT into the tables: no join, one
statement a table, every row in the history with the person who acted. Nothing is hashed: a new account has an unusable
password until it is activated.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from portal.bulk import insert_select, stage_into
from portal.models import User
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import Module, Status
from residents.services.returns import settle_states
from residents.services.staging import STAGED, create_staging, forget_lost, insert_new_persons, staged
from residents.standing import AccountRow, Known, Standing, last_transfers, standings

# A row that lost a race is judged again; a second loss needs a third importer of the same person in that moment.
_PASSES = 4

_KNOWN = ("user_id", "resident_id", "is_unused")


@dataclass(slots=True)
class Created:
    """Enrollment ids by row number, and the standing of every row that did not go in."""

    enrollments: dict[int, int] = field(default_factory=dict)
    others: dict[int, Standing] = field(default_factory=dict)


def create_accounts(
    rows: Collection[AccountRow],
    *,
    base: Any,
    module: str,
    batch: Any,
    by: User,
    origin: str = Enrollment.Origin.INTAKE,
    details: Mapping[int, Mapping[str, Any]] | None = None,
) -> Created:
    """Create what the rows of one base ask for, all in one transaction; nothing is raised for rows that cannot enter.

    A person who is live here or elsewhere by now, or whose number is somebody else's, comes back in `others`, also when
    another base imported him in this very moment (AM-27). A person without a live enrollment gets a further one on the
    account he has; password and state of that account stay (AM-21), and whoever changed base or specialty keeps his
    first intake year (AM-48). `module` "registry" makes a late addition (BR-69) that stands in the registry at once and
    counts once approved; "intake" refuses whom only the registry takes (AM-31). `origin` is where intake records come
    from, `batch` the import batch or None; `details` gives further columns of each row's enrollment, the same for all,
    by row number. The caller provides the history's context.
    """
    result = Created()
    pending = list(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        for number in range(_PASSES):
            if not pending:
                break
            # A login name that is taken makes a row lose its first pass; only then is it worth asking whose it is.
            known = standings(pending, base_id=base.pk, with_strangers=number > 0)
            entering = [row for row in pending if _may_enter(row, known[row.row], module)]
            result.others |= {
                row.row: known[row.row] for row in pending if not _may_enter(row, known[row.row], module)
            }
            entered = _Entrance(cursor, base, module, batch, by, origin, details or {}).admit(entering, known)
            result.enrollments |= entered
            pending = [row for row in entering if row.row not in entered]
    result.others |= {row.row: Standing(Known.OVERTAKEN) for row in pending}
    return result


def _may_enter(row: AccountRow, standing: Standing, module: str) -> bool:
    """Nobody holds the person, and the module is the one whose he is (AM-31, AM-48)."""
    if standing.known not in (Known.NOBODY, Known.FREE):
        return False
    return module == Module.REGISTRY or not standing.is_registrys(row.intake_year)


class _Entrance:
    """One pass over the tables for one base. Rows that meet a unique constraint are left out, not raised."""

    def __init__(
        self,
        cursor: CursorWrapper,
        base: Any,
        module: str,
        batch: Any,
        by: User,
        origin: str,
        details: Mapping[int, Mapping[str, Any]],
    ) -> None:
        self.cursor = cursor
        self.base = base
        self.is_late = module == Module.REGISTRY
        self.batch = batch
        self.by = by
        self.origin = origin
        self.details = details
        self.now: datetime = timezone.now()

    def admit(self, rows: list[AccountRow], known: dict[int, Standing]) -> dict[int, int]:
        """Row number → enrollment id of the rows that entered."""
        if not rows:
            return {}
        self._stage(rows, known)
        fresh = sum(known[row.row].known is Known.NOBODY for row in rows)
        insert_new_persons(self.cursor, fresh, self.now)
        self._insert_enrollments()
        self._wake_known_accounts()
        self.cursor.execute("SELECT sheet_row, enrollment_id FROM staged_accounts")
        entered = dict(self.cursor.fetchall())
        self.cursor.execute("DROP TABLE staged_accounts")
        if self.details:
            self.cursor.execute("DROP TABLE staged_details")
        # Whoever had an account before may have filled in his personal info already (AM-05).
        settle_states([pk for row, pk in entered.items() if known[row].known is Known.FREE])
        return entered

    def _stage(self, rows: list[AccountRow], known: dict[int, Standing]) -> None:
        create_staging(self.cursor)
        fresh = [row for row in rows if known[row.row].known is Known.NOBODY]
        further = [row for row in rows if known[row.row].known is Known.FREE]
        lines = (staged(row, self._origin(), is_beside=known[row.row].shares_login) for row in fresh)
        stage_into(self.cursor, "staged_accounts", STAGED, lines)
        if further:
            self._stage_known(further, known)
        if self.details:
            self._stage_details(rows)

    def _stage_details(self, rows: list[AccountRow]) -> None:
        names = list(self.details[rows[0].row])
        types = {field.column: field.db_type(connection) for field in Enrollment._meta.concrete_fields}
        columns = ", ".join(f'"{name}" {types[name]}' for name in names)
        self.cursor.execute(
            f"CREATE TEMPORARY TABLE staged_details (sheet_row integer, {columns}) ON COMMIT DROP"
        )
        stage_into(
            self.cursor,
            "staged_details",
            ["sheet_row", *names],
            ((row.row, *(self.details[row.row][name] for name in names)) for row in rows),
        )

    def _origin(self, *, is_transfer: bool = False) -> str:
        if not self.is_late:
            return self.origin
        return Enrollment.Origin.TRANSFER if is_transfer else Enrollment.Origin.LATE

    def _stage_known(self, rows: list[AccountRow], known: dict[int, Standing]) -> None:
        people = {row.row: cast(int, known[row.row].resident_id) for row in rows}
        transferred = last_transfers(list(people.values()))
        stage_into(
            self.cursor,
            "staged_accounts",
            (*STAGED, *_KNOWN, "is_new"),
            (
                (
                    *staged(
                        replace(row, intake_year=known[row.row].kept_year or row.intake_year),
                        self._origin(is_transfer=people[row.row] in transferred),
                    ),
                    known[row.row].user_id,
                    people[row.row],
                    known[row.row].is_unused,
                    False,
                )
                for row in rows
            ),
        )

    def _insert_enrollments(self) -> None:
        source = (
            "staged_accounts JOIN staged_details USING (sheet_row)" if self.details else "staged_accounts"
        )
        names = next(iter(self.details.values()), {})
        inserted = insert_select(
            self.cursor,
            Enrollment,
            f"{source} ORDER BY resident_id",
            selected={
                "id": "enrollment_id",
                **{name: name for name in ("resident_id", "intake_year", "origin", *names)},
            },
            constants={
                "base_id": self.base.pk,
                "created_at": self.now,
                "created_by_id": self.by.pk,
                "state_since": self.now,
                "updated_at": self.now,
                "registered_at": self.now if self.is_late else None,
                "import_batch_id": self.batch and self.batch.pk,
            },
        )
        self.cursor.execute("SELECT count(*) FROM staged_accounts")
        if inserted < self.cursor.fetchone()[0]:
            forget_lost(self.cursor, Enrollment, "enrollment_id")
        insert_select(
            self.cursor,
            StatusChange,
            "staged_accounts",
            selected={"enrollment_id": "enrollment_id"},
            constants={"to_status": Status.IN_TRAINING, "changed_by_id": self.by.pk, "changed_at": self.now},
        )

    def _wake_known_accounts(self) -> None:
        """A deleted person who comes back may sign in again; an account never used takes name and mobile of the row."""
        self.cursor.execute(
            "UPDATE portal_user u SET is_active = true FROM staged_accounts s"
            " WHERE u.id = s.user_id AND NOT s.is_new AND NOT u.is_active"
        )
        for table, key, more in (
            ("residents_resident", "resident_id", ", name_key = s.name_key, version = version + 1"),
            ("portal_user", "user_id", ", activation_failures = 0"),
        ):
            self.cursor.execute(
                f"UPDATE {table} t SET full_name = s.full_name, mobile = s.mobile{more} FROM staged_accounts s"
                f" WHERE t.id = s.{key} AND s.is_unused AND (t.full_name, t.mobile) <> (s.full_name, s.mobile)"  # nosec B608 # constants
            )
