"""What is done with history itself leaves its own link: a recovery, a purge (GOAL-S8). Both are the owner's."""

from datetime import datetime

from django.db import connection, transaction

from portal import audit
from portal.chain.installation import number_transactions
from portal.models import SealedBatch


def record(reason: str, *, is_other_server: bool) -> None:
    """That the database was brought back to an earlier state: anchors of what came after it are void from here on.

    In another server transactions are numbered anew; nothing may write meanwhile.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.portal_sealedbatch')")
        if cursor.fetchone()[0] is None:
            # A backup from before there was a chain: `migrate` begins it.
            return
        cursor.execute("SELECT history_recovery(%s, %s)", [reason, is_other_server])
        number_transactions(cursor)


def purge(before: datetime, reason: str) -> int:
    """Take away what expired before; how many rows. The database refuses what is younger than it must be kept."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT history_purge(%s, %s)", [before, reason])
        count = SealedBatch.objects.get(number=cursor.fetchone()[0]).rows
        audit.record("purge_history", by=None, rows=count, reason=reason)
    return count
