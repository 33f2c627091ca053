"""Targets 7 and 8: search in names and deep pages of lists, over a table as large as the nation's."""

import os
from collections.abc import Callable
from functools import lru_cache

import pgtrigger
from django.db import connection

from residents.models import Enrollment
from residents.search import by_name_or_number
from review.paging import keyset_page
from tests import factories
from tests.benchmarks.targets import Result, Target, rates

ROWS = int(os.environ.get("BENCH_ROWS", "400000"))
# Two characters that stand side by side in few names.
RARE = "龘龖"

_FILL = """
WITH people AS (
    INSERT INTO portal_user (username, role, full_name, mobile, email, password, is_superuser, is_active, created_at,
        activation_failures, initial_code_hash, password_reset_seen, privacy_accepted_version)
    SELECT 'bench' || n, 'resident', name, '13800000000', '', '!', false, true, now(), 0, '', true, ''
    FROM (SELECT n, CASE WHEN mod(n, 4000) = 0 THEN '李' || %(rare)s ELSE chr(19968 + mod(n, 100))
        || chr(20000 + mod(n * 7919::bigint, 2500)::int) || chr(20000 + mod(n * 104729::bigint, 2500)::int) END AS name
        FROM generate_series(1, %(rows)s) AS n) AS made
    RETURNING id, username, full_name
), residents AS (
    INSERT INTO residents_resident (user_id, id_type, id_number, full_name, name_key, mobile, created_at, version)
    SELECT id, '03', username, full_name, '', '13800000000', now(), 0 FROM people
    RETURNING id
)
INSERT INTO residents_enrollment (resident_id, base_id, intake_year, {columns})
SELECT id, %(base)s, %(year)s, {values} FROM residents
"""


@lru_cache
def _filled() -> int:
    """One base with ROWS enrollments, made by the database; the history triggers are left out of the filling."""
    cycle, base = factories.CycleFactory(), factories.TrainingBaseFactory()
    given = {"id", "resident_id", "base_id", "intake_year"}
    template = Enrollment()
    columns = {
        column.column: column.get_db_prep_save(column.pre_save(template, add=True), connection)
        for column in Enrollment._meta.concrete_fields
        if column.column not in given
    }
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(f"%(v_{name})s" for name in columns)
    parameters = {"rows": ROWS, "rare": RARE, "base": base.pk, "year": cycle.year}
    parameters |= {f"v_{name}": value for name, value in columns.items()}
    with pgtrigger.ignore(), connection.cursor() as cursor:
        # Ready-made text: the setting that leaves the triggers out is put in front of it with parameters of its own.
        cursor.execute(cursor.mogrify(_FILL.format(columns=names, values=values), parameters).decode())
        cursor.execute("ANALYZE")
    return base.pk


def _repeated(times: int, job: Callable[[], object]) -> tuple[int, Callable[[], None]]:
    def run() -> None:
        for _ in range(times):
            job()

    return times, run


def measure_search() -> Result:
    """Target 7: two characters anywhere in the name, all hits read."""
    _filled()
    records = Enrollment.objects.all()
    hits = len(by_name_or_number(records, RARE).values_list("pk"))
    if hits != ROWS // 4000:
        raise RuntimeError(f"the search found {hits} of {ROWS // 4000} people")
    found = rates(
        {
            "product": _repeated(50, lambda: list(by_name_or_number(records, RARE).values_list("pk"))),
            "scan": _repeated(
                2, lambda: list(records.filter(resident__full_name__contains=RARE).values_list("pk"))
            ),
        }
    )
    return Result(
        found["product"] / found["scan"],
        notes=[
            f"{ROWS:,} people, {hits} hits: index on one and two characters {1000 / found['product']:.2f} ms, "
            f"a LIKE over the table {1000 / found['scan']:.1f} ms"
        ],
    )


def measure_depth() -> Result:
    """Target 8: the last page of a list of one base against its first."""
    base = _filled()
    records = Enrollment.objects.filter(base_id=base)
    deep = str(records.order_by("-pk").values_list("pk", flat=True)[100])
    if len(keyset_page(records, {"after": deep}).rows) != 50:
        raise RuntimeError("the deep page is not full")
    found = rates(
        {
            "first": _repeated(20, lambda: keyset_page(records, {})),
            "deep": _repeated(20, lambda: keyset_page(records, {"after": deep})),
        }
    )
    return Result(
        found["first"] / found["deep"],
        notes=[
            f"page of 50 with its capped count, {ROWS:,} rows: first {1000 / found['first']:.1f} ms, "
            f"at row {ROWS - 100:,} {1000 / found['deep']:.1f} ms"
        ],
    )


TARGETS = [
    Target(7, "name search, two characters anywhere, against a scan", ">=", 100, measure_search),
    Target(8, "a list's last page against its first", "<=", 2, measure_depth),
]
