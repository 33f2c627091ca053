"""总览: the association's first page after signing in."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bases.seasons import asked_cycle
from portal.access import allow
from portal.calendar import cycle_state
from portal.requests import SignedInRequest
from portal.roles import Role
from review.funnel import provinces as funnel
from review.paging import one_moment
from review.windows import services as windows


@require_GET
@allow(Role.CMDA)
def national(request: SignedInRequest) -> HttpResponse:
    """The association's desk: how far a cycle is, step by step and province by province."""
    cycle = asked_cycle(request)
    context: dict[str, Any] = {"cycle": cycle, "cycles": windows.cycles()}
    if cycle:
        with one_moment() as as_of:
            rows = funnel.by_province(cycle)
        context |= {
            "as_of": as_of,
            "state": cycle_state(cycle),
            "steps": windows.steps_of(cycle),
            "rows": rows,
            "total": funnel.total(rows),
        }
    return render(request, "review/national/national.html", context)
