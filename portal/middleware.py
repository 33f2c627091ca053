"""What every request carries: an id, its session's limits, the actor for the history, no copy in any cache."""

import ipaddress
import time
import uuid
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import add_never_cache_headers

from portal.calendar import read_once
from portal.logs import request_number
from portal.requests import Request

GetResponse = Callable[[Request], HttpResponse]


def client_address(request: HttpRequest) -> str:
    """The address of the last hop that our own proxies saw; what the client claims beyond them changes nothing."""
    address = request.META.get("REMOTE_ADDR") or "0.0.0.0"  # nosec B104 # no address is known
    if settings.TRUSTED_PROXY_COUNT:
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXY_COUNT:
            address = hops[-settings.TRUSTED_PROXY_COUNT]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        # A unix-socket server has no peer address.
        return "0.0.0.0"  # nosec B104 # no address is known


def request_id(get_response: GetResponse) -> GetResponse:
    def middleware(request: Request) -> HttpResponse:
        request.id = uuid.uuid4().hex
        request_number.set(request.id)
        response = get_response(request)
        response["X-Request-ID"] = request.id
        return response

    return middleware


def session_limits(get_response: GetResponse) -> GetResponse:
    """End a session after SESSION_IDLE_SECONDS without a request, and SESSION_COOKIE_AGE after it began in any case
    (TRUST-16)."""

    def middleware(request: Request) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            began = request.session.setdefault("began_at", now)
            is_idle = now - request.session.get("seen_at", now) > settings.SESSION_IDLE_SECONDS
            if is_idle or now - began > settings.SESSION_COOKIE_AGE:
                logout(request)
                request.session_expired = True
            elif now - request.session.get("seen_at", 0) > 60:
                # Once a minute is enough: a write per request would double the database's work.
                request.session["seen_at"] = now
        return get_response(request)

    return middleware


def history_context(get_response: GetResponse) -> GetResponse:
    """Give every row written by a request its actor, role, address, request id and channel (GOAL-S3)."""

    def middleware(request: Request) -> HttpResponse:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return get_response(request)
        user = request.user if request.user.is_authenticated else None
        with pghistory.context(
            user=user.pk if user else None,
            role=user.role if user else "",
            address=client_address(request),
            request=request.id,
            channel="page",
        ):
            return get_response(request)

    return middleware


class CompressedPages(GZipMiddleware):
    """Pages are sent compressed, each padded by a random length, so that its size tells nothing of a secret in it
    (BREACH): no proxy should compress them instead. What is not a page is left alone: workbooks and pictures are
    compressed by themselves, and a stream would be packed a piece at a time."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.get("Content-Type", "").startswith("text/html") and not response.streaming
        return super().process_response(request, response) if is_page else response


def calendar_once(get_response: GetResponse) -> GetResponse:
    """What a page only displays asks the calendar many times and reads it once."""

    def middleware(request: Request) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return get_response(request)
        with read_once():
            return get_response(request)

    return middleware


def no_store(get_response: GetResponse) -> GetResponse:
    """Personal pages stay out of the browser's cache, so that Back after signing out shows nothing."""

    def middleware(request: Request) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated or getattr(request, "session_expired", False):
            add_never_cache_headers(response)
        return response

    return middleware
