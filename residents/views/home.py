"""The resident's first page, the read-only 培训信息, the history of his record, answers and confirmations."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.access import allow
from portal.parameters import choice, text
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.history import timeline
from residents.lapses import why_lapsed
from residents.models import Enrollment, PersonalReturn, SectionConfirmation
from residents.services.disclosures import looks_at
from residents.services.personal import RULES, confirm_unchanged
from residents.services.refusals import Refused
from residents.services.returns import answer_without_change
from residents.services.states import StateMoved
from residents.snapshot import FIELDS, values_of
from residents.updating import Update, asked_of
from residents.views.desk import Desk, desk_of, required_desk
from residents.words import in_words


@allow(Role.RESIDENT)
@require_GET
def home(request: SignedInRequest) -> HttpResponse:
    """What is missing, what was returned, which state the record is in (BR-46, BR-54; GOAL-R2, GOAL-R3)."""
    desk = desk_of(request.user)
    if desk is None:
        return render(request, "residents/no_record.html")
    others = (
        Enrollment.objects.filter(resident=desk.enrollment.resident_id, deleted_at__isnull=True)
        .exclude(pk=desk.enrollment.pk)
        .select_related("base", "specialty")
        .order_by("-intake_year", "-pk")
    )
    update = asked_of(desk.enrollment)
    confirmed = _confirmed(desk, update)
    cards = [(step, (confirmed or {}).get(step.key)) for step in desk.steps]
    context = {
        "desk": desk,
        "others": others,
        "cards": cards,
        "may_confirm": confirmed is not None,
        "update": update if confirmed is not None else None,
        "done": len([1 for _, told in cards if told]),
        "lapsed": why_lapsed(desk.enrollment),
    }
    return render(request, "residents/home.html", context)


def _confirmed(desk: Desk, update: Update | None) -> dict[str, SectionConfirmation] | None:
    """This update's confirmations by section; None where there is nothing to confirm (GOAL-R5)."""
    if update is None:
        return None
    stored = SectionConfirmation.objects.filter(resident=desk.enrollment.resident_id, cycle=update.cycle)
    return {each.section: each for each in stored}


@allow(Role.RESIDENT)
@require_GET
def training(request: SignedInRequest) -> HttpResponse:
    """培训信息 as the base keeps it (docs/codes.md#rights: view)."""
    desk = required_desk(request.user)
    values = values_of(desk.enrollment, "training")
    facts = [(item.label, in_words(item, values.get(item.name))) for item in FIELDS["training"]]
    filled = [(label, words) for label, words in facts if words]
    context = {"desk": desk, "facts": filled, "lapsed": why_lapsed(desk.enrollment)}
    return render(request, "residents/training.html", context)


@allow(Role.RESIDENT)
@require_GET
def history(request: SignedInRequest) -> HttpResponse:
    """Who changed what of the record and who saw its full numbers, by role and without names (GOAL-R7)."""
    desk = required_desk(request.user)
    looks = looks_at(desk.enrollment.resident)
    entries = timeline(desk.enrollment, with_names=False)
    return render(request, "residents/history.html", {"desk": desk, "entries": entries, "looks": looks})


@allow(Role.RESIDENT)
@require_POST
def answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """无需修改: close one return comment with a reason (GOAL-R3)."""
    returned = get_object_or_404(PersonalReturn, pk=pk, enrollment__resident__user=request.user)
    try:
        answer_without_change(returned, text(request.POST, "reason"), by=request.user)
    except Refused as refusal:
        messages.error(request, f"“无需修改”的理由没有保存：{refusal}")
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已记录您的答复，培训基地可以看到。")
    return redirect("residents:home")


@allow(Role.RESIDENT)
@require_POST
def confirm(request: SignedInRequest) -> HttpResponse:
    """信息无变化 for one section in this year's cycle (GOAL-R5)."""
    section = choice(request.POST, "section", RULES)
    desk = required_desk(request.user, section)
    update = asked_of(desk.enrollment)
    if update is None or update.cycle is None:
        raise Http404
    try:
        is_new = confirm_unchanged(desk.enrollment, section, update.cycle, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已确认信息无变化。" if is_new else "该部分本年度已确认过。")
    return redirect("residents:home")
