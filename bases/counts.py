"""The upkeep of the numbers kept by triggers: folding their rows, comparing them with the records, counting anew."""

from django.db import connection, transaction

from bases.models.counts import APPROVED, INTAKE, Ledger

LEDGERS = (APPROVED, INTAKE)


def fold() -> None:
    """One row a kind again; the numbers stay. May run beside writers, readers and itself: a row added meanwhile is not
    among those read, and of two that fold at once each adds up what it has taken out."""
    with connection.cursor() as cursor:
        for ledger in LEDGERS:
            kind = ", ".join(ledger.kind)
            cursor.execute(
                f"WITH taken AS (DELETE FROM {ledger.table} WHERE ({kind}) IN"
                f" (SELECT {kind} FROM {ledger.table} GROUP BY {kind} HAVING count(*) > 1)"
                f" RETURNING {kind}, number) INSERT INTO {ledger.table} ({kind}, number)"
                f" SELECT {kind}, sum(number) FROM taken GROUP BY {kind} HAVING sum(number) <> 0"
            )


def differences() -> dict[tuple, int]:
    """By how much each kind (table, *columns) is written down too high; empty where every number is right."""
    found: dict[tuple, int] = {}
    with connection.cursor() as cursor:
        for ledger in LEDGERS:
            kind = ", ".join(ledger.kind)
            # One statement, so that both sides are of one moment.
            cursor.execute(
                f"SELECT {kind}, sum(number) FROM (SELECT {kind}, number FROM {ledger.table}"
                f" UNION ALL SELECT {kind}, -number FROM ({_true(ledger)}) AS counted) AS both_sides"
                f" GROUP BY {kind} HAVING sum(number) <> 0"
            )
            found |= {(ledger.table, *values): int(number) for *values, number in cursor.fetchall()}
    return found


def count_anew() -> None:
    """Write every number down from the records; whoever would change one waits."""
    with transaction.atomic(), connection.cursor() as cursor:
        tables = ", ".join(("residents_enrollment", *(ledger.table for ledger in LEDGERS)))
        cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
        for ledger in LEDGERS:
            cursor.execute(f"DELETE FROM {ledger.table}")
            columns = ", ".join((*ledger.kind, "number"))
            cursor.execute(f"INSERT INTO {ledger.table} ({columns}) {_true(ledger)}")


def _true(ledger: Ledger) -> str:
    return ledger.numbers_of(ledger.counted_in("residents_enrollment", 1))
