"""机构目录: the association's pages of provinces, training bases, accreditation and specialties."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from bases.models import Province, Specialty, SpecialtyBase, TrainingBase
from portal.access import allow
from portal.form_words import outcome_of
from portal.parameters import text
from portal.requests import SignedInRequest
from portal.roles import Role
from review.organisations.effects import effects, effects_of_catalogue
from review.organisations.forms import AccreditationForm, BaseForm, SpecialtyForm
from review.organisations.services import save
from review.paging import keyset_page


@require_GET
@allow(Role.CMDA)
def provinces(request: SignedInRequest) -> HttpResponse:
    """The 32 reviewing units with what belongs to each."""
    rows = Province.objects.annotate(
        bases_in_use=Count("bases", filter=Q(bases__is_active=True), distinct=True),
        people=Count("provinceusergrant__user", distinct=True),
    ).order_by("code")
    return render(request, "review/organisations/provinces.html", {"provinces": rows})


@require_GET
@allow(Role.CMDA)
def bases(request: SignedInRequest) -> HttpResponse:
    """All training bases, by province and name."""
    found = TrainingBase.objects.select_related("province").annotate(
        specialties=Count("specialty_bases", distinct=True),
        people=Count("trainingbaseusergrant__user", distinct=True),
    )
    province, asked = text(request.GET, "province", longest=20), text(request.GET, "q", longest=50).strip()
    if province:
        found = found.filter(province_id=province)
    if asked:
        found = found.filter(Q(name__contains=asked) | Q(code__istartswith=asked))
    page = keyset_page(found, request.GET)
    context = {"page": page, "provinces": Province.objects.all(), "chosen": province, "text": asked}
    return render(request, "review/organisations/bases.html", context)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def base(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    """One training base: its directory entry and its accredited specialties; without a key, a new one. That it is no
    longer in use or has another name is shown first, with whom it reaches, then confirmed."""
    shown = get_object_or_404(TrainingBase, pk=pk) if pk else None
    form = BaseForm(request.POST or None, instance=shown)
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        ends = "is_active" in form.changed_data and not form.instance.is_active
        reaches = shown is not None and (ends or "name" in form.changed_data)
        if reaches and "confirmed" not in request.POST:
            told = {"base": shown, "form": form, "effects": effects([shown] if shown else [], [])}
            return render(request, "review/organisations/base.html", told)
        saved = save(form, by=request.user)
        messages.success(request, outcome_of(form, f"已保存培训基地“{saved.name}”。"))
        return redirect("review:base", pk=saved.pk)
    specialties = shown.specialty_bases.select_related("specialty") if shown else []
    successions = shown.successions.all() if shown else []
    return render(
        request,
        "review/organisations/base.html",
        {"base": shown, "form": form, "specialties": specialties, "successions": successions},
    )


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def accreditation(request: SignedInRequest, base_pk: int, pk: int | None = None) -> HttpResponse:
    """Add a specialty to a base, or change from which to which intake year it is accredited: shown first, with whom it
    reaches, then confirmed."""
    of = get_object_or_404(TrainingBase, pk=base_pk)
    held = get_object_or_404(SpecialtyBase, pk=pk, base=of) if pk else None
    form = AccreditationForm(request.POST or None, instance=held, base=of)
    context = {"base": of, "held": held, "form": form}
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        if held and form.has_changed() and "confirmed" not in request.POST:
            return render(
                request, "review/organisations/accreditation.html", context | {"effects": effects([], [held])}
            )
        saved = save(form, by=request.user)
        messages.success(request, outcome_of(form, f"已保存“{of.name}”的专业基地：{saved.specialty.name}。"))
        return redirect("review:base", pk=of.pk)
    return render(request, "review/organisations/accreditation.html", context)


@require_GET
@allow(Role.CMDA)
def specialties(request: SignedInRequest) -> HttpResponse:
    """The national catalogue of training specialties."""
    return render(
        request, "review/organisations/specialties.html", {"specialties": Specialty.objects.order_by("code")}
    )


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def specialty(request: SignedInRequest, code: str) -> HttpResponse:
    """One specialty of the catalogue; other years are shown first, with whom they reach, then confirmed."""
    shown = get_object_or_404(Specialty, pk=code)
    form = SpecialtyForm(request.POST or None, instance=shown)
    context = {"specialty": shown, "form": form}
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        if {"valid_from", "valid_to"} & set(form.changed_data) and "confirmed" not in request.POST:
            told = effects_of_catalogue(Specialty.objects.get(pk=code), shown)
            return render(request, "review/organisations/specialty.html", context | {"effects": told})
        saved = save(form, by=request.user)
        messages.success(request, outcome_of(form, f"已保存培训专业“{saved.name}”。"))
        return redirect("review:specialties")
    return render(request, "review/organisations/specialty.html", context)
