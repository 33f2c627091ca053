"""How far a cycle's intake has come, province by province: a funnel from account to approval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from bases.models import IntakeCount, Province
from portal.models import CollectionCycle
from residents.lapses import COUNTED_BY_ANOTHER, IS_MISSING
from residents.models import Enrollment
from residents.models.enrollment import GONE, OF_THE_INTAKE
from review.figures import whole_percent
from review.funnel.stages import KEPT, OWN, STAGES


@dataclass(frozen=True, slots=True)
class Progress:
    """One province's intake records: all of them, then how many have come at least so far, how many wait or lie, and
    how many lapsed at the lock and were added again by nobody, whatever they waited for (AM-29). A person counts
    once (AM-32)."""

    code: str
    name: str
    imported: int
    personal: int
    reported: int
    waiting: int
    returned: int
    approved: int
    lapsed: int

    @property
    def approved_percent(self) -> int | None:
        return whole_percent(self.approved, self.imported)


STAGES_SHOWN = (*KEPT, "lapsed")


def by_province(cycle: CollectionCycle) -> list[Progress]:
    """Every province in the order of its code, those without a record too; three queries: of the numbers that the
    triggers keep, and of the few that lapsed."""
    kept = IntakeCount.objects.filter(intake_year=cycle.year).values("base__province_id")
    sums = {stage: Sum("number", filter=condition, default=0) for stage, condition in KEPT.items()}
    found = _by_code(kept.annotate(**sums))
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
    # What lapsed waits for nobody any more, and lies with nobody.
    counts = {
        stage: Count("pk", filter=twice & condition if stage in STAGES else condition)
        for stage, condition in OWN.items()
    }
    counts["lapsed"] = Count("pk", filter=IS_MISSING)
    return _by_code(records.order_by().values("base__province_id").annotate(**counts))


def _by_code(counted: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    return {row["base__province_id"]: dict(row) for row in counted}


def _living(kept: dict[str, int], gone: dict[str, int]) -> dict[str, int]:
    """The numbers of one province, of whom those that lapsed are taken off."""
    numbers = {name: kept.get(name, 0) - gone.get(name, 0) for name in STAGES_SHOWN}
    return numbers | {"lapsed": gone.get("lapsed", 0)}


def total(rows: Iterable[Progress]) -> Progress:
    rows = list(rows)
    return Progress(
        code="", name="合计", **{name: sum(getattr(row, name) for row in rows) for name in STAGES_SHOWN}
    )
