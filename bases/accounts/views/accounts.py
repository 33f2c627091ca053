"""账号查找与重置: find an account, release, delete and restore it (BR-50, BR-51, BR-72, BR-73, BR-77)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.accounts import services
from bases.accounts.forms import DeletionForm
from bases.accounts.services import AccountState
from bases.activation import mobile_is_enough, opened_by_mobile
from bases.imports.access import batch_for
from bases.imports.undo.restore import undone_imports
from bases.models import TrainingBase
from bases.scope import (
    bases_for,
    current_base,
    deleted_enrollments_for,
    enrollments_for,
    required_base,
)
from portal import deeds
from portal.access import allow
from portal.calendar import last_moment
from portal.form_words import UNCHANGED
from portal.models import User
from portal.parameters import choice, text, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.searching import text_of
from portal.sign_in.services import MOBILE_TRIES, limited_until, release_activation
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReviewStatus, Status
from residents.openness import Times
from residents.rules.status import targets
from residents.services.deletion import any_entry, entry_of, restorable_until, restoring_entry
from residents.services.states import StateMoved

PAGE_SIZE = 50


@allow(Role.BASE)
@require_GET
def accounts(request: SignedInRequest) -> HttpResponse:
    """The base's accounts, searched by name or number (BR-51), and those that need attention (PAIN-14, BR-77)."""
    base = required_base(request)
    asked = searched(request.GET)
    state, found = asked["state"], services.accounts(request.user, base, **asked)
    is_bin = state == AccountState.DELETED and not asked["text"] and not asked["batch"]
    may_act = current_base(request, Action.RESET_PASSWORD) == base
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    counts = services.account_counts(request.user, base)
    context = {
        "base": base,
        "page": page,
        # Those that went with an undone import have rows of batches, not of their own.
        "in_batches": counts[AccountState.DELETED] - page.paginator.count if is_bin else 0,
        "needs_code": _needing_a_code(list(page)),
        "states": AccountState,
        "counts": counts,
        "state": state,
        "text": asked["text"],
        "batch": asked["batch"],
        "undone": undone_imports(services.recycle_bin(request.user, base)) if is_bin else [],
        "tries": MOBILE_TRIES,
        "policies": TrainingBase.ActivationPolicy,
        "may_act": may_act,
        "is_selectable": may_act and state != AccountState.DELETED,
    }
    return render(request, "bases/accounts/accounts.html", context)


def _needing_a_code(rows: list[Enrollment]) -> set[int]:
    """Those of these records whose account is not open yet and that the mobile number alone does not open."""
    waiting = {row.pk for row in rows if row.is_live and not row.resident.user.activated_at}
    return waiting - opened_by_mobile(rows)


@allow(Role.BASE)
@require_GET
def account(request: SignedInRequest, pk: int) -> HttpResponse:
    """One account: its state, and what the base can do for the person."""
    enrollment = _any_record(request.user, pk)
    user = enrollment.resident.user
    context = {
        "record": enrollment,
        "person": user,
        "limited_until": limited_until(user),
        "is_locked": not user.is_activated and user.activation_failures >= MOBILE_TRIES,
        "mobile_is_enough": not user.is_activated and mobile_is_enough(user),
        "not_live": not_live_words(enrollment),
        "is_recruit": enrollment.registered_at is None,
        "deletion": any_entry(enrollment),
        "may_withdraw": Status.WITHDRAWN in targets(enrollment.status),
        "restoring": restoring_entry(enrollment) if enrollment.deleted_at else None,
        "restorable_until": enrollment.deleted_at and restorable_until(enrollment, enrollment.deleted_at),
        "may_act": _may(request.user, enrollment, Action.RESET_PASSWORD),
    }
    return render(request, "bases/accounts/account.html", context)


