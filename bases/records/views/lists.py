"""招收信息管理 and 住院医师信息管理: the base's two lists of records."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from bases.extensions.services import askable
from bases.lists.access import may_act
from bases.lists.bands import bands
from bases.lists.columns import chosen_columns, of_module
from bases.lists.filters import RecordFilter
from bases.lists.place import PAGE_SIZE, carried
from bases.lists.records import filtered, in_order, records_of, rows, scope_of
from bases.lists.selection import filter_of
from bases.models import ImportBatch, TrainingBase
from bases.records.saved_views import MOST, NameForm, delete_view, save_view, views_of
from bases.reveal import may_see
from bases.scope import DESK, base_ids, current_base, place_of, reaches, workplaces
from bases.seasons import default_cycle
from bases.workbooks.kinds import KINDS
from portal.access import allow
from portal.calendar import cycle_of_year
from portal.parameters import whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import Module


@allow(Role.BASE)
def record_list(request: SignedInRequest, module: str) -> HttpResponse:
    """招收信息管理 or 住院医师信息管理: the records of the module under the filters of the address."""
    base = current_base(request)
    cycle = default_cycle(request.user, base)
    place, at = place_of(request.user, base), workplaces(request.user, base)
    filters = filter_of(request.GET, place, Module(module), cycle)
    shown = cycle_of_year(filters.values.get("year", 0)) or cycle
    records = records_of(scope_of(request.user, base), module)
    page = _page(request, filtered(records, filters.values, bases=at), Module(module))
    heir = base.heir if base else None
    years = [shown] if shown and module == Module.INTAKE else []
    asking = current_base(request, Action.REPORT)
    return render(
        request,
        "bases/records/record_list.html",
        {
            "module": Module(module),
            "filters": filters,
            "came": carried(module, filters),
            "columns": chosen_columns(module, filters.column_keys),
            "all_columns": of_module(module),
            "saved_views": views_of(request.user, module),
            "may_unmask": may_see(request.user, base),
            "page": page,
            "bands": bands(place, at, years, askable(asking) if asking and years else []),
            "may_act": may_act(request.user, base),
            "may_import": _may_import(request, base, Module(module)),
            "heir": heir,
            "heir_query": _at_heir(request, base, heir, filters) if base and heir else "",
            "former": TrainingBase.objects.filter(pk=filters.values.get("former", 0)).first(),
        },
    )


def _page(request: SignedInRequest, found: QuerySet[Enrollment], module: Module) -> Page:
    """Keys first: what a row displays is asked of the page's own rows, by a query that is always the same."""
    keys = in_order(found).values_list("pk", flat=True)
    page = Paginator(keys, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    # A record may have left the desk between the two queries.
    seen = [row for row in rows(module, list(page)) if reaches(request.user, row, Action.VIEW)]
    return Page(seen, page.number, cast(Paginator, page.paginator))


def _at_heir(request: SignedInRequest, base: TrainingBase, heir: TrainingBase, filters: RecordFilter) -> str:
    """The same list of those who went from this base to the one that goes on for it, for who works there too."""
    if heir.pk not in base_ids(request.user, Action.VIEW):
        return ""
    return f"?{urlencode([*filters.given, ('former', base.pk), (DESK, heir.pk)])}"


def _may_import(request: SignedInRequest, base: TrainingBase | None, module: Module) -> bool:
    """账号模板 and 补录 stand where they work: whoever imports accounts for the base, while it may (BR-27, BR-60)."""
    if base is None or current_base(request, Action.IMPORT_ACCOUNTS) != base:
        return False
    accounts = KINDS[ImportBatch.Kind.ACCOUNTS]
    return accounts.opening(base, module, accounts.cycle(base, module)).is_open


@allow(Role.BASE)
@require_POST
def view_save(request: SignedInRequest, module: Module) -> HttpResponse:
    """Give the filters and columns of the address a name."""
    form = NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["name"][0]))
    elif view := save_view(request.user, module, form.cleaned_data["name"], request.GET):
        messages.success(request, f"已保存为常用筛选“{view.name}”。")
    else:
        messages.error(request, f"每个名单最多保存 {MOST} 个常用筛选，请先删除不用的。")
    return redirect(f"{reverse('bases:record-list', args=[module])}?{request.GET.urlencode()}")


@allow(Role.BASE)
@require_POST
def view_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(request.user.saved_views, pk=pk)
    delete_view(view)
    messages.success(request, f"已删除常用筛选“{view.name}”。")
    return redirect("bases:record-list", view.module)
