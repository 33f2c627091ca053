"""并入 and 划转: the form, its preview, the act and its page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Succession, TrainingBase
from portal.access import allow
from portal.parameters import is_on
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.states import StateMoved
from review.successions import services
from review.successions.forms import SuccessionForm


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def new(request: SignedInRequest, base_pk: int) -> HttpResponse:
    """Successor or province, day and ground; what it would do is shown first, then confirmed."""
    base = get_object_or_404(TrainingBase.objects.select_related("province"), pk=base_pk)
    sent = request.POST if request.method == "POST" else None
    form = SuccessionForm(sent, base=base)
    context = {"base": base, "form": form}
    if sent is None or is_on(sent, "again") or not form.is_valid():
        return render(request, "review/successions/new.html", context, status=422 if form.errors else 200)
    values = form.cleaned_data
    if not is_on(sent, "confirmed"):
        plan = services.plan(base, values["successor"], values["day"], values["province"])
        to = values["successor"] or values["province"]
        return render(request, "review/successions/preview.html", context | {"plan": plan, "to": to} | values)
    try:
        made = services.decide(base, by=request.user, **values)
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:base", pk=base.pk)
    done = f"将于 {made.day} 办理" if made.is_planned else "已办理"
    messages.success(request, f"{base.name}：{made.get_kind_display()}，{done}。有关单位和人员已收到消息。")
    return redirect("review:succession", pk=made.pk)


@require_GET
@allow(Role.CMDA)
def succession(request: SignedInRequest, pk: int) -> HttpResponse:
    """One act: what was decided, by whom, and what moved."""
    rows = Succession.objects.select_related("base", "successor", "province", "former_province", "decided_by")
    return render(request, "review/successions/succession.html", {"made": get_object_or_404(rows, pk=pk)})


@require_POST
@allow(Role.CMDA)
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take back what is planned for a later day."""
    made = get_object_or_404(Succession, pk=pk)
    try:
        services.cancel(made.pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已取消，有关单位已收到消息。")
    return redirect("review:base", pk=made.base_id)
