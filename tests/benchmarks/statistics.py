"""Target 6: the fixed statistics from the numbers kept by triggers, against grouping the records for every page."""

from collections.abc import Callable

from django.db import connection, transaction

from bases.counts import differences
from bases.models import ApprovedCount, CountedEnrollment
from residents.models import Enrollment
from review.statistics.cross_table import CrossTable, counted, counted_table, cross_table
from tests.benchmarks.nation import ROWS, nation
from tests.benchmarks.targets import Result, Target, rates

WRITTEN = min(50_000, ROWS // 10)
TABLES = (("province", "type"), ("province", "specialty"), ("specialty", "year"), ("status", "type"))
_LAST = {"status": "'5'", "approved_submission_id": "s.id", "intake_submission_id": "s.id"}


def _kept() -> list[CrossTable]:
    return [counted_table(nation().association, "current", {}, *table) for table in TABLES]


def _grouped() -> list[CrossTable]:
    return [cross_table(counted(nation().association, "current", {}), *table) for table in TABLES]


def _inserting(*, is_counted: bool) -> tuple[int, Callable[[], None]]:
    """Records that count at once, as of a migration: further ones of the people whose submissions wait."""
    columns = [each.column for each in Enrollment._meta.concrete_fields if not each.primary_key]
    selected = ", ".join(_LAST.get(column, f"e.{column}") for column in columns)
    insert = (
        f"INSERT INTO residents_enrollment ({', '.join(columns)}) SELECT {selected} FROM residents_enrollment e"
        f" JOIN bases_submission s ON s.enrollment_id = e.id WHERE s.outcome = 'pending' LIMIT {WRITTEN}"
    )

    def run() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_counted:
                for trigger in CountedEnrollment._meta.triggers:
                    name = trigger.get_pgid(CountedEnrollment)
                    cursor.execute(f"ALTER TABLE residents_enrollment DISABLE TRIGGER {name}")
            cursor.execute(insert)
            if cursor.rowcount != WRITTEN:
                raise RuntimeError(f"only {cursor.rowcount} records were written")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)

    return WRITTEN, run


def measure_statistics() -> Result:
    """Target 6."""
    nation()
    if [table.cells for table in _kept()] != [table.cells for table in _grouped()]:
        raise RuntimeError("the numbers kept are not those counted")
    read = rates({"product": (1, _kept), "plain": (1, _grouped)}, rounds=5)
    written = rates({"on": _inserting(is_counted=True), "off": _inserting(is_counted=False)})
    return Result(
        read["product"] / read["plain"],
        also=[
            ("cost of the triggers on an insert, times", written["off"] / written["on"], "<=", 1.5),
            ("kinds whose number is wrong", len(differences()), "<=", 0),
        ],
        notes=[
            f"{len(TABLES)} national tables of {ROWS:,} records: from {ApprovedCount.objects.count():,} kept numbers "
            f"{1000 / read['product']:.1f} ms, grouped {1000 / read['plain']:.0f} ms",
            f"insert of {WRITTEN:,} records that count: {written['on']:,.0f} rows/s with the triggers, "
            f"{written['off']:,.0f} without; history on for both",
        ],
    )


TARGETS = [
    Target(6, "fixed statistics from kept numbers against the plain GROUP BY", ">=", 15, measure_statistics)
]
