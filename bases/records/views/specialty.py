"""转换专业 within a base, by one form."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bases.lists.access import record_for
from bases.records.forms import SpecialtyForm
from bases.records.specialty_change import change_entry, change_specialty, offered_specialties
from bases.records.views.training import version_of
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.forms import show_problems
from residents.services.refusals import EditConflict, Refused
from residents.services.states import StateMoved


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def specialty_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """转换专业 within the base: 退培 and the new record by one button (BR-75, BR-76; PAIN-16)."""
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
    return render(request, "bases/records/specialty.html", page, status=422 if form.errors else 200)
