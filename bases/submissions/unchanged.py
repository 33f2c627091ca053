"""Records the province has returned and nobody has changed since: their 上报 is asked about, and marked (BR-47,
BR-66)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from bases.models import Submission
from bases.submissions.kept import snapshot_as_kept
from residents.models import Enrollment
from residents.models.enrollment import ReviewStatus

UNTOUCHED = "省级退回后没有修改任何内容"


def untouched_since_return(enrollments: Iterable[Enrollment]) -> set[int]:
    """The ids of those that are still as they were reported and returned; one query, none if nothing was returned."""
    returned = [row for row in enrollments if row.review_status == ReviewStatus.RETURNED]
    if not returned:
        return set()
    decided = Submission.objects.filter(enrollment__in=[row.pk for row in returned]).exclude(
        outcome__in=(Submission.Outcome.WITHDRAWN, Submission.Outcome.PENDING)
    )
    newest = decided.order_by("enrollment", "-number").distinct("enrollment")
    found = {
        pk: snapshot
        for pk, outcome, snapshot in newest.values_list("enrollment", "outcome", "snapshot")
        if outcome == Submission.Outcome.RETURNED
    }
    return {row.pk for row in returned if row.pk in found and _as_returned(row, found[row.pk])}


def _as_returned(row: Enrollment, snapshot: dict) -> bool:
    return snapshot_as_kept(row, snapshot) == snapshot


if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Untouched(TypedDict):
        is_untouched: bool


def with_untouched(submissions: QuerySet[Submission]) -> "QuerySet[WithAnnotations[Submission, _Untouched]]":
    """Each with `is_untouched`: reported again with the very content that the province had returned before."""
    before = (
        Submission.objects.filter(
            enrollment=OuterRef(OuterRef("enrollment")), number__lt=OuterRef(OuterRef("number"))
        )
        .exclude(outcome=Submission.Outcome.WITHDRAWN)
        .order_by("-number")
    )
    same = Submission.objects.filter(
        pk=Subquery(before.values("pk")[:1]),
        outcome=Submission.Outcome.RETURNED,
        snapshot=OuterRef("snapshot"),
    )
    return submissions.annotate(is_untouched=Exists(same))
