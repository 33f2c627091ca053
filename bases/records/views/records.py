"""One record as its base sees it: all blocks, the files, earlier reports, the history, full numbers on purpose."""

from urllib.parse import quote

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from bases.corrections.services import is_waiting, kinds_open
from bases.deadlines.letters import next_step
from bases.extensions.services import may_name
from bases.lists.access import may, record_for
from bases.lists.place import place_in_list, record_address
from bases.records.specialty_change import change_entry, other_records
from bases.report.services import examine, goes_up_with_gaps, is_reported
from bases.report.withdrawal import withdrawal_entry
from bases.reveal import asked_in_full, may_see, show_file
from bases.scope import current_base, deleted_enrollments_for
from bases.submissions.evidence import file_response
from bases.submissions.kept import end_of_period, last_snapshots, snapshot_as_kept
from bases.submissions.remarks import to_answer, with_remarks
from bases.submissions.sections import Comment, Section, comments_of, place_of, sections
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.completeness import LABELS
from residents.history import timeline
from residents.models import Enrollment
from residents.models.enrollment import ReviewStatus
from residents.openness import Times, personal_entry, report_entry, training_entry
from residents.services.deletion import any_entry
from residents.services.returns import answers_to_review, mark_reviewed, take_back
from residents.services.states import StateMoved


@allow(Role.BASE)
def record(request: SignedInRequest, pk: int) -> HttpResponse:
    """One record read-only: all blocks with the comments at their fields, its reports, what may be done with it.

    A POST with a purpose shows the full numbers in this one response and is written to the audit log (TRUST-51).
    """
    try:
        enrollment = record_for(request.user, pk)
    except Http404:
        # An older message may lead here: what the base deleted itself has its page among the accounts.
        if not deleted_enrollments_for(request.user, Action.VIEW).filter(pk=pk).exists():
            raise
        messages.info(request, "这条记录已删除。")
        return redirect("bases:account", pk)
    masked = not (
        request.method == "POST"
        and asked_in_full(request, enrollment, [enrollment.resident_id], at=enrollment)
    )
    submissions = list(enrollment.submissions.select_related("reported_by", "revoked_by").defer("snapshot"))
    returned = to_answer(enrollment, submissions)
    returns = list(enrollment.personal_returns.filter(answered_at__isnull=True))
    comments = comments_of(returned, returns)
    times = Times([enrollment])
    may_do = _may(request, enrollment, times)
    return render(
        request,
        "bases/records/record.html",
        {
            "record": enrollment,
            "in_list": place_in_list(request, enrollment),
            "here": quote(request.get_full_path(), safe=""),
            "masked": masked,
            "sections": _sections(enrollment, masked, comments),
            "submissions": submissions,
            "returned": returned,
            "returns": returns,
            "answers": [(each, place_of(each)) for each in answers_to_review(enrollment)],
            "examination": examine([enrollment], times)[enrollment.pk],
            "with_gaps": goes_up_with_gaps(enrollment),
            "training_entry": training_entry(enrollment, times),
            "may": may_do,
            "next_step": next_step(enrollment, is_secretary=not may_do["import"])
            if enrollment.lapsed_at
            else None,
            "others": other_records(request.user, enrollment),
        },
    )


@allow(Role.BASE)
@require_POST
def review_answers(request: SignedInRequest, pk: int) -> HttpResponse:
    """复核完毕: the base has looked at what the resident answered to its return (GOAL-B14)."""
    enrollment = record_for(request.user, pk, Action.EDIT_TRAINING)
    if mark_reviewed([enrollment.pk]):
        messages.success(request, f"“{enrollment.resident.full_name}”的答复已复核。")
    return redirect(record_address(request, enrollment.pk))


@allow(Role.BASE)
@require_POST
def take_back_return(request: SignedInRequest, pk: int) -> HttpResponse:
    """取回退回: the base withdraws what it asked of the resident by mistake or in vain (AM-41)."""
    enrollment = record_for(request.user, pk, Action.RETURN_PERSONAL)
    try:
        take_back(enrollment.pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, f"已取回对“{enrollment.resident.full_name}”的退回，住院医师会收到消息。")
    return redirect(record_address(request, enrollment.pk))


