"""What the province has written in a return, in words, for the base that must answer it (BR-47, BR-66; GOAL-P4)."""

from collections.abc import Iterable
from typing import cast

from django import forms

from bases.models import Submission
from bases.submissions.differences import label_at
from bases.submissions.sections import comments_of
from residents.forms import Control
from residents.models import Enrollment
from residents.models.enrollment import ReviewStatus

_DECIDED = (Submission.Outcome.RETURNED, Submission.Outcome.REVOKED)


def to_answer(enrollment: Enrollment, submissions: Iterable[Submission] | None = None) -> Submission | None:
    """The return that the base must answer now, with its remarks; `submissions` newest first, if they are loaded."""
    if enrollment.review_status != ReviewStatus.RETURNED:
        return None
    if submissions is None:
        submissions = (
            enrollment.submissions.select_related("revoked_by").defer("snapshot").order_by("-number")
        )
    found = next(
        (each for each in submissions if each.outcome in _DECIDED and (each.comment or each.revocation)), None
    )
    return with_remarks([found])[0] if found else None


def with_remarks(submissions: Iterable[Submission]) -> list[Submission]:
    """Each with `remarks`: (label of the field, what was written at it)."""
    found = list(submissions)
    for each in found:
        each.remarks = [(label_at(path), text) for path, text in each.field_comments.items()]
    return found


def show_at_fields(form: forms.Form, returned: Submission | None, block: str) -> None:
    """Put the comments on fields of this block beside the form's controls."""
    for path, comments in comments_of(returned, []).items():
        of_block, _, name = path.partition(".")
        if of_block == block and name in form.fields:
            cast(Control, form.fields[name]).comments = comments
