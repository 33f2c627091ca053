"""The moves of an enrollment's report, review and personal state (docs/codes.md#states), one UPDATE however many
records.

Callers hold the rows locked and have checked the state they move from. A state that moved meanwhile raises
`StateMoved`, which a page turns into a message, never into a 500.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from portal.calendar import Opening
from residents.models import Enrollment
from residents.models.enrollment import PersonalState, ReportStatus, ReviewStatus


class StateMoved(Exception):
    """The record is no longer in the state the caller saw; the text tells the user what it is now."""


class Closed(StateMoved):
    """The record may not be saved now. Up to five minutes late `opening.in_grace` holds: what was sent is then kept as
    a draft by the caller, who has it in the form's own shape (AM-26, AM-37)."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening.reason)
        self.opening = opening


def lock(enrollment_id: int) -> Enrollment:
    """Read one enrollment for change, holding its row until the transaction ends."""
    return (
        Enrollment.objects.select_for_update(of=("self",))
        .select_related("resident__user", "base__province", "specialty")
        .get(pk=enrollment_id)
    )


def _write(enrollment_ids: Collection[int], now: datetime, **values: Any) -> int:
    return Enrollment.objects.filter(pk__in=enrollment_ids).update(
        **values, version=F("version") + 1, updated_at=now, state_since=now
    )


# --- `state_since`: when the stage that the base's lists show moved ---------------------------------------------------


def since_personal(state: str, now: datetime) -> Case:
    """`state_since` where 个人信息状态 becomes `state`: now, if the stage that the base's lists show moves with it.

    What waits for the province stays with it (BR-85); of what was decided only a return to the resident and its answer
    move the stage.
    """
    kept = Q(lapsed_at__isnull=False) | Q(review_status=ReviewStatus.PENDING) | Q(personal_state=state)
    if state != PersonalState.RETURNED:
        kept |= ~Q(review_status=ReviewStatus.NONE) & ~Q(personal_state=PersonalState.RETURNED)
    return Case(When(kept, then=F("state_since")), default=Value(now))


def moves_stage(enrollment: Enrollment, *, is_complete: bool) -> bool:
    """Whether the stage moves (待填培训信息, 可上报) where the completeness of 培训信息 becomes this one: only before
    the first decision, once personal info is complete."""
    shows_training = (
        enrollment.personal_state == PersonalState.COMPLETE and enrollment.review_status == ReviewStatus.NONE
    )
    return shows_training and enrollment.training_complete != is_complete


# --- the base's moves -------------------------------------------------------------------------------------------------


def mark_reported_many(enrollment_ids: Collection[int], *, now: datetime) -> int:
    """Any state that may be reported → 已上报 and 待审核 (BR-57). Returns how many rows were written.

    In the registry the specialty is locked from now on (AM-24).
    """
    return _write(
        enrollment_ids,
        now,
        report_status=ReportStatus.REPORTED,
        review_status=ReviewStatus.PENDING,
        has_unreported_update=False,
        specialty_locked=Case(
            When(registered_at__isnull=False, then=Value(True)), default=F("specialty_locked")
        ),
    )


def mark_unreported_many(enrollment_ids: Collection[int], *, review_status: str | None = None) -> int:
    """已上报 → 未上报: a base's change in the registry (BR-83) or 撤回上报 (AM-15).

    `review_status` is the one that stands again where the waiting submission no longer counts (BR-87); without it the
    last one stays.
    """
    changed = {"review_status": review_status} if review_status is not None else {}
    return _write(enrollment_ids, timezone.now(), report_status=ReportStatus.UNREPORTED, **changed)


# --- the province's decisions -----------------------------------------------------------------------------------------


def mark_approved_many(enrollment_ids: Collection[int], pending: QuerySet, *, now: datetime) -> int:
    """待审核 → 审核通过 (BR-59, AM-16): the snapshot counts from now on in place of the one before.

    `pending` is the queryset of the submissions being approved, still pending: one per enrollment, so each row finds
    its own. An intake record enters the registry and keeps the approved original (BR-37); its specialty is locked
    (BR-81).
    """
    own = Subquery(pending.filter(enrollment=OuterRef("pk")).values("pk")[:1])
    from_intake = Q(registered_at__isnull=True)
    return _write(
        enrollment_ids,
        now,
        review_status=ReviewStatus.APPROVED,
        approved_submission=own,
        intake_submission=Case(When(from_intake, then=own), default=F("intake_submission")),
        registered_at=Case(When(from_intake, then=now), default=F("registered_at")),
        specialty_locked=True,
    )


def mark_returned_many(enrollment_ids: Collection[int], *, now: datetime) -> int:
    """待审核 → 退回修改 and 未上报, so that 上报 is possible again (AM-17). What was approved before still counts."""
    return _write(
        enrollment_ids, now, report_status=ReportStatus.UNREPORTED, review_status=ReviewStatus.RETURNED
    )


def mark_decision_revoked(
    enrollment: Enrollment, *, counting: Any, is_pending_again: bool, back_to_intake: bool, now: datetime
) -> int:
    """The last decision no longer holds (GOAL-P5): `counting` is the approved submission that counts now, or None.

    The record is 待审核 again where its content still stands as reported, otherwise 退回修改 and 未上报. A revoked
    intake approval takes it out of the registry again.
    """
    values: dict[str, Any] = {"approved_submission": counting}
    if is_pending_again:
        values |= {"report_status": ReportStatus.REPORTED, "review_status": ReviewStatus.PENDING}
    else:
        values |= {"report_status": ReportStatus.UNREPORTED, "review_status": ReviewStatus.RETURNED}
    if back_to_intake:
        values |= {"intake_submission": None, "registered_at": None, "specialty_locked": False}
    return _write([enrollment.pk], now, **values)


def mark_decisions_revoked_many(enrollment_ids: Collection[int], approved: QuerySet, *, now: datetime) -> int:
    """The last decisions on records that are still as reported no longer hold: all 待审核 again (GOAL-P5).

    `approved` is the queryset of the approvals that still stand; the newest of a record counts. A record whose intake
    original is none of them leaves the registry again.
    """
    standing = approved.filter(enrollment=OuterRef("pk"))
    back = Q(intake_submission__isnull=False) & ~Exists(approved.filter(pk=OuterRef("intake_submission")))
    return _write(
        enrollment_ids,
        now,
        approved_submission=Subquery(standing.order_by("-number").values("pk")[:1]),
        report_status=ReportStatus.REPORTED,
        review_status=ReviewStatus.PENDING,
        registered_at=Case(When(back, then=None), default=F("registered_at")),
        specialty_locked=Case(When(back, then=Value(False)), default=F("specialty_locked")),
        intake_submission=Case(When(back, then=None), default=F("intake_submission")),
    )