@allow(Role.BASE)
@require_POST
def release(request: SignedInRequest, pk: int) -> HttpResponse:
    """The base has made sure who this is: the account opens again with the mobile number on file (TRUST-04)."""
    enrollment = live_record(request, pk)
    if enrollment is not None and enrollment.resident.user.is_activated:
        messages.info(request, "该账号已激活，无需放行；无法登录的请重置密码。")
    elif enrollment is not None:
        release_activation(enrollment.resident.user, by=request.user, request=request)
        messages.success(request, "已放行：请本人用证件号、000000 和登记的手机号激活账号。")
    return redirect("bases:account", pk)


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete a wrong entry, after the question of BR-73: 录错了，还是已离开培训？"""
    enrollment = get_object_or_404(_records(request.user, Action.VIEW), pk=pk)
    if not _may(request.user, enrollment, Action.DELETE_ACCOUNT):
        raise PermissionDenied
    is_recruit = enrollment.registered_at is None
    times = Times([enrollment])
    form = DeletionForm(
        request.POST if request.method == "POST" else None,
        is_recruit=is_recruit,
        refused={
            why for why, kind in DeletionForm.KINDS.items() if not entry_of(enrollment, kind, times).is_open
        },
        restorable_until=restorable_until(enrollment, timezone.now()),
        initial={"why": _asked_why(request)},
    )
    is_sound = request.method == "POST" and form.is_valid()
    if is_sound and form.kind:
        values = form.cleaned_data
        try:
            services.delete(
                enrollment,
                by=request.user,
                reason=values["reason"],
                kind=form.kind,
                left_on=values.get("left_on"),
                request=request,
            )
            name, until = enrollment.resident.full_name, last_moment(form.restorable_until)
            messages.success(request, f"已删除{name}的记录，{until} 前可以恢复。")
        except StateMoved as moved:
            messages.error(request, str(moved))
        return redirect("bases:account", pk)
    context = {
        "record": enrollment,
        "form": form,
        "closed": any_entry(enrollment).reason,
        "has_left": is_sound,
        "left": services.how_left(enrollment) if is_sound else "",
        "is_pending": enrollment.review_status == ReviewStatus.PENDING,
        "wrong_entry": entry_of(enrollment, DeletionForm.KINDS[DeletionForm.WRONG]),
    }
    return render(request, "bases/accounts/delete.html", context, status=422 if form.errors else 200)


@allow(Role.BASE)
@require_POST
def restore(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a deletion back within 30 days (GOAL-B11)."""
    enrollment = get_object_or_404(deleted_enrollments_for(request.user, Action.VIEW), pk=pk)
    if not _may(request.user, enrollment, Action.DELETE_ACCOUNT):
        raise PermissionDenied
    try:
        services.restore(enrollment, by=request.user, request=request)
        messages.success(request, "已恢复。")
    except StateMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:account", pk)


@allow(Role.BASE)
@require_POST
def restore_import(request: SignedInRequest, pk: int) -> HttpResponse:
    """Bring back all that went with an undone import (GOAL-B11)."""
    batch = batch_for(request.user, pk, to_act=False)
    own = bases_for(request.user, Action.DELETE_ACCOUNT)
    if batch.base_id is None or not own.filter(pk=batch.base_id).exists():
        raise PermissionDenied
    number = deleted_enrollments_for(request.user, Action.DELETE_ACCOUNT).filter(deleted_with=batch).count()
    return deeds.carry_out(request, "restore_import", {"batch": pk}, number=number)


@allow(Role.BASE)
@require_POST
def policy(request: SignedInRequest) -> HttpResponse:
    """The base's choice between mobile number and printed codes for the first sign-in."""
    base = required_base(request, Action.RESET_PASSWORD)
    chosen = choice(request.POST, "policy", TrainingBase.ActivationPolicy.values)
    if chosen:
        is_changed = services.set_activation_policy(base, chosen, by=request.user, request=request)
        words = f"首次登录方式已改为：{TrainingBase.ActivationPolicy(chosen).label}。"
        messages.success(request, words if is_changed else UNCHANGED)
    else:
        messages.error(request, "请选择一种首次登录方式。")
    return redirect("bases:accounts")


def searched(params: QueryDict) -> dict[str, str]:
    """What the list of accounts is narrowed to."""
    return {
        "state": text(params, "state", longest=20),
        "text": text_of(text(params, "q")).strip()[:60],
        "batch": text(params, "batch", longest=20),
    }


def _asked_why(request: SignedInRequest) -> str:
    """The answer that a link to the page has in mind."""
    return choice(request.GET, "why", DeletionForm.KINDS)


def _records(user: User, action: Action) -> QuerySet[Enrollment]:
    return enrollments_for(user, action).select_related("resident__user", "base__province")


def _any_record(user: User, pk: int) -> Enrollment:
    """A record of the user's bases, deleted ones included. Raises Http404."""
    found = _records(user, Action.VIEW).filter(pk=pk).first()
    deleted = deleted_enrollments_for(user, Action.VIEW).select_related(
        "resident__user", "base__province", "deleted_by"
    )
    return found or get_object_or_404(deleted, pk=pk)


def live_record(request: SignedInRequest, pk: int) -> Enrollment | None:
    """The record whose account the user may open; None, with a message, where the person is this base's no more."""
    enrollment = get_object_or_404(_records(request.user, Action.VIEW), pk=pk)
    if not _may(request.user, enrollment, Action.RESET_PASSWORD):
        raise PermissionDenied
    if words := not_live_words(enrollment):
        messages.error(request, words)
        return None
    return enrollment


def not_live_words(enrollment: Enrollment) -> str:
    """Why this base has nothing to do with the account any more, and who has; "" while it has (AM-20)."""
    if enrollment.is_live:
        return ""
    is_elsewhere = Enrollment.objects.filter(LIVE, resident=enrollment.resident_id).exists()
    whose = (
        "账号由其现在的培训基地管理。"
        if is_elsewhere
        else "现在也没有其他基地的在用记录；由培训基地重新导入后，账号由该基地管理。"
    )
    return f"此人现在不在本基地培训（退培、失效或已删除），{whose}"


def _may(user: User, enrollment: Enrollment, action: Action) -> bool:
    scope = deleted_enrollments_for if enrollment.deleted_at else enrollments_for
    return scope(user, action).filter(pk=enrollment.pk).exists()
