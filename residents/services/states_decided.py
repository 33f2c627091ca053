"""What a province's decision does to enrollments, for many locked rows in one UPDATE (docs/codes.md#states).

Callers hold the rows locked and have checked that each is 待审核 (or, for a revocation, was decided last).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When

from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, ReviewStatus


def _write(enrollment_ids: Collection[int], now: datetime, **values: Any) -> int:
    return Enrollment.objects.filter(pk__in=enrollment_ids).update(
        **values, version=F("version") + 1, updated_at=now, state_since=now
    )


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
