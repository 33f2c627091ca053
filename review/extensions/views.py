"""延长填报时间申请, the deciding side: province and association grant or refuse more time (GOAL-P8)."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from bases.extensions.services import State, in_view, review_end
from bases.models import ExtensionRequest
from portal.access import allow
from portal.calendar import opening
from portal.models import Step
from portal.parameters import choice, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.states import StateMoved
from review.extensions import services as extensions
from review.extensions.forms import GrantForm, RefuseForm

PAGE_SIZE = 50
TURN: dict[str, State] = {Role.PROVINCE: State.WITH_PROVINCE, Role.CMDA: State.WITH_CMDA}


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def extension_list(request: SignedInRequest) -> HttpResponse:
    """延长填报时间申请: those that wait for this desk; all of them, decided ones too, on demand (GOAL-P8)."""
    found = in_view(request.user)
    shown = choice(request.GET, "state", ("all",), "waiting")
    if shown == "waiting":
        found = found.filter(state=TURN[request.user.role]).order_by("asked_at", "pk")
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "review/extensions/extensions.html", {"page": page, "shown": shown})


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def extension(request: SignedInRequest, pk: int) -> HttpResponse:
    """One request: what is asked for whom and why, the present deadline, and the answer."""
    return _show(request, get_object_or_404(in_view(request.user), pk=pk))


def _show(request: SignedInRequest, asked: ExtensionRequest, **changed: forms.Form) -> HttpResponse:
    base = asked.base
    page = {
        "asked": asked,
        "people": asked.enrollments.select_related("resident", "specialty").order_by("pk"),
        "opening": opening(asked.cycle, Step(asked.step), province_id=base.province_id, base_id=base.pk),
        "review_end": review_end(base, asked.cycle),
        "may_decide": extensions.may_decide(asked, request.user),
        "grant_form": GrantForm(asked=asked, is_national=request.user.role == Role.CMDA),
        "refuse_form": RefuseForm(),
    }
    return render(request, "review/extensions/extension.html", page | changed, status=422 if changed else 200)


def _deciding(request: SignedInRequest, pk: int) -> ExtensionRequest:
    """404 outside the user's scope; 403 where it is another desk's to decide, also once it is decided."""
    asked = get_object_or_404(in_view(request.user), pk=pk)
    if asked.state == TURN[request.user.role] and not extensions.may_decide(asked, request.user):
        raise PermissionDenied
    return asked


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def extension_grant(request: SignedInRequest, pk: int) -> HttpResponse:
    asked = _deciding(request, pk)
    form = GrantForm(request.POST, asked=asked, is_national=request.user.role == Role.CMDA)
    if not form.is_valid():
        return _show(request, asked, grant_form=form)
    return _answer(request, pk, lambda: extensions.grant(pk, by=request.user, **form.granted), "已同意延长")


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def extension_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    asked = _deciding(request, pk)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return _show(request, asked, refuse_form=form)
    comment = form.cleaned_data["comment"]
    return _answer(request, pk, lambda: extensions.refuse(pk, by=request.user, comment=comment), "未同意延长")


def _answer(request: HttpRequest, pk: int, act: Callable[[], ExtensionRequest], words: str) -> HttpResponse:
    try:
        act()
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:extension", pk)
    messages.success(request, f"{words}，培训基地会收到消息。")
    return redirect("review:extensions")
