"""How far a cycle's intake has come, province by province: a funnel from account to approval."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Sum

from bases.models import IntakeCount, Province
from portal.models import CollectionCycle
from residents.models.enrollment import PersonalState, ReportStatus, ReviewStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """One province's intake records: all of them, then how many have come at least so far, and how many wait or lie."""

    code: str
    name: str
    imported: int
    personal_complete: int
    reported: int
    waiting: int
    returned: int
    approved: int

    @property
    def approved_percent(self) -> int:
        return round(100 * self.approved / self.imported) if self.imported else 0


_COUNTS = ("imported", "personal_complete", "reported", "waiting", "returned", "approved")


def by_province(cycle: CollectionCycle) -> list[Progress]:
    """Every province in the order of its code, those without a record too; two queries, of the numbers that the
    triggers keep."""
    kept = IntakeCount.objects.filter(intake_year=cycle.year).values("base__province_id")
    counted = kept.annotate(
        imported=_sum(),
        personal_complete=_sum(personal_state=PersonalState.COMPLETE),
        reported=_sum(report_status=ReportStatus.REPORTED),
        waiting=_sum(review_status=ReviewStatus.PENDING),
        returned=_sum(review_status=ReviewStatus.RETURNED),
        approved=_sum(is_approved=True),
    )
    found = {row.pop("base__province_id"): row for row in counted}
    nothing = dict.fromkeys(_COUNTS, 0)
    return [
        Progress(code=code, name=name, **found.get(code, nothing))
        for code, name in Province.objects.order_by("code").values_list("code", "name")
    ]


def _sum(**filters: object) -> Sum:
    return Sum("number", filter=Q(**filters), default=0)


def total(rows: Iterable[Progress]) -> Progress:
    rows = list(rows)
    return Progress(
        code="", name="合计", **{name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    )
