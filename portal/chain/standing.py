"""How audit and history stand: when they were last found as sealed, and how far the seal lags behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from portal.chain.installation import COLUMN, sealed_tables
from portal.chain.verification import ACT
from portal.models import AuditEvent, SealedBatch

# The clock seals once a minute; what waits longer is told.
LATE = timedelta(minutes=10)
# The clock has everything compared once a day.
NOT_COMPARED = timedelta(days=2)
# Some days of one an hour.
_MOST = 100
# When a row was written: an event also holds when its record was.
_MOMENTS = ("pgh_created_at", "created_at", "changed_at", "at")


@dataclass(frozen=True, slots=True)
class Standing:
    """For the page of 操作记录: three queries, however much was written."""

    sealed_at: datetime | None
    # The last comparison, the last one of everything, and the last one that found nothing.
    verified: AuditEvent | None
    whole: AuditEvent | None
    held_at: datetime | None
    # What was found and not yet followed by a comparison of everything that held.
    broken: AuditEvent | None
    not_sealed: int
    oldest_at: datetime | None

    @property
    def is_late(self) -> bool:
        return self.oldest_at is not None and timezone.now() - self.oldest_at > LATE

    @property
    def is_neglected(self) -> bool:
        """The comparison of everything did not take place."""
        return self.whole is not None and timezone.now() - self.whole.at > NOT_COMPARED


def standing() -> Standing:
    last = SealedBatch.objects.order_by("-number").values_list("sealed_at", "high").first()
    events = comparisons()
    sound = last_sound(events)
    not_sealed, oldest = _waiting(last[1] if last else 0)
    return Standing(
        last[0] if last else None,
        next(iter(events), None),
        last_whole(events),
        sound.at if sound else None,
        broken(events),
        not_sealed,
        oldest,
    )


def comparisons() -> list[AuditEvent]:
    """The last ones, newest first: one of everything is among them where the worker was not away."""
    return list(AuditEvent.objects.filter(action=ACT).order_by("-at")[:_MOST])


def broken(events: Sequence[AuditEvent]) -> AuditEvent | None:
    """The last comparison that found something, unless everything was compared since and held."""
    for event in events:
        if event.result != "ok":
            return event
        if _is_whole(event):
            return None
    return None


def last_whole(events: Sequence[AuditEvent]) -> AuditEvent | None:
    return next(filter(_is_whole, events), None)


def last_sound(events: Sequence[AuditEvent]) -> AuditEvent | None:
    return next((event for event in events if event.result == "ok"), None)


def _is_whole(event: AuditEvent) -> bool:
    # A line of the version before says nothing of it: it compared everything.
    return not event.detail.get("since")


def _waiting(high: int) -> tuple[int, datetime | None]:
    """How many rows no batch holds, and since when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, (array_agg(column_name::text ORDER BY array_position(%s, column_name::text))"
            " FILTER (WHERE column_name = ANY(%s)))[1]"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(%s)"
            " GROUP BY table_name HAVING bool_or(column_name = %s)",
            [list(_MOMENTS), list(_MOMENTS), sealed_tables(), COLUMN],
        )
        each = [
            f'SELECT count(*), {f"min({moment})" if moment else "NULL::timestamptz"} FROM "{table}"'
            f" WHERE {COLUMN} >= {int(high)}"  # nosec B608 # names of the catalogue
            for table, moment in cursor.fetchall()
        ]
        if not each:
            return 0, None
        cursor.execute(
            f"SELECT sum(count), min(min) FROM ({' UNION ALL '.join(each)}) AS waiting (count, min)"  # nosec B608 # names of the catalogue
        )
        count, oldest = cursor.fetchone()
    return int(count or 0), oldest
