"""报送方式: a province applies (Annex 2), the association confirms or reverses (BR-05 … BR-08)."""

from collections.abc import Callable
from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Province
from bases.scope import base_ids, provinces_for
from portal import audit
from portal.access import allow
from portal.calendar import step_now
from portal.models import Step
from portal.parameters import is_on
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.downloads import evidence_response
from residents.forms import form_for, raw_of, show_problems
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from review.models import ModeSwitchApplication
from review.switches import services
from review.switches.forms import ConfirmForm, ReasonForm, ScanForm
from review.switches.open_work import open_work
from review.switches.reopening import reopens
from review.switches.services import State


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def switches(request: SignedInRequest) -> HttpResponse:
    """报送方式: how each province in view reports, and the applications to change it (Annex 2, BR-05 … BR-08)."""
    provinces = provinces_for(request.user, Action.VIEW).order_by("code")
    first = provinces.first() if request.user.role == Role.PROVINCE else None
    page = {
        "provinces": provinces,
        "applications": services.in_view(request.user)[:200],
        "may_apply": services.free_to_apply(request.user),
        "transfer": step_now(Step.API_TRANSFER, province_id=first.pk if first else None)[1],
    }
    return render(request, "review/switches/switches.html", page)


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def switch_new(request: SignedInRequest, province: str) -> HttpResponse:
    """Annex 2 as a form; what is saved is a 草稿 to print, stamp and send."""
    return _write(request, get_object_or_404(provinces_for(request.user, Action.APPLY_SWITCH), pk=province))


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def switch_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    application = _acting(request, pk)
    if application.state != State.DRAFT:
        messages.error(request, f"这份申请现在是“{application.get_state_display()}”，不能修改。")
        return redirect("review:switch", pk)
    return _write(request, application.province, application)


def _write(
    request: SignedInRequest, province: Province, application: ModeSwitchApplication | None = None
) -> HttpResponse:
    stored = {field.name: getattr(application, field.name, None) for field in services.FIELDS}
    data = request.POST if request.method == "POST" else None
    form = form_for(services.FIELDS, stored, data=data)
    if request.method == "POST":
        try:
            saved = services.write(province, raw_of(form), by=request.user, application=application)
        except Refused as refused:
            show_problems(form, refused.problems)
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("review:switches")
        else:
            messages.success(request, "申请表已保存为草稿，核对后请提交。")
            return redirect("review:switch", saved.pk)
    page = {"province": province, "application": application, "form": form}
    return render(request, "review/switches/form.html", page, status=422 if form.errors else 200)


def _seen(request: SignedInRequest, pk: int) -> ModeSwitchApplication:
    return get_object_or_404(services.in_view(request.user), pk=pk)


def _acting(request: SignedInRequest, pk: int) -> ModeSwitchApplication:
    """The application, for those who may act on it; 403 for those of its province who only read."""
    application = _seen(request, pk)
    if not _may_apply(request, application):
        raise PermissionDenied
    return application


def _may_apply(request: SignedInRequest, application: ModeSwitchApplication) -> bool:
    of = provinces_for(request.user, Action.APPLY_SWITCH)
    return of.filter(pk=application.province_id).exists()


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def switch(request: SignedInRequest, pk: int) -> HttpResponse:
    """One application: its items, how far it is, and what the reader may do with it."""
    return _show(request, _seen(request, pk))


