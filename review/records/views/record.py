"""One record as a reviewer sees it: what changed, the decision (审核) and its revocation, full numbers on purpose."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Submission
from bases.reveal import asked_in_full, may_see, show_file
from bases.scope import reaches
from bases.submissions.evidence import file_response
from portal.access import allow
from portal.addresses import own_address
from portal.parameters import key, text, whole_number
from portal.prepared import Asked, prepared
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.openness import mended_by_interface
from residents.services.states import StateMoved
from review.decisions import claims, last
from review.decisions import services as decisions
from review.decisions.forms import ReturnForm, RevokeForm
from review.models import Claim
from review.queue import lists as queue
from review.queue.filters import QueueFilter
from review.records.page import RecordPage, record_page, rows_in, shown_snapshot


def _visible(request: SignedInRequest, pk: int) -> Enrollment:
    for enrollment in _record.ask(pk=pk):
        if reaches(request.user, enrollment, Action.VIEW):
            return enrollment
    raise Http404


@prepared
def _record() -> QuerySet[Enrollment]:
    records = Enrollment.objects.select_related("resident", "base__province", "specialty")
    return records.filter(pk=Asked("pk"))


def _acting(request: SignedInRequest, pk: int) -> Enrollment:
    """404 outside the user's scope, 403 where he may only look."""
    enrollment = _visible(request, pk)
    if not reaches(request.user, enrollment, Action.REVIEW):
        raise PermissionDenied
    return enrollment


def _show(
    request: SignedInRequest, enrollment: Enrollment, *, masked: bool = True, **forms: object
) -> HttpResponse:
    filters = QueueFilter(request.user, request.GET)
    page = record_page(request.user, enrollment, filters.values, masked=masked)
    back = own_address(request, text(request.GET, "next"))
    if page.is_pending and request.user.role == Role.PROVINCE and not back:
        request.opened_from = reverse("review:queue")
    else:
        request.opened_from = urlsplit(back).path
    context: dict[str, Any] = {
        "back": back,
        "page": page,
        "held": _claim(request, page),
        "enrollment": enrollment,
        "query": request.GET.urlencode(),
        "masked": masked,
        "last": last.told(request),
        "by_interface": mended_by_interface(enrollment),
        "may_unmask": may_see(request.user, enrollment),
    }
    context |= {"return_form": ReturnForm(rows=page.rows), "revoke_form": RevokeForm()} | forms
    return render(request, "review/records/record.html", context)


def _claim(request: SignedInRequest, page: RecordPage) -> Claim | None:
    """The claim of a colleague on this record; whoever may decide it has it from now on, if nobody else has
    (GOAL-P6)."""
    if page.shown is None:
        return None
    if page.may_review:
        standing = claims.claim(page.shown, by=request.user)
        return standing if standing.reviewer_id != request.user.pk else None
    return claims.held_by_others([page.shown], request.user).get(page.shown.pk) if page.is_pending else None


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def record(request: SignedInRequest, pk: int) -> HttpResponse:
    """One record: what changed since the last approval, the whole snapshot, its submissions and statuses.

    A POST with a purpose shows the numbers in full for this answer only (TRUST-51).
    """
    enrollment = _visible(request, pk)
    if request.method == "GET":
        return _show(request, enrollment)
    event = asked_in_full(request, enrollment, [enrollment.resident_id], at=enrollment)
    return _show(request, enrollment, masked=event is None)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def record_file(request: SignedInRequest, pk: int, block: str, name: str, row: int) -> FileResponse:
    """One piece of evidence of the record as displayed; through the gate of full numbers."""
    enrollment = _visible(request, pk)
    return show_file(
        lambda: file_response(shown_snapshot(enrollment), block, name, row),
        request,
        enrollment,
        [enrollment.resident_id],
        at=enrollment,
        file=f"{block}.{name}",
    )


def _choice(request: HttpRequest, enrollment: Enrollment) -> tuple[Submission, dict[int, int]]:
    """The submission and version that were on the page when the button was pressed."""
    submission = get_object_or_404(
        Submission.objects.defer("snapshot"), pk=key(request.POST, "submission"), enrollment=enrollment
    )
    version = whole_number(request.POST, "version")
    return submission, {submission.pk: -1 if version is None else version}


def _go_on(
    request: SignedInRequest, done: decisions.Decision, submission: Submission, word: str
) -> HttpResponse:
    """Say what happened and lead to the next record of the queue the reviewer came from."""
    for left in done.left_out:
        messages.error(request, f"{left.name or '该记录'}：{left.reason}")
    if not done.decided:
        return redirect(_record_url(submission.enrollment_id, request.GET))
    last.remember(request, done.decided[0], word)
    filters = QueueFilter(request.user, request.GET).values
    before, after = queue.neighbours(request.user, filters, submission)
    following = after or before
    if following is None:
        return redirect(f"{reverse('review:queue')}?{request.GET.urlencode()}")
    return redirect(_record_url(following, request.GET))


def _record_url(pk: int, query: QueryDict) -> str:
    return f"{reverse('review:record', args=[pk])}?{query.urlencode()}"


@require_POST
@allow(Role.PROVINCE)
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    enrollment = _acting(request, pk)
    submission, choice = _choice(request, enrollment)
    done = decisions.approve(choice, by=request.user)
    return _go_on(request, done, submission, "已审核通过")


@require_POST
@allow(Role.PROVINCE)
def take_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """撤回 of one's own decision of the last seconds (GOAL-P10)."""
    enrollment = _acting(request, pk)
    submission, _ = _choice(request, enrollment)
    try:
        decisions.take_back(submission, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, f"{enrollment.resident.full_name}：已撤回，重新待审核。")
    return redirect(_record_url(pk, request.GET))


@require_POST
@allow(Role.PROVINCE)
def return_for_correction(request: SignedInRequest, pk: int) -> HttpResponse:
    enrollment = _acting(request, pk)
    form = ReturnForm(request.POST, rows=rows_in(shown_snapshot(enrollment)))
    if form.is_extended or not form.is_valid():
        return _show(request, enrollment, return_form=form)
    submission, choice = _choice(request, enrollment)
    done = decisions.return_for_correction(
        choice,
        by=request.user,
        comment=form.cleaned_data["comment"],
        reason_codes=form.cleaned_data["reasons"],
        field_comments=form.field_comments(),
    )
    by_interface = mended_by_interface(enrollment)
    word = "已退回，由本省接口更正后重新传送" if by_interface else "已退回培训基地修改"
    return _go_on(request, done, submission, word)


@require_POST
@allow(Role.PROVINCE)
def revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    enrollment = _acting(request, pk)
    form = RevokeForm(request.POST)
    if not form.is_valid():
        return _show(request, enrollment, revoke_form=form)
    submission, _ = _choice(request, enrollment)
    try:
        again = decisions.revoke(submission, by=request.user, reason=form.cleaned_data["reason"])
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        state = "该记录重新进入待审核" if again else "该记录此后修改过，现为“退回修改”，请等待重新上报"
        messages.success(request, f"已撤销审核决定，{state}。")
    return redirect(_record_url(pk, request.GET))
