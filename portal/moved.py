"""Addresses that pages had before: stored messages, bookmarks and pages still open lead on to where they are now."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from portal.access import open_to_all

# What the names of such routes end with, for those who walk over the pages.
BEFORE = "-before"


def moved(route: str, name: str) -> URLPattern:
    """A route that leads on to the page `name` with the same arguments, query, method and form (status 308). Nothing is
    disclosed here: the page itself asks who may see it."""

    @open_to_all
    def lead_on(request: HttpRequest, **kwargs: object) -> HttpResponse:
        query = request.META["QUERY_STRING"]
        address = reverse(name, kwargs=kwargs) + (f"?{query}" if query else "")
        return HttpResponse(status=308, headers={"Location": address})

    return path(route, lead_on, name=f"{name.split(':')[1]}{BEFORE}")
