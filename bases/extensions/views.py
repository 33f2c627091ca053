"""申请延长填报时间, the base's side: asking for more time, following the request, taking it back."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from bases.extensions import services as extensions
from bases.extensions.forms import NAMED, WHOLE, ExtensionForm
from bases.lists.take_home import Column, take_home
from bases.models import TrainingBase
from bases.scope import bases_for, current_base, required_base
from bases.seasons import asked_cycle, default_cycle
from portal.access import allow
from portal.calendar import last_moment
from portal.models import CollectionCycle
from portal.parameters import whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.services.states import StateMoved

PAGE_SIZE = 50
_COLUMNS = (
    Column("环节", lambda each: each.get_step_display()),
    Column("采集周期", lambda each: each.cycle.title, 28),
    Column("范围", lambda each: _reach(each), 30),
    Column("申请延长至", lambda each: last_moment(each.until), 20),
    Column("理由", lambda each: each.reason, 40),
    Column("申请人", lambda each: each.asked_by.full_name, 12),
    Column("申请时间", lambda each: timezone.localtime(each.asked_at), 18),
    Column("处理结果", lambda each: each.get_state_display(), 14),
    Column("准予延长至", lambda each: last_moment(each.granted_until) if each.granted_until else "", 20),
    Column("处理意见", lambda each: each.comment, 40),
)


def _reach(each: Any) -> str:
    """Whom a request of the list names."""
    if not each.records:
        return "全部招收记录"
    names = "、".join(each.names)
    return names if each.records == len(each.names) else f"{names} 等 {each.records} 名住院医师"


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def extension_list(request: SignedInRequest) -> HttpResponse:
    """申请延长填报时间: what this base asked for and what was answered (GOAL-P8); as a file by POST."""
    found = extensions.in_view(request.user)
    base, asking = current_base(request), current_base(request, Action.REPORT)
    if base is not None:
        found = found.filter(base=base)
    if request.method == "POST":
        return take_home(request, found, _COLUMNS, kind="extensions", title="延长填报时间申请", at=base)
    askable = extensions.askable(asking) if asking is not None else []
    # Why nothing can be asked for, to whom might ask.
    why_not = ""
    if asking is not None and not askable:
        why_not = extensions.asking_entry(asking, default_cycle(request.user, asking)).reason
    page = {
        "page": Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page")),
        "may_ask": bool(askable),
        "why_not": why_not,
        "waiting": extensions.WAITING,
    }
    return render(request, "bases/extensions/list.html", page)


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def extension_new(request: SignedInRequest) -> HttpResponse:
    """Ask for more time for one step, for named records or all of the base's."""
    base = required_base(request, Action.REPORT)
    askable = extensions.askable(base)
    cycle = _of_request(request, askable) or asked_cycle(request, base)
    entry = extensions.asking_entry(base, cycle)
    if cycle is None or not entry.is_open:
        messages.error(request, entry.reason)
        return redirect("bases:extensions")
    form = _form(request, base, cycle)
    if request.method == "POST" and form.is_valid():
        try:
            extensions.ask(base, cycle, **form.asked, by=request.user)
        except StateMoved as moved:
            form.add_error("last_day", str(moved))
        else:
            messages.success(request, "延长填报时间申请已提交，处理结果会以消息告知。")
            return redirect("bases:extensions")
    page = {
        "form": form,
        "base": base,
        "cycle": cycle,
        "cycles": askable,
        "review_end": extensions.review_end(base, cycle),
    }
    return render(request, "bases/extensions/new.html", page, status=422 if form.errors else 200)


def _of_request(request: HttpRequest, askable: list[CollectionCycle]) -> CollectionCycle | None:
    """The year of the record or that of the address; else the first for which something can be asked."""
    named = whole_number(request.GET, "record")
    of_record = Enrollment.objects.filter(pk=named or 0).values_list("intake_year", flat=True).first()
    year = of_record or whole_number(request.GET, "year", most=9999)
    if year is None:
        return askable[0] if askable else None
    return next((each for each in askable if each.year == year), None)


def _form(request: HttpRequest, base: TrainingBase, cycle: CollectionCycle) -> ExtensionForm:
    people = extensions.candidates(base, cycle)
    named = whole_number(request.GET, "record")
    initial: dict[str, Any] = {"reach": WHOLE}
    if named is not None:
        initial = {"reach": NAMED, "people": [named]}
    return ExtensionForm(request.POST if request.method == "POST" else None, people=people, initial=initial)


@require_POST
@allow(Role.BASE)
def extension_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    asked = get_object_or_404(extensions.in_view(request.user), pk=pk)
    if not bases_for(request.user, Action.REPORT).filter(pk=asked.base_id).exists():
        raise PermissionDenied
    try:
        extensions.withdraw(pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "延长填报时间申请已撤回。")
    return redirect("bases:extensions")
