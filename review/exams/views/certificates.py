"""证书名册 (X3), and the correction of a certificate (X4)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.reveal import may_see
from bases.scope import bases_for, province_codes_for
from portal import audit
from portal.access import allow
from portal.parameters import is_on
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.downloads import evidence_response
from residents.services.states import StateMoved
from review.exams import services
from review.exams.forms import CorrectionForm, DecisionForm
from review.exports.answers import answer, export_form, refused
from review.exports.forms import ExportForm
from review.models import CertificateCorrection, ExamEntry
from review.paging import keyset_page

EVERYBODY = (Role.BASE, Role.PROVINCE, Role.CMDA)


@require_GET
@allow(*EVERYBODY)
def certificates(request: SignedInRequest) -> HttpResponse:
    """Every certificate in the user's view, and the corrections that wait."""
    found = services.certificates(request.user)
    waiting = CertificateCorrection.objects.filter(entry__in=found, state=services.State.OPEN)
    context = {
        "page": keyset_page(found, request.GET, descending=True, most_counted=None),
        "waiting": waiting.select_related("entry__enrollment__resident", "entry__enrollment__base")[:50],
        "export_form": export_form(request),
        "may_unmask": may_see(request.user),
    }
    return render(request, "review/exams/certificates.html", context)


@require_POST
@allow(*EVERYBODY)
def export(request: SignedInRequest) -> HttpResponseBase:
    asked = ExportForm(request.POST)
    if not asked.is_valid():
        return refused(request, asked, reverse("review:certificates"))
    return answer(request, "exam_certificates", {}, asked)


def _entry(request: SignedInRequest, pk: int) -> ExamEntry:
    return get_object_or_404(services.certificates(request.user), pk=pk)


@require_http_methods(["GET", "POST"])
@allow(*EVERYBODY)
def certificate(request: SignedInRequest, pk: int) -> HttpResponse:
    """One certificate with its corrections; its base may ask for another."""
    entry = _entry(request, pk)
    base = entry.enrollment.base_id
    may_ask = (
        request.user.role == Role.BASE and bases_for(request.user, Action.REPORT).filter(pk=base).exists()
    )
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = CorrectionForm(*sent, entry=entry)
    if request.method == "POST":
        if not may_ask:
            raise PermissionDenied
        if form.is_valid():
            return _asked(request, entry, form)
    corrections = list(entry.corrections.select_related("asked_by", "decided_by"))
    context: dict[str, Any] = {
        "entry": entry,
        "corrections": corrections,
        "may_ask": may_ask and all(each.state != services.State.OPEN for each in corrections),
        "may_decide": request.user.role == Role.PROVINCE
        and entry.enrollment.base.province_id in province_codes_for(request.user, Action.REVIEW),
        "form": form,
        "decision_form": DecisionForm(),
    }
    return render(request, "review/exams/certificate.html", context, status=422 if form.errors else 200)


def _asked(request: SignedInRequest, entry: ExamEntry, form: CorrectionForm) -> HttpResponse:
    values = dict(form.cleaned_data)
    evidence = values.pop("evidence")
    try:
        services.ask_correction(entry, values, evidence=evidence, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "更正申请已提交，等待省级处理。")
    return redirect("review:certificate", entry.pk)


def _correction(request: SignedInRequest, pk: int) -> CertificateCorrection:
    found = CertificateCorrection.objects.select_related("entry__enrollment__base")
    return get_object_or_404(found, pk=pk, entry__in=services.certificates(request.user))


@require_POST
@allow(Role.PROVINCE)
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """同意 or 不同意."""
    asked, form = _correction(request, pk), DecisionForm(request.POST)
    if asked.entry.enrollment.base.province_id not in province_codes_for(request.user, Action.REVIEW):
        raise PermissionDenied
    if not form.is_valid():
        messages.error(request, f"没有办理：{form.errors['comment'][0]}")
        return redirect("review:certificate", asked.entry_id)
    agrees, comment = is_on(request.POST, "agrees"), form.cleaned_data["comment"]
    try:
        done = services.decide_correction(asked.pk, agrees=agrees, comment=comment, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, f"更正申请：{done.get_state_display()}。")
    return redirect("review:certificate", asked.entry_id)


@require_GET
@allow(*EVERYBODY)
def evidence(request: SignedInRequest, pk: int) -> FileResponse:
    """The scan that was sent with a correction."""
    asked = _correction(request, pk)
    if not asked.evidence:
        raise Http404
    response = evidence_response(asked.evidence.name, "证书更正证明材料")
    audit.record("file", by=request.user, target=asked, request=request, file="certificate.evidence")
    return response
