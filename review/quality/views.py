"""数据质量: the list of what looks odd, to be looked into and marked 已核实 (GOAL-P9)."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.access import allow
from portal.parameters import those
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.states import StateMoved
from review.exports.answers import answer, refused
from review.exports.forms import ExportForm
from review.paging import keyset_page
from review.quality import services as quality
from review.quality.checks import CHECKS
from review.quality.forms import QualityFilter, VerifyForm
from review.quality.tasks import recheck_quality

AT_MOST_EVERY = timedelta(minutes=1)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def findings(request: SignedInRequest) -> HttpResponse:
    """What looks odd in the records, each with its record and its mark (GOAL-P9)."""
    filters = QualityFilter(request.user, request.GET)
    found = quality.findings(request.user, filters.values)
    page = keyset_page(quality.for_list(found), request.GET)
    context = {
        "filters": filters,
        "page": page,
        "rows": quality.with_marks(page.rows),
        "kind": CHECKS.get(filters.values.get("kind", "")),
        "counts": quality.counts_by_kind(request.user),
        "checked": quality.checked_at(),
        "may_verify": quality.may_verify(request.user),
    }
    return render(request, "review/quality/quality.html", context)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def verify(request: SignedInRequest, pk: int) -> HttpResponse:
    finding = get_object_or_404(quality.findings(request.user, {"state": "all"}), pk=pk)
    form = VerifyForm(request.POST)
    if not form.is_valid():
        for texts in form.errors.values():
            messages.error(request, str(texts[0]))
        return _back(request)
    try:
        quality.verify(finding, **form.cleaned_data, by=request.user)
        messages.success(request, "已标为“已核实”；有关信息再有变化时会重新提示。")
    except StateMoved as moved:
        messages.error(request, str(moved))
    return _back(request)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def reopen(request: SignedInRequest, pk: int) -> HttpResponse:
    finding = get_object_or_404(quality.findings(request.user, {"state": "all"}), pk=pk)
    quality.reopen(finding, by=request.user)
    messages.success(request, "已撤销核实标记。")
    return _back(request)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def recheck(request: SignedInRequest) -> HttpResponse:
    """Have the worker look again now instead of at the next full hour; once a minute, however often it is asked."""
    if quality.is_due(AT_MOST_EVERY):
        recheck_quality.enqueue()
    messages.success(request, "已开始重新检查，数据量大时需要几十秒，稍后刷新本页查看。")
    return _back(request)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export(request: SignedInRequest) -> HttpResponseBase:
    """All findings of the filters, numbers masked."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        return refused(request, form, reverse("review:quality"))
    asked = those(request.GET, QualityFilter.base_fields)
    return answer(request, "quality_list", asked, form)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('review:quality')}?{request.GET.urlencode()}")
