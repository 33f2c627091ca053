"""The two entrances, activation, sign-out, own password (BR-27, BR-28, BR-44; TRUST-01 … TRUST-08, TRUST-10)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import audit
from portal.access import allow, open_to_all
from portal.addresses import own_address
from portal.parameters import choice, digits_in, text
from portal.requests import SignedInRequest
from portal.roles import Role
from portal.sign_in import one_time_codes, services
from portal.sign_in.forms import ActivationForm, PasswordChangeForm, SignInForm
from portal.sign_in.throttle import Limited

# One sentence for unknown, wrong, locked and not activated: it must not say which (BR-51, TRUST-02).
REFUSED = {
    True: "证件号或密码不正确。首次登录请用初始密码 000000；仍无法登录时，"
    "请联系所在培训基地确认账号并重置密码。",
    False: "账号或密码不正确。请核对后再试，或联系为您开通账号的人员重置。",
}
ACTIVATION_REFUSED = (
    "填写的信息与登记的不一致，或该账号不能这样激活（已激活、已停用，或需要一次性初始密码）。"
    "请核对后再试；仍不能激活时，请联系所在培训基地查找账号并办理。"
)


FORGOTTEN = {
    True: "忘记密码的，请联系所在培训基地重置。",
    False: "忘记密码的，请联系为您开通账号的人员重置。",
}
MOBILE_CLOSED = (
    f"手机号已填错 {services.MOBILE_TRIES} 次，不能再用手机号激活，直到培训基地在“账号查找与重置”中解除。"
    "持有一次性初始密码的，不受影响，请直接填写一次性初始密码。"
)


@open_to_all
@require_GET
def sign_in_chooser(request: HttpRequest) -> HttpResponse:
    """Where a page sends somebody who is not signed in: on to the entrance its address belongs to."""
    target = text(request.GET, "next")
    name = "resident" if target.startswith("/resident/") else "staff"
    query = f"?{urlencode({'next': target})}" if target else ""
    return redirect(reverse(f"portal:{name}-sign-in") + query)


@open_to_all
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def resident_sign_in(request: HttpRequest) -> HttpResponse:
    """The residents' own entrance, of every cohort (BR-34)."""
    return _sign_in(request, is_resident=True)


@open_to_all
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    return _sign_in(request, is_resident=False)


def _sign_in(request: HttpRequest, *, is_resident: bool) -> HttpResponse:
    if request.user.is_authenticated and request.method == "GET":
        return redirect("portal:desk")
    asks_kind = is_resident and "kind" in request.POST
    form = SignInForm(request.POST or None, is_resident=is_resident, asks_kind=asks_kind)
    if request.method == "POST" and form.is_valid():
        typed, kind = form.cleaned_data["account"], form.cleaned_data.get("kind", "")
        password = form.cleaned_data["password"]
        known = {"account": typed, "kind": kind, "is_resident": is_resident}
        if password.strip() == services.INITIAL_WORD:
            return _to_activation(request, known)
        try:
            account = services.account_of(request, typed, is_resident=is_resident, kind=kind)
            done = services.sign_in(request, account=account, password=password, is_resident=is_resident)
            return redirect(way_on(request)) if done else _to_second_step(request)
        except services.KindNeeded:
            # The password is typed once more: it is never sent back to the page.
            form = SignInForm(initial={"account": typed}, is_resident=True, asks_kind=True)
        except services.SignInRefused:
            if one_time_codes.SHAPE.fullmatch(password.strip()):
                return _to_activation(request, known | {"code": password.strip()})
            form.add_error(None, REFUSED[is_resident])
        except Limited as limited:
            form.add_error(None, f"{limited}{FORGOTTEN[is_resident]}")
    context = {"form": form, "is_resident": is_resident, "next": text(request.GET, "next")}
    return render(request, "portal/sign_in.html", context)


def way_on(request: HttpRequest) -> str:
    """Where the address says that its visitor wanted to go, if it is a page of ours; else the desk."""
    return own_address(request, text(request.GET, "next"), reverse("portal:desk"))


def _to_second_step(request: HttpRequest) -> HttpResponse:
    target = text(request.GET, "next")
    query = f"?{urlencode({'next': target})}" if target else ""
    return redirect(reverse("portal:second-step") + query)


