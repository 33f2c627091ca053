"""身份核实, the base's side: asking who is right, and following the answer (AM-35)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from bases.identity_checks import services
from bases.identity_checks.forms import IdentityCheckForm
from bases.imports.access import refused_row
from bases.lists.take_home import Column, take_home
from bases.reveal import may_see
from bases.scope import current_base, required_base
from portal.access import allow
from portal.parameters import whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.codes import CODE_LISTS
from residents.forms import show_problems
from residents.services.refusals import Refused
from residents.services.states import StateMoved

PAGE_SIZE = 50
_COLUMNS = (
    Column("姓名", lambda each: each.full_name),
    Column("证件类型", lambda each: CODE_LISTS["id_type"].label(each.id_type), 20),
    Column("证件号", lambda each: each.id_number, 22, is_number=True),
    Column("提交时间", lambda each: timezone.localdate(each.asked_at)),
    Column("状态", lambda each: each.get_state_display(), 20),
    Column("办理意见", lambda each: each.comment, 40),
)


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def check_list(request: SignedInRequest) -> HttpResponse:
    """The base's questions, the newest first, with what became of each; as a file by POST."""
    found = services.in_view(request.user).order_by("-asked_at", "-pk")
    if request.method == "POST":
        return take_home(
            request,
            found,
            _COLUMNS,
            kind="identity_checks",
            title="身份核实",
            at=current_base(request),
            person=lambda each: each.resident_id,
        )
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    may_ask = current_base(request, Action.IMPORT_ACCOUNTS) is not None
    context = {"page": page, "may_ask": may_ask, "has_desk": current_base(request) is not None}
    context["may_unmask"] = bool(page.paginator.count) and may_see(request.user, current_base(request))
    return render(request, "bases/identity_checks/list.html", context)


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def check_new(request: SignedInRequest) -> HttpResponse:
    """提交核实, from a refused row of an import or by hand."""
    base = required_base(request, Action.IMPORT_ACCOUNTS)
    row = refused_row(request)
    if row is not None and row.batch.base is not None:
        base = row.batch.base
    form = IdentityCheckForm(request.POST or None, request.FILES or None, initial=_initial(row))
    if request.method == "POST" and form.is_valid():
        evidence = form.cleaned_data.pop("evidence")
        try:
            services.ask(base, values=form.cleaned_data, evidence=evidence, by=request.user)
        except Refused as refused:
            show_problems(form, refused.problems)
        except StateMoved as moved:
            form.add_error(None, str(moved))
        else:
            messages.success(request, "已提交核实，由省级核实后报中国医师协会处理，办结后会通知本基地。")
            return redirect("bases:identity-checks")
    page = {"base": base, "form": form}
    return render(request, "bases/identity_checks/new.html", page, status=422 if form.errors else 200)


def _initial(row: Any) -> dict[str, Any]:
    if row is None:
        return {}
    return {name: row.values.get(name) or "" for name in ("full_name", "id_type", "id_number")}
