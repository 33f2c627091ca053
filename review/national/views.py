"""总览: the association's first page after signing in."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bases.seasons import asked_cycle
from portal import replica
from portal.access import allow
from portal.calendar import cycle_state
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.codes import PROVINCE_SHORT_NAMES
from review.funnel import provinces as funnel
from review.paging import one_moment
from review.windows import services as windows

# From which share on a unit is drawn darker: three steps, each at least three times as bright as the next.
_STEPS = (50, 90)


def _tiles(rows: list[funnel.Progress]) -> list[dict[str, Any]]:
    """报送单位方格图: a tile a unit with its number, in the order of the table beside it (GOAL-N11)."""
    return [
        {
            "code": row.code,
            "name": PROVINCE_SHORT_NAMES.get(row.code, row.name),
            "approved": row.approved,
            "percent": row.approved_percent,
            "step": sum((row.approved_percent or 0) >= step for step in _STEPS),
        }
        for row in rows
    ]


@require_GET
@allow(Role.CMDA)
def national(request: SignedInRequest) -> HttpResponse:
    """The association's desk: how far a cycle is, step by step and province by province."""
    cycle = asked_cycle(request)
    context: dict[str, Any] = {"cycle": cycle, "cycles": windows.cycles()}
    if cycle:

        def ask() -> tuple[datetime, list[funnel.Progress]]:
            with one_moment() as as_of:
                return as_of, funnel.by_province(cycle)

        (as_of, rows), read_until = replica.read(ask)
        context |= {
            "as_of": as_of,
            "read_until": read_until,
            "state": cycle_state(cycle),
            "steps": windows.steps_of(cycle),
            "rows": rows,
            "tiles": _tiles(rows),
            "total": funnel.total(rows),
        }
    return render(request, "review/national/national.html", context)
