"""One now() for the program and its database. In a demonstration it can be moved, to see what a later day brings.

The offset stands in the database, so every process and every SQL `now()` moves alike. Where DEBUG is off nothing here
is ever called: portal/settings.py refuses to start with CLOCK_CAN_MOVE, and no schema is looked for.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.utils import timezone

SCHEMA = "moved_clock"
# How long a process may show the time before a move.
_KEPT_FOR = 1.0
_CREATE = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.clock (only_one bool PRIMARY KEY DEFAULT true CHECK (only_one), ahead interval);
CREATE OR REPLACE FUNCTION {SCHEMA}.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.now() + coalesce((SELECT ahead FROM {SCHEMA}.clock), interval '0') $$;
CREATE OR REPLACE FUNCTION {SCHEMA}.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.statement_timestamp()
        + coalesce((SELECT ahead FROM {SCHEMA}.clock), interval '0') $$;
"""  # nosec B608 # constants
# What a column takes where nothing is said was looked up when the table was made, under the real clock's name.
_DEFAULTS = f"""
DO $$ DECLARE dated record; BEGIN
    FOR dated IN
        SELECT adrelid::regclass AS place, attname AS name FROM pg_attrdef
        JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
        WHERE pg_get_expr(adbin, adrelid) LIKE '%statement_timestamp()'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT {SCHEMA}.statement_timestamp()',
            dated.place, dated.name);
    END LOOP;
END $$;
"""  # nosec B608 # constants
_read_at = float("-inf")
_ahead = timedelta()


def install() -> None:
    """Let timezone.now(), and now() of every new connection, follow the stored offset. Called by the settings alone,
    under DEBUG and before any model is loaded."""
    moved_now.__module__, moved_now.__qualname__ = timezone.__name__, "now"
    setattr(timezone, "now", moved_now)  # noqa: B010 - a name of another module
    connection_created.connect(_look_here_first)


def moved_now() -> datetime:
    return datetime.now(UTC) + ahead()


def ahead() -> timedelta:
    """The stored offset; none where the clock was never moved. Asked on a connection of its own, so that neither a
    broken transaction nor an old snapshot hides it."""
    global _read_at, _ahead
    if time.monotonic() - _read_at > _KEPT_FOR:
        _read_at = time.monotonic()
        _ahead = _read()
    return _ahead


def move(by: timedelta) -> None:
    """Set the offset of the whole installation. Raises RuntimeError where the clock may not be moved."""
    global _read_at
    if not (settings.DEBUG and settings.CLOCK_CAN_MOVE):
        raise RuntimeError(
            "The clock moves only with DEBUG and CLOCK_CAN_MOVE on; a real installation's never does."
        )
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)
        cursor.execute(_DEFAULTS)
        cursor.execute(
            f"INSERT INTO {SCHEMA}.clock (ahead) VALUES (make_interval(secs => %s))"
            " ON CONFLICT (only_one) DO UPDATE SET ahead = excluded.ahead",  # nosec B608 # constants
            [by.total_seconds()],
        )
        # Moved by the owner, seen by everybody who is let in.
        cursor.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC; GRANT SELECT ON {SCHEMA}.clock TO PUBLIC")
    _read_at = float("-inf")


def _read() -> timedelta:
    driver: Any = connection.Database  # type: ignore[attr-defined]
    try:
        own = driver.connect(**connection.get_connection_params())
        try:
            cursor = own.cursor()
            cursor.execute(f"SELECT ahead FROM {SCHEMA}.clock")  # nosec B608 # constants
            row = cursor.fetchone()
        finally:
            own.close()
    except driver.Error:
        return timedelta()
    return row[0] if row else timedelta()


def _look_here_first(sender: object, connection: Any, **more: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {SCHEMA}, public, pg_catalog")
