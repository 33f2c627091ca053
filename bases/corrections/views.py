"""更正申请, the base's side: asking for another ID type or number or about a 结束, and following the request."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from bases.corrections import services as corrections
from bases.corrections.forms import CorrectionForm, DoubtForm, EndCorrectionForm
from bases.lists.access import record_for
from bases.models import CorrectionRequest
from bases.reveal import show_file
from bases.scope import base_ids
from bases.workbooks.doors import door_of
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.downloads import evidence_response
from residents.forms import show_problems
from residents.models import Enrollment
from residents.services.refusals import Refused
from residents.services.states import StateMoved


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def correction_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """申请更正证件: type and number are locked for the base, so it asks for it (BR-48, PAIN-18); of a person who is
    another base's now it reports a doubt (AM-47)."""
    enrollment = record_for(request.user, pk, Action.EDIT_STATUS)
    if not corrections.is_present_base(enrollment):
        return _doubt(request, enrollment)
    initial = {"id_type": enrollment.resident.id_type}
    form = CorrectionForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        evidence = form.cleaned_data.pop("evidence")
        try:
            asked = corrections.ask(enrollment, values=form.cleaned_data, evidence=evidence, by=request.user)
        except Refused as refused:
            show_problems(form, refused.problems)
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("bases:record", pk)
        else:
            messages.success(request, "更正申请已提交，由省级核实后报中国医师协会处理。")
            return redirect("bases:correction", asked.pk)
    waiting = CorrectionRequest.objects.filter(resident=enrollment.resident, state__in=corrections.WAITING)
    page = {"record": enrollment, "form": form, "waiting": waiting.filter(base=enrollment.base).first()}
    return render(request, "bases/corrections/new.html", page, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def end_correction_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """更正申请 of a 结束: back into training after 结业并获证, or a further training (AM-34)."""
    enrollment = record_for(request.user, pk, Action.EDIT_STATUS)
    offered = corrections.kinds_open(enrollment, enrollment.base)
    waiting = CorrectionRequest.objects.filter(resident=enrollment.resident, state__in=corrections.WAITING)
    own = waiting.filter(base=enrollment.base).first()
    if own is not None:
        messages.info(request, "此人已有一条更正申请正在办理。")
        return redirect("bases:correction", own.pk)
    if not offered:
        messages.error(request, "此人的培训状态不是“结束”，不需要申请；请在“变更培训状态”中办理。")
        return redirect("bases:record", pk)
    form = EndCorrectionForm(request.POST or None, request.FILES or None, offered=offered)
    if request.method == "POST" and form.is_valid():
        try:
            asked = corrections.ask_about_end(pk, enrollment.base, **form.cleaned_data, by=request.user)
        except Refused as refused:
            show_problems(form, refused.problems)
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("bases:record", pk)
        else:
            messages.success(request, "更正申请已提交，由省级核实后报中国医师协会处理。")
            return redirect("bases:correction", asked.pk)
    page = {"record": enrollment, "form": form}
    return render(request, "bases/corrections/end.html", page, status=422 if form.errors else 200)


def _doubt(request: SignedInRequest, enrollment: Enrollment) -> HttpResponse:
    form = DoubtForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            corrections.report_doubt(enrollment, text=form.cleaned_data["text"], by=request.user)
        except StateMoved as moved:
            messages.error(request, str(moved))
        else:
            messages.success(request, "疑问已转给现在的培训基地和省级单位，由其核对。")
        return redirect("bases:record", enrollment.pk)
    page = {"record": enrollment, "form": form, "words": corrections.FORMER}
    return render(request, "bases/corrections/doubt.html", page, status=422 if form.errors else 200)


def _own(request: SignedInRequest, pk: int) -> CorrectionRequest:
    found = CorrectionRequest.objects.select_related("resident", "base", "enrollment__base", "asked_by")
    return get_object_or_404(found, pk=pk, base__in=base_ids(request.user, Action.VIEW))


@require_GET
@allow(Role.BASE)
def correction(request: SignedInRequest, pk: int) -> HttpResponse:
    """How far the base's request is, and what was answered."""
    asked = _own(request, pk)
    page: dict[str, Any] = {"asked": asked}
    if asked.state == corrections.State.DONE and asked.kind == corrections.Kind.AGAIN:
        page["door"] = door_of(asked.resident, timezone.localdate().year, asked.base)
    return render(request, "bases/corrections/correction.html", page)


@require_GET
@allow(Role.BASE)
def correction_file(request: SignedInRequest, pk: int) -> FileResponse:
    """The evidence of the request; each look is written to the audit log (TRUST-51)."""
    asked = _own(request, pk)
    return show_file(
        lambda: evidence_response(asked.evidence.name, "证明材料"),
        request,
        asked,
        [asked.resident_id],
        at=asked.base,
        file="correction.evidence",
    )
