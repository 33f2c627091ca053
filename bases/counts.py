"""The upkeep of the numbers kept by triggers: folding their rows, comparing them and who counts as which person with
the records, counting anew."""

from django.db import connection, transaction

from bases.models.counts import APPROVED, EVERYBODY_CHOSEN, INTAKE, MOVEMENTS, PERSONS, RECORDS, Ledger

LEDGERS = (APPROVED, INTAKE)
_PERSON = "resident_id, submission_id, source"
_COUNTED = "source, submission_id"


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
                f" SELECT {kind}, sum(number) FROM taken GROUP BY {kind} HAVING sum(number) <> 0"  # nosec B608 # constants
            )


def differences() -> dict[tuple, int]:
    """By how much each kind (table, *columns) is written down too high; empty where every number is right, the right
    submission stands for each person, and the movements add up to what counts."""
    chosen = f"SELECT {_PERSON}, 1 AS number FROM {PERSONS} WHERE submission_id IS NOT NULL"  # nosec B608 # constants
    true = f"SELECT {_PERSON}, 1 AS number FROM ({EVERYBODY_CHOSEN}) AS everybody"  # nosec B608 # constants
    found = _differences(PERSONS, _PERSON, chosen, true)
    for ledger in LEDGERS:
        kind = ", ".join(ledger.kind)
        kept = f"SELECT {kind}, number FROM {ledger.table}"  # nosec B608 # constants
        found |= _differences(ledger.table, kind, kept, ledger.numbers_of(_counted(ledger)))
    kept = f"SELECT {_COUNTED}, number FROM {MOVEMENTS}"  # nosec B608 # constants
    return found | _differences(MOVEMENTS, _COUNTED, kept, _counted(APPROVED))


def _differences(table: str, kind: str, kept: str, true: str) -> dict[tuple, int]:
    with connection.cursor() as cursor:
        # One statement, so that both sides are of one moment.
        cursor.execute(
            f"SELECT {kind}, sum(number) FROM ({kept}"
            f" UNION ALL SELECT {kind}, -number FROM ({true}) AS counted) AS both_sides"
            f" GROUP BY {kind} HAVING sum(number) <> 0"  # nosec B608 # constants
        )
        return {(table, *values): int(number) for *values, number in cursor.fetchall()}


def count_anew() -> None:
    """Write down from the records who counts and every number; whoever would change one waits. What was shown wrong
    until now stays among the movements as it was shown, and moves to what is right at this moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Nothing moves but by a record or a person.
        tables = ", ".join((RECORDS, PERSONS, *(ledger.table for ledger in LEDGERS)))
        cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            f"UPDATE {PERSONS} SET submission_id = NULL, source = '' WHERE (resident_id, submission_id, source)"
            f" NOT IN (SELECT {_PERSON} FROM ({EVERYBODY_CHOSEN}) AS everybody) AND submission_id IS NOT NULL"  # nosec B608 # constants
        )
        cursor.execute(
            f"INSERT INTO {PERSONS} ({_PERSON}) {EVERYBODY_CHOSEN} ON CONFLICT (resident_id) DO UPDATE"
            f" SET submission_id = excluded.submission_id, source = excluded.source"
            f" WHERE {PERSONS}.submission_id IS NULL"  # nosec B608 # constants
        )
        for ledger in LEDGERS:
            cursor.execute(f"DELETE FROM {ledger.table}")  # nosec B608 # constants
            columns = ", ".join((*ledger.kind, "number"))
            true = ledger.numbers_of(_counted(ledger))
            cursor.execute(f"INSERT INTO {ledger.table} ({columns}) {true}")
        cursor.execute(
            f"INSERT INTO {MOVEMENTS} ({_COUNTED}, number) SELECT {_COUNTED}, sum(number)"
            f" FROM ({_counted(APPROVED)} UNION ALL SELECT {_COUNTED}, -number FROM {MOVEMENTS}) AS both_sides"
            f" GROUP BY {_COUNTED} HAVING sum(number) <> 0"  # nosec B608 # constants
        )


def _counted(ledger: Ledger) -> str:
    """A SELECT of all that counts now."""
    return " UNION ALL ".join(counted_in(table, 1) for table, counted_in in ledger.counted_in.items())
