"""工作台: the base's first page after signing in, and the choice between several bases."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from bases.board.board import board, follow_ups, from_above, recent_returns, to_do
from bases.extensions.services import askable
from bases.lists.access import desk_openings
from bases.lists.records import scope_of
from bases.scope import SPECIALTIES, bases_for, current_base, has_place, specialty_places
from bases.seasons import asked_cycle
from portal.access import allow
from portal.models import CollectionCycle
from portal.parameters import choice, is_on, key, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models.enrollment import Module


@allow(Role.BASE)
def desk(request: SignedInRequest) -> HttpResponse:
    """工作台: counts by cohort and stage, what is to be done, what the province sent back (GOAL-B16)."""
    if not has_place(request.user):
        return render(request, "portal/no_place.html")
    base = current_base(request)
    cycle = asked_cycle(request, base, name="cycle")
    asking_base = current_base(request, Action.REPORT)
    scope = scope_of(request.user, base)
    boards = [board(scope, module) for module in Module]
    detail = None
    module, year = choice(request.GET, "module", Module.values), whole_number(request.GET, "year", most=9999)
    if module and year is not None:
        detail = board(scope, Module(module), year=year)
    return render(
        request,
        "bases/board/desk.html",
        {
            "base": base,
            "places": specialty_places(request.user),
            "bases": bases_for(request.user, Action.VIEW).order_by("code"),
            "cycle": cycle,
            "cycles": CollectionCycle.objects.order_by("-year"),
            "openings": desk_openings(base, cycle),
            "boards": [each for each in boards if each.rows],
            "detail": detail,
            "to_do": to_do(boards, scope) + (from_above(base) if base else []),
            "may_extend": asking_base is not None and bool(askable(asking_base)),
            "follow_ups": follow_ups(scope, base, cycle),
            "returns": recent_returns(scope),
        },
    )


@allow(Role.BASE)
@require_POST
def choose_base(request: SignedInRequest) -> HttpResponse:
    """Work for another of one's bases, or for one's single specialties, from now on, in this session."""
    if is_on(request.POST, "base", "specialties") and specialty_places(request.user):
        request.session["base_id"] = SPECIALTIES
        return redirect("bases:desk")
    base = get_object_or_404(bases_for(request.user, Action.VIEW), pk=key(request.POST, "base"))
    request.session["base_id"] = base.pk
    return redirect("bases:desk")
