"""工作台: the base's first page after signing in, and the choice between several bases."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from bases.board.board import board, board_of_year, calendar_of, count, recent_returns
from bases.board.today import tasks
from bases.extensions.services import askable
from bases.lists.access import desk_openings
from bases.lists.bands import bands
from bases.models import SpecialtyBase, TrainingBase
from bases.scope import SPECIALTIES, bases_for, current_base, place_of, specialty_places, workplaces
from bases.seasons import asked_cycle, in_view
from portal.access import allow
from portal.parameters import choice, is_on, key, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models.enrollment import Module


@allow(Role.BASE)
def desk(request: SignedInRequest) -> HttpResponse:
    """工作台: counts by cohort and stage, what is to be done, what the province sent back (GOAL-B16)."""
    base = current_base(request)
    places = specialty_places(request.user)
    years = in_view(request.user, base)
    cycle = asked_cycle(request, base, name="cycle", found=years)
    asking_base = current_base(request, Action.REPORT)
    place, at = place_of(request.user, base), workplaces(request.user, base)
    calendar = calendar_of(at)
    counts = [count(place, module, bases=at, calendar=calendar) for module in Module]
    more_time = askable(asking_base, calendar) if asking_base else []
    boards = [board(each) for each in counts]
    detail = None
    module, year = choice(request.GET, "module", Module.values), whole_number(request.GET, "year", most=9999)
    if module and year is not None:
        detail = board_of_year(place, Module(module), year)
    return render(
        request,
        "bases/board/desk.html",
        {
            "base": base,
            "places": places,
            "bases": bases_for(request.user, Action.VIEW).order_by("code"),
            "cycle": cycle,
            "cycles": calendar.cycles[::-1],
            "openings": desk_openings(at, cycle, calendar),
            "bands": bands(place, at, years, more_time, calendar),
            "boards": [each for each in boards if each.rows],
            "detail": detail,
            "no_records": _no_records(base, places),
            "tasks": tasks(request.user, base, place, counts, calendar),
            "may_extend": bool(more_time),
            "returns": recent_returns(place),
        },
    )


def _no_records(base: TrainingBase | None, places: list[SpecialtyBase]) -> str:
    """Why the board of somebody is empty, and who could fill it: only what is open to this reader (AM-31)."""
    if base is None and any(place.base.is_active for place in places):
        return "账号由培训基地的住培管理部门导入，导入并选定本专业以后显示在这里。"
    if base is None or not base.is_active:
        return "本基地已停用，未结束的培训由承接基地办理。"
    return "先下载账号模板，导入本基地的住院医师账号。"


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
