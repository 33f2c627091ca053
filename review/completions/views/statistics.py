"""Statistics of the accepted early completions (提前结业) and the list behind each number."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from bases.reveal import may_see
from portal import replica
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Role
from review.completions import statistics as completion_statistics
from review.completions.forms import CompletionStatisticsForm
from review.completions.statistics import DIMENSIONS
from review.exports.answers import answer, export_form, refused
from review.exports.forms import ExportForm
from review.paging import keyset_page
from review.statistics import cross_table as statistics
from review.statistics.links import linked_lines


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def table(request: SignedInRequest) -> HttpResponse:
    """Received early completions by two dimensions; every number leads to its records (GOAL-P7)."""
    form = CompletionStatisticsForm(request.GET, user=request.user)
    if not form.knows_when:
        return render(request, "review/completions/statistics.html", {"form": form})

    def ask() -> statistics.CrossTable:
        found = completion_statistics.counted(request.user, form.filters, form.as_of)
        return statistics.cross_table(found, *form.crossed, DIMENSIONS)

    crossed, read_until = replica.read(ask, until=form.as_of)
    address = reverse("review:completion-records")
    page = {
        "form": form,
        "table": crossed,
        "read_until": read_until,
        "lines": linked_lines(crossed, address, {**form.asked_until, **form.filters}, form.chosen_shown),
        "until_words": statistics.until_words(form.as_of),
        "filters_in_words": statistics.in_words(form.filters, DIMENSIONS),
    }
    return render(request, "review/completions/statistics.html", page)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def records(request: SignedInRequest) -> HttpResponse:
    """The early completions behind one number: the same filters, the same count."""
    form = CompletionStatisticsForm(request.GET, user=request.user)
    if not form.knows_when:
        return render(request, "review/completions/statistics.html", {"form": form})
    found = completion_statistics.counted(request.user, form.filters, form.as_of)
    words = statistics.until_words(form.as_of) + statistics.in_words(form.filters, DIMENSIONS)
    page = {
        "page": keyset_page(found, request.GET, most_counted=None),
        "filters_in_words": words,
        "export_form": export_form(request),
        "may_unmask": may_see(request.user),
    }
    return render(request, "review/completions/records.html", page)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export(request: SignedInRequest) -> HttpResponseBase:
    """The complete list behind one number; masked unless asked for in full with a purpose (GOAL-N5)."""
    form = CompletionStatisticsForm(request.GET, user=request.user)
    asked = ExportForm(request.POST)
    if not (asked.is_valid() and form.knows_when):
        return refused(request, asked, reverse("review:completion-records"))
    of = {"as_of": form.as_of.isoformat()} if form.as_of else {}
    return answer(request, "completions_list", of | form.filters, asked)
