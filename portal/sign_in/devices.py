"""Known devices: a browser remembers, sealed, to which accounts it has signed in, so that its owner is never locked out
by what strangers try elsewhere (TRUST-05). It opens nothing by itself."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from portal.requests import Request

COOKIE = "device"
_SALT = "portal.sign_in.devices"
_DAYS = 180
# A computer of a ward room is many people's.
_MOST_ACCOUNTS = 40


def known(request: HttpRequest, account: str) -> str:
    """The name of this browser where it has signed in to the account before; else empty."""
    told = _read(request)
    return told["id"] if _mark(account) in told["accounts"] else ""


def remember(request: HttpRequest, account: str) -> None:
    """This browser has signed in to the account: the answer to this request tells it so."""
    told, mark = _read(request), _mark(account)
    told["accounts"] = [mark, *(each for each in told["accounts"] if each != mark)][:_MOST_ACCOUNTS]
    request.device_told = told  # type: ignore[attr-defined]


def tell_browser(get_response: Callable[[Request], HttpResponse]) -> Callable[[Request], HttpResponse]:
    """Middleware: hand the browser what `remember` has noted."""

    def middleware(request: Request) -> HttpResponse:
        response = get_response(request)
        told = getattr(request, "device_told", None)
        if told is not None:
            response.set_cookie(
                COOKIE,
                signing.dumps(told, salt=_SALT, compress=True),
                max_age=_DAYS * 86400,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_DAYS * 86400)
        return {"id": told["id"], "accounts": list(told["accounts"])}
    except (signing.BadSignature, KeyError, TypeError):
        return {"id": secrets.token_hex(8), "accounts": []}


def _mark(account: str) -> str:
    """Of the account's name only what tells it from others: no number stands in a cookie (TRUST-52)."""
    return hashlib.sha256(f"{_SALT} {settings.SECRET_KEY} {account}".encode()).hexdigest()[:16]
