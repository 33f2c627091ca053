"""退回住院医师 for one and for many, once however often it is sent (BR-45; GOAL-B14, PAIN-23)."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from portal.models import User
from residents.models import Enrollment, PersonalReturn
from residents.openness import entries_of, personal_entry
from residents.services.refusals import Refused
from residents.services.returns import return_locked, why_not_returned


@dataclass(frozen=True, slots=True)
class Returned:
    """How many were returned, who could not be and why; `is_repeat` where this very form had been sent before."""

    done: int = 0
    refused: list[str] = field(default_factory=list)
    is_repeat: bool = False


def told_apart(records: Collection[Enrollment]) -> tuple[list[Enrollment], list[tuple[Enrollment, str]]]:
    """Those of these records whose residents could answer now, and the others with the reason; three queries."""
    entries = entries_of(records, personal_entry)
    closed = [
        (record, why_not_returned(entries[record.pk])) for record in records if not entries[record.pk].is_open
    ]
    return [record for record in records if entries[record.pk].is_open], closed


def return_many(
    enrollment_ids: Collection[int], comments: Mapping[str, tuple[str, str]], *, by: User, batch: uuid.UUID
) -> Returned:
    """Return the personal info of these records with the same comments; `batch` is the form's own number.

    The rows are locked first, so of two clicks the second finds the first one's returns. The caller has made sure that
    `by` may. A constant number of queries for records of one base and year.
    """
    with transaction.atomic():
        rows = Enrollment.objects.filter(pk__in=list(enrollment_ids)).order_by("pk")
        records = list(
            rows.select_for_update(of=("self",)).select_related("resident", "base__province", "specialty")
        )
        if PersonalReturn.objects.filter(batch=batch).exists():
            return Returned(is_repeat=True)
        open_ones, closed = told_apart(records)
        refused = [f"{record.resident.full_name}：{why}" for record, why in closed]
        try:
            return_locked(open_ones, comments, by=by, batch=batch)
        except Refused as reason:
            # Reason and own words together may be longer than one comment can be.
            return Returned(
                0, [*refused, *(f"{record.resident.full_name}：{reason}" for record in open_ones)]
            )
    return Returned(len(open_ones), refused)
