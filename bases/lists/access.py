"""What a list or a record offers to whom: 404 outside the scope, 403 where one may look but not act."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from bases.models import TrainingBase
from bases.models.organisations import ReportingMode
from bases.scope import base_ids, enrollments_for, specialty_bases_for
from portal.calendar import Calendar, Opening, openings
from portal.models import CollectionCycle, Step, User
from portal.roles import Action
from residents.models import Enrollment
from residents.openness import OUT_OF_USE, SWITCHED
from residents.snapshot import for_check

STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW)


def record_for(user: User, pk: int, action: Action = Action.VIEW) -> Enrollment:
    """The record with all that its page displays. Raises Http404, or PermissionDenied for what he may only look at."""
    record = get_object_or_404(for_check(enrollments_for(user, Action.VIEW)), pk=pk)
    if action is not Action.VIEW and not may(user, record, action):
        raise PermissionDenied
    return record


def may(user: User, record: Enrollment, action: Action) -> bool:
    return enrollments_for(user, action).filter(pk=record.pk).exists()


def desk_openings(
    base: TrainingBase | None, cycle: CollectionCycle | None, calendar: Calendar | None = None
) -> list[tuple[str, Opening]]:
    """The windows of this cycle's intake as they apply to the base, each with its name; two queries, with the calendar
    none."""
    if base is not None and not base.is_active:
        return [(Step(step).label, OUT_OF_USE) for step in STEPS]
    if base is not None and base.province.reporting_mode == ReportingMode.API:
        return [(Step(step).label, SWITCHED) for step in STEPS]
    place: dict = {"province_id": base.province_id, "base_id": base.pk} if base else {}
    if calendar is not None:
        return [(Step(step).label, calendar.opening(cycle, step, **place)) for step in STEPS]
    found = openings(cycle, STEPS, **place)
    return [(Step(step).label, found[step]) for step in STEPS]


def may_act(user: User, base: TrainingBase | None) -> bool:
    """Whether the list offers its actions at all: read-only members get none."""
    if base is not None:
        return base.pk in base_ids(user, Action.REPORT)
    return specialty_bases_for(user, Action.REPORT).exists()
