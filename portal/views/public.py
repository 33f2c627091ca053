"""Home and privacy: pages for everybody (BR-94, BR-95)."""

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET

from portal.access import open_to_all
from portal.models import Notice
from portal.sign_in.services import PRIVACY_VERSION


def _notices(request: HttpRequest) -> QuerySet[Notice]:
    """The notices for this visitor; a stranger sees those for everybody everywhere."""
    found: QuerySet[Notice] = import_string(settings.NOTICES)(request.user)
    return found


@open_to_all
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/home.html", {"notices": _notices(request)[:6]})


@open_to_all
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/privacy.html", {"version": PRIVACY_VERSION})
