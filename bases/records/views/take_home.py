"""What a base takes home of its lists: files and printed 信息采集表 (GOAL-B19)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.lists.selection import chosen, way_back
from bases.models import TrainingBase
from bases.records.export import ACT, TITLES, ExportForm, seen, workbook
from bases.reveal import asked_in_full, demand, hand_out, may_see
from bases.scope import current_base
from bases.submissions.kept import last_snapshots, snapshot_as_kept
from bases.submissions.sections import sections
from portal import deeds
from portal.access import allow
from portal.models import Deed
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models.enrollment import Module
from residents.snapshot import for_check


@allow(Role.BASE)
@require_POST
def export(request: SignedInRequest, module: Module) -> HttpResponse:
    """The list under the filters of the address, or all that was collected of those in it, as .xlsx; many are written
    by the worker."""
    base, form = current_base(request), ExportForm(request.POST)
    if not form.is_valid():
        for texts in form.errors.values():
            messages.error(request, str(texts[0]))
        return redirect(f"{reverse('bases:record-list', args=[module])}?{request.GET.urlencode()}")
    asked = {**form.cleaned_data, "module": module.value, "query": request.GET.urlencode()}
    if asked["unmasked"]:
        demand(request.user, base)
    number = seen(request.user, base, module, request.GET)[0].count()
    if number > deeds.MOST_AT_ONCE:
        asked["base"] = base.pk if base else None
        return deeds.carry_out(request, ACT, asked, number=number)
    content, people = workbook(
        request.user, base, module, request.GET, what=asked["what"], masked=not asked["unmasked"]
    )
    return _handed_out(request, content, people, base, asked)


@allow(Role.BASE)
@require_GET
def export_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The file that the worker has written for him; each time it is fetched its persons leave the house."""
    deed = get_object_or_404(Deed, pk=pk, act=ACT, job__requested_by=request.user)
    if not deed.file:
        raise Http404
    base = TrainingBase.objects.filter(pk=deed.asked["base"] or 0).first()
    with deed.file.open("rb") as file:
        content = file.read()
    return _handed_out(request, content, deed.found["people"], base, deed.asked)


def _handed_out(
    request: SignedInRequest,
    content: bytes,
    people: list[int],
    base: TrainingBase | None,
    asked: dict[str, Any],
) -> HttpResponse:
    return hand_out(
        request,
        content,
        people,
        at=base,
        kind=f"base_{asked['what']}",
        title=f"{Module(asked['module']).label}{TITLES[asked['what']]}",
        purpose=asked["purpose"] if asked["unmasked"] else "",
    )


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def sheets(request: SignedInRequest) -> HttpResponse:
    """信息采集表 of the chosen records to print and sign, one a sheet; a POST with a purpose shows full numbers."""
    base = current_base(request)
    found = chosen(request.GET, request.user, base, Action.VIEW).order_by("-intake_year", "-pk")
    records = list(for_check(found)[: deeds.MOST_AT_ONCE + 1])
    if not records or len(records) > deeds.MOST_AT_ONCE:
        messages.warning(request, f"请选择 1 至 {deeds.MOST_AT_ONCE} 人，再打印信息采集表。")
        return redirect(way_back(request))
    people = [row.resident_id for row in records]
    at = records[0] if len(records) == 1 else base
    masked = not (request.method == "POST" and asked_in_full(request, base or request.user, people, at=at))
    kept = last_snapshots(records)
    context = {
        "sheets": [
            (row, sections(snapshot_as_kept(row, kept.get(row.pk)), masked=masked)) for row in records
        ],
        "masked": masked,
        "may_unmask": may_see(request.user, at),
        "today": timezone.localdate(),
        "back": way_back(request),
    }
    return render(request, "bases/records/sheets.html", context)
