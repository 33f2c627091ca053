"""Records that go on at another base: the one way past the lock of a record's base (AM-46).

The owner's procedure in the database checks, moves and records the act: the program itself cannot pass the lock.
"""

from collections.abc import Mapping

from django.db import connection

from portal.models import User


def move_records(approved: Mapping[int, int | None], base_id: int, *, by: User, reason: str) -> int:
    """Give the records, held locked by the caller, to this base; each with the submission that counts from now on
    (None where nothing is approved). Review state, history and whatever hangs on a record go with it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CALL residents_move_records(%s::bigint[], %s::bigint[], %s, %s, %s)",
            [list(approved), list(approved.values()), base_id, by.pk, reason],
        )
    return len(approved)
