"""What a reviewer has just decided: told once on his next page, with the way to take it back (GOAL-P10)."""

from typing import Any

from django.http import HttpRequest

from bases.models import Submission
from review.decisions.services import UNDO

_LAST = "last_decision"


def remember(request: HttpRequest, submission: Submission, word: str) -> None:
    """Note one decided submission for the next page."""
    request.session[_LAST] = {
        "record_pk": submission.enrollment_id,
        "submission_pk": submission.pk,
        "name": submission.enrollment.resident.full_name,
        "word": word,
    }


def told(request: HttpRequest) -> dict[str, Any] | None:
    """The decision to tell of now, once; None where there is none."""
    last = request.session.pop(_LAST, None)
    return last | {"seconds": UNDO.seconds} if last else None
