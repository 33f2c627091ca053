"""The moves of residents/services/states.py for many locked rows at once: one UPDATE, however many records."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Case, F, Value, When
from django.utils import timezone

from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, ReviewStatus


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
