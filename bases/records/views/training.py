"""培训信息, 培训状态 and 姓名 of one record, edited by its base."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from bases.lists.access import record_for
from bases.lists.place import place_in_list, record_address
from bases.records import services as training
from bases.records.carried import start_of
from bases.records.forms import NameForm, grouped, show_stored, status_form, training_form
from bases.submissions.remarks import show_at_fields, to_answer
from portal.access import allow
from portal.calendar import Opening
from portal.drafts import data_of, discard_draft, draft_for, save_draft
from portal.parameters import is_on, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.forms import Control, raw_of, show_problems
from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, Status
from residents.openness import training_entry
from residents.rules import status
from residents.services.refusals import EditConflict, Refused
from residents.services.states import Closed, StateMoved
from residents.services.status import status_context
from residents.services.training import Change, judge_training, training_context

KEPT_AS_DRAFT = (
    "您的内容在截止后 5 分钟内提交，已存为草稿，没有写入记录；延长填报时间后，打开同一页面可以恢复。"
)
UNREPORTED = "该记录原已上报，现变为“未上报”，核对后请再次上报。"


@allow(Role.BASE)
def training_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """培训信息 of one record, edited by its base (BR-29, BR-56, BR-81)."""
    enrollment = record_for(request.user, pk, Action.EDIT_TRAINING)
    entry = training_entry(enrollment)
    if not (entry.is_open or (entry.in_grace and request.method == "POST")):
        messages.warning(request, entry.reason)
        return back_to(request, enrollment)
    context = training_context(enrollment)
    draft = draft_for(request.user, _draft_key(pk))
    start = start_of(enrollment)
    is_started = start is not None and is_on(request.GET, "start", "before")
    if request.method == "POST":
        form = training_form(enrollment, context, data=request.POST, files=request.FILES)
        if answer := answer_to(request, enrollment, form, _save, draft_key=_draft_key(pk)):
            return answer
    else:
        data = data_of(draft) if draft and "draft" in request.GET else None
        form = training_form(
            enrollment, context, data=data, carried=start.values if start and is_started else None
        )
        show_problems(form, judge_training(enrollment, {}, context)[1], as_notices=True)
    return render(
        request,
        "bases/records/training_form.html",
        _page(request, enrollment, form, entry, block="training")
        | {"groups": grouped(form), "draft": draft, "draft_key": _draft_key(pk)}
        | {"start": start, "is_started": is_started},
        status=422 if form.errors else 200,
    )


def _draft_key(pk: int) -> str:
    return f"training:{pk}"


def _page(
    request: SignedInRequest,
    enrollment: Enrollment,
    form: forms.Form,
    entry: Opening | None = None,
    *,
    block: str = "",
) -> dict[str, Any]:
    """`block` is the one of which the form asks the fields, for the comments of a return at them."""
    returned = to_answer(enrollment) if block else None
    show_at_fields(form, returned, block)
    return {
        "returned": returned,
        "record": enrollment,
        "in_list": place_in_list(request, enrollment),
        "form": form,
        "entry": entry,
        "will_unreport": bool(enrollment.registered_at) and enrollment.report_status == ReportStatus.REPORTED,
    }


def answer_to(
    request: SignedInRequest,
    enrollment: Enrollment,
    form: forms.Form,
    save: Callable[[SignedInRequest, Enrollment, Any], int],
    *,
    draft_key: str = "",
) -> HttpResponse | None:
    """What follows a sent form: `save` stores it, tells so and gives the id of the record to show then. None where it
    was refused and the form, with the reasons in it, must be shown again. Of a form with a deadline what comes up to
    five minutes late is kept as the draft `draft_key` (AM-37)."""
    try:
        saved = save(request, enrollment, form)
        return back_to(request, enrollment, saved, goes_on=is_on(request.POST, "then", "next"))
    except Refused as refused:
        show_problems(form, refused.problems)
    except EditConflict as conflict:
        enrollment.refresh_from_db()
        form.add_error(None, str(conflict))
    except Closed as closed:
        text = str(closed)
        if draft_key and closed.opening.in_grace:
            save_draft(request.user, draft_key, request.POST.urlencode(), max(version_of(request) or 0, 0))
            text += KEPT_AS_DRAFT
        messages.error(request, text)
        return back_to(request, enrollment)
    except StateMoved as moved:
        messages.error(request, str(moved))
        return back_to(request, enrollment)
    return None


def back_to(
    request: SignedInRequest, enrollment: Enrollment, pk: int | None = None, *, goes_on: bool = False
) -> HttpResponse:
    """To the record (or that of `pk`), its list still behind it; where it `goes_on`, to 培训信息 of the next person of
    the list, if there is one (GOAL-B17)."""
    in_list = place_in_list(request, enrollment) if goes_on else None
    if in_list and in_list.after:
        return redirect(reverse("bases:training-edit", args=[in_list.after]) + in_list.query)
    return redirect(record_address(request, pk or enrollment.pk))


def _save(request: SignedInRequest, enrollment: Enrollment, form: forms.Form) -> int:
    try:
        change, unreported = training.save_training(
            enrollment.pk, raw_of(form), by=request.user, expected_version=version_of(request)
        )
    except EditConflict:
        enrollment.refresh_from_db()
        show_stored(form, enrollment)
        raise
    discard_draft(request.user, _draft_key(enrollment.pk))
    _tell(request, change, unreported)
    return enrollment.pk


def version_of(request: HttpRequest) -> int | None:
    """The version the form was opened with; a form without one is judged as never up to date."""
    version = whole_number(request.POST, "version", most=10**9 - 1)
    return -1 if version is None else version


def _tell(request: HttpRequest, change: Change, unreported: bool) -> None:
    if not change:
        messages.info(request, "没有改动，未作保存，上报状态不变。")
        return
    name = change.enrollment.resident.full_name
    words = f"已保存{name}的培训信息，修改了 {len(change.fields)} 项。"
    messages.success(request, words + (UNREPORTED if unreported else ""))


@allow(Role.BASE)
def status_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """变更培训状态 in the registry, with reason, date and evidence (BR-32, BR-82; docs/fields.md#status,
    docs/codes.md#status)."""
    enrollment = record_for(request.user, pk, Action.EDIT_STATUS)
    if not enrollment.registered_at or enrollment.lapsed_at:
        messages.warning(request, "招收信息审核通过、进入“住院医师信息管理”后，才能变更培训状态。")
        return back_to(request, enrollment)
    context = status_context(enrollment)
    sent: Mapping = {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}
    form = status_form(context, **sent)
    if sent and (answer := answer_to(request, enrollment, form, _save_status)):
        return answer
    return render(
        request,
        "bases/records/status_form.html",
        _page(request, enrollment, form, block="status")
        | {
            "offers_withdrawal": Status.WITHDRAWN in status.offered(context),
            "barred": not status.offered(context) and status.why_not(Status.IN_TRAINING, context),
        },
        status=422 if form.errors else 200,
    )


def _save_status(request: SignedInRequest, enrollment: Enrollment, form: forms.Form) -> int:
    change, unreported = training.change_status(
        enrollment.pk, raw_of(form), by=request.user, expected_version=version_of(request)
    )
    if change is None:
        messages.info(request, "培训状态没有变化，未作保存。")
    else:
        words = f"培训状态已变更为“{change.get_to_status_display()}”，即时生效。"
        messages.success(request, words + (UNREPORTED if unreported else ""))
    return enrollment.pk


@allow(Role.BASE)
def name_correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """更正姓名: freely until the first approval, then with a reason (AM-07)."""
    enrollment = record_for(request.user, pk, Action.EDIT_TRAINING)
    draft_key = f"name:{pk}"
    draft = draft_for(request.user, draft_key)
    initial: dict[str, Any] = {"full_name": enrollment.resident.full_name}
    if draft and "draft" in request.GET:
        initial = data_of(draft).dict()
    form = NameForm(request.POST or None, initial=initial)
    cast(Control, form.fields["reason"]).is_needed = bool(enrollment.approved_submission_id)
    is_good = request.method == "POST" and form.is_valid()
    if is_good and (answer := answer_to(request, enrollment, form, _save_name, draft_key=draft_key)):
        return answer
    return render(
        request,
        "bases/records/name_form.html",
        _page(request, enrollment, form) | {"draft": draft},
        status=422 if form.errors else 200,
    )


def _save_name(request: SignedInRequest, enrollment: Enrollment, form: NameForm) -> int:
    values = form.cleaned_data
    change, unreported = training.correct_name(
        enrollment.pk, values["full_name"], by=request.user, reason=values["reason"]
    )
    discard_draft(request.user, f"name:{enrollment.pk}")
    if change:
        before, after = change.fields["full_name"]
        messages.success(request, f"姓名已由“{before}”更正为“{after}”。" + (UNREPORTED if unreported else ""))
    else:
        messages.info(request, "姓名没有变化，未作保存。")
    return enrollment.pk
