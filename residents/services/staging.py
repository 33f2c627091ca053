"""The temporary table through which persons of a workbook or a roster enter, and the insertion of the new ones.

Rows go by COPY into `staged_accounts`, which reserves their ids, then by INSERT … SELECT into the tables.
"""

from datetime import datetime

from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from portal.bulk import insert_select
from portal.models import User
from portal.roles import Role
from residents.models import Enrollment, Resident
from residents.pinyin import pinyin_key
from residents.standing import AccountRow

# The columns of `staged` and, where the person is known, those that follow with his ids and is_new = false.
STAGED = (
    "sheet_row",
    "login",
    "id_type",
    "id_number",
    "full_name",
    "name_key",
    "mobile",
    "intake_year",
    "origin",
)
_PERSON = ("user_id", "id_type", "id_number", "full_name", "name_key", "mobile")


def create_staging(cursor: CursorWrapper) -> None:
    """An empty `staged_accounts`, gone with the transaction at the latest."""
    cursor.execute(
        "SELECT " + ", ".join("pg_get_serial_sequence(%s, 'id')" for _ in range(3)),
        [model._meta.db_table for model in (User, Resident, Enrollment)],
    )
    users, residents, enrollments = cursor.fetchone()
    cursor.execute(
        "CREATE TEMPORARY TABLE staged_accounts (sheet_row integer, login text, id_type text, id_number text,"
        " full_name text, name_key text, mobile text, intake_year smallint, origin text,"
        f" user_id bigint DEFAULT nextval('{users}'), resident_id bigint DEFAULT nextval('{residents}'),"
        f" enrollment_id bigint DEFAULT nextval('{enrollments}'),"
        " is_new boolean DEFAULT true, is_unused boolean DEFAULT false) ON COMMIT DROP"
    )


def staged(row: AccountRow, origin: str, *, is_beside: bool = False) -> tuple:
    """One line under the columns STAGED; `is_beside`: the number is another account's name (AM-35)."""
    return (
        row.row,
        row.login_beside if is_beside else row.login,
        row.id_type,
        row.id_number,
        row.full_name,
        pinyin_key(row.full_name),
        row.mobile,
        row.intake_year,
        origin,
    )


def insert_new_persons(cursor: CursorWrapper, expected: int, now: datetime) -> None:
    """Accounts and persons of the staged rows that are new, `expected` in number; who lost a race leaves the table."""
    if not expected:
        return
    # Everyone inserts in the order of the number, so two imports of the same persons wait and never deadlock.
    inserted = insert_select(
        cursor,
        User,
        "staged_accounts WHERE is_new ORDER BY login",
        selected={
            "id": "user_id",
            "username": "login",
            "full_name": "full_name",
            "mobile": "mobile",
            # As Django marks a password that no text matches; random, for it keys the sessions.
            "password": "'!' || replace(gen_random_uuid()::text, '-', '')",  # nosec B105 # matches no password
        },
        constants={"role": Role.RESIDENT, "created_at": now},
    )
    if inserted < expected:
        forget_lost(cursor, User, "user_id")
    inserted = insert_select(
        cursor,
        Resident,
        "staged_accounts WHERE is_new ORDER BY id_number, id_type",
        selected={"id": "resident_id", **{name: name for name in _PERSON}},
        constants={"created_at": now},
    )
    cursor.execute("SELECT count(*) FROM staged_accounts WHERE is_new")
    if inserted < cursor.fetchone()[0]:
        cursor.execute(
            "DELETE FROM portal_user u USING staged_accounts s WHERE s.is_new AND u.id = s.user_id"
            " AND NOT EXISTS (SELECT FROM residents_resident r WHERE r.id = s.resident_id)"
        )
        forget_lost(cursor, Resident, "resident_id")


def forget_lost(cursor: CursorWrapper, model: type[Model], column: str) -> None:
    """Another import was first: the rows that did not enter the model's table leave, to be judged again."""
    cursor.execute(
        f"DELETE FROM staged_accounts s WHERE NOT EXISTS"
        f' (SELECT FROM "{model._meta.db_table}" t WHERE t.id = s.{column})'  # nosec B608 # names of models
    )
