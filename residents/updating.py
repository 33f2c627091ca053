"""集中更新: once a year everybody in the registry confirms or mends each section of his personal info (BR-14, AM-04;
GOAL-R5). Which year, says the calendar of his province (AM-42)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from portal.calendar import Calendar, Opening, opening, step_now
from portal.models import CollectionCycle, Step
from portal.prepared import Asked
from residents.completeness import PERSONAL
from residents.models import Enrollment, SectionConfirmation
from residents.models.enrollment import LIVE, PersonalState, Status

# Whoever has ended or left is asked for nothing.
_STATUSES = (Status.IN_TRAINING, Status.EXTENDED, Status.SUSPENDED)
ASKED = LIVE & Q(registered_at__isnull=False, status__in=_STATUSES)


@dataclass(frozen=True, slots=True)
class Update:
    """The yearly update as it stands for one base or province: its cycle and its soft window."""

    cycle: CollectionCycle | None
    opening: Opening

    @property
    def has_begun(self) -> bool:
        opens_at = self.opening.opens_at
        return self.cycle is not None and opens_at is not None and opens_at <= timezone.now()

    @property
    def opens_at(self) -> datetime | None:
        return self.opening.opens_at

    @property
    def closes_at(self) -> datetime | None:
        return self.opening.closes_at


def update_of(
    *, province_id: str | None = None, base_id: int | None = None, calendar: Calendar | None = None
) -> Update:
    """The update that is asked for there now, or the last one, or the next; three queries, with the calendar none."""
    ask = calendar.step_now if calendar else step_now
    return Update(*ask(Step.REGISTRY_UPDATE, province_id=province_id, base_id=base_id))


def update_in(
    cycle: CollectionCycle, *, province_id: str | None = None, base_id: int | None = None
) -> Update:
    """The update of one year there, whatever other is asked for now; two queries."""
    return Update(cycle, opening(cycle, Step.REGISTRY_UPDATE, province_id=province_id, base_id=base_id))


def asked_of(enrollment: Enrollment) -> Update | None:
    """The update that has begun for this record's base; None for whoever is not asked for it."""
    if enrollment.registered_at is None or not enrollment.is_live or enrollment.status not in _STATUSES:
        return None
    base = enrollment.base
    update = update_of(province_id=base.province_id, base_id=base.pk)
    return update if update.has_begun else None


def is_up_to_date(cycle: CollectionCycle | int | Asked) -> Q:
    """Of records: whose person has confirmed or saved every section in this cycle and lacks nothing."""
    told = SectionConfirmation.objects.filter(resident=OuterRef("resident"), cycle=cycle)
    found = Q(personal_state=PersonalState.COMPLETE)
    for section in PERSONAL:
        found &= Q(Exists(told.filter(section=section)))
    return found
