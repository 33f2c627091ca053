"""How the database plans the history's triggers: set after every migration, which makes their functions anew.

A statement trigger joins the rows before with the rows after. PostgreSQL plans that join once a connection, for the
number of rows it happens to meet first: one single save, and a later bulk update of 5,000 rows on the same connection
is compared row by row with itself, 25 million times (measured: 5.4 s in place of 0.03 s). Without nested loops the plan
is a hash join, right for one row and for many. One loop over a single row stays, and its forbidden price would have
every save compiled (measured: 140 ms), so compiling is off as well.
"""

from typing import Any

from django.db import connections

# Names as django-pghistory gives them to triggers that compare before and after.
_COMPARING = """
SELECT DISTINCT p.oid::regprocedure::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgname ~ '^pgtrigger_update_update_'
"""


def comparing_functions(using: str = "default") -> list[str]:
    """Signatures of the trigger functions that join the rows before an update with those after it."""
    with connections[using].cursor() as cursor:
        cursor.execute(_COMPARING)
        return [signature for (signature,) in cursor.fetchall()]


def plan_by_hash(using: str = "default", **kwargs: Any) -> None:
    """Receiver of post_migrate: keep nested loops out of the functions that compare before and after."""
    functions = comparing_functions(using)
    with connections[using].cursor() as cursor:
        for signature in functions:
            cursor.execute(f"ALTER FUNCTION {signature} SET enable_nestloop = off SET jit = off")
