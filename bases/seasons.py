"""Which year a page is about: the one asked for, else the one with open work for whoever looks (AM-42)."""

from typing import cast

from django.http import Http404, HttpRequest

from bases.models import TrainingBase
from bases.scope import bases_for, province_codes_for, specialty_bases_for
from portal.calendar import Calendar, cycle_of_year, cycles_in_view, running_cycles
from portal.models import CollectionCycle, Extension, Step, User
from portal.parameters import whole_number
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReviewStatus

_OWN_STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)


def default_cycle(
    user: User, base: TrainingBase | None = None, *, found: list[CollectionCycle] | None = None
) -> CollectionCycle | None:
    """The cycle with open work for this base, or else for all that the user sees; the oldest of several. Of cycles
    that run side by side a base's is the first in which it can do something now: where only the province reviews, it
    cannot. `found` are those of `in_view`, where the page has read them."""
    provinces, bases = _places(user, base)
    if found is None:
        found = cycles_in_view(provinces, bases)
    if len(found) > 1 and user.role == Role.BASE:
        found = _with_work(found, bases) or found
    return found[0] if found else None


def _with_work(cycles: list[CollectionCycle], base_ids: list[int]) -> list[CollectionCycle]:
    """Those of these cycles in which one of the bases can import, fill in or report now, were it for one record with
    more time or one that came back (AM-03); five queries at most."""
    bases = TrainingBase.objects.in_bulk(base_ids)
    calendar = Calendar(cycles, provinces={each.province_id for each in bases.values()}, bases=bases)
    own = {
        cycle
        for cycle in cycles
        for each in bases.values()
        for step in _OWN_STEPS
        if calendar.opening(cycle, step, province_id=each.province_id, base_id=each.pk).is_open
    }
    shut = [cycle for cycle in cycles if cycle not in own]
    if shut:
        longer = Extension.objects.filter(
            cycle__in=shut, step__in=_OWN_STEPS, enrollment__base__in=bases, until__gt=calendar.now
        )
        years = set(longer.values_list("cycle__year", flat=True))
        back = Enrollment.objects.filter(LIVE, base__in=bases, registered_at=None)
        years |= set(
            back.filter(
                review_status=ReviewStatus.RETURNED, intake_year__in=[cycle.year for cycle in shut]
            ).values_list("intake_year", flat=True)
        )
        own |= {cycle for cycle in shut if cycle.year in years}
    return [cycle for cycle in cycles if cycle in own]


def in_view(user: User, base: TrainingBase | None = None) -> list[CollectionCycle]:
    """The cycles that run for this base, or for all that the user sees, the oldest first; where none does, the last
    that did or else the next."""
    return cycles_in_view(*_places(user, base))


def running(user: User, base: TrainingBase | None = None) -> list[CollectionCycle]:
    """The cycles whose intake has begun and is not locked for this base, or for all that the user sees."""
    return running_cycles(*_places(user, base))


def asked_cycle(
    request: HttpRequest,
    base: TrainingBase | None = None,
    *,
    name: str = "year",
    found: list[CollectionCycle] | None = None,
) -> CollectionCycle | None:
    """The cycle of the year in the address, else the default. Raises Http404 for a year without a cycle."""
    year = whole_number(request.GET, name, most=9999)
    if year is not None:
        cycle = cycle_of_year(year)
        if cycle is None:
            raise Http404
        return cycle
    return default_cycle(cast(User, request.user), base, found=found)


def _places(user: User, base: TrainingBase | None) -> tuple[list[str] | None, list[int]]:
    if base is not None:
        return [base.province_id], [base.pk]
    if user.role == Role.CMDA:
        return None, []
    if user.role == Role.PROVINCE:
        return province_codes_for(user, Action.VIEW), []
    ids = set(specialty_bases_for(user, Action.VIEW).values_list("base_id", flat=True))
    own = TrainingBase.objects.filter(pk__in=ids) | bases_for(user, Action.VIEW)
    found = own.values_list("province_id", "pk")
    return sorted({province for province, _ in found}), sorted({pk for _, pk in found})
