"""Which records a bulk action is about: those ticked, or all results of the list's filters (GOAL-B14, GOAL-B15)."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from bases.lists.filters import RecordFilter
from bases.lists.records import filtered, in_module, records_of, scope_of
from bases.models import TrainingBase
from bases.scope import Place, enrollments_for, records_at, workplaces
from bases.seasons import default_cycle
from portal.addresses import own_address
from portal.models import CollectionCycle, User
from portal.parameters import choice, is_on, numbers_of, text, texts
from portal.prepared import prepared
from portal.roles import Action
from residents.models import Enrollment
from residents.models.enrollment import Module

# More than the largest base has; a longer list is worked off in parts.
MOST_AT_ONCE = 5000
# Their numbers in one text, with commas.
LONGEST_LIST = MOST_AT_ONCE * 20


def filter_of(params: QueryDict, place: Place, module: Module, cycle: CollectionCycle | None) -> RecordFilter:
    """The filter form of a list, offering the years and specialties that occur in it; one query."""
    found = set(_occurring.ask(module, place.shape, **place.values))
    return RecordFilter(
        params,
        module=module,
        years=sorted({year for year, _, _ in found}, reverse=True),
        specialties=sorted({(code, name) for _, code, name in found if code}),
        default_year=cycle.year if cycle else None,
    )


@prepared
def _occurring(module: Module, place: int | None) -> QuerySet:
    records = in_module(records_at(place), module).order_by()
    return records.values_list("intake_year", "specialty_id", "specialty__name").distinct()


def chosen(params: QueryDict, user: User, base: TrainingBase | None, action: Action) -> QuerySet[Enrollment]:
    """The chosen records among those the user may do this with: what is not his falls out silently.

    `range=all` with `module` and the filters of the list chooses all its results at the present base, otherwise
    `choice` names the ids, of whichever of his bases.
    """
    if not is_on(params, "range", "all"):
        return named(texts(params, "choice"), user, action)
    scope = scope_of(user, base, action)
    module = choice(params, "module", Module.values)
    if not module:
        return scope.none()
    return listed(params, records_of(scope, module), module, user, base)[0]


def listed(
    params: QueryDict, records: QuerySet[Enrollment], module: str, user: User, base: TrainingBase | None
) -> tuple[QuerySet[Enrollment], RecordFilter]:
    """Of these records what the filters of a list's address find, and the filters, which here offer nothing to choose
    from."""
    cycle = default_cycle(user, base)
    filters = RecordFilter(
        params, module=module, years=[], specialties=[], default_year=cycle.year if cycle else None
    )
    return filtered(records, filters.values, bases=workplaces(user, base)), filters


def named(texts: Iterable[str], user: User, action: Action) -> QuerySet[Enrollment]:
    """The records with these ids, those the user may do this with: a page names what it showed."""
    return enrollments_for(user, action).filter(pk__in=ids_in(texts))


def ids_in(texts: Iterable[str]) -> list[int]:
    """The ids in texts like "12" or "12,13"; anything else is passed over."""
    return numbers_of(texts)[:MOST_AT_ONCE]


def way_back(request: HttpRequest) -> str:
    """Where a bulk action returns to: the list or record it was started from (`next`), never another site."""
    target = text(request.POST, "next") or text(request.GET, "next")
    return own_address(request, target, reverse("bases:desk"))
