"""Which import takes a person now: asked of the very rules that judge a row of the account workbook, so that no page
leads to a door that would refuse him (AM-31, AM-48)."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from bases.models import TrainingBase
from bases.workbooks.accounts import doors
from bases.workbooks.kinds import KINDS, cycle_of_base, import_opening
from portal.models import CollectionCycle
from residents.models import Enrollment, Resident
from residents.models.enrollment import LIVE, Module
from residents.rules import account
from residents.standing import last_transfers


@dataclass(frozen=True, slots=True)
class Door:
    """The page that imports this person, or, while none does, what stands against it."""

    link: str = ""
    title: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        """As letters and pages say it."""
        if self.link:
            return f"现在起在{self.title}中补录，账号和已填的个人信息随之带入。"
        return f"现在还不能补录：{self.reason}"


def door_of(person: Resident, intake_year: int, base: TrainingBase) -> Door:
    """The door of this base for the person as one of this year; for whoever is held somewhere there is none."""
    records = Enrollment.objects.filter(resident=person)
    if records.filter(LIVE).exists():
        return Door(reason="此人已有在用的培训记录，不需要再导入。")
    kept_year = last_transfers([person.pk]).get(person.pk, (None, ""))[0]
    year = kept_year or intake_year
    has_original = records.filter(intake_submission__isnull=False, intake_year=year).exists()
    return _door(base, year, kept_year=kept_year, has_original=has_original)


def door_of_year(base: TrainingBase, year: int) -> Door:
    """The door of this base for whoever lapsed in the intake of this year and is on no record since (AM-05)."""
    return _door(base, year, kept_year=None, has_original=False)


def _door(base: TrainingBase, year: int, **person: object) -> Door:
    context = {"today": timezone.localdate(), "doors": doors(base), **person}
    reason = ""
    for module in Module:
        # An intake is that of the person's year; the page of the registry takes every year.
        is_intake = module == Module.INTAKE
        cycle = (
            CollectionCycle.objects.filter(year=year).first() if is_intake else cycle_of_base(base, module)
        )
        context |= {"module": module, "cycle_year": cycle.year if cycle else None}
        opening = import_opening(base, module, cycle)
        # The other columns are the person's own: only the year can be in the way.
        found = account.problems({"intake_year": year}, context).get("intake_year", [])
        refusals = [each for each in found if not each.is_warning]
        if opening.is_open and not refusals:
            link = reverse("bases:import-upload", args=[KINDS["accounts"].key, module])
            return Door(link=link, title=f"{module.label}的账号导入（招收年份填 {year}）")
        reason = str(refusals[0]) if refusals else opening.reason
    return Door(reason=reason)
