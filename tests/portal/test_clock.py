"""One now() for the program and its SQL, moved by an offset in the database; never where DEBUG is off."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from portal import clock
from tests.database import as_owner
from tests.review.api.served import database_url

PROJECT = Path(__file__).parents[2]
NOW = (
    "from django.db import connection; from django.utils import timezone; cursor = connection.cursor(); "
    "cursor.execute('SELECT now()'); print(timezone.now().isoformat(), cursor.fetchone()[0].isoformat())"
)


DEFAULTS = (
    "from django.db import connection; cursor = connection.cursor(); cursor.execute("
    "\"SELECT count(*) FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%statement_timestamp()'"
    " AND EXISTS (SELECT FROM pg_depend JOIN pg_proc ON pg_proc.oid = refobjid"
    " JOIN pg_namespace ON pg_namespace.oid = pronamespace"
    " WHERE pg_depend.objid = pg_attrdef.oid AND nspname = 'moved_clock')\"); print(cursor.fetchone()[0])"
)


def _dated_columns() -> list[tuple[str, str]]:
    return [
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field.db_default, Now)
    ]


def manage(*command, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=PROJECT,
        env={**os.environ, "DEBUG": "1", "CLOCK_CAN_MOVE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def days_ahead(text: str) -> list[int]:
    real = datetime.datetime.now(datetime.UTC)
    moments = [datetime.datetime.fromisoformat(word) for word in text.split()[-2:]]
    return [round((moment - real) / datetime.timedelta(days=1)) for moment in moments]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_program_and_sql_move_alike_in_every_process_and_back():
    url = {"DATABASE_URL": database_url(), "DATABASE_OWNER_URL": database_url(as_owner=True)}
    try:
        assert days_ahead(manage("shell", "-c", NOW, **url).stdout) == [0, 0]
        assert manage("move_clock", "--days", "400", **url).returncode == 0
        assert days_ahead(manage("shell", "-c", NOW, **url).stdout) == [400, 400]
        # A process that may not move it does not even look.
        still = manage("shell", "-c", NOW, **url, CLOCK_CAN_MOVE="0").stdout
        assert days_ahead(still) == [0, 0]
        # A moment that the database writes by itself, as that of a movement (AM-50).
        moved = manage("shell", "-c", DEFAULTS, **url).stdout.splitlines()[-1]
        assert int(moved) == len(_dated_columns()) > 0
        assert manage("move_clock", "--days", "0", **url).returncode == 0
        assert days_ahead(manage("shell", "-c", NOW, **url).stdout) == [0, 0]
    finally:
        with as_owner(), connection.cursor() as cursor:
            for table, column in _dated_columns():
                cursor.execute(f"ALTER TABLE {table} ALTER {column} SET DEFAULT statement_timestamp()")
            cursor.execute(f"DROP SCHEMA IF EXISTS {clock.SCHEMA} CASCADE")


def test_a_real_installation_does_not_start_with_a_clock_that_can_move():
    done = manage("check", DEBUG="0", SECRET_KEY="x" * 60, ALLOWED_HOSTS="portal.example.cn")
    assert done.returncode != 0
    assert "CLOCK_CAN_MOVE" in done.stderr


def test_nothing_is_moved_where_it_may_not(db):
    with pytest.raises(RuntimeError, match="CLOCK_CAN_MOVE"):
        clock.move(datetime.timedelta(days=1))
    assert abs(timezone.now() - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)
