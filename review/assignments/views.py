"""审核分工: which reviewers of a province have which bases, and who stands in for whom (代班)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Province
from bases.scope import provinces_for
from bases.staff import may_manage
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.assignments import services as assignments
from review.assignments.forms import AssignmentForm, SubstitutionForm
from review.models import Substitution


@require_GET
@allow(Role.PROVINCE)
def of_own_province(request: SignedInRequest) -> HttpResponse:
    """分工 of the user's province; of the first where he has several."""
    province = provinces_for(request.user, Action.VIEW).order_by("pk").first()
    if province is None:
        raise PermissionDenied
    return redirect("review:assignments-of", province.pk)


def _managed(request: SignedInRequest, key: str) -> Province:
    """404 outside the user's scope, 403 where he may only look."""
    province = get_object_or_404(provinces_for(request.user, Action.VIEW), pk=key)
    if not may_manage(request.user, province):
        raise PermissionDenied
    return province


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def of_province(request: SignedInRequest, province: str) -> HttpResponse:
    """Which reviewers have which bases, and who stands in for whom (GOAL-P6)."""
    managed = _managed(request, province)
    if request.method == "GET":
        return _show(request, managed)
    form = _form(managed, request.POST)
    if not form.is_valid():
        messages.error(request, "审核人员已有变化，请核对后重新保存。")
        return _show(request, managed)
    changed = assignments.assign(managed, form.wanted(), by=request.user)
    messages.success(request, f"已保存，{changed} 个培训基地的分工有变化。" if changed else "分工没有变化。")
    return redirect("review:assignments-of", province)


def _form(province: Province, data: QueryDict | None = None) -> AssignmentForm:
    return AssignmentForm(
        data,
        bases=assignments.bases_with_waiting(province),
        people=assignments.reviewers(province),
        given=assignments.assignments_of(province),
    )


def _show(
    request: SignedInRequest, province: Province, cover: SubstitutionForm | None = None
) -> HttpResponse:
    page = {
        "province": province,
        "provinces": provinces_for(request.user, Action.MANAGE_STAFF).order_by("pk"),
        "form": _form(province),
        "cover": cover or SubstitutionForm(people=assignments.reviewers(province)),
        "substitutions": assignments.substitutions(province),
    }
    return render(request, "review/assignments/assignments.html", page, status=422 if cover else 200)


@require_POST
@allow(Role.PROVINCE)
def substitute(request: SignedInRequest, province: str) -> HttpResponse:
    """代班 from one day to another."""
    managed = _managed(request, province)
    form = SubstitutionForm(request.POST, people=assignments.reviewers(managed))
    if not form.is_valid():
        return _show(request, managed, form)
    try:
        assignments.substitute(managed, **form.chosen(), by=request.user)
    except StateMoved as twice:
        form.add_error(None, str(twice))
        return _show(request, managed, form)
    messages.success(request, "代班已登记。")
    return redirect("review:assignments-of", province)


@require_POST
@allow(Role.PROVINCE)
def substitute_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """A substitution taken away: ended earlier, or entered by mistake."""
    made = get_object_or_404(
        Substitution, pk=pk, province__in=provinces_for(request.user, Action.VIEW).values("pk")
    )
    if not may_manage(request.user, made.province):
        raise PermissionDenied
    province = made.province_id
    assignments.end_substitution(made, by=request.user)
    messages.success(request, "代班已取消。")
    return redirect("review:assignments-of", province)
