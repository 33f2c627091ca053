"""The national board: every province, every step of a cycle, and how far the intake has come there (GOAL-N1)."""

from dataclasses import dataclass

from bases.models import Province
from portal.calendar import Opening, openings_of_provinces
from portal.models import CollectionCycle, Step
from review.funnel.provinces import Progress, by_province


@dataclass(frozen=True, slots=True)
class Cell:
    """One step in one province; `is_own` where the province has a window of its own in place of the national one."""

    step: Step
    opening: Opening
    is_own: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One province of the board."""

    province: Province
    cells: list[Cell]
    progress: Progress


def lines(cycle: CollectionCycle) -> list[Line]:
    """All provinces in the order of their codes; seven queries."""
    provinces = list(Province.objects.order_by("code"))
    found = openings_of_provinces(cycle, [province.pk for province in provinces])
    own = set(cycle.windows.filter(province__isnull=False).values_list("province_id", "step"))
    done = {each.code: each for each in by_province(cycle)}
    return [
        Line(
            province,
            [
                Cell(step, opening, (province.pk, step.value) in own)
                for step, opening in found[province.pk].items()
            ],
            done[province.pk],
        )
        for province in provinces
    ]
