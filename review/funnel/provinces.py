"""How far a cycle's intake has come, province by province: a funnel from account to approval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from bases.models import IntakeCount, Province
from portal.models import CollectionCycle
from residents.lapses import COUNTED_BY_ANOTHER, IS_MISSING
from residents.models import Enrollment
from residents.models.enrollment import GONE, OF_THE_INTAKE, PersonalState, ReportStatus, ReviewStatus
from review.figures import whole_percent


@dataclass(frozen=True, slots=True)
class Progress:
    """One province's intake records: all of them, then how many have come at least so far, how many wait or lie, and
    how many lapsed at the lock and were added again by nobody, whatever they waited for (AM-29). A person counts
    once (AM-32)."""

    code: str
    name: str
    imported: int
    personal_complete: int
    reported: int
    waiting: int
    returned: int
    approved: int
    lapsed: int

    @property
    def approved_percent(self) -> int | None:
        return whole_percent(self.approved, self.imported)


_COUNTS = ("imported", "personal_complete", "reported", "waiting", "returned", "approved", "lapsed")


def by_province(cycle: CollectionCycle) -> list[Progress]:
    """Every province in the order of its code, those without a record too; three queries: of the numbers that the
    triggers keep, and of the few that lapsed."""
    kept = IntakeCount.objects.filter(intake_year=cycle.year).values("base__province_id")
    counted = kept.annotate(
        imported=_sum(),
        personal_complete=_sum(personal_state=PersonalState.COMPLETE),
        reported=_sum(report_status=ReportStatus.REPORTED),
        waiting=_sum(review_status=ReviewStatus.PENDING),
        returned=_sum(review_status=ReviewStatus.RETURNED),
        approved=_sum(is_approved=True),
    )
    found = _by_code(counted)
    gone = _lapsed(cycle)
    return [
        Progress(code=code, name=name, **_living(found.get(code, {}), gone.get(code, {})))
        for code, name in Province.objects.order_by("code").values_list("code", "name")
    ]


def _lapsed(cycle: CollectionCycle) -> dict[str, dict[str, int]]:
    """By province, how many lapsed and as what they did, and those of them who count by another record."""
    twice = COUNTED_BY_ANOTHER
    records = Enrollment.objects.filter(GONE, lapsed_at__isnull=False, deleted_at__isnull=True)
    records = records.filter(OF_THE_INTAKE, intake_year=cycle.year)
    counted = (
        records.order_by()
        .values("base__province_id")
        .annotate(
            lapsed=Count("pk", filter=IS_MISSING),
            imported=Count("pk", filter=twice),
            personal_complete=Count("pk", filter=twice & Q(personal_state=PersonalState.COMPLETE)),
            reported=Count("pk", filter=twice & Q(report_status=ReportStatus.REPORTED)),
            waiting=Count("pk", filter=Q(review_status=ReviewStatus.PENDING)),
            returned=Count("pk", filter=Q(review_status=ReviewStatus.RETURNED)),
        )
    )
    return _by_code(counted)


def _by_code(counted: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    return {row["base__province_id"]: dict(row) for row in counted}


def _living(kept: dict[str, int], gone: dict[str, int]) -> dict[str, int]:
    """The numbers of one province: what lapsed waits for nobody any more."""
    numbers = {name: kept.get(name, 0) - gone.get(name, 0) for name in _COUNTS}
    return numbers | {"lapsed": gone.get("lapsed", 0)}


def _sum(**filters: object) -> Sum:
    return Sum("number", filter=Q(**filters), default=0)


def total(rows: Iterable[Progress]) -> Progress:
    rows = list(rows)
    return Progress(
        code="", name="合计", **{name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    )
