"""待审核: the reviewer's queue, and deciding many of its records at once."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Province, Submission
from bases.models.organisations import ReportingMode
from bases.scope import province_codes_for, provinces_for
from portal import deeds
from portal.access import allow
from portal.calendar import Opening, cycle_in_view, opening, running_cycles
from portal.models import AuditEvent, CollectionCycle, Step, User
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.openness import entries_of, review_entry, until_switch
from review.decisions import claims, last
from review.decisions import services as decisions
from review.decisions.forms import BulkForm, ReturnForm, RevokeForm
from review.paging import keyset_page
from review.queue import bulk as bulk_choice
from review.queue import lists as queue
from review.queue.filters import QueueFilter

# So many of those left out stand in a message.
MOST_NAMED = 20


@require_GET
@allow(Role.PROVINCE)
def waiting(request: SignedInRequest) -> HttpResponse:
    """The queue of 待审核, oldest first (BR-85)."""
    loaded_at = timezone.now()
    filters = QueueFilter(request.user, request.GET)
    found = queue.pending(request.user, filters.values)
    page = keyset_page(
        found, request.GET, by="reported_at", rows_of=lambda keys: queue.rows(request.user, keys)
    )
    held = claims.held_by_others(page.rows, request.user)
    entries = entries_of([row.enrollment for row in page.rows], review_entry)
    for row in page.rows:
        row.held, row.entry = held.get(row.pk), entries[row.enrollment_id]
    closed = {row.entry.reason for row in page.rows if not row.entry.is_open}
    return render(
        request,
        "review/queue/queue.html",
        {
            "filters": filters,
            "page": page,
            "loaded_at": loaded_at.isoformat(),
            "closed_reasons": sorted(closed),
            "last": last.told(request),
            "may_review": bool(province_codes_for(request.user, Action.REVIEW)),
            **_deadline(request),
        },
    )


def _deadline(request: SignedInRequest) -> dict[str, Any]:
    """The deadline of each running intake's review in the reviewer's (first) province (AM-42); and whether one of his
    provinces delivers its intake by API, so that what was reported directly is read-only (BR-08)."""
    provinces = list(provinces_for(request.user, Action.VIEW).order_by("pk"))
    first = [provinces[0].pk] if provinces else []
    shown: list[CollectionCycle | None] = []
    if first:
        shown = [*running_cycles(first)] or [cycle_in_view(first)]
    return {
        "deadlines": _told([(cycle, opening(cycle, Step.REVIEW, province_id=first[0])) for cycle in shown])
        + _until_switch(provinces[:1], shown),
        "is_switched": any(each.reporting_mode == ReportingMode.API for each in provinces),
    }


def _told(found: list[tuple[CollectionCycle | None, Opening]]) -> list[tuple[str, Opening]]:
    """With their years; what will open later is no news beside what is open now."""
    is_any_open = any(state.is_open for _, state in found)
    return [
        (_label(cycle), replace(state, reason=f"{cycle.year}年{state.reason}") if cycle else state)
        for cycle, state in found
        if not (is_any_open and state.word == "未开始")
    ]


def _until_switch(
    provinces: list[Province], shown: list[CollectionCycle | None]
) -> list[tuple[str, Opening]]:
    """Until when what was reported directly can be decided, where the province goes over to 接口传送 (AM-38)."""
    return [
        (f"{cycle.year}年直接填报记录的省级审核（此后切换为接口传送）", ends)
        for province in provinces
        for cycle in shown
        if cycle and province.switches_at
        for state in [opening(cycle, Step.REVIEW, province_id=province.pk)]
        if state.is_open and (ends := until_switch(state, province.switches_at)) != state
    ]


def _label(cycle: CollectionCycle | None) -> str:
    return f"{cycle.year}年招收信息省级审核" if cycle else "招收信息省级审核"


@require_POST
@allow(Role.PROVINCE)
def bulk(request: SignedInRequest) -> HttpResponse:
    """Approve or return what was ticked, or all of the filter: first the count to confirm, then the deed (GOAL-P3)."""
    if not provinces_for(request.user, Action.REVIEW).exists():
        raise PermissionDenied
    order = BulkForm(request.POST)
    if not order.is_valid():
        for texts in order.errors.values():
            messages.error(request, str(texts[0]))
        return redirect(f"{reverse('review:queue')}?{request.GET.urlencode()}")
    choices = _choices(request, order)
    if "skip_held" in request.POST:
        choices = bulk_choice.without_held(choices, request.user)
    comment = ReturnForm(request.POST if "confirmed" in request.POST else None)
    is_return = order.cleaned_data["act"] == "return"
    if "confirmed" not in request.POST or (is_return and (comment.is_extended or not comment.is_valid())):
        return _ask_to_confirm(request, order, choices, comment)
    # In the order of the page, which an object of JSON would lose with its whole numbers.
    asked: dict[str, Any] = {"choices": list(choices.items()), "query": request.GET.urlencode()}
    if is_return:
        asked |= {
            "comment": comment.cleaned_data["comment"],
            "reasons": comment.cleaned_data["reasons"],
            "field_comments": comment.field_comments(),
        }
    return deeds.carry_out(request, order.cleaned_data["act"], asked, number=len(choices))


def _choices(request: SignedInRequest, order: BulkForm) -> dict[int, int]:
    if order.cleaned_data["range"] == "selected":
        return order.cleaned_data["choices"]
    filters = QueueFilter(request.user, request.GET)
    if filters.errors:
        messages.error(request, "筛选条件无效，没有选中任何记录。请清除筛选条件后重新选择。")
    return queue.choices_as_loaded(request.user, filters.values, order.cleaned_data["loaded_at"])


def _ask_to_confirm(
    request: SignedInRequest, order: BulkForm, choices: dict[int, int], comment: ReturnForm
) -> HttpResponse:
    context = {
        "act": order.cleaned_data["act"],
        "range": order.cleaned_data["range"],
        "loaded_at": order.cleaned_data["loaded_at"].isoformat(),
        "marks": [f"{pk}:{version}" for pk, version in order.cleaned_data["choices"].items()],
        "form": comment,
        "is_return": order.cleaned_data["act"] == "return",
        "prospect": bulk_choice.prospect(
            choices, request.user, is_return=order.cleaned_data["act"] == "return"
        ),
        "filters": QueueFilter(request.user, request.GET).in_words,
    }
    return render(request, "review/queue/bulk.html", context)


@require_GET
@allow(Role.PROVINCE)
def batches(request: SignedInRequest) -> HttpResponse:
    """What the user has decided on several records at once, newest first (GOAL-P3)."""
    found = bulk_choice.batches_of(request.user)
    revoked = bulk_choice.revocations_of([each.detail["batch"] for each in found])
    rows = [(each, revoked.get(each.detail["batch"])) for each in found]
    return render(request, "review/queue/batches.html", {"batches": rows})


def _event_of(batch: UUID, user: User) -> AuditEvent:
    """The audit line of a batch, of the user's own only."""
    event = AuditEvent.objects.filter(
        actor=user, action__in=("approve", "return"), detail__batch=str(batch)
    ).first()
    if event is None:
        raise Http404
    return event


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def batch(request: SignedInRequest, batch: UUID) -> HttpResponse:
    """What one bulk decision has done: who was decided on, each one's state now, who was left out and why (GOAL-P3);
    a POST with a reason takes it back as a whole (GOAL-P5)."""
    event = _event_of(batch, request.user)
    form = RevokeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        decided = event.detail["submissions"]
        if len(decided) <= deeds.MOST_AT_ONCE:
            done = decisions.revoke_batch(decided, batch, by=request.user, reason=form.cleaned_data["reason"])
            _say_revoked(request, done)
            return redirect("review:batch", batch)
        asked = {"batch": str(batch), "submissions": decided, "reason": form.cleaned_data["reason"]}
        return deeds.carry_out(request, "revoke", asked, number=len(decided))
    return _show_batch(request, event, batch, form)


