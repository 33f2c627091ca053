"""What people do with a batch beyond confirming it: correct its refused rows in the page, undo it (GOAL-B7,
GOAL-B11)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from bases.imports import row_fixing
from bases.imports import services as imports
from bases.imports.access import batch_for, show_rows
from bases.imports.batch import BatchMoved, State
from bases.imports.choices import has_open_questions, matches_of
from bases.imports.undo import services
from bases.models import ImportBatch
from bases.reveal import Purpose
from bases.workbooks.kinds import kind_of, opening_of
from portal import deeds
from portal.access import allow
from portal.parameters import choice, text, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role


@allow(Role.BASE, Role.PROVINCE)
@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """The refused rows in an editable table, a page at a time (GOAL-B7). Numbers are in full: they are to be
    corrected by those who may import them, through the gate of full numbers."""
    batch = batch_for(request.user, pk)
    number, fault = whole_number(request.GET, "page", 1), text(request.GET, "fault", longest=100)
    if request.method == "POST":
        return _corrected(request, batch, number, fault)
    if batch.state not in row_fixing.CORRECTABLE:
        messages.error(request, f"这批数据现在是“{batch.get_state_display()}”，不能修改。")
        return redirect("bases:import-batch", pk)
    if has_open_questions(batch):
        messages.error(request, row_fixing.CHOOSE_FIRST)
        return redirect("bases:import-batch", pk)
    group = row_fixing.group_of(batch, fault)
    page = row_fixing.page_to_correct(batch, number, fault if group else "")
    shown = batch.rows.filter(pk__in=[line.row.pk for line in page.object_list])
    show_rows(request, batch, shown, Purpose.CORRECT_ROWS, action="unmask")
    context = {
        "batch": batch,
        "kind": kind_of(batch),
        "group": group,
        "page": page,
        "opening": opening_of(batch),
    }
    return render(request, "bases/imports/correct.html", context)


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def correct_group(request: SignedInRequest, pk: int) -> HttpResponse:
    """One value for all rows with one fault; only these are judged again (GOAL-B21)."""
    batch, fault = batch_for(request.user, pk), text(request.POST, "fault", longest=100)
    asked = {
        "batch": pk,
        "fault": fault,
        "header": text(request.POST, "header", longest=200),
        "text": text(request.POST, "text", longest=row_fixing.LONGEST),
    }
    return deeds.carry_out(
        request, "set_for_all", asked, number=row_fixing.refused_rows(batch, fault).count()
    )


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def choose(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hidden and struck-through rows of the file: read or left out (AM-39)."""
    batch = batch_for(request.user, pk)
    try:
        imports.choose(batch, request.POST, by=request.user)
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:import-batch", pk)


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def sheet(request: SignedInRequest, pk: int) -> HttpResponse:
    """Another sheet of the file in place of the one that was read (AM-39)."""
    batch = batch_for(request.user, pk)
    try:
        imports.read_sheet(batch, text(request.POST, "name", longest=200), by=request.user)
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:import-batch", pk)


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def headers(request: SignedInRequest, pk: int) -> HttpResponse:
    """Which unknown column of the file holds what (GOAL-B20)."""
    batch = batch_for(request.user, pk)
    matched = {each.header: text(request.POST, each.name, longest=200) for each in matches_of(batch)}
    try:
        imports.match_headers(batch, matched, by=request.user)
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:import-batch", pk)


def _corrected(request: SignedInRequest, batch: ImportBatch, number: int | None, fault: str) -> HttpResponse:
    """Save the page and go where its button leads: what was typed is not lost by turning the page."""
    texts = row_fixing.texts_of(batch, request.POST)
    try:
        left_out = row_fixing.left_out_of(request.POST)
        outcome = row_fixing.correct(batch, texts, by=request.user, left_out=left_out)
        messages.add_message(request, *outcome.in_words)
    except BatchMoved as moved:
        messages.error(request, str(moved))
        return redirect("bases:import-batch", batch.pk)
    go = choice(request.POST, "go", ("next", "previous"))
    if go == "next":
        number = row_fixing.page_beyond(batch, texts, fault)
    elif go == "previous" and number:
        number = max(number - 1, 1)
    kept = {name: str(value) for name, value in (("fault", fault), ("page", number)) if value}
    return redirect(f"{request.path}?{urlencode(kept)}" if kept else request.path)


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask with counts and names what would go and what stays; carry it out (GOAL-B11)."""
    batch = batch_for(request.user, pk)
    if request.method == "POST":
        number = batch.rows_created + batch.rows_updated
        return deeds.carry_out(request, "undo_import", {"batch": pk}, number=number)
    if not services.can_be_undone(batch):
        if batch.state != State.UNDONE:
            messages.error(request, f"这批数据现在是“{batch.get_state_display()}”，不能撤销。")
        return redirect("bases:import-batch", pk)
    context = {
        "batch": batch,
        "kind": kind_of(batch),
        "plan": services.plan_of(batch),
        "opening": opening_of(batch),
    }
    return render(request, "bases/imports/undo.html", context)
