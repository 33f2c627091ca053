"""Moves of an enrollment between the states of reporting and review (DOMAIN §3.10). Each expects a locked row.

Callers hold `select_for_update()` on the enrollment and have checked the expected state; a state that moved meanwhile
raises `StateMoved`, which a page turns into a message, never into a 500.
"""

from datetime import datetime

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


def _write(enrollment: Enrollment, now: datetime | None = None, **values) -> None:
    for name, value in values.items():
        setattr(enrollment, name, value)
    enrollment.version += 1
    enrollment.updated_at = enrollment.state_since = now or timezone.now()
    enrollment.save(update_fields=[*values, "version", "updated_at", "state_since"])


def mark_reported(enrollment: Enrollment) -> None:
    """未上报 → 已上报 and 待审核 (BR-57). In the registry the specialty is locked from now on (AM-24)."""
    if enrollment.report_status == ReportStatus.REPORTED:
        raise StateMoved("该记录已经上报，无需重复上报。")
    _write(
        enrollment,
        report_status=ReportStatus.REPORTED,
        review_status=ReviewStatus.PENDING,
        has_unreported_update=False,
        specialty_locked=enrollment.specialty_locked or bool(enrollment.registered_at),
    )


def mark_withdrawn_report(enrollment: Enrollment, *, last_outcome: str) -> None:
    """撤回上报 before review (AM-15): back to 未上报, the review state is again that of the submission before."""
    if enrollment.review_status != ReviewStatus.PENDING:
        raise StateMoved(f"该记录现在是“{enrollment.get_review_status_display()}”，不能撤回上报。")
    _write(enrollment, report_status=ReportStatus.UNREPORTED, review_status=last_outcome)


def mark_approved(enrollment: Enrollment, submission) -> None:
    """待审核 → 审核通过: the snapshot counts from now on (BR-59, 86); an intake record enters the registry, its
    approved original stays behind (BR-37), its specialty is locked (BR-81)."""
    if enrollment.review_status != ReviewStatus.PENDING:
        raise StateMoved(f"该记录现在是“{enrollment.get_review_status_display()}”，不能审核通过。")
    values = {
        "review_status": ReviewStatus.APPROVED,
        "approved_submission": submission,
        "specialty_locked": True,
    }
    if submission.module == "intake":
        values |= {"intake_submission": submission, "registered_at": timezone.now()}
    _write(enrollment, **values)


def mark_returned(enrollment: Enrollment) -> None:
    """待审核 → 退回修改 and 未上报, so that 上报 is possible again (AM-17). What was approved before still counts."""
    if enrollment.review_status != ReviewStatus.PENDING:
        raise StateMoved(f"该记录现在是“{enrollment.get_review_status_display()}”，不能退回修改。")
    _write(enrollment, report_status=ReportStatus.UNREPORTED, review_status=ReviewStatus.RETURNED)


def mark_unreported(enrollment: Enrollment) -> None:
    """A base's real change in the registry resets 上报状态; the last review state stays (BR-83)."""
    if enrollment.report_status == ReportStatus.REPORTED:
        _write(enrollment, report_status=ReportStatus.UNREPORTED)
