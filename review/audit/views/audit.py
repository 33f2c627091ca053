"""操作记录 for the association and its auditors: what was done, and what was written to the records."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import allow
from portal.chain.standing import standing
from portal.parameters import moment
from portal.roles import Role
from review.audit import search, targets
from review.audit.forms import AuditFilter, HistoryFilter
from review.audit.words import RESULTS, act_in_words, details_in_words, role_in_words
from review.paging import keyset_page


@require_GET
@allow(Role.CMDA, Role.AUDITOR)
def acts(request: HttpRequest) -> HttpResponse:
    """Who did what, when, from where, with what result (BR-21, TRUST-55)."""
    filters = AuditFilter(request.GET)
    found = search.events(filters.values)
    page = keyset_page(found, request.GET, by="at", descending=True)
    for row in targets.with_targets(page.rows):
        row.act_words, row.detail_words = act_in_words(row.action), details_in_words(row.detail)
        if row.person_words:
            row.detail_words = [f"人员：{row.person_words}", *row.detail_words]
        row.result_words, row.role_words = RESULTS.get(row.result, "其他"), role_in_words(row.role)
    return render(request, "review/audit/audit.html", {"filters": filters, "page": page, "seal": standing()})


@require_GET
@allow(Role.CMDA, Role.AUDITOR)
def changes(request: HttpRequest) -> HttpResponse:
    """What was written to the records, request by request; the fields are in each record's own history (GOAL-S3)."""
    filters = HistoryFilter(request.GET)
    deeds, older = search.deeds(filters.values, before=moment(request.GET, "after"))
    return render(request, "review/audit/changes.html", {"filters": filters, "deeds": deeds, "older": older})
