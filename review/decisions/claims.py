"""正在审核: opening a waiting record lets colleagues know that somebody is at it (GOAL-P6). Nobody is ever kept out."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from bases.models import Submission
from portal.models import User
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
    return Claim.objects.select_related("reviewer").get(submission=submission)


def held_by_others(submissions: Iterable[Submission], user: User) -> dict[int, Claim]:
    """Claims of colleagues that still hold, by the submission's id."""
    ids = [submission.pk for submission in submissions]
    return {row.submission_id: row for row in _standing(ids).exclude(reviewer=user)}


def release(submission_ids: Collection[int]) -> None:
    """A decided submission is nobody's any more."""
    Claim.objects.filter(submission__in=submission_ids).delete()


def _standing(submission_ids: Collection[int]) -> QuerySet[Claim]:
    since = timezone.now() - HELD_FOR
    found = Claim.objects.filter(submission__in=submission_ids, claimed_at__gt=since)
    return found.select_related("reviewer")
