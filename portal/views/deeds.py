"""What the worker does to many records for somebody: how far it is, and what came of it (GOAL-B8)."""

from django.contrib.messages.constants import DEFAULT_TAGS
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal import jobs
from portal.access import allow
from portal.deeds import title_of
from portal.models import Deed
from portal.requests import SignedInRequest
from portal.roles import Role


@require_GET
@allow(Role.BASE, Role.PROVINCE, Role.CMDA)
def deed(request: SignedInRequest, pk: int) -> HttpResponse:
    """One's own act on many records; the page asks again by itself, and may be left."""
    found = get_object_or_404(Deed.objects.select_related("job"), pk=pk, job__requested_by=request.user)
    job = found.job
    is_open = job.state in jobs.OPEN
    if request.htmx and not is_open:
        return HttpResponse(headers={"HX-Refresh": "true"})
    page = {
        "deed": found,
        "job": job,
        "title": title_of(found),
        "is_open": is_open,
        "seconds": int((timezone.now() - job.started_at).total_seconds()) if job.started_at else 0,
        "said": [(DEFAULT_TAGS.get(level, "info"), words) for level, words in found.said],
    }
    name = "portal/_deed.html" if request.htmx else "portal/deed.html"
    return render(request, name, page)
