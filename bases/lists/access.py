"""What a list or a record offers to whom: 404 outside the scope, 403 where one may look but not act."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from bases.models import TrainingBase
from bases.models.organisations import ReportingMode
from bases.scope import base_ids, enrollments_for, reaches, specialty_bases_for
from portal.calendar import Calendar, Opening
from portal.models import CollectionCycle, Step, User
from portal.roles import Action
from residents.models import Enrollment
from residents.openness import OUT_OF_USE, SWITCHED, until_switch
from residents.snapshot import for_check

OWN_STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
STEPS = (*OWN_STEPS, Step.REVIEW)


def record_for(user: User, pk: int, action: Action = Action.VIEW) -> Enrollment:
    """The record with all that its page displays. Raises Http404, or PermissionDenied for what he may only look at."""
    record = get_object_or_404(for_check(enrollments_for(user, Action.VIEW)), pk=pk)
    if action is not Action.VIEW and not may(user, record, action):
        raise PermissionDenied
    return record


def may(user: User, record: Enrollment, action: Action) -> bool:
    return reaches(user, record, action)


@dataclass(frozen=True, slots=True)
class DeskOpening:
    """One step as it applies to one base; the label names the base where there are several."""

    step: Step
    label: str
    opening: Opening


def desk_openings(
    bases: Sequence[TrainingBase], cycle: CollectionCycle | None, calendar: Calendar | None = None
) -> list[DeskOpening]:
    """The windows of this cycle's intake as they apply to these bases, step by step, that of 接口传送 where a base's
    province delivers so; three queries, with the calendar none."""
    calendar = calendar or Calendar(
        [cycle] if cycle else [],
        provinces={base.province_id for base in bases},
        bases=[base.pk for base in bases],
    )
    return [
        DeskOpening(step, _label(step, base, bases), desk_opening(base, cycle, step, calendar))
        for step in (*OWN_STEPS, Step.API_TRANSFER, Step.REVIEW)
        for base in bases
        if step in STEPS or _delivers(base)
    ]


def _delivers(base: TrainingBase) -> bool:
    return base.is_active and base.province.reporting_mode == ReportingMode.API


def _label(step: Step, base: TrainingBase, bases: Sequence[TrainingBase]) -> str:
    notes = ["接口传送的记录"] if step == Step.REVIEW and _delivers(base) else []
    notes += [base.name] if len(bases) > 1 else []
    return f"{step.label}（{'，'.join(notes)}）" if notes else step.label


def desk_opening(
    base: TrainingBase, cycle: CollectionCycle | None, step: Step, calendar: Calendar
) -> Opening:
    """One step of the intake at one base; closed where the base is out of use, and but for the review of what is
    delivered where its province delivers by API (AM-44)."""
    if not base.is_active:
        return OUT_OF_USE
    if step in OWN_STEPS and _delivers(base):
        return SWITCHED
    state = calendar.opening(cycle, step, province_id=base.province_id, base_id=base.pk)
    return until_switch(state, base.province.switches_at)


def may_act(user: User, base: TrainingBase | None) -> bool:
    """Whether the list offers its actions at all: read-only members get none."""
    if base is not None:
        return base.pk in base_ids(user, Action.REPORT)
    return specialty_bases_for(user, Action.REPORT).exists()
