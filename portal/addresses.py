"""Where a form or a query asks to be led on to: to a page of ours, never to another site."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def own_address(request: HttpRequest, target: str, otherwise: str = "") -> str:
    """`target` where it is an address of this portal, else `otherwise`. A bare word is none: redirect() would take it
    for the name of a route."""
    host, is_secure = {request.get_host()}, request.is_secure()
    is_ours = target.startswith("/") and url_has_allowed_host_and_scheme(
        target, host, require_https=is_secure
    )
    return target if is_ours else otherwise
