"""The one guard of the question "where is this person" (AM-28, AM-35; GOAL-S9): page, workbook and interface alike.

Base, year and status of somebody whom another base holds are told only to who names type, number and name as they are
on record, to one organisation of so many persons a day, and each answer is a line of the audit log under which the
person himself finds it. `residents.standing.standings` is asked from here and by what writes, nowhere else
(tests/bases/test_whereabouts.py).
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from bases.models import Province, TrainingBase
from portal import audit
from portal.models import AuditEvent, User
from residents.services.disclosures import disclose
from residents.standing import AccountRow, Known, Standing, standings

Organisation = TrainingBase | Province
ACTION = "transfer_lookup"
# Persons of whom one organisation learns within a day that, and where, others hold them. A year's import of a
# province meets some dozens.
PERSONS_A_DAY = 200
DAY = timedelta(days=1)
# Whoever tries numbers instead of asking for a person he knows is stopped here.
MISSES_PER_HOUR = 20
_TELLING = (Known.ELSEWHERE, Known.NAME_DIFFERS, Known.TYPE_DIFFERS)


class TooManyMisses(ValueError):
    """One person has asked for too many unknown persons within the hour, or his organisation for too many at all."""

    def __init__(self) -> None:
        super().__init__("查询次数过多。请核对名单，一小时后再试；今日已查到的人数达到上限的，请明日再试。")


def ask(rows: Collection[AccountRow], *, base_id: int, by: Organisation, user: User | None, way: str) -> dict:
    """What the platform knows of each row's person, as far as it may be told; as `standings`, by the row's number."""
    return tell(standings(rows, base_id=base_id), by=by, user=user, way=way)


def tell(
    known: Mapping[int, Standing], *, by: Organisation, user: User | None, way: str
) -> dict[int, Standing]:
    """What was found, less what would be too much; the answers are put down in the audit log."""
    asked = {
        standing.resident_id: row
        for row, standing in known.items()
        if standing.known in _TELLING and standing.resident_id is not None
    }
    if not asked:
        return dict(known)
    with transaction.atomic():
        before = _told_today(by)
        new = sorted(asked.keys() - before, key=lambda person: asked[person])
        told = (asked.keys() & before) | set(new[: max(0, PERSONS_A_DAY - len(before))])
        kept_back = asked.keys() - told
        if told:
            disclose(audit.record(ACTION, by=user, target=by, way=way, count=len(told)), told)
        if kept_back:
            audit.record(ACTION, by=user, target=by, way=way, count=len(kept_back), result="limited")
    return {
        row: Standing(Known.NOT_TOLD) if standing.resident_id in kept_back else standing
        for row, standing in known.items()
    }


def ask_on_page(
    row: AccountRow, base: TrainingBase, *, user: User, wanted: Collection[Known]
) -> Standing | None:
    """What is known of one person whom somebody asks for in a page; None, counted, where it is none of `wanted`.
    Raises TooManyMisses."""
    mine = AuditEvent.objects.filter(actor=user, action=ACTION, result="none")
    if mine.filter(at__gte=timezone.now() - timedelta(hours=1)).count() >= MISSES_PER_HOUR:
        raise TooManyMisses
    found = standings([row], base_id=base.pk)[row.row]
    if found.known not in wanted:
        audit.record(ACTION, by=user, target=base, way="page", result="none")
        return None
    told = tell({row.row: found}, by=base, user=user, way="page")[row.row]
    if told.known is Known.NOT_TOLD:
        raise TooManyMisses
    return told


_TOLD = """
SELECT DISTINCT person FROM portal_auditevent e
JOIN residents_disclosure d ON d.event_id = e.id, unnest(d.residents) person
WHERE e.target_type = %s AND e.target_id = %s AND e.action = %s AND e.at > %s
"""


def _told_today(by: Organisation) -> set[int]:
    place = by._meta.label, str(by.pk)
    with connection.cursor() as cursor:
        # Two uploads at once are counted one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"whereabouts {place}"])
        cursor.execute(_TOLD, [*place, ACTION, timezone.now() - DAY])
        return {person for (person,) in cursor.fetchall()}
