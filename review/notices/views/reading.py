"""公告 for its readers: the list, one notice, its files, 已阅 (BR-95)."""

from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.access import allow, open_to_all
from portal.models import User
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.downloads import evidence_response
from review.notices.readers import mark_read, readable


@open_to_all
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    return render(request, "review/notices/list.html", {"notices": readable(request.user)})


@open_to_all
@require_GET
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One notice with its files; whoever has opened it has read it."""
    shown = get_object_or_404(readable(request.user), pk=pk)
    if request.user.is_authenticated:
        mark_read(shown, cast(User, request.user))
    return render(request, "review/notices/shown.html", {"notice": shown, "files": shown.files.all()})


@require_POST
@allow(*Role)
def read(request: SignedInRequest, pk: int) -> HttpResponse:
    """已阅 without opening it: off the desk."""
    mark_read(get_object_or_404(readable(request.user), pk=pk), request.user)
    return redirect("portal:desk")


@open_to_all
@require_GET
def file(request: HttpRequest, pk: int, file: int) -> FileResponse:
    """A file of a notice, for whoever may read the notice."""
    found = get_object_or_404(get_object_or_404(readable(request.user), pk=pk).files, pk=file)
    return evidence_response(found.file.name, found.name)
