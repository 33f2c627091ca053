"""What waits for the province: asked in one place by queue, assignments, closings, mergers and moves."""

from django.db.models import Exists, OuterRef, QuerySet

from bases.models import Submission
from residents.models import Enrollment
from residents.models.enrollment import GONE


def of_living(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    """Without those of records that lapsed or were deleted: a lapsed record keeps the report it waited with (AM-05)."""
    return submissions.filter(~Exists(Enrollment.objects.filter(GONE, pk=OuterRef("enrollment_id"))))


def waiting() -> QuerySet[Submission]:
    """The reports that the province has still to decide."""
    return of_living(Submission.objects.filter(outcome=Submission.Outcome.PENDING))
