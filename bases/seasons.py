"""Which year a page is about: the one asked for, else the one with open work for whoever looks (AM-42)."""

from typing import cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from bases.models import TrainingBase
from bases.scope import bases_for, province_codes_for, specialty_bases_for
from portal.calendar import cycle_in_view, running_cycles
from portal.models import CollectionCycle, User
from portal.parameters import whole_number
from portal.roles import Action, Role


def default_cycle(user: User, base: TrainingBase | None = None) -> CollectionCycle | None:
    """The cycle with open work for this base, or else for all that the user sees; the oldest of several."""
    return cycle_in_view(*_places(user, base))


def running(user: User, base: TrainingBase | None = None) -> list[CollectionCycle]:
    """The cycles whose intake has begun and is not locked for this base, or for all that the user sees."""
    return running_cycles(*_places(user, base))


def asked_cycle(
    request: HttpRequest, base: TrainingBase | None = None, *, name: str = "year"
) -> CollectionCycle | None:
    """The cycle of the year in the address, else the default. Raises Http404 for a year without a cycle."""
    year = whole_number(request.GET, name, most=9999)
    if year is not None:
        return get_object_or_404(CollectionCycle, year=year)
    return default_cycle(cast(User, request.user), base)


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