def _show(request: SignedInRequest, application: ModeSwitchApplication, **forms: Form) -> HttpResponse:
    may_apply, deciding = _may_apply(request, application), request.user.role == Role.CMDA
    page = {
        "application": application,
        "may_edit": application.state == State.DRAFT and may_apply,
        "may_withdraw": application.state in services.OPEN and may_apply,
        "may_decide": application.state == State.WAITING and deciding,
        "may_reverse": application.state in (State.CONFIRMED, State.SCHEDULED) and deciding,
        "scan_form": ScanForm(),
        "confirm_form": ConfirmForm(requested_at=_day_ahead(application)),
        "reason_form": ReasonForm(),
        # Of the kept figures a base may be another province's by now.
        "bases_in_view": base_ids(request.user, Action.VIEW),
        **forms,
    }
    if application.state in (State.WAITING, State.SCHEDULED):
        page["work"] = open_work(application.province)
    if application.state == State.CONFIRMED and page["may_reverse"]:
        page["reopens"] = reopens(application.province)
    refused = any(form.errors for form in forms.values())
    return render(request, "review/switches/switch.html", page, status=422 if refused else 200)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def switch_print(request: SignedInRequest, pk: int) -> HttpResponse:
    """The application as the notice prints it (Annex 2), for the stamp."""
    return render(request, "review/switches/print.html", {"application": _seen(request, pk)})


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def switch_file(request: SignedInRequest, pk: int) -> FileResponse:
    """The stamped scan; each look is written to the audit log."""
    application = _seen(request, pk)
    response = evidence_response(application.scan.name, "报送方式切换申请表")
    audit.record("file", by=request.user, target=application, request=request, file="switch.scan")
    return response


@require_POST
@allow(Role.PROVINCE)
def switch_attach(request: SignedInRequest, pk: int) -> HttpResponse:
    application = _acting(request, pk)
    form = ScanForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, application, scan_form=form)
    try:
        services.attach(pk, form.cleaned_data["scan"], by=request.user)
    except Refused as refused:
        show_problems(form, refused.problems)
        return _show(request, application, scan_form=form)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "盖章扫描件已上传。")
    return redirect("review:switch", pk)


@require_POST
@allow(Role.PROVINCE)
def switch_submit(request: SignedInRequest, pk: int) -> HttpResponse:
    _acting(request, pk)
    return _carry_out(request, pk, services.submit, "申请已提交，等待中国医师协会确认。")


@require_POST
@allow(Role.PROVINCE)
def switch_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    _acting(request, pk)
    return _carry_out(request, pk, services.withdraw, "申请已撤回。")


@require_POST
@allow(Role.CMDA)
def switch_confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    """Open the API and close direct entry of the intake for the province (BR-08), at once or on the day that it asked
    for (AM-38)."""
    application = _seen(request, pk)
    form = ConfirmForm(request.POST, requested_at=_day_ahead(application))
    if not form.is_valid():
        return _show(request, application, confirm_form=form)
    if form.at_once:
        words = f"{application.province}已切换为接口传送，招收信息直接填报同时关闭。"
    else:
        words = f"已确认，{application.province}将于 {application.requested_at} 零时切换为接口传送，此前可以撤销。"
    return _carry_out(request, pk, services.confirm, words, at_once=form.at_once)


def _day_ahead(application: ModeSwitchApplication) -> date | None:
    return application.requested_at if services.lies_ahead(application) else None


@require_POST
@allow(Role.CMDA)
def switch_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    return _with_reason(request, pk, services.refuse, "申请已驳回，省级已收到理由。")


@require_POST
@allow(Role.CMDA)
def switch_reverse(request: SignedInRequest, pk: int) -> HttpResponse:
    return _with_reason(
        request, pk, services.reverse_switch, "已撤销切换，该省的招收信息由培训基地直接填报。"
    )


def _with_reason(request: SignedInRequest, pk: int, act: Callable[..., None], done: str) -> HttpResponse:
    application = _seen(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, application, reason_form=form)
    return _carry_out(request, pk, act, done, reason=form.cleaned_data["reason"])


def _carry_out(
    request: HttpRequest, pk: int, act: Callable[..., None], done: str, **more: str | bool
) -> HttpResponse:
    try:
        act(pk, by=request.user, **more)
    except (Refused, StateMoved) as stopped:
        messages.error(request, str(stopped))
    else:
        messages.success(request, done)
    return redirect("review:switch", pk)


@require_POST
@allow(Role.CMDA)
def integration_test(request: SignedInRequest, province: str) -> HttpResponse:
    """Note, or take back, that a province's platform passed the joint test (BR-06)."""
    of = get_object_or_404(Province, pk=province)
    passed = is_on(request.POST, "passed")
    try:
        services.record_integration_test(of, passed=passed, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        words = f"已登记{of}接口联调通过。" if passed else f"已取消{of}接口联调通过的登记。"
        messages.success(request, words)
    return redirect("review:switches")
