"""转换专业 within a base, by one form."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from bases.lists.access import record_for
from bases.lists.place import place_in_list
from bases.records.forms import SpecialtyForm
from bases.records.specialty_change import change_entry, change_specialty, offered_specialties
from bases.records.views.training import answer_to, back_to, version_of
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.completeness import completeness
from residents.models import Enrollment


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def specialty_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """转换专业 within the base: 退培 and the new record by one button (BR-75, BR-76; PAIN-16)."""
    enrollment = record_for(request.user, pk, Action.EDIT_STATUS)
    entry = change_entry(enrollment)
    if not entry.is_open:
        messages.warning(request, entry.reason)
        return back_to(request, enrollment)
    form = SpecialtyForm(request.POST or None, offered=offered_specialties(enrollment))
    is_good = request.method == "POST" and form.is_valid()
    if is_good and (answer := answer_to(request, enrollment, form, _change)):
        return answer
    page = {"record": enrollment, "form": form, "in_list": place_in_list(request, enrollment)}
    return render(request, "bases/records/specialty.html", page, status=422 if form.errors else 200)


def _change(request: SignedInRequest, enrollment: Enrollment, form: SpecialtyForm) -> int:
    new = change_specialty(
        enrollment.pk, **form.cleaned_data, by=request.user, expected_version=version_of(request)
    )
    gaps = "、".join(missing.label for missing in completeness(new).section("training").missing)
    messages.success(
        request, f"已转换专业。上报前请补充培训信息：{gaps}。" if gaps else "已转换专业，核对后请上报。"
    )
    return new.pk
