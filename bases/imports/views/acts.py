"""What people do with a batch beyond confirming it: correct its refused rows in the page, undo it (GOAL-B7,
GOAL-B11)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bases.imports import row_fixing
from bases.imports.access import batch_for
from bases.imports.batch import BatchMoved, State
from bases.imports.undo import services
from bases.models import ImportBatch
from bases.workbooks.kinds import kind_of, opening_of
from portal.access import allow
from portal.parameters import choice, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role


@allow(Role.BASE, Role.PROVINCE)
@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """The refused rows in an editable table, a page at a time (GOAL-B7). Numbers stand in full: they are to be
    corrected by those who may import them."""
    batch = batch_for(request.user, pk)
    number = whole_number(request.GET, "page", 1)
    if request.method == "POST":
        return _corrected(request, batch, number)
    if batch.state not in row_fixing.CORRECTABLE:
        messages.error(request, f"这批数据现在是“{batch.get_state_display()}”，不能修改。")
        return redirect("bases:import-batch", pk)
    context = {
        "batch": batch,
        "kind": kind_of(batch),
        "page": row_fixing.page_to_correct(batch, number),
        "opening": opening_of(batch),
    }
    return render(request, "bases/imports/correct.html", context)


def _corrected(request: SignedInRequest, batch: ImportBatch, number: int | None) -> HttpResponse:
    """Save the page and go where its button leads: what was typed is not lost by turning the page."""
    texts = row_fixing.texts_of(batch, request.POST)
    try:
        _say(request, row_fixing.correct(batch, texts, by=request.user))
    except BatchMoved as moved:
        messages.error(request, str(moved))
        return redirect("bases:import-batch", batch.pk)
    go = choice(request.POST, "go", ("next", "previous"))
    if go == "next":
        number = row_fixing.page_beyond(batch, texts)
    elif go == "previous" and number:
        number = max(number - 1, 1)
    return redirect(f"{request.path}?{urlencode({'page': number})}" if number else request.path)


def _say(request: HttpRequest, outcome: row_fixing.Outcome) -> None:
    if outcome.refused:
        messages.warning(
            request,
            f"已重新检查 {outcome.judged} 行：{outcome.good} 行可以导入，{outcome.refused} 行仍有误。",
        )
    elif outcome.judged:
        messages.success(request, f"已重新检查 {outcome.judged} 行，都没有错误，请确认导入。")
    else:
        messages.info(request, "这些行已改正，没有需要重新检查的。")


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask with counts and names what would go and what stays; carry it out (GOAL-B11)."""
    batch = batch_for(request.user, pk)
    if request.method == "POST":
        try:
            plan = services.undo(batch, by=request.user)
            if plan:
                messages.success(request, f"已撤销 {plan.count} 人的导入，保留 {len(plan.kept)} 人。")
        except BatchMoved as moved:
            messages.error(request, str(moved))
        return redirect("bases:import-batch", pk)
    if not services.can_be_undone(batch):
        if batch.state != State.UNDONE:
            messages.error(request, f"这批数据现在是“{batch.get_state_display()}”，不能撤销。")
        return redirect("bases:import-batch", pk)
    context = {
        "batch": batch,
        "kind": kind_of(batch),
        "plan": services.plan_of(batch),
        "opening": opening_of(batch),
    }
    return render(request, "bases/imports/undo.html", context)
