"""View access by role. LoginRequiredMiddleware denies by default; `allow` says which roles a view is for."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from portal.models import User
from portal.roles import Role

View = Callable[..., HttpResponse]


def allow(*roles: Role) -> Callable[[View], View]:
    """Open a view to these roles only; others get 403. The route walk in tests fails for a view without it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if cast(User, request.user).role not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return _mark(guarded, allowed_roles=frozenset(roles))

    return decorate


def open_to_all(view: View) -> View:
    """Open a view to people who are not signed in: sign-in, activation, home, notices, health."""
    return _mark(view, login_required=False, allowed_roles="everyone")


def _mark(view: View, **attributes: object) -> View:
    """Note on the view what Django's middleware and the route walk of the tests read there."""
    vars(view).update(attributes)
    return view
