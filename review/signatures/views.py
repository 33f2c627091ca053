"""签署: what one's own organisations sign, one part with its people, and what changed since."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.access import allow
from portal.parameters import key
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.states import StateMoved
from review.editions import comparison
from review.funding.services import rules_of
from review.models import Edition, FundingRules
from review.paging import keyset_page
from review.signatures import services
from review.signatures.forms import RefusalForm

MOST_SHOWN = 50


@require_GET
@allow(Role.BASE, Role.PROVINCE, Role.CMDA)
def signatures(request: SignedInRequest) -> HttpResponse:
    """Each edition and what of it one's own organisations sign."""
    lines = []
    for edition in Edition.objects.select_related("order").order_by("-year", "-number")[:20]:
        newest = rules_of(edition.year)
        for rules in [None, newest] if newest else [None]:
            parts = services.own_parts(request.user, edition, rules)
            words = services.words_on(parts)
            lines += [(part, words.get((part.level, part.unit))) for part in parts]
    return render(request, "review/signatures/signatures.html", {"lines": lines})


def _part(request: SignedInRequest, pk: int, level: str, unit: str) -> services.Part:
    edition = get_object_or_404(Edition.objects.select_related("order"), pk=pk)
    asked = key(request.GET, "rules")
    rules = get_object_or_404(FundingRules, pk=asked) if asked else None
    part = services.part_for(request.user, edition, level, unit, rules)
    if part is None:
        raise Http404
    return part


@require_GET
@allow(Role.BASE, Role.PROVINCE, Role.CMDA)
def part(request: SignedInRequest, pk: int, level: str, unit: str) -> HttpResponse:
    """One part of an edition: numbers, people, whether it is signed or why it can't be, and what changed since."""
    shown = _part(request, pk, level, unit)
    words = list(shown.edition.signatures.filter(level=level, unit=unit).select_related("by"))
    below = services.parts_below(shown)
    said = services.words_on(below)
    changed, gone = services.changed_since(shown)
    context: dict[str, Any] = {
        "part": shown,
        "numbers": services.figures(shown, shown.counts()),
        "words": words,
        "newer_rules": services.newer_rules(shown),
        "sha256": shown.sha256(),
        "lock": services.lock(shown),
        "may_sign": services.may_sign(request.user, shown),
        "form": RefusalForm(),
        "below": [(each, said.get((each.level, each.unit))) for each in below],
        "changed_count": changed.count(),
        "gone_count": gone.count(),
        "changed": changed[:MOST_SHOWN],
        "gone": comparison.for_list(gone)[:MOST_SHOWN],
    }
    if level == services.Level.BASE:
        context["page"] = keyset_page(comparison.for_list(shown.people()), request.GET)
    return render(request, "review/signatures/part.html", context)


def _back(shown: services.Part) -> HttpResponse:
    place = [shown.edition.pk, shown.level, shown.unit]
    return redirect(f"{reverse('review:signature', args=place)}{shown.query}")


@require_POST
@allow(Role.BASE, Role.PROVINCE, Role.CMDA)
def sign(request: SignedInRequest, pk: int, level: str, unit: str) -> HttpResponse:
    shown = _part(request, pk, level, unit)
    if not services.may_sign(request.user, shown):
        raise PermissionDenied
    try:
        services.sign(shown, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(
            request, f"已签署 {shown.edition}{shown.what if shown.rules else ''}：{shown.name}。"
        )
    return _back(shown)


@require_POST
@allow(Role.BASE, Role.PROVINCE, Role.CMDA)
def refuse(request: SignedInRequest, pk: int, level: str, unit: str) -> HttpResponse:
    shown, form = _part(request, pk, level, unit), RefusalForm(request.POST)
    if not services.may_sign(request.user, shown):
        raise PermissionDenied
    if not form.is_valid():
        messages.error(request, f"没有登记：{form.errors['reason'][0]}")
        return _back(shown)
    try:
        services.refuse(shown, reason=form.cleaned_data["reason"], by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已登记不予签署及理由。")
    return _back(shown)
