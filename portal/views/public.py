"""Home, notices, privacy: pages for everybody (BR-94, BR-95)."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from portal.access import open_to_all
from portal.models import Notice
from portal.roles import Role
from portal.sign_in.services import PRIVACY_VERSION


def _notices(request: HttpRequest) -> QuerySet[Notice]:
    """The notices meant for this visitor; a stranger sees those for everybody."""
    audiences = [Notice.Audience.ALL]
    if request.user.is_authenticated:
        is_resident = request.user.role == Role.RESIDENT
        audiences.append(Notice.Audience.RESIDENTS if is_resident else Notice.Audience.STAFF)
    return Notice.objects.filter(withdrawn_at__isnull=True, audience__in=audiences)


@open_to_all
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/home.html", {"notices": _notices(request)[:6]})


@open_to_all
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/notices.html", {"notices": _notices(request)})


@open_to_all
@require_GET
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "portal/notice.html", {"notice": get_object_or_404(_notices(request), pk=pk)})


@open_to_all
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/privacy.html", {"version": PRIVACY_VERSION})
