"""View access by role. LoginRequiredMiddleware denies by default; `allow` says which roles a view is for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from portal.roles import Role

View = Callable[..., HttpResponse]


def allow(*roles: Role) -> Callable[[View], View]:
    """Open a view to these roles only; others get 403. The route walk in tests fails for a view without it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.role not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.allowed_roles = frozenset(roles)
        return guarded

    return decorate


def open_to_all(view: View) -> View:
    """Open a view to people who are not signed in: sign-in, activation, home, notices, health."""
    view.login_required = False
    view.allowed_roles = "everyone"
    return view
