"""How audit and history stand: when they were last found as sealed, and how far the seal lags behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from portal.chain.installation import COLUMN, sealed_tables
from portal.chain.verification import ACT
from portal.models import AuditEvent, SealedBatch

# The clock seals once a minute; what waits longer is told.
LATE = timedelta(minutes=10)
_MOMENTS = ("pgh_created_at", "created_at", "changed_at", "at")


@dataclass(frozen=True, slots=True)
class Standing:
    """For the page of 操作记录: three queries, however much was written."""

    sealed_at: datetime | None
    # The last comparison, and the last one in which everything held.
    verified: AuditEvent | None
    held_at: datetime | None
    not_sealed: int
    oldest_at: datetime | None

    @property
    def is_late(self) -> bool:
        return self.oldest_at is not None and timezone.now() - self.oldest_at > LATE

    @property
    def is_broken(self) -> bool:
        return self.verified is not None and self.verified.result != "ok"


def standing() -> Standing:
    last = SealedBatch.objects.order_by("-number").values_list("sealed_at", "high").first()
    verified = list(AuditEvent.objects.filter(action=ACT).order_by("-at")[:1])
    held = AuditEvent.objects.filter(action=ACT, result="ok").order_by("-at").values_list("at", flat=True)
    not_sealed, oldest = _waiting(last[1] if last else 0)
    return Standing(
        last[0] if last else None,
        verified[0] if verified else None,
        held.first(),
        not_sealed,
        oldest,
    )


def _waiting(high: int) -> tuple[int, datetime | None]:
    """How many rows no batch holds, and since when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, min(column_name) FILTER (WHERE column_name = ANY(%s))"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(%s)"
            " GROUP BY table_name HAVING bool_or(column_name = %s)",
            [list(_MOMENTS), sealed_tables(), COLUMN],
        )
        each = [
            f'SELECT count(*), {f"min({moment})" if moment else "NULL::timestamptz"} FROM "{table}"'
            f" WHERE {COLUMN} >= {int(high)}"
            for table, moment in cursor.fetchall()
        ]
        if not each:
            return 0, None
        cursor.execute(
            f"SELECT sum(count), min(min) FROM ({' UNION ALL '.join(each)}) AS waiting (count, min)"
        )
        count, oldest = cursor.fetchone()
    return int(count or 0), oldest
