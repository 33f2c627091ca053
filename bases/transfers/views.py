"""转出与转入: a base asks for a resident of another base, and answers what others ask of it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.corrections import services as corrections
from bases.imports.access import refused_row
from bases.lists.take_home import Column, take_home
from bases.models import CorrectionRequest, ImportRow, TrainingBase, TransferRequest
from bases.scope import current_base, required_base
from bases.transfers import services as transfers
from bases.transfers.forms import PersonForm, ReasonForm, RefusalForm, ReleaseForm
from bases.whereabouts import TooManyMisses
from bases.workbooks.doors import door_of
from portal.access import allow
from portal.parameters import is_on
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.forms import show_problems
from residents.models import Enrollment
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from residents.standing import LiveEnrollment

MOST_CLOSED = 50


# Of a person whom another base holds, no more than the page says.
_COLUMNS = (
    Column("方向", lambda row: "请本基地转出" if row[0] == "incoming" else "本基地请求转入"),
    Column("姓名", lambda row: row[1].enrollment.resident.full_name),
    Column("原培训基地", lambda row: row[1].enrollment.base.name, 30),
    Column("转往", lambda row: row[1].to_base.name, 30),
    Column("招收年份", lambda row: row[1].enrollment.intake_year, 10),
    Column(
        "培训专业", lambda row: _held_here(row, lambda record: record.specialty and record.specialty.name), 20
    ),
    Column("培训状态", lambda row: _held_here(row, lambda record: record.get_status_display()), 12),
    Column("处理状态", lambda row: row[1].get_state_display(), 12),
    Column("处理期限", lambda row: row[1].due_on if row[1].state == "open" else ""),
    Column("办结日期", lambda row: timezone.localdate(row[1].answered_at) if row[1].answered_at else ""),
    Column("处理说明", lambda row: row[1].answer if row[0] == "outgoing" else "", 40),
)


def _held_here(row: tuple[str, TransferRequest], told: Callable[[Enrollment], object]) -> object:
    return (told(row[1].enrollment) or "") if row[0] == "incoming" else ""


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def transfer_list(request: SignedInRequest) -> HttpResponse:
    """转出与转入: what others ask of this base, what it asked of others (PAIN-15); as a file by POST."""
    base = current_base(request)
    found = {"incoming": transfers.incoming(request.user), "outgoing": transfers.outgoing(request.user)}
    if base is not None:
        found["incoming"] = found["incoming"].filter(enrollment__base=base)
        found["outgoing"] = found["outgoing"].filter(to_base=base)
    page: dict[str, Any] = {
        "may_ask": current_base(request, Action.IMPORT_ACCOUNTS) is not None,
        # A department has neither accounts to import nor doubts about them to settle.
        "has_desk": base is not None,
        "only_open": is_on(request.GET, "state", TransferRequest.State.OPEN),
    }
    if page["only_open"]:
        lists = {"incoming": list(found["incoming"].filter(state="open"))}
    else:
        lists = {side: _newest(requests) for side, requests in found.items()}
    rows = [(side, each) for side, requests in lists.items() for each in requests]
    if request.method == "POST":
        return take_home(request, rows, _COLUMNS, kind="transfers", title="转出与转入", at=base)
    return render(request, "bases/transfers/list.html", page | lists | {"count": len(rows)})


def _newest(requests: QuerySet[TransferRequest]) -> list[TransferRequest]:
    """The open ones and those that were closed last."""
    closed = requests.exclude(state="open").order_by("-answered_at")[:MOST_CLOSED]
    return [*requests.filter(state="open")[:500], *closed]


@allow(Role.BASE)
def transfer_new(request: SignedInRequest) -> HttpResponse:
    """请求转出: the person by three details or from a refused import row, what is told of him, then the request."""
    base = required_base(request, Action.IMPORT_ACCOUNTS)
    row = refused_row(request)
    if row is not None and row.batch.base is not None:
        base = row.batch.base
    is_known = row is not None or request.method == "POST"
    person = PersonForm(_details(row) if row else request.POST if is_known else None)
    live = _held(request, base, person) if is_known else None
    reason = ReasonForm(request.POST if is_on(request.POST, "act", "ask") else None)
    if live and reason.is_bound and reason.is_valid():
        if live.has_ended:
            return _asks_again(request, base, live, reason.cleaned_data["reason"])
        try:
            asked = transfers.ask(
                live.enrollment_id, base, reason=reason.cleaned_data["reason"], by=request.user
            )
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("bases:transfers")
        messages.success(request, f"已向“{live.base_name}”发出转出请求，请其于 {asked.due_on} 前处理。")
        return redirect("bases:transfers")
    page = {"base": base, "row": row, "person": person, "live": live, "reason": reason}
    bad = person.errors or reason.errors
    return render(request, "bases/transfers/new.html", page, status=422 if bad else 200)


def _asks_again(request: SignedInRequest, base: TrainingBase, live: LiveEnrollment, why: str) -> HttpResponse:
    """A person whose training has ended is not let go: a further training is granted by the association (AM-34)."""
    kind = CorrectionRequest.Kind.AGAIN
    try:
        asked = corrections.ask_about_end(live.enrollment_id, base, kind=kind, reason=why, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("bases:transfers")
    messages.success(request, "已申请再次培训，由省级核实后报中国医师协会办理；办结后会发消息。")
    return redirect("bases:correction", asked.pk)


def _details(row: ImportRow) -> dict[str, Any]:
    return {name: row.values.get(name) or "" for name in PersonForm.base_fields}


def _held(request: SignedInRequest, base: TrainingBase, person: PersonForm) -> Any:
    if not person.is_valid():
        return None
    details = {name: person.cleaned_data[name] for name in PersonForm.base_fields}
    try:
        return transfers.find_held(base, **details, by=request.user)
    except (transfers.NotHeld, TooManyMisses, StateMoved) as refusal:
        person.add_error(None, str(refusal))
        return None


@require_GET
@allow(Role.BASE)
def transfer(request: SignedInRequest, pk: int) -> HttpResponse:
    """One request, as the base that holds the person or the base that asks may see it."""
    return _show(request, *_request_for(request, pk))


def _request_for(request: SignedInRequest, pk: int) -> tuple[TransferRequest, bool]:
    """The request and whether the user is on the holding side. Raises Http404."""
    for found, is_holder in (
        (transfers.incoming(request.user), True),
        (transfers.outgoing(request.user), False),
    ):
        if asked := found.filter(pk=pk).first():
            return asked, is_holder
    raise Http404


def _show(
    request: SignedInRequest, asked: TransferRequest, is_holder: bool, **changed: forms.Form
) -> HttpResponse:
    side = transfers.incoming if is_holder else transfers.outgoing
    needed = Action.EDIT_STATUS if is_holder else Action.IMPORT_ACCOUNTS
    page = {
        "asked": asked,
        "is_holder": is_holder,
        "may_act": side(request.user, needed).filter(pk=asked.pk).exists() and asked.state == "open",
        "release_form": ReleaseForm(initial={"destination": asked.to_base.name}),
        "refusal_form": RefusalForm(),
    }
    if asked.state == "released" and not is_holder:
        page["door"] = door_of(asked.enrollment.resident, asked.enrollment.intake_year, asked.to_base)
    bad = any(form.errors for form in changed.values())
    return render(request, "bases/transfers/request.html", page | changed, status=422 if bad else 200)


def _acting(request: SignedInRequest, pk: int, *, as_holder: bool) -> TransferRequest:
    """404 outside the scope, 403 on the other side of the request or with a right to look only."""
    _request_for(request, pk)
    side, needed = (
        (transfers.incoming, Action.EDIT_STATUS)
        if as_holder
        else (transfers.outgoing, Action.IMPORT_ACCOUNTS)
    )
    asked = side(request.user, needed).filter(pk=pk).first()
    if asked is None:
        raise PermissionDenied
    return asked


@require_POST
@allow(Role.BASE)
def transfer_release(request: SignedInRequest, pk: int) -> HttpResponse:
    """退培 for 转换培训基地, and the asking base is notified (BR-74)."""
    asked = _acting(request, pk, as_holder=True)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return _show(request, asked, True, release_form=form)
    try:
        transfers.release(pk, **form.cleaned_data, by=request.user)
    except Refused as refused:
        show_problems(form, refused.problems)
        return _show(request, asked, True, release_form=form)
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("bases:transfer", pk)
    messages.success(request, f"已退培并转出，{asked.to_base.name}现在可以导入此人。")
    return redirect("bases:transfers")


@require_POST
@allow(Role.BASE)
def transfer_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    asked = _acting(request, pk, as_holder=True)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _show(request, asked, True, refusal_form=form)
    try:
        transfers.refuse(pk, answer=form.cleaned_data["answer"], by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已告知对方基地：不同意转出。")
    return redirect("bases:transfers")


@require_POST
@allow(Role.BASE)
def transfer_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    _acting(request, pk, as_holder=False)
    try:
        transfers.cancel(pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已撤回转出请求。")
    return redirect("bases:transfers")
