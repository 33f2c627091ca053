"""退回原因统计: why records were returned, and the returns behind each number."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal import replica
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Role
from review.paging import keyset_page
from review.statistics import cross_table as statistics
from review.statistics import returns as return_statistics
from review.statistics.forms import ReturnStatisticsForm
from review.statistics.links import linked_lines


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def table(request: SignedInRequest) -> HttpResponse:
    """Why records were returned, by base or another dimension; every number leads to its returns (GOAL-P4)."""
    form = ReturnStatisticsForm(request.GET, user=request.user)
    if not form.knows_when:
        return render(request, "review/statistics/returns.html", {"form": form})

    def ask() -> statistics.CrossTable:
        found = return_statistics.returns(request.user, form.filters, form.as_of)
        return return_statistics.reasons_table(found, form.chosen_rows, form.as_of)

    crossed, read_until = replica.read(ask, until=form.as_of)
    asked = {**form.asked_until, **form.filters}
    page = {
        "form": form,
        "table": crossed,
        "read_until": read_until,
        "lines": linked_lines(crossed, reverse("review:return-records"), asked, form.chosen_shown),
        "until_words": statistics.until_words(form.as_of),
        "filters_in_words": statistics.in_words(form.filters, return_statistics.ALL),
    }
    return render(request, "review/statistics/returns.html", page)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def records(request: SignedInRequest) -> HttpResponse:
    """The returns behind one number: the same filters, the same count."""
    form = ReturnStatisticsForm(request.GET, user=request.user)
    if not form.knows_when:
        return render(request, "review/statistics/returns.html", {"form": form})
    found = return_statistics.for_list(return_statistics.returns(request.user, form.filters, form.as_of))
    page = keyset_page(found, request.GET, descending=True, most_counted=None)
    words = statistics.until_words(form.as_of) + statistics.in_words(form.filters, return_statistics.ALL)
    return render(request, "review/statistics/return_records.html", {"page": page, "filters_in_words": words})
