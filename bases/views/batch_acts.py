"""What people do with a batch beyond confirming it: correct its refused rows in the page, undo it (GOALS B7, B11)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bases import undo as undoing
from bases.import_work import BatchMoved, State, import_opening
from bases.views.imports import batch_for
from portal.access import allow
from portal.roles import Action, Role


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask with counts and names what would go and what stays; carry it out (GOALS B11)."""
    batch = batch_for(request.user, pk, Action.IMPORT_ACCOUNTS)
    if request.method == "POST":
        try:
            plan = undoing.undo(batch, by=request.user)
            if plan:
                messages.success(request, f"已撤销 {len(plan.going)} 人的导入，保留 {len(plan.kept)} 人。")
        except BatchMoved as moved:
            messages.error(request, str(moved))
        return redirect("bases:import-batch", pk)
    if not undoing.can_be_undone(batch):
        if batch.state != State.UNDONE:
            messages.error(request, f"这批数据现在是“{batch.get_state_display()}”，不能撤销。")
        return redirect("bases:import-batch", pk)
    context = {
        "batch": batch,
        "plan": undoing.plan_of(batch),
        "opening": import_opening(batch.base, batch.module, batch.cycle),
    }
    return render(request, "bases/imports/undo.html", context)
