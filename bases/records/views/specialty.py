from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from bases.deadlines.overdue_statuses import stale
from bases.lists.access import record_for
from bases.lists.records import scope_of
from bases.records.specialty_change import change_entry, change_specialty, offered_specialties
from bases.records.views.training import version_of
from bases.scope import bases_for, current_base
from bases.transfers.forms import SpecialtyForm
from portal.access import allow
from portal.roles import Action, Role
from residents.forms import show_problems
from residents.services.refusals import EditConflict, Refused
from residents.services.states import StateMoved

PAGE_SIZE = 50


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def specialty_change(request: HttpRequest, pk: int) -> HttpResponse:
    """转换专业 within the base: 退培 and the new record by one button (BR-75, 76; P-16)."""
    enrollment = record_for(request.user, pk, Action.EDIT_STATUS)
    entry = change_entry(enrollment)
    if not entry.is_open:
        messages.warning(request, entry.reason)
        return redirect("bases:record", pk)
    form = SpecialtyForm(request.POST or None, offered=offered_specialties(enrollment))
    if request.method == "POST" and form.is_valid():
        try:
            new = change_specialty(
                pk, **form.cleaned_data, by=request.user, expected_version=version_of(request)
            )
        except Refused as refused:
            show_problems(form, refused.problems)
        except EditConflict as conflict:
            enrollment.refresh_from_db()
            form.add_error(None, str(conflict))
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("bases:record", pk)
        else:
            messages.success(request, "已转换专业。请补充新专业的培训年限和时间，核对后上报。")
            return redirect("bases:record", new.pk)
    page = {"record": enrollment, "form": form}
    return render(request, "bases/transfers/specialty.html", page, status=422 if form.errors else 200)


@require_GET
@allow(Role.BASE)
def stale_statuses(request: HttpRequest) -> HttpResponse:
    """延期, 暂停 and 结束 not yet back to 在培, the longest first (BR-82, P-20)."""
    base = current_base(request)
    if request.GET.get("base", "").isdigit():
        # The reminder names its base: a person may work for several.
        asked = bases_for(request.user, Action.VIEW).filter(pk=int(request.GET["base"][:9])).first()
        base = asked or base
    found = stale(scope_of(request.user, base)).select_related("resident", "specialty")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "bases/transfers/stale.html", {"base": base, "page": page})
