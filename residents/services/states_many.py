"""The moves of residents/services/states.py for many locked rows at once: one UPDATE, however many records."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from residents.models import Enrollment
from residents.models.enrollment import PersonalState, ReportStatus, ReviewStatus


def since_personal(state: str, now: datetime) -> Case:
    """`state_since` where 个人信息状态 becomes `state`: now, if the stage that the base's lists show moves with it.

    What waits for the province stays with it (BR-85); of what was decided only a return to the resident and its answer
    move the stage.
    """
    kept = Q(lapsed_at__isnull=False) | Q(review_status=ReviewStatus.PENDING) | Q(personal_state=state)
    if state != PersonalState.RETURNED:
        kept |= ~Q(review_status=ReviewStatus.NONE) & ~Q(personal_state=PersonalState.RETURNED)
    return Case(When(kept, then=F("state_since")), default=Value(now))


def mark_reported_many(enrollment_ids: Collection[int], *, now: datetime | None = None) -> int:
    """Any state that may be reported → 已上报 and 待审核 (BR-57), for rows the caller holds locked and has checked.

    In the registry the specialty is locked from now on (AM-24). Returns how many rows were written.
    """
    now = now or timezone.now()
    return Enrollment.objects.filter(pk__in=enrollment_ids).update(
        report_status=ReportStatus.REPORTED,
        review_status=ReviewStatus.PENDING,
        has_unreported_update=False,
        specialty_locked=Case(
            When(registered_at__isnull=False, then=Value(True)), default=F("specialty_locked")
        ),
        version=F("version") + 1,
        updated_at=now,
        state_since=now,
    )


def mark_unreported_many(
    enrollment_ids: Collection[int], *, review_status: str | None = None, now: datetime | None = None
) -> int:
    """已上报 → 未上报 for rows the caller holds locked: a base's change in the registry (BR-83) or 撤回上报 (AM-15).

    `review_status` is the one that stands again where the waiting submission no longer counts (BR-87); without it the
    last one stays.
    """
    now = now or timezone.now()
    changed = {"review_status": review_status} if review_status is not None else {}
    return Enrollment.objects.filter(pk__in=enrollment_ids).update(
        **changed,
        report_status=ReportStatus.UNREPORTED,
        version=F("version") + 1,
        updated_at=now,
        state_since=now,
    )