def _sections(enrollment: Enrollment, masked: bool, comments: dict[str, list[Comment]]) -> list[Section]:
    """The record in words, of one who has left the copy that was reported (AM-20); what the intake does not ask for is
    left out unless it is filled in (AM-06)."""
    snapshot = snapshot_as_kept(enrollment, last_snapshots([enrollment]).get(enrollment.pk))
    found = sections(snapshot, masked=masked, comments=comments)
    if enrollment.registered_at:
        return found
    return [each for each in found if each.key != "status" and (each.key != "work" or not each.is_empty)]


def _may(request: SignedInRequest, enrollment: Enrollment, times: Times) -> dict[str, bool]:
    """Which buttons the page offers; each page behind them asks again."""
    acting = may(request.user, enrollment, Action.EDIT_TRAINING)
    to_report = enrollment.lapsed_at is None and not is_reported(enrollment)
    waiting = enrollment.review_status == ReviewStatus.PENDING
    # As the pages of the accounts, which a secretary of a department has not.
    for_accounts = current_base(request, Action.RESET_PASSWORD) is not None
    is_free_to_ask = acting and not is_waiting(enrollment.resident_id)
    return {
        "act": acting,
        "close_returns": acting and enrollment.lapsed_at is None,
        "import": acting
        and enrollment.base.is_active
        and current_base(request, Action.IMPORT_ACCOUNTS) is not None,
        "reveal": may_see(request.user, enrollment),
        # What lapsed at the lock stays as it is: the person is added again as 漏报 (AM-05).
        "check": to_report,
        "report": to_report and report_entry(enrollment, times).is_open,
        "return": acting and personal_entry(enrollment, times).is_open,
        # More time is asked for by whoever works for the whole base.
        "extend": acting
        and to_report
        and current_base(request, Action.REPORT) is not None
        and may_name(enrollment),
        "correct": is_free_to_ask,
        "ask_about_end": is_free_to_ask and bool(kinds_open(enrollment, enrollment.base)),
        "withdraw": acting and waiting and withdrawal_entry(enrollment, times).is_open,
        "change_status": acting and bool(enrollment.registered_at) and enrollment.lapsed_at is None,
        "log_in": for_accounts
        and may(request.user, enrollment, Action.RESET_PASSWORD)
        and enrollment.is_live,
        "delete": for_accounts
        and may(request.user, enrollment, Action.DELETE_ACCOUNT)
        and any_entry(enrollment, times).is_open,
        "change_specialty": acting and change_entry(enrollment).is_open,
    }


@allow(Role.BASE)
def submission(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """What was reported at one time, frozen: the approved intake original stays readable here (BR-37)."""
    enrollment = record_for(request.user, pk)
    chosen = get_object_or_404(
        enrollment.submissions.select_related("reported_by", "revoked_by"), number=number
    )
    comments = comments_of(chosen, []) if chosen.comment else {}
    return render(
        request,
        "bases/records/submission.html",
        {
            "record": enrollment,
            "in_list": place_in_list(request, enrollment),
            "submission": with_remarks([chosen])[0],
            "sections": sections(chosen.snapshot, comments=comments),
            "is_intake_original": enrollment.intake_submission_id == chosen.pk,
        },
    )


@allow(Role.BASE)
@require_GET
def record_file(request: SignedInRequest, pk: int, block: str, name: str, row: int) -> FileResponse:
    """One piece of evidence of the record; each look is written to the audit log (TRUST-51)."""
    enrollment = record_for(request.user, pk)
    snapshot = snapshot_as_kept(enrollment, last_snapshots([enrollment]).get(enrollment.pk))
    return show_file(
        lambda: file_response(snapshot, block, name, row),
        request,
        enrollment,
        [enrollment.resident_id],
        at=enrollment,
        file=f"{block}.{name}",
    )


@allow(Role.BASE)
def record_history(request: SignedInRequest, pk: int) -> HttpResponse:
    """Every change of the record in plain words (BR-63); of a person who has left, nothing later (AM-20)."""
    enrollment = record_for(request.user, pk)
    entries, end = timeline(enrollment, with_names=True), end_of_period(enrollment)
    if end is not None:
        entries = [entry for entry in entries if entry.at <= end or entry.block == LABELS["training"]]
    page = {"record": enrollment, "entries": entries, "in_list": place_in_list(request, enrollment)}
    return render(request, "bases/records/history.html", page)
