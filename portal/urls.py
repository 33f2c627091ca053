"""The root of all addresses: one list of routes for each desk, and the pages of errors."""

from django.urls import include, path

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"

urlpatterns = [
    path("", include("portal.routes")),
    path("notices/", include("review.notices.urls")),
    path("resident/", include("residents.urls")),
    path("base/", include("bases.urls")),
    path("review/", include("review.urls")),
    path("api/v1/", include("review.api.urls")),
    path("help/", include("review.manual.urls")),
]
