"""Where a form or a query asks to be led on to: to a page of ours, never to another site."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def own_address(request: HttpRequest, target: str, otherwise: str = "") -> str:
    """`target` where it is an address of this portal, else `otherwise`."""
    host, is_secure = {request.get_host()}, request.is_secure()
    return target if url_has_allowed_host_and_scheme(target, host, require_https=is_secure) else otherwise
