"""住院医师: the reviewers' list of all residents, and its export."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from bases.reveal import may_see
from portal.access import allow
from portal.parameters import those
from portal.requests import SignedInRequest
from portal.roles import Role
from review.exports.answers import answer, export_form, refused
from review.exports.forms import ExportForm
from review.paging import keyset_page
from review.records import lists
from review.records.filters import RecordFilter


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def all_records(request: SignedInRequest) -> HttpResponse:
    """Every resident in the user's scope, reported or not (BR-58)."""
    filters = RecordFilter(request.user, request.GET)
    found = lists.all_records(request.user, filters.values).select_related("resident", "base", "specialty")
    page = keyset_page(found, request.GET, descending=True)
    context = {"export_form": export_form(request), "may_unmask": may_see(request.user)}
    return render(request, "review/records/residents.html", context | {"filters": filters, "page": page})


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export_records(request: SignedInRequest) -> HttpResponseBase:
    """The list seen, complete; masked unless asked for in full with a purpose (GOAL-N5)."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        return refused(request, form, reverse("review:residents"))
    asked = those(request.GET, RecordFilter.base_fields)
    return answer(request, "residents_list", asked, form)
