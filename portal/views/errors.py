"""The pages of what could not be answered: not found, not allowed, too old a form, an error of ours."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.access import Refusal


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    words = str(exception) if isinstance(exception, Refusal) else ""
    return render(request, "403.html", {"words": words}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was left open too long or came from elsewhere; nothing was saved, say how to go on."""
    return render(request, "403_csrf.html", status=403)
