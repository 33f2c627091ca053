"""View access by role: `SignInFirst` denies by default, `allow` says which roles a view is for."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from portal.addresses import own_address
from portal.limits import TooMany
from portal.models import User
from portal.roles import Role
from portal.sign_in.second_factor import SecondFactorNeeded, demand

View = Callable[..., HttpResponseBase]
# The desks: whoever works nowhere (any more) is told so there, whatever page an old link or message opens (AM-46).
DESKS = ("bases", "review")


class Refusal(PermissionDenied):
    """What may not be opened, with words for the reader in place of the common ones."""


DECIDING = (Role.PROVINCE, Role.CMDA, Role.AUDITOR)


def allow(*roles: Role, before_second_factor: bool = False) -> Callable[[View], View]:
    """Open a view to these roles only; others get 403. The route walk in tests fails for a view without it.

    Who decides or watches is led to the second factor first, everybody else where a view demands one, as the gate to
    full numbers does (TRUST-14); `before_second_factor` marks what must work until then.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = cast(User, request.user)
            if user.role not in roles:
                raise PermissionDenied
            user.looked_up = {}
            try:
                if user.role in DECIDING and not before_second_factor:
                    demand(user)
                if _works_nowhere(request, user):
                    status = 200 if request.method == "GET" else 403
                    return render(request, "portal/no_place.html", status=status)
                return view(request, *args, **kwargs)
            except SecondFactorNeeded:
                return _to_second_factor(request)
            except TooMany as many:
                return _to_be_continued(request, many)

        return _mark(guarded, allowed_roles=frozenset(roles))

    return decorate


_has_place: Callable[[User], bool] | None = None


def ask_for_place(has_place: Callable[[User], bool]) -> None:
    """Let the app above, which knows who works where, say whether somebody has a desk at all."""
    global _has_place
    _has_place = has_place


def _works_nowhere(request: HttpRequest, user: User) -> bool:
    match = request.resolver_match
    return bool(_has_place and match and match.app_name in DESKS and not _has_place(user))


def _to_be_continued(request: HttpRequest, many: TooMany) -> HttpResponse:
    answer = render(request, "429.html", {"words": str(many), "way_back": _came_from(request)}, status=429)
    answer["Retry-After"] = str(many.seconds)
    return answer


def _to_second_factor(request: HttpRequest) -> HttpResponse:
    """To the page where it is set up, which leads back: to this page, or to the one whose form was sent."""
    if request.method == "POST":
        messages.info(request, "这项操作须先设置二次验证，刚才没有进行。设置后请再操作一次。")
    way_back = _way_back(request)
    query = f"?{urlencode({'next': way_back})}" if way_back else ""
    return redirect(reverse("portal:second-factor") + query)


def _way_back(request: HttpRequest) -> str:
    """This page, or the one whose form was sent: an address that only takes forms leads nowhere. Empty if unknown."""
    return request.get_full_path() if request.method == "GET" else _came_from(request)


def _came_from(request: HttpRequest) -> str:
    """The page of ours that the visitor was on; empty if unknown."""
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    if came_from.netloc != request.get_host():
        return ""
    return own_address(request, came_from._replace(scheme="", netloc="").geturl())


class SignInFirst(LoginRequiredMiddleware):
    """Default deny; who sent a form after his session had ended comes back to the form (TRUST-16)."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        way_back = _way_back(request)
        return redirect_to_login(way_back) if way_back else HttpResponseRedirect(reverse("portal:sign-in"))


def open_to_all(view: View) -> View:
    """Open a view to people who are not signed in: sign-in, activation, home, notices, health."""
    return _mark(view, login_required=False, allowed_roles="everyone")


def _mark(view: View, **attributes: object) -> View:
    """Note on the view what Django's middleware and the route walk of the tests read there."""
    vars(view).update(attributes)
    return view
