"""What may be done now with many records: residents/openness.py asked once for all that stand alike."""

from collections.abc import Callable, Collection, Iterable

from portal.calendar import Opening
from portal.models import Extension, Step
from residents.models import Enrollment
from residents.models.enrollment import ReviewStatus


def entries_of(
    enrollments: Iterable[Enrollment], ask: Callable[[Enrollment], Opening], steps: Collection[Step]
) -> dict[int, Opening]:
    """The answer of `ask` for each record by its id: records in the same position share one, unless an extension of
    these steps names the record (GOALS P8). Records of one base and year cost a handful of queries, however many."""
    enrollments = list(enrollments)
    named = set(
        Extension.objects.filter(enrollment__in=[row.pk for row in enrollments], step__in=steps).values_list(
            "enrollment_id", flat=True
        )
    )
    answers: dict[tuple, Opening] = {}
    entries = {}
    for row in enrollments:
        position = (
            row.status,
            row.is_live,
            bool(row.registered_at),
            row.base_id,
            row.intake_year,
            row.report_status,
            row.review_status == ReviewStatus.RETURNED,
            row.pk if row.pk in named else None,
        )
        if position not in answers:
            answers[position] = ask(row)
        entries[row.pk] = answers[position]
    return entries
