"""退回住院医师 for one and for many, once however often it is sent (BR-45; GOALS B14, P-23)."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from portal.models import User
from residents.models import Enrollment, PersonalReturn
from residents.services.refusals import Refused
from residents.services.returns import return_personal
from residents.services.states import StateMoved


@dataclass(frozen=True, slots=True)
class Returned:
    """How many were returned, who could not be and why; `is_repeat` where this very form had been sent before."""

    done: int = 0
    refused: list[str] = field(default_factory=list)
    is_repeat: bool = False


def return_many(
    enrollment_ids: Collection[int], comments: Mapping[str, tuple[str, str]], *, by: User, batch: uuid.UUID
) -> Returned:
    """Return the personal info of these records with the same comments; `batch` is the form's own number.

    The rows are locked first, so of two clicks the second finds the first one's returns. The caller has made sure that
    `by` may.
    """
    done, refused = 0, []
    with transaction.atomic():
        rows = Enrollment.objects.filter(pk__in=list(enrollment_ids)).order_by("pk")
        ids = list(rows.select_for_update().values_list("pk", flat=True))
        if PersonalReturn.objects.filter(batch=batch).exists():
            return Returned(is_repeat=True)
        for record in Enrollment.objects.filter(pk__in=ids).select_related("resident").order_by("pk"):
            try:
                return_personal(record, comments, by=by, batch=batch)
                done += 1
            except (Refused, StateMoved) as reason:
                refused.append(f"{record.resident.full_name}：{reason}")
    return Returned(done, refused)
