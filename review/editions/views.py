"""年度版: the register, one edition, what it takes to freeze, compute again, correct and compare (GOAL-N7)."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.reveal import may_see
from bases.scope import province_codes_for
from portal import jobs
from portal.access import allow
from portal.parameters import choice
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.editions import comparison, services
from review.editions.forms import ComparisonForm, ErratumForm, OrderForm
from review.exports.answers import answer, export_form, refused
from review.exports.forms import ExportForm
from review.models import Edition, EditionCount, EditionOrder, Standing
from review.paging import keyset_page


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def register(request: SignedInRequest) -> HttpResponse:
    """封版登记: every edition, and what is being frozen."""
    working = EditionOrder.objects.filter(job__state__in=jobs.OPEN).select_related("job").first()
    failed = EditionOrder.objects.select_related("job").order_by("-pk").first()
    editions = list(Edition.objects.select_related("order__supersedes"))
    numbers = _current(request)
    for each in editions:
        each.shown_count = numbers.get(each.pk, 0)
    context = {
        "editions": editions,
        "working": working,
        "failed": failed if failed and failed.job.state == jobs.State.FAILED else None,
        "may_freeze": request.user.role == Role.CMDA,
    }
    name = "review/editions/_register.html" if request.htmx else "review/editions/register.html"
    return render(request, name, context)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def new(request: SignedInRequest) -> HttpResponse:
    """封版: the next edition of a year."""
    form = OrderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.order(**form.cleaned_data, by=request.user)
        except StateMoved as moved:
            form.add_error(None, str(moved))
        else:
            messages.success(request, "已开始封版，完成后会发消息给您；可以离开本页。")
            return redirect("review:editions")
    return render(request, "review/editions/new.html", {"form": form})


@require_POST
@allow(Role.CMDA)
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    ordered = get_object_or_404(EditionOrder, pk=pk)
    jobs.cancel(ordered.job_id)
    messages.success(request, "已取消这次封版。")
    return redirect("review:editions")


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def edition(request: SignedInRequest, pk: int) -> HttpResponse:
    """One edition: numbers, SHA-256, what it was made of, what was found to be wrong, when it was computed again."""
    shown = _edition(pk)
    may_freeze = request.user.role == Role.CMDA
    checks = {"edition": shown, "working": services.open_check(shown), "may_freeze": may_freeze}
    if request.htmx:
        return render(request, "review/editions/_checks.html", checks)
    context = {
        **checks,
        "numbers": _numbers(request, shown),
        "erratum_form": ErratumForm(),
        "others": Edition.objects.exclude(pk=pk).order_by("-year", "-number"),
    }
    return render(request, "review/editions/edition.html", context)


def _edition(pk: int) -> Edition:
    found = Edition.objects.select_related("order__ordered_by", "order__supersedes")
    return get_object_or_404(
        found.prefetch_related("errata__by", "checks__by", "superseded_by__edition"), pk=pk
    )


def _counts(request: SignedInRequest) -> QuerySet[EditionCount]:
    """Those of the provinces the person sees."""
    kept = EditionCount.objects.order_by()
    if request.user.role != Role.CMDA:
        kept = kept.filter(province__in=province_codes_for(request.user, Action.VIEW))
    return kept


def _current(request: SignedInRequest) -> dict[int, int]:
    kept = _counts(request).filter(standing=Standing.CURRENT)
    return dict(kept.values_list("edition").annotate(number=Sum("number")))


def _numbers(request: SignedInRequest, shown: Edition) -> list[dict[str, Any]]:
    """How many stand where, within what the person may see, with the address of the people."""
    kept = _counts(request).filter(edition=shown)
    numbers = dict(kept.values_list("standing").annotate(number=Sum("number")))
    return [
        {
            "name": each.label,
            "number": numbers.get(each.value, 0),
            "link": f"{reverse('review:edition-people', args=[shown.pk])}?standing={each.value}",
        }
        for each in Standing
    ]


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def people(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who stands in one place of an edition."""
    shown = get_object_or_404(Edition, pk=pk)
    chosen = Standing(choice(request.GET, "standing", Standing.values, Standing.CURRENT))
    found = shown.people.filter(standing=chosen, **comparison.within(request.user, {}))
    page = keyset_page(comparison.for_list(found), request.GET, most_counted=None)
    context = {"edition": shown, "standing": chosen, "page": page}
    return render(request, "review/editions/people.html", context)


@require_POST
@allow(Role.CMDA)
def check(request: SignedInRequest, pk: int) -> HttpResponse:
    """复算: have the edition computed again."""
    shown = get_object_or_404(Edition, pk=pk)
    try:
        services.ask_check(shown, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已开始复算，完成后会发消息给您；可以离开本页。")
    return redirect("review:edition", pk)


@require_POST
@allow(Role.CMDA)
def erratum(request: SignedInRequest, pk: int) -> HttpResponse:
    """勘误: say what is wrong; the edition stays as it is."""
    shown, form = get_object_or_404(Edition, pk=pk), ErratumForm(request.POST)
    if form.is_valid():
        services.add_erratum(shown, text=form.cleaned_data["text"], by=request.user)
        messages.success(request, "勘误已登记。")
    else:
        messages.error(request, f"勘误没有登记：{form.errors['text'][0]}")
    return redirect("review:edition", pk)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def compare(request: SignedInRequest, pk: int, old: int) -> HttpResponse:
    """版间差异: who came, who left, what of whom changed between two editions."""
    after, before = get_object_or_404(Edition, pk=pk), get_object_or_404(Edition, pk=old)
    form = ComparisonForm(request.GET, user=request.user)
    narrowed = comparison.within(request.user, form.filters)
    sides = {
        which: comparison.side(before.pk, after.pk, which, narrowed).count() for which in comparison.SIDES
    }
    found = comparison.side(before.pk, after.pk, form.chosen_side, narrowed)
    page = keyset_page(comparison.for_list(found), request.GET, number=sides[form.chosen_side])
    context = {
        "form": form,
        "new": after,
        "old": before,
        "sides": [(which, word, sides[which]) for which, word in comparison.SIDES.items()],
        "page": page,
        "rows": comparison.compare(page.rows, before, after, form.chosen_side),
        "export_form": export_form(request),
        "may_unmask": may_see(request.user),
    }
    return render(request, "review/editions/compare.html", context)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def compare_export(request: SignedInRequest, pk: int, old: int) -> HttpResponseBase:
    """One side of the comparison as a file, a line a field."""
    after, before = get_object_or_404(Edition, pk=pk), get_object_or_404(Edition, pk=old)
    form, asked = ComparisonForm(request.GET, user=request.user), ExportForm(request.POST)
    if not asked.is_valid():
        return refused(request, asked, reverse("review:edition-compare", args=[pk, old]))
    what = {"new": str(after.pk), "old": str(before.pk), "side": form.chosen_side, **form.filters}
    return answer(request, "edition_differences", what, asked)
