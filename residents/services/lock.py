"""The intake lock: what was not approved when the review window ended lapses (AM-05, AM-29); a cycle that is opened
again locks again (AM-43)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal import audit
from portal.calendar import ELSEWHERE, INTAKE_STEPS, Calendar
from portal.models import CollectionCycle, CycleWindow, Extension, User
from residents.models import Enrollment
from residents.models.enrollment import LIVE


def carry_out_locks(now: datetime | None = None) -> int:
    """Lapse the unapproved intake records of every province whose last window is over; returns how many.

    A lapsed record stays visible in the locked intake list and no longer blocks other bases; its base may add the
    person again as 漏报. A cycle is marked locked once no province, base or record has time left, and is unmarked while
    somebody has time again. Running it twice, or on two machines at once, changes nothing more.
    """
    now = now or timezone.now()
    lapsed = 0
    for cycle in CollectionCycle.objects.all():
        if cycle.locked_at is None or unmark_if_open(cycle, now):
            lapsed += _lock(cycle, now)
    return lapsed


def unmark_if_open(cycle: CollectionCycle, now: datetime | None = None) -> bool:
    """Whoever changes windows or extensions calls it: a locked cycle in which somebody has time again counts as open
    and will lock again (AM-43). Returns whether the mark was taken away."""
    if not _has_time(cycle, now or timezone.now()):
        return False
    # The mark may be newer than what the caller holds.
    cycle.locked_at = None
    return bool(CollectionCycle.objects.filter(pk=cycle.pk, locked_at__isnull=False).update(locked_at=None))


def lapsing(cycle: CollectionCycle, now: datetime | None = None) -> QuerySet[Enrollment]:
    """The intake records that lapse as the windows of the cycle stand now."""
    return _to_lapse(cycle, now or timezone.now())[0]


def locks_at(
    cycle: CollectionCycle, *, province_id: str, base_id: int, calendar: Calendar | None = None
) -> datetime | None:
    """When the intake of this cycle locks for a base, extensions of its province and its own included; None while its
    windows are not set. From then on its recruits are the registry's (AM-31)."""
    calendar = calendar or Calendar([cycle], provinces=[province_id], bases=[base_id])
    return calendar.last_end(cycle, INTAKE_STEPS, province_id=province_id, base_id=base_id)


def is_locked(
    cycle: CollectionCycle, *, province_id: str, base_id: int, calendar: Calendar | None = None
) -> bool:
    """Whether the intake of this cycle is locked for a base now; a later window or extension opens it again (AM-43)."""
    locks = locks_at(cycle, province_id=province_id, base_id=base_id, calendar=calendar)
    return locks is not None and locks <= timezone.now()


def _has_time(cycle: CollectionCycle, now: datetime) -> bool:
    """Whether any province, base or record may still become approved."""
    windows = CycleWindow.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, closes_at__gt=now)
    extensions = Extension.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, until__gt=now)
    return windows.exists() or extensions.exists()


def _lock(cycle: CollectionCycle, now: datetime) -> int:
    records, is_over = _to_lapse(cycle, now)
    with transaction.atomic():
        lapsed = records.update(lapsed_at=now, state_since=now)
        if lapsed:
            _close_unused_accounts(cycle, now)
        if is_over:
            CollectionCycle.objects.filter(pk=cycle.pk, locked_at__isnull=True).update(locked_at=now)
        if lapsed:
            # A locked province may go on to be extended; each time tells how many and for which year.
            audit.record("lapse", by=None, target=cycle, year=cycle.year, count=lapsed)
    return lapsed


def _close_unused_accounts(cycle: CollectionCycle, now: datetime) -> None:
    """Nobody activates an account, by a printed code or otherwise, whose only record has just lapsed; the next import
    of the person opens it again."""
    gone = Enrollment.objects.filter(resident__user=OuterRef("pk"), intake_year=cycle.year, lapsed_at=now)
    others = Enrollment.objects.filter(resident__user=OuterRef("pk"), deleted_at=None, lapsed_at=None)
    User.objects.filter(Exists(gone), ~Exists(others), activated_at=None, is_active=True).update(
        is_active=False, initial_code_hash="", initial_code_expires_at=None
    )


def _to_lapse(cycle: CollectionCycle, now: datetime) -> tuple[QuerySet[Enrollment], bool]:
    """The records whose time is over, and whether nobody of the cycle has time left."""
    own = CycleWindow.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, province__isnull=False)
    codes = set(own.values_list("province_id", flat=True))
    calendar = Calendar([cycle], provinces=codes, now=now)
    ends = {code: calendar.last_end(cycle, INTAKE_STEPS, province_id=code) for code in {*codes, ELSEWHERE}}
    over = {code for code, end in ends.items() if end is not None and end <= now}
    is_over_elsewhere, still_open = ELSEWHERE in over, codes - over
    places = ~Q(base__province_id__in=still_open) if is_over_elsewhere else Q(base__province_id__in=over)
    extended = Extension.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, until__gt=now)
    records = (
        Enrollment.objects.filter(LIVE, places, intake_year=cycle.year, registered_at__isnull=True)
        .exclude(base__province_id__in=extended.filter(province__isnull=False).values("province_id"))
        .exclude(base_id__in=extended.filter(base__isnull=False).values("base_id"))
        .exclude(pk__in=extended.filter(enrollment__isnull=False).values("enrollment_id"))
    )
    return records, is_over_elsewhere and not still_open and not extended.exists()
