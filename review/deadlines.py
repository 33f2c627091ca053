"""May the province decide on these records now: residents/openness.py asked for many records at once."""

from collections.abc import Sequence
from copy import copy

from portal.calendar import Opening
from portal.models import Extension, Step
from residents.models import Enrollment
from residents.openness import review_entry


def review_entries(enrollments: Sequence[Enrollment]) -> dict[int, Opening]:
    """The answer of `review_entry` for every record, by its id.

    Records of one year and province share one answer unless an extension names the record or its base, so a thousand
    records of a province cost a handful of queries. Expects `base__province` to be loaded.
    """
    extended = Extension.objects.filter(
        step=Step.REVIEW, cycle__year__in={row.intake_year for row in enrollments}
    )
    extended_bases, extended_records = set(), set()
    for base_id, enrollment_id in extended.values_list("base_id", "enrollment_id"):
        extended_bases.add(base_id)
        extended_records.add(enrollment_id)

    answers: dict[tuple, Opening] = {}
    found = {}
    for row in enrollments:
        key = (
            bool(row.registered_at),
            row.origin == Enrollment.Origin.API,
            row.intake_year,
            row.base.province_id,
            row.base_id if row.base_id in extended_bases else None,
            row.pk if row.pk in extended_records else None,
        )
        if key not in answers:
            answers[key] = review_entry(row)
        found[row.pk] = answers[key]
    return found


def revocation_entry(enrollment: Enrollment, module: str) -> Opening:
    """May a decision of this module still be revoked? Intake: until the review window ends, the national close (P5)."""
    if module == "registry":
        return review_entry(enrollment)
    as_intake = copy(enrollment)
    # Approval moved it into the registry, which has no deadline; the decision was one of the intake.
    as_intake.registered_at = None
    return review_entry(as_intake)
