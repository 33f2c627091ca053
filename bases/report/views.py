"""上报: the check before it, the report of what is ready, and 撤回上报."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from bases.lists.access import record_for
from bases.lists.selection import LONGEST_LIST, chosen, ids_in, named, way_back
from bases.report import services, withdrawal
from bases.report.services import DECLARATION, DeclarationMissing
from bases.scope import current_base
from portal import deeds
from portal.access import allow
from portal.parameters import is_on, text, texts
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.services.states import StateMoved
from residents.snapshot import for_check

BLOCKED_SHOWN = 200
REFUSED_NAMED = 5


@allow(Role.BASE)
def report(request: SignedInRequest) -> HttpResponse:
    """上报前检查 of the chosen records with links to what is missing, and 上报 of those that are ready (BR-30,
    GOAL-B15)."""
    if request.method == "GET":
        records = for_check(chosen(request.GET, request.user, current_base(request), Action.REPORT))
        return render(request, "bases/report/report.html", _checked(request, list(records.order_by("pk"))))
    own = named([text(request.POST, "ids", longest=LONGEST_LIST)], request.user, Action.REPORT)
    declared = is_on(request.POST, "declared", "on")
    insisted = ids_in(texts(request.POST, "untouched"))
    if not declared:
        lists = [text(request.POST, name, longest=LONGEST_LIST) for name in ("ids", "others")]
        shown = named(lists, request.user, Action.REPORT)
        context = _checked(request, list(for_check(shown).order_by("pk"))) | {
            "error": str(DeclarationMissing())
        }
        return render(request, "bases/report/report.html", context | {"insisted": insisted}, status=422)
    ids = list(own.values_list("pk", flat=True))
    asked = {"ids": ids, "untouched": insisted, "back": way_back(request)}
    return deeds.carry_out(request, "report", asked, number=len(ids))


def _checked(request: HttpRequest, records: list[Enrollment]) -> dict:
    found = services.examine(records)
    ready = [row for row in records if not found[row.pk].blockers]
    already = [row for row in records if services.is_reported(row)]
    blocked = [
        (row, found[row.pk].blockers)
        for row in records
        if found[row.pk].blockers and not services.is_reported(row)
    ]
    return {
        "ready": ready,
        "warned": [(row, found[row.pk].warnings) for row in ready if found[row.pk].warnings],
        "untouched": [row for row in ready if found[row.pk].is_untouched],
        "ready_ids": ",".join(str(row.pk) for row in ready),
        "other_ids": ",".join(str(row.pk) for row in records if found[row.pk].blockers),
        "already": already,
        "blocked": blocked[:BLOCKED_SHOWN],
        "blocked_count": len(blocked),
        "declaration": DECLARATION,
        "back": way_back(request),
    }


@allow(Role.BASE)
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """撤回上报 while the province has not decided (AM-15)."""
    enrollment = record_for(request.user, pk, Action.REPORT)
    try:
        withdrawal.withdraw(enrollment.pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, f"已撤回“{enrollment.resident.full_name}”的上报，修改后请再次上报。")
    return redirect(reverse("bases:record", args=[pk]))
