"""What the end of a specialty says of records that stand at its base (AM-45): asked at the check before 上报, at 上报
and at the approval, in the words that form, workbook and interface have."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from bases.models import SpecialtyBase
from residents.catalogue.catalogue import Problem
from residents.models import Enrollment
from residents.models.enrollment import LIVE
from residents.rules.training import end_problem
from residents.services.training import accreditations

_HELD = SpecialtyBase.objects.filter(base=OuterRef("base"), specialty=OuterRef("specialty"))
# GREATEST and LEAST leave out what is NULL.
_FIRST = Subquery(_HELD.values(year=Greatest("valid_from", "specialty__valid_from"))[:1])
_LAST = Subquery(_HELD.values(year=Least("valid_to", "specialty__valid_to"))[:1])
# Living records that no way accepts in their specialty: they begin after its end, or are of a year before it began.
# The numbers of the message of a change are those of the list (review.organisations.effects.reached).
CUT_OFF = LIVE & (
    Q(actual_start_date=None, intake_year__gt=_LAST)
    | Q(actual_start_date__year__gt=_LAST, approved_submission=None)
    | Q(specialty_locked=False, intake_year__lt=_FIRST)
)


def finishing() -> Q:
    """Living records whose specialty has ended at their base by now and that began before: they may finish."""
    began = Q(actual_start_date=None, intake_year__lte=_LAST) | Q(actual_start_date__year__lte=_LAST)
    ended = _HELD.annotate(last=Least("valid_to", "specialty__valid_to")).filter(
        last__lt=timezone.localdate().year
    )
    return LIVE & began & Q(Exists(ended)) & (Q(specialty_locked=True) | Q(intake_year__gte=_FIRST))


def ends(enrollments: Iterable[Enrollment]) -> dict[int, Problem]:
    """The refusal or the remark of each record whose specialty has ended at its base, by its id; one query an intake
    year."""
    rows = list(enrollments)
    today = timezone.localdate()
    known: dict[tuple[int, int], dict[str, int | None]] = {}
    for year in {row.intake_year for row in rows}:
        held = SpecialtyBase.objects.filter(base__in={row.base_id for row in rows if row.intake_year == year})
        for base_id, specialty_id, last in accreditations(held, year):
            known.setdefault((base_id, year), {})[specialty_id] = last
    found = {}
    for row in rows:
        if row.specialty_id is None:
            continue
        context: dict[str, Any] = {
            "today": today,
            "intake_year": row.intake_year,
            "accredited": known.get((row.base_id, row.intake_year)),
            "approved_start": row.actual_start_date if row.approved_submission_id else None,
        }
        if said := end_problem(row.specialty_id, row.actual_start_date, context):
            found[row.pk] = said
    return found


def refusals(enrollments: Iterable[Enrollment]) -> dict[int, str]:
    """Only what refuses, in words."""
    return {pk: str(said) for pk, said in ends(enrollments).items() if not said.is_warning}
