"""The addresses below /api/v1/: the interface (接口) for the provinces' platforms, and its documentation."""

from typing import cast

from django.urls import URLPattern, path, re_path

from portal.access import View, open_to_all
from review.api.endpoints import api
from review.api.views import documentation, nothing_here, openapi

app_name = "api"

# ninja's own views ask for a key, not for a session; its root page would only point to its own documentation.
_routes = [route for route in api.urls[0] if isinstance(route, URLPattern) and route.name != "api-root"]
for _route in _routes:
    open_to_all(cast(View, _route.callback))

urlpatterns = [
    *_routes,
    path("docs/", documentation, name="documentation"),
    path("openapi.json", openapi, name="openapi"),
    re_path(r"^.*$", nothing_here, name="nothing"),
]
