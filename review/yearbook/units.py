"""By what the lines of the yearbook are, and whom each of its figures counts (GOAL-N11, GOAL-P7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q
from django.urls import reverse

from portal.models import User
from portal.roles import Role
from review.editions import comparison
from review.models import Edition, EditionPerson, Standing
from review.statistics.cross_table import DIMENSIONS

# How the lines can be asked for.
BY = {"": "省份或培训基地", "specialty": "培训专业"}
# What an address narrows the people of a figure by, and the column of an edition's person.
_SHARED = ("province", "base", "specialty", "year", "type", "status", "rural")
NARROWED_BY = {key: DIMENSIONS[key].column for key in _SHARED} | {"reason": "status_reason"}
_CERTIFICATE = "submission__snapshot__certificate__"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure counts: its name over a list, and which persons of an edition these are."""

    words: str
    condition: Q


def kinds(year: int) -> dict[str, Kind]:
    """Every figure that counts persons of an edition of this year; the tables and the lists ask the same."""
    came = ~Q(standing=Standing.LATER)
    this_year = Q(status_since__year=year)
    current, ended, left = (Q(standing=each) for each in (Standing.CURRENT, Standing.ENDED, Standing.LEFT))
    in_time = Q(status_reason="41", status_since__year__lte=F("planned_end__year"))
    return {
        "intake": Kind(f"{year} 年入培", Q(intake_year=year) & came),
        "came": Kind("入培", came),
        "current": Kind("现有人员", current),
        "ended": Kind("结束", ended),
        "ended_then": Kind(f"{year} 年结束", ended & this_year),
        "waiting": Kind("转出待入", Q(standing=Standing.WAITING)),
        "left": Kind("退培", left),
        "left_then": Kind(f"{year} 年退培", left & this_year),
        "on_time": Kind("按期结业", ended & in_time),
        "qualified": Kind(
            "现有人员中已取得医师资格证书", current & Q(**{f"{_CERTIFICATE}has_qualification_cert": True})
        ),
        "licensed": Kind("现有人员中已取得医师执业证书", current & Q(**{f"{_CERTIFICATE}has_license": True})),
    }


@dataclass(frozen=True, slots=True)
class Units:
    """The lines by key and name: provinces, the bases of the reader's provinces or specialties; and within what.

    `column` and `scope` are of an edition's person.
    """

    column: str
    names: Mapping[str, str]
    first: str
    scope: Mapping[str, Any]

    def link(self, edition: Edition, kind: str, key: str = "", **narrowed: Any) -> str:
        """The people behind a figure of one line, or of all of them without a key."""
        where = {"edition": edition.pk, "kind": kind, **narrowed}
        if key:
            where[self.column.removesuffix("_id")] = key
        if "specialty_id" in self.scope:
            where["specialty"] = self.scope["specialty_id"]
        return f"{reverse('review:yearbook-people')}?{urlencode(where)}"

    def column_of(self, prefix: str = "") -> str:
        """The column of the lines on rows that know their province by their base."""
        return beyond(self.column, prefix)

    def scope_of(self, prefix: str = "") -> dict[str, Any]:
        """The scope on such rows."""
        return {beyond(name, prefix): value for name, value in self.scope.items()}


def beyond(column: str, prefix: str) -> str:
    """A column of an edition's person, on rows that lead to an enrollment by this prefix or are of a base."""
    return f"{prefix}base__{column}" if column.startswith("province") else f"{prefix}{column}"


def units_of(user: User, edition: Edition, *, by: str = "", specialty: str = "") -> Units:
    """What this user's lines are, by which `by` says, of one specialty or of all."""
    scope = comparison.within(user, {})
    if user.role == Role.CMDA:
        units = nation(edition)
    else:
        people = EditionPerson.objects.filter(edition=edition, **scope)
        names = edition.names["base"]
        bases = {
            str(pk): names.get(str(pk), "")
            for pk in sorted(people.values_list("base_id", flat=True).distinct())
        }
        units = Units("base_id", bases, "培训基地", scope)
    if by == "specialty":
        units = by_specialty(edition, units)
    return replace(units, scope={**units.scope, "specialty_id": specialty}) if specialty else units


def nation(edition: Edition) -> Units:
    return Units("province_id", edition.names["province"], "省份", {})


def by_specialty(edition: Edition, units: Units) -> Units:
    """The same people by specialty."""
    return replace(units, column="specialty_id", names=edition.names["specialty"], first="培训专业")
