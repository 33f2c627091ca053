"""Where a record stands in the list it was opened from: on to the next one and back to the same place (GOAL-B17)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from bases.lists.filters import RecordFilter
from bases.lists.records import records_of, scope_of
from bases.lists.selection import listed
from bases.scope import current_base
from portal.addresses import own_address
from portal.neighbours import beyond, neighbours
from portal.parameters import choice, text
from portal.requests import SignedInRequest
from residents.models import Enrollment
from residents.models.enrollment import Module

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """`query` is what every address on the way carries on, `back` the list at the page and row of the record; the
    neighbours open on the same page (`route`). `number` counts from one, among `count` of the filter; None where the
    record does not match the filter any more.
    """

    query: str
    back: str
    label: str = "列表"
    before: int | None = None
    after: int | None = None
    number: int | None = None
    count: int = 0
    route: str = "bases:record"

    @property
    def before_url(self) -> str:
        return self._address(self.before)

    @property
    def after_url(self) -> str:
        return self._address(self.after)

    def _address(self, pk: int | None) -> str:
        return reverse(self.route, args=[pk]) + self.query if pk else ""


def carried(module: str, filters: RecordFilter) -> str:
    """The query of the links in a list's rows."""
    return f"?{urlencode([('module', module), *filters.given])}"


def place_in_list(request: SignedInRequest, record: Enrollment) -> Place | None:
    """The record's place in the list that its address names, or the other list (`next`) it was opened from, which the
    menu marks; None where it was opened from neither. Three queries beside those for the cycle."""
    place = _place(request, record)
    if place:
        request.opened_from = urlsplit(place.back).path
    return place


def _place(request: SignedInRequest, record: Enrollment) -> Place | None:
    module = choice(request.GET, "module", Module.values)
    if not module:
        back = own_address(request, text(request.GET, "next"))
        return Place(f"?{urlencode({'next': back})}", back) if back else None
    found, filters = _list_of(request, module)
    before, after = neighbours(found, record, "intake_year", descending=True)
    counts = found.order_by().aggregate(
        count=Count("pk"),
        ahead=Count("pk", filter=beyond(record, "intake_year", "gt")),
        here=Count("pk", filter=Q(pk=record.pk)),
    )
    page = counts["ahead"] // PAGE_SIZE + 1
    asked = [*filters.given, *([("page", page)] if page > 1 else [])]
    return Place(
        query=carried(module, filters),
        back=f"{reverse('bases:record-list', args=[module])}?{urlencode(asked)}#r{record.pk}",
        label=Module(module).label,
        before=before,
        after=after,
        number=counts["ahead"] + 1 if counts["here"] else None,
        count=counts["count"],
        route=_page_shown(request),
    )


def _page_shown(request: SignedInRequest) -> str:
    """The page of one record that is shown, to be that of the next one too; of one report it is the record's."""
    match = request.resolver_match
    return match.view_name if match and list(match.kwargs) == ["pk"] else "bases:record"


def record_address(request: SignedInRequest, pk: int) -> str:
    """The page of a record with what its address was opened from still behind it; the list itself is not asked."""
    query, back = "", own_address(request, text(request.GET, "next"))
    if module := choice(request.GET, "module", Module.values):
        query = carried(module, _list_of(request, module)[1])
    elif back:
        query = f"?{urlencode({'next': back})}"
    return reverse("bases:record", args=[pk]) + query


def _list_of(request: SignedInRequest, module: str) -> tuple[QuerySet[Enrollment], RecordFilter]:
    base = current_base(request)
    records = records_of(scope_of(request.user, base), module)
    return listed(request.GET, records, module, request.user, base)