def _say_revoked(request: SignedInRequest, done: decisions.Decision) -> None:
    if done.decided:
        messages.success(request, f"已撤销 {len(done.decided)} 条，重新进入待审核。")
    if done.left_out:
        named = [
            f"{left.name or '（不在您的审核范围内）'}：{left.reason}" for left in done.left_out[:MOST_NAMED]
        ]
        more = "" if len(done.left_out) <= MOST_NAMED else " 其余见下面的名单。"
        messages.warning(
            request, f"{len(done.left_out)} 条在办理后已有变化，没有撤销：{' '.join(named)}{more}"
        )


def _show_batch(request: SignedInRequest, event: AuditEvent, batch: UUID, form: RevokeForm) -> HttpResponse:
    reasons = {item["submission"]: item["reason"] for item in event.detail["left_out"]}
    rows = queue.for_list(queue.submissions_in_view(request.user).filter(pk__in=reasons))
    named = [(row, reasons.pop(row.pk)) for row in rows]
    revocations = list(bulk_choice.revocations_of([str(batch)]).values())
    done = queue.for_list(queue.submissions_in_view(request.user).filter(pk__in=event.detail["submissions"]))
    return render(
        request,
        "review/queue/batch.html",
        {
            "event": event,
            "batch": batch,
            "page": keyset_page(done, request.GET),
            "decided": len(event.detail["submissions"]),
            "outcome": Submission.Outcome.APPROVED
            if event.action == "approve"
            else Submission.Outcome.RETURNED,
            "left_out": named,
            "unnamed": len(reasons),
            "revoke_form": form,
            "revoked": revocations,
            "revocable": bulk_choice.revocable(event.detail["submissions"], batch, request.user),
        },
        status=422 if form.errors else 200,
    )
