"""The second factor: the second step of signing in, and a person's own page for it (TRUST-14)."""

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from portal.access import allow, open_to_all
from portal.parameters import is_on, text
from portal.requests import SignedInRequest
from portal.sign_in import second_factor, services
from portal.sign_in.second_factor_forms import CodeForm, SetUpForm
from portal.sign_in.throttle import Limited
from portal.views.entrances import way_on

REFUSED = "验证码不正确或已经用过。请等应用显示下一个数字后再试；仍不正确的，请核对手机的时间。"


@open_to_all
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Signing in goes on: a code, from the person whose password was right a few minutes ago."""
    user = second_factor.waiting(request)
    if user is None:
        target = text(request.GET, "next")
        query = f"?{urlencode({'next': target})}" if target else ""
        return redirect(reverse("portal:staff-sign-in") + query)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.sign_in_with_code(request, user, form.cleaned_data["code"])
            return redirect(way_on(request))
        except second_factor.CodeRefused:
            form.add_error("code", REFUSED)
        except Limited as limited:
            form.add_error(None, str(limited))
    return render(request, "portal/second_step.html", {"form": form})


@allow(*second_factor.ROLES, before_second_factor=True)
@sensitive_post_parameters("code", "password")
@require_http_methods(["GET", "POST"])
def own_factor(request: SignedInRequest) -> HttpResponse:
    """二次验证: set it up; later new recovery codes, another telephone, or none."""
    return _change(request) if request.user.second_factor_at else _set_up(request)


@sensitive_variables("key", "codes")
def _set_up(request: SignedInRequest) -> HttpResponse:
    form = SetUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            codes = second_factor.set_up(
                request, request.user, password=values["password"], typed=values["code"]
            )
            return _show_codes(request, codes)
        except second_factor.CodeRefused:
            form.add_error("code", REFUSED)
        except second_factor.PasswordWrong:
            form.add_error("password", "当前密码不正确。请重新输入。")
        except Limited as limited:
            form.add_error(None, str(limited))
    key = second_factor.key_to_set_up(request)
    picture = segno.make(second_factor.address_of(request.user, key), error="l", micro=False)
    context = {
        "form": form,
        "qr": picture.svg_data_uri(scale=4, border=4, light="#fff"),
        "key": " ".join(key[start : start + 4] for start in range(0, len(key), 4)),
        "is_needed": request.user.lacks_second_factor,
    }
    return render(request, "portal/second_factor_set_up.html", context)


def _change(request: SignedInRequest) -> HttpResponse:
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["code"]
        try:
            if is_on(request.POST, "act", "remove"):
                second_factor.remove(request, request.user, typed)
                messages.success(request, "已停用二次验证。换手机的，请现在重新设置。")
                return redirect("portal:second-factor")
            return _show_codes(request, second_factor.renew_recovery_codes(request, request.user, typed))
        except second_factor.CodeRefused:
            form.add_error("code", REFUSED)
        except Limited as limited:
            form.add_error(None, str(limited))
    left = second_factor.recovery_codes_left(request.user)
    return render(request, "portal/second_factor.html", {"form": form, "left": left})


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """On the answer to the POST only; nobody can show them again."""
    return render(request, "portal/recovery_codes.html", {"codes": codes, "way_on": way_on(request)})
