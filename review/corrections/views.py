"""更正证件, the deciding side: province and association confirm, apply or refuse (PAIN-18)."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.corrections import services as corrections
from bases.corrections.forms import AcceptForm, RefuseForm
from bases.models import CorrectionRequest
from bases.reveal import asked_in_full, may_see, show_file
from portal.access import allow
from portal.parameters import choice, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.downloads import evidence_response
from residents.services.states import StateMoved

PAGE_SIZE = 50
State = CorrectionRequest.State
# With whom a request waits while it is whose turn.
TURN: dict[str, State] = {Role.PROVINCE: State.WITH_PROVINCE, Role.CMDA: State.WITH_CMDA}


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def correction_list(request: SignedInRequest) -> HttpResponse:
    """更正证件: the requests that wait for this desk, the oldest first; all of them on demand (PAIN-18)."""
    found = corrections.in_view(request.user)
    shown = choice(request.GET, "state", ("all",), "waiting")
    if shown == "waiting":
        found = found.filter(state=TURN[request.user.role])
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "review/corrections/corrections.html", {"page": page, "shown": shown})


def _seen(request: SignedInRequest, pk: int) -> CorrectionRequest:
    return get_object_or_404(corrections.in_view(request.user), pk=pk)


def _may_act(request: SignedInRequest, asked: CorrectionRequest) -> bool:
    if request.user.role == Role.CMDA:
        return True
    return corrections.in_view(request.user, Action.REVIEW).filter(pk=asked.pk).exists()


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def correction(request: SignedInRequest, pk: int) -> HttpResponse:
    """One request. A POST with a purpose shows both numbers in full for this answer only (TRUST-51)."""
    asked = _seen(request, pk)
    if request.method == "GET":
        return _show(request, asked)
    event = asked_in_full(request, asked, [asked.resident_id], at=asked.base)
    return _show(request, asked, masked=event is None)


def _show(
    request: SignedInRequest, asked: CorrectionRequest, *, masked: bool = True, **changed: forms.Form
) -> HttpResponse:
    page = {
        "asked": asked,
        "masked": masked,
        "may_unmask": may_see(request.user, asked.base),
        "may_decide": asked.state == TURN[request.user.role] and _may_act(request, asked),
        "accept_form": AcceptForm(),
        "refuse_form": RefuseForm(),
    }
    bad = any(form.errors for form in changed.values())
    return render(request, "review/corrections/correction.html", page | changed, status=422 if bad else 200)


def _acting(request: SignedInRequest, pk: int) -> CorrectionRequest:
    asked = _seen(request, pk)
    if not _may_act(request, asked):
        raise PermissionDenied
    return asked


@require_POST
@allow(Role.PROVINCE)
def correction_confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    _acting(request, pk)
    return _accept(request, pk, corrections.confirm, "已核实，报中国医师协会处理。")


@require_POST
@allow(Role.CMDA)
def correction_apply(request: SignedInRequest, pk: int) -> HttpResponse:
    _acting(request, pk)
    return _accept(request, pk, corrections.apply, "已办理，培训基地和省级会收到消息。")


def _accept(request: SignedInRequest, pk: int, act: Callable[..., None], words: str) -> HttpResponse:
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _show(request, _seen(request, pk), accept_form=form)
    try:
        act(pk, by=request.user, comment=form.cleaned_data["comment"])
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:correction", pk)
    messages.success(request, words)
    return redirect("review:corrections")


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def correction_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    asked = _acting(request, pk)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return _show(request, asked, refuse_form=form)
    try:
        corrections.refuse(pk, by=request.user, comment=form.cleaned_data["comment"])
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:correction", pk)
    messages.success(request, "已退回，申请未通过。")
    return redirect("review:corrections")


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def correction_file(request: SignedInRequest, pk: int) -> FileResponse:
    """The evidence of the request; each look is written to the audit log (TRUST-51)."""
    asked = _seen(request, pk)
    return show_file(
        lambda: evidence_response(asked.evidence.name, "证明材料"),
        request,
        asked,
        [asked.resident_id],
        at=asked.base,
        file="correction.evidence",
    )