def _to_activation(request: HttpRequest, known: dict[str, Any]) -> HttpResponse:
    """To the activation page, whatever the account is. What was typed travels in the session, never in the address."""
    request.session["activation"] = known
    return redirect("portal:activate")


@open_to_all
@never_cache
@sensitive_post_parameters("new_password1", "new_password2", "code", "mobile")
@require_http_methods(["GET", "POST"])
def activate(request: HttpRequest) -> HttpResponse:
    known = request.session.get("activation", {})
    # Whoever comes by himself says at which of the two entrances he is; from there it is known.
    who = choice(request.GET, "who", ("resident", "staff"))
    is_resident = who == "resident" if who else known.get("is_resident", True)
    initial = {name: known.get(name, "") for name in ("account", "kind", "code")}
    asks_kind = is_resident and ("kind" in request.POST or bool(initial["kind"]))
    form = ActivationForm(request.POST or None, initial=initial, is_resident=is_resident, asks_kind=asks_kind)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            done = services.activate(
                request,
                account=services.account_of(
                    request, values["account"], is_resident=is_resident, kind=values.get("kind", "")
                ),
                mobile=_digits(values.get("mobile", "")),
                code=values["code"],
                new_password=values["new_password1"],
                is_resident=is_resident,
            )
            messages.success(request, "账号已激活，请牢记新密码。")
            return redirect("portal:desk") if done else _to_second_step(request)
        except services.KindNeeded:
            told = {name: values.get(name) for name in ("account", "mobile", "code")}
            form = ActivationForm(initial=told, is_resident=True, asks_kind=True)
        except services.MobileClosed:
            form.add_error("mobile" if is_resident else None, MOBILE_CLOSED)
        except services.SignInRefused:
            form.add_error(None, ACTIVATION_REFUSED)
        except Limited as limited:
            form.add_error(None, str(limited))
        except ValidationError as weak:
            form.add_error("new_password1", weak)
    return render(request, "portal/activate.html", {"form": form, "is_resident": is_resident})


def _digits(mobile: str) -> str:
    """The digits of a mobile number as typed, full width included, without +86."""
    digits = digits_in(mobile)
    return digits[-11:] if len(digits) in (13, 15) and digits.removeprefix("00").startswith("86") else digits


@allow(*Role, before_second_factor=True)
@require_POST
def sign_out(request: SignedInRequest) -> HttpResponse:
    audit.record("sign_out", by=request.user, request=request)
    logout(request)
    messages.success(request, "您已安全退出。")
    answer = redirect("portal:home")
    # What the browser keeps of this person's pages goes; the cookie of the known device stays.
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@allow(*Role, before_second_factor=True)
@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@require_http_methods(["GET", "POST"])
def password_change(request: SignedInRequest) -> HttpResponse:
    form = PasswordChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if not services.prove_password(request, request.user, form.cleaned_data["old_password"]):
                form.add_error("old_password", "当前密码不正确。请重新输入。")
                return render(request, "portal/password_change.html", {"form": form})
            validate_password(form.cleaned_data["new_password1"], request.user)
            services.change_password(request, request.user, form.cleaned_data["new_password1"])
            messages.success(request, "密码已修改，其他设备上的登录已退出。")
            return redirect("portal:desk")
        except ValidationError as weak:
            form.add_error("new_password1", weak)
        except Limited as limited:
            form.add_error("old_password", str(limited))
    return render(request, "portal/password_change.html", {"form": form})


@allow(*Role)
@require_GET
def desk(request: SignedInRequest) -> HttpResponse:
    """Send each role to its desk; say once that the password was reset by the base (TRUST-10)."""
    user = request.user
    if not user.password_reset_seen:
        when = timezone.localtime(user.password_reset_at)
        messages.info(request, f"您的密码曾于 {when:%Y-%m-%d %H:%M} 由管理人员重置。如有疑问请联系培训基地。")
        services.note_reset_seen(user)
    names: dict[str, str] = {
        Role.RESIDENT: "residents:home",
        Role.BASE: "bases:desk",
        Role.PROVINCE: "review:queue",
        Role.CMDA: "review:national",
        Role.AUDITOR: "review:audit",
    }
    return redirect(names[user.role])
