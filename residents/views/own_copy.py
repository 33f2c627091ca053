"""我的全部信息: everything the portal keeps of the resident, to read and to take home (GOAL-R9)."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal import audit
from portal.access import allow
from portal.own_copy import parts_of
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.views.desk import required_desk


@allow(Role.RESIDENT)
@require_GET
def own_copy(request: SignedInRequest) -> HttpResponse:
    desk = required_desk(request.user)
    return render(request, "residents/own_copy.html", {"desk": desk, "parts": parts_of(request.user)})


@allow(Role.RESIDENT)
@require_POST
def own_copy_file(request: SignedInRequest) -> JsonResponse:
    """The same as JSON, each download with its line in the audit log."""
    desk = required_desk(request.user)
    audit.record("own_copy", by=request.user, target=desk.enrollment.resident, request=request)
    now = timezone.localtime()
    content = {"生成时间": now.isoformat(timespec="seconds")} | {
        part.title: part.rows for part in parts_of(request.user)
    }
    # A name without the person's own: the file may lie on somebody else's screen.
    return JsonResponse(
        content,
        json_dumps_params={"ensure_ascii": False, "indent": 2},
        headers={"Content-Disposition": f'attachment; filename="own-copy-{now:%Y%m%d}.json"'},
    )
