"""Which import takes a person now: asked of the very rules that judge a row of the account workbook, so that no page
leads to a door that would refuse him (AM-31, AM-48)."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from bases.models import TrainingBase
from bases.workbooks.accounts import doors, person_facts
from bases.workbooks.kinds import KINDS, cycle_of_base, import_opening
from portal.models import CollectionCycle
from residents.models import Resident
from residents.models.enrollment import Module
from residents.rules import account
from residents.standing import AccountRow, Known, standings


@dataclass(frozen=True, slots=True)
class Door:
    """The page that imports this person, or, while none does, what stands against it."""

    link: str = ""
    title: str = ""
    reason: str = ""


def door_of(person: Resident, intake_year: int, base: TrainingBase) -> Door:
    """The door of this base for the person as one of this year; for whoever is held somewhere there is none."""
    row = AccountRow(1, intake_year, person.full_name, person.id_type, person.id_number, person.mobile)
    standing = standings([row], base_id=base.pk)[1]
    if standing.known is not Known.FREE:
        return Door(reason="此人已有在用的培训记录，不需要再导入。")
    year = standing.kept_year or intake_year
    values = {"intake_year": year}
    context = {"today": timezone.localdate(), "doors": doors(base), **person_facts(standing, values, base.pk)}
    reason = ""
    for module in Module:
        # An intake is that of the person's year; the page of the registry takes every year.
        is_intake = module == Module.INTAKE
        cycle = (
            CollectionCycle.objects.filter(year=year).first() if is_intake else cycle_of_base(base, module)
        )
        context["cycle_year"] = cycle.year if cycle else None
        opening = import_opening(base, module, cycle)
        # The other columns are the person's own: only the year can be in the way.
        found = account.problems(values, context | {"module": module}).get("intake_year", [])
        refusals = [each for each in found if not each.is_warning]
        if opening.is_open and not refusals:
            link = reverse("bases:import-upload", args=[KINDS["accounts"].key, module])
            return Door(link=link, title=f"{module.label}的账号导入（招收年份填 {year}）")
        reason = str(refusals[0]) if refusals else opening.reason
    return Door(reason=reason)
