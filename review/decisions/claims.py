"""正在审核: opening a waiting record lets colleagues know that somebody is at it (GOAL-P6). Nobody is ever kept out."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from bases.models import Submission
from portal.models import User
from portal.prepared import Asked, among, prepared
from review.models import Claim

HELD_FOR = timedelta(minutes=30)


def claim(submission: Submission, *, by: User) -> Claim:
    """The claim that holds after `by` has opened the record: his own from now on, or a colleague's of less than half
    an hour ago, which stays. Of two who open it at one instant one gets it."""
    now = timezone.now()
    free = Q(reviewer=by) | Q(claimed_at__lte=now - HELD_FOR)
    if not Claim.objects.filter(free, submission=submission).update(reviewer=by, claimed_at=now):
        Claim.objects.bulk_create(
            [Claim(submission=submission, reviewer=by, claimed_at=now)], ignore_conflicts=True
        )
    (standing,) = _of_submission.ask(submission=submission.pk)
    return standing


def held_by_others(submissions: Iterable[Submission], user: User) -> dict[int, Claim]:
    """Claims of colleagues that still hold, by the submission's id."""
    ids = [submission.pk for submission in submissions]
    found = _others.ask(submissions=ids, reviewer=user.pk, since=timezone.now() - HELD_FOR)
    return {row.submission_id: row for row in found}


def release(submission_ids: Collection[int]) -> None:
    """A decided submission is nobody's any more."""
    Claim.objects.filter(submission__in=submission_ids).delete()


@prepared
def _of_submission() -> QuerySet[Claim]:
    return Claim.objects.select_related("reviewer").filter(submission=Asked("submission"))


@prepared
def _others() -> QuerySet[Claim]:
    found = Claim.objects.filter(among("submission", "submissions"), claimed_at__gt=Asked("since"))
    return found.exclude(reviewer=Asked("reviewer")).select_related("reviewer")
