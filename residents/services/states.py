"""Moves of an enrollment between the states of reporting and review (DOMAIN §3.10). Each expects a locked row.

Callers hold `select_for_update()` on the enrollment and have checked the expected state; a state that moved meanwhile
raises `StateMoved`, which a page turns into a message, never into a 500.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone

from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, ReviewStatus


class StateMoved(Exception):
    """The record is no longer in the state the caller saw; the text tells the user what it is now."""


def lock(enrollment_id: int) -> Enrollment:
    """Read one enrollment for change, holding its row until the transaction ends."""
    return (
        Enrollment.objects.select_for_update(of=("self",))
        .select_related("resident__user", "base__province", "specialty")
        .get(pk=enrollment_id)
    )


def _write(enrollment: Enrollment, now: datetime | None = None, **values: Any) -> None:
    for name, value in values.items():
        setattr(enrollment, name, value)
    enrollment.version += 1
    enrollment.updated_at = enrollment.state_since = now or timezone.now()
    enrollment.save(update_fields=[*values, "version", "updated_at", "state_since"])


def mark_withdrawn_report(enrollment: Enrollment, *, last_outcome: str) -> None:
    """撤回上报 before review (AM-15): back to 未上报, the review state is again that of the submission before."""
    if enrollment.review_status != ReviewStatus.PENDING:
        raise StateMoved(f"该记录现在是“{enrollment.get_review_status_display()}”，不能撤回上报。")
    _write(enrollment, report_status=ReportStatus.UNREPORTED, review_status=last_outcome)


def mark_unreported(enrollment: Enrollment) -> None:
    """A base's real change in the registry resets 上报状态; the last review state stays (BR-83)."""
    if enrollment.report_status == ReportStatus.REPORTED:
        _write(enrollment, report_status=ReportStatus.UNREPORTED)
