from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from bases.board.board import board, follow_ups, recent_returns, to_do
from bases.lists.records import Module, filtered, for_list, records_of, scope_of
from bases.lists.selection import filter_of
from bases.models import TrainingBase
from bases.models.organisations import ReportingMode
from bases.scope import bases_for, current_base, specialty_bases_for
from portal.access import allow
from portal.calendar import Opening, current_cycle, openings
from portal.models import CollectionCycle, Step, User
from portal.roles import Action, Role
from residents.openness import SWITCHED

PAGE_SIZE = 50
STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW)


@allow(Role.BASE)
def desk(request: HttpRequest) -> HttpResponse:
    """工作台: counts by cohort and stage, what is to be done, what the province sent back (GOALS B16)."""
    base, cycle = current_base(request), current_cycle()
    scope = scope_of(request.user, base)
    boards = [board(scope, module) for module in Module]
    detail = None
    if request.GET.get("module") in Module.values and request.GET.get("year", "").isdigit():
        detail = board(scope, Module(request.GET["module"]), year=int(request.GET["year"][:4]))
    return render(
        request,
        "bases/desk.html",
        {
            "base": base,
            "bases": bases_for(request.user, Action.VIEW).order_by("code"),
            "cycle": cycle,
            "openings": desk_openings(base, cycle),
            "boards": [each for each in boards if each.rows],
            "detail": detail,
            "to_do": to_do(boards),
            "follow_ups": follow_ups(scope, base, cycle),
            "returns": recent_returns(scope),
        },
    )


@allow(Role.BASE)
@require_POST
def choose_base(request: HttpRequest) -> HttpResponse:
    """Work for another of one's bases from now on, in this session."""
    chosen = request.POST.get("base", "")
    base = get_object_or_404(bases_for(request.user, Action.VIEW), pk=chosen if chosen.isdecimal() else 0)
    request.session["base_id"] = base.pk
    return redirect("bases:desk")


def desk_openings(base: TrainingBase | None, cycle: CollectionCycle | None) -> list[tuple[str, Opening]]:
    """The windows of this cycle's intake as they apply to the base, each with its name."""
    if base is not None and base.province.reporting_mode == ReportingMode.API:
        return [(Step(step).label, SWITCHED) for step in STEPS]
    found = openings(
        cycle, STEPS, province_id=base.province_id if base else None, base_id=base.pk if base else None
    )
    return [(Step(step).label, found[step]) for step in STEPS]


@allow(Role.BASE)
def record_list(request: HttpRequest, module: str) -> HttpResponse:
    """招收信息管理 or 住院医师信息管理: the records of the module under the filters of the address."""
    base, cycle = current_base(request), current_cycle()
    scope = scope_of(request.user, base)
    records = records_of(scope, module)
    filters = filter_of(request.GET, records, module, cycle)
    found = for_list(filtered(records, filters.values, cycle=cycle, base=base))
    return render(
        request,
        "bases/record_list.html",
        {
            "module": Module(module),
            "filters": filters,
            "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
            "opening": desk_openings(base, cycle)[2][1] if module == Module.INTAKE else None,
            "may_act": may_act(request.user, base),
        },
    )


def may_act(user: User, base: TrainingBase | None) -> bool:
    """Whether the list offers its actions at all: read-only members get none."""
    if base is not None:
        return bases_for(user, Action.REPORT).filter(pk=base.pk).exists()
    return specialty_bases_for(user, Action.REPORT).exists()
