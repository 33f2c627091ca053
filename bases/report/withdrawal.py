"""Taking a report back: 撤回上报, and what a base's change means for it (BR-83, BR-87; AM-15, AM-16)."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef

from bases.models import Submission
from bases.report.services import close_waiting
from portal.calendar import Opening
from portal.models import User
from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, ReviewStatus
from residents.openness import Times, report_entry
from residents.services import states
from residents.services.states import mark_unreported_many

# The review status that follows from a decided submission; withdrawn ones never counted. What is revoked went back to
# the base where its content no longer stood; else it waits again as a copy, and nobody has returned anything.
_STATUS_OF_OUTCOME: dict[str, str] = {
    Submission.Outcome.APPROVED: ReviewStatus.APPROVED,
    Submission.Outcome.RETURNED: ReviewStatus.RETURNED,
    Submission.Outcome.REVOKED: ReviewStatus.RETURNED,
}


def withdraw(enrollment_id: int, *, by: User) -> None:
    """撤回上报 (AM-15): only while the province has not decided, and only while the record could be reported again.

    The submission stays with the outcome 已撤回上报; the review status is again that of the submission before.
    Raises StateMoved.
    """
    with transaction.atomic():
        enrollment = states.lock(enrollment_id)
        if enrollment.review_status != ReviewStatus.PENDING:
            raise states.StateMoved(f"该记录现在是“{enrollment.get_review_status_display()}”，不能撤回上报。")
        entry = withdrawal_entry(enrollment)
        if not entry.is_open:
            raise states.StateMoved(f"{entry.reason}撤回后将无法再次上报，因此不能撤回。")
        _take_back([enrollment.pk], by=by)


def withdrawal_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May a waiting report be taken back: would the record, once taken back, be open for 上报?"""
    return report_entry(enrollment, times, review_status=_statuses_before([enrollment.pk])[enrollment.pk])


def take_back_waiting(enrollment_id: int, *, by: User) -> None:
    """Withdraw the report that waits for the province, if one does, as the recruit leaves (AM-33); he is not to be
    reported again, so no window is asked. The caller provides the transaction."""
    if states.lock(enrollment_id).review_status == ReviewStatus.PENDING:
        _take_back([enrollment_id], by=by)


def _statuses_before(enrollment_ids: Collection[int]) -> dict[int, str]:
    """The review status that stands once the waiting submission no longer counts (BR-87), by the record's id."""
    copies = Submission.objects.filter(
        enrollment=OuterRef("enrollment"), number=OuterRef("number") + 1, is_put_back=True
    )
    decided = (
        Submission.objects.filter(enrollment__in=enrollment_ids, outcome__in=_STATUS_OF_OUTCOME)
        .exclude(Exists(copies), outcome=Submission.Outcome.REVOKED)
        .order_by("enrollment", "-number")
        .distinct("enrollment")
    )
    found: dict[int, str] = dict.fromkeys(enrollment_ids, ReviewStatus.NONE)
    return found | {
        pk: _STATUS_OF_OUTCOME[outcome] for pk, outcome in decided.values_list("enrollment", "outcome")
    }


def _take_back(enrollment_ids: Collection[int], *, by: User) -> None:
    """Close the waiting submissions of locked records as withdrawn and set the records 未上报."""
    before = _statuses_before(enrollment_ids)
    close_waiting(Submission.objects.filter(enrollment__in=enrollment_ids), by)
    for status in set(before.values()):
        mark_unreported_many([pk for pk in enrollment_ids if before[pk] == status], review_status=status)


def unreport_after_change(enrollments: Collection[Enrollment], *, by: User) -> list[int]:
    """A base's real change in the registry: 未上报 again, waiting submissions are withdrawn (BR-83, AM-15).

    Expects the rows locked. An approval stays what it was (AM-16). Returns the ids that were 已上报 before.
    """
    reported = [
        row for row in enrollments if row.registered_at and row.report_status == ReportStatus.REPORTED
    ]
    waiting = [row.pk for row in reported if row.review_status == ReviewStatus.PENDING]
    decided = [row.pk for row in reported if row.review_status != ReviewStatus.PENDING]
    if waiting:
        _take_back(waiting, by=by)
    if decided:
        mark_unreported_many(decided)
    return waiting + decided
