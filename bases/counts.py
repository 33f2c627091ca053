"""The upkeep of ApprovedCount: folding its rows, comparing it with the records it counts, counting anew."""

from django.db import connection, transaction

from bases.models.counts import COUNTED_BY, counted_in, numbers_of

_KIND = ", ".join(("source", *COUNTED_BY))
_TRUE = numbers_of(counted_in("residents_enrollment", 1))
# A row added meanwhile is not among those read and stays; of two that fold at once each adds up what it has taken out.
_FOLD = f"""
WITH taken AS (
    DELETE FROM bases_approvedcount WHERE ({_KIND}) IN (
        SELECT {_KIND} FROM bases_approvedcount GROUP BY {_KIND} HAVING count(*) > 1
    ) RETURNING {_KIND}, number
)
INSERT INTO bases_approvedcount ({_KIND}, number)
SELECT {_KIND}, sum(number) FROM taken GROUP BY {_KIND} HAVING sum(number) <> 0
"""
_DIFFERENCES = f"""
SELECT {_KIND}, sum(number) FROM (
    SELECT {_KIND}, number FROM bases_approvedcount UNION ALL SELECT {_KIND}, -number FROM ({_TRUE}) AS counted
) AS both_sides GROUP BY {_KIND} HAVING sum(number) <> 0
"""


def fold() -> None:
    """One row a kind again; the numbers stay. May run beside writers, readers and itself."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD)


def differences() -> dict[tuple, int]:
    """By how much each kind (source, *COUNTED_BY) is written down too high; empty where every number is right."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        return {tuple(kind): int(number) for *kind, number in cursor.fetchall()}


def count_anew() -> None:
    """Write every number down from the records; whoever would change one waits."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE residents_enrollment, bases_approvedcount IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM bases_approvedcount")
        cursor.execute(f"INSERT INTO bases_approvedcount ({_KIND}, number) {_TRUE}")
