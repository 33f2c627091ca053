"""Reference data for platforms: their province's bases, the specialties, the code lists."""

from typing import Any

from django.db.models import Q

from bases.models import Specialty, TrainingBase
from portal.calendar import step_now
from portal.models import CollectionCycle, Step
from residents.codes import CODE_LISTS
from residents.rules.delivery import PARTS
from residents.rules.training import still_open
from review.api.judging import accredited_of
from review.api.problems import Refusal


def cycle_of(province_id: str, year: int | None) -> CollectionCycle | None:
    """The cycle of the year asked for, else the one that takes deliveries of this province now (AM-42). Raises Refusal
    for a year without a cycle."""
    if year is None:
        return step_now(Step.API_TRANSFER, province_id=province_id)[0]
    cycle = CollectionCycle.objects.filter(year=year).first()
    if cycle is None:
        raise Refusal(404, "no_such_year", "没有这个年度的采集周期", f"{year} 年没有采集周期。")
    return cycle


def bases(province_id: str, year: int | None = None) -> dict[str, Any]:
    """The province's bases in use, with what each is accredited for in the year asked for or of the present cycle."""
    cycle = cycle_of(province_id, year)
    year = cycle.year if cycle else 0
    found = TrainingBase.objects.filter(province=province_id, is_active=True).order_by("code")
    accredited = accredited_of({base.pk for base in found}, year)
    items = [
        {"code": base.code, "name": base.name, "specialties": sorted(still_open(accredited[base.pk], year))}
        for base in found
    ]
    return {"intake_year": cycle.year if cycle else None, "items": items}


def specialties(province_id: str, year: int | None = None) -> dict[str, Any]:
    """Specialties offered in the year asked for or of the present cycle, and those of other years as not offered."""
    cycle = cycle_of(province_id, year)
    year = cycle.year if cycle else None
    valid = Q(valid_from__lte=year or 0) & (Q(valid_to=None) | Q(valid_to__gte=year or 0))
    offered = set(Specialty.objects.filter(valid).values_list("pk", flat=True))
    items = [
        {"code": each.code, "name": each.name, "offered": each.code in offered}
        for each in Specialty.objects.order_by("code")
    ]
    return {"intake_year": year, "items": items}


def used_lists() -> list[str]:
    """Names of the code lists that a delivery may need."""
    return sorted({field.codes for fields in PARTS.values() for field in fields if field.codes})


def code_lists() -> dict[str, Any]:
    return {
        "lists": {
            name: [
                {"code": code, "name": label, "offered": code in CODE_LISTS[name].offered}
                for code, label in CODE_LISTS[name].items.items()
            ]
            for name in used_lists()
        }
    }
