"""重复人员合并: the acts, the search for the other entry, both side by side, the preview, the act, its undoing."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.reveal import asked_in_full, may_see
from portal.access import allow
from portal.parameters import is_on, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.models import Enrollment, PersonMerge, Resident
from residents.services.states import StateMoved
from review.merges import services
from review.merges.forms import MergeForm, OtherForm, PartForm

PAGE_SIZE = 50


def _person(pk: int) -> Resident:
    """Whom a record is about, with all blocks."""
    return get_object_or_404(services.persons(), enrollments=get_object_or_404(Enrollment, pk=pk))


@require_GET
@allow(Role.CMDA)
def merges(request: SignedInRequest) -> HttpResponse:
    """All mergers, the newest first."""
    rows = PersonMerge.objects.select_related("kept", "merged", "by")
    page = Paginator(rows, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "review/merges/merges.html", {"page": page})


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def new(request: SignedInRequest, pk: int) -> HttpResponse:
    """The other entry of the person of this record: one that looks like it, or by its number."""
    person = _person(pk)
    form = OtherForm(request.POST or None, person=person)
    found = services.candidates(person)
    if form.is_bound and form.is_valid():
        if len(form.found) == 1:
            return redirect("review:merge-pair", pk, services.first_record(form.found[0]))
        found = form.found
    shown = [(each, services.first_record(each), services.records_of(each)) for each in found]
    context = {"person": person, "record": pk, "form": form, "found": shown}
    return render(request, "review/merges/new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def pair(request: SignedInRequest, pk: int, other: int) -> HttpResponse:
    """Both side by side; which stays and why; what it would do; the act. A POST with a purpose shows the numbers in
    full for this answer only (TRUST-51)."""
    one, two = _person(pk), _person(other)
    if one.pk == two.pk:
        raise Http404
    sent = request.POST if request.method == "POST" and "purpose" not in request.POST else None
    masked = True
    if request.method == "POST" and sent is None:
        masked = asked_in_full(request, one, [one.pk, two.pk], at=None) is None
    form = MergeForm(sent, choices=[(str(pk), "左边的账号"), (str(other), "右边的账号")])
    if sent is not None and form.is_valid() and not is_on(sent, "again"):
        keeps_one = form.cleaned_data["keep"] == str(pk)
        kept, merged = (one, two) if keeps_one else (two, one)
        if is_on(sent, "confirmed"):
            return _merge(request, kept, merged, pk, other, form.cleaned_data["reason"])
        context = {"kept": kept, "merged": merged, "plan": services.plan(kept, merged), "form": form}
        return render(request, "review/merges/preview.html", context | {"pk": pk, "other": other})
    context = {
        "one": one,
        "two": two,
        "records": [services.records_of(one), services.records_of(two)],
        "lines": services.compared(one, two, masked=masked),
        "plans": [services.plan(one, two), services.plan(two, one)],
        "masked": masked,
        "may_unmask": may_see(request.user),
        "form": form,
    }
    return render(request, "review/merges/pair.html", context, status=422 if form.errors else 200)


def _merge(
    request: SignedInRequest, kept: Resident, merged: Resident, pk: int, other: int, reason: str
) -> HttpResponse:
    try:
        made = services.merge(kept.pk, merged.pk, by=request.user, reason=reason)
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:merge-pair", pk, other)
    messages.success(request, "已合并，本人、有关培训基地和省级已收到消息。30 天内可以撤销。")
    return redirect("review:merge", made.pk)


def _made(pk: int) -> PersonMerge:
    rows = PersonMerge.objects.select_related("kept__user", "merged__user", "by", "undone_by")
    return get_object_or_404(rows, pk=pk)


def _show(request: SignedInRequest, made: PersonMerge, form: PartForm) -> HttpResponse:
    records = Enrollment.objects.filter(pk__in=made.records).select_related("base", "specialty", "resident")
    context = {
        "made": made,
        "records": records.order_by("pk"),
        "years": sorted(records.filter(pk__in=list(made.originals)).values_list("intake_year", flat=True)),
        "lines": services.compared(
            services.persons().get(pk=made.kept_id), services.persons().get(pk=made.merged_id)
        ),
        "why_not": services.why_not_parted(made),
        "form": form,
    }
    return render(request, "review/merges/merge.html", context, status=422 if form.errors else 200)


@require_GET
@allow(Role.CMDA)
def merge(request: SignedInRequest, pk: int) -> HttpResponse:
    """One act: both entries as they are, what moved, who decided why, and whether it can be undone."""
    return _show(request, _made(pk), PartForm())


@require_POST
@allow(Role.CMDA)
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    made, form = _made(pk), PartForm(request.POST)
    if not form.is_valid():
        return _show(request, made, form)
    try:
        services.part(made.pk, by=request.user, reason=form.cleaned_data["reason"])
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "合并已撤销，两个账号恢复原状，有关各方已收到消息。")
    return redirect("review:merge", pk)
