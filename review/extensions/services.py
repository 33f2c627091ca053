"""申请延长填报时间, the answer: the province within its own review window, beyond it the association (GOAL-P8).

What is granted opens the step for the named records or the base and for nobody else: rows of portal.models.Extension,
which portal/calendar.py reads.
"""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from bases.extensions import services as extensions
from bases.models import ExtensionRequest, Province, TrainingBase
from bases.staff import recipients, secretaries
from portal import audit
from portal.calendar import last_moment
from portal.messages import services as messages
from portal.models import Extension, Step, User
from portal.roles import Action, Role
from residents.models.enrollment import Module, PersonalState
from residents.services.lock import is_locked, unmark_if_open
from residents.services.states import StateMoved

State = ExtensionRequest.State


def may_decide(asked: ExtensionRequest, user: User) -> bool:
    """The province while it is in its time, the association beyond; nobody once it is decided."""
    if user.role == Role.CMDA:
        return asked.state == State.WITH_CMDA
    is_own = extensions.in_view(user, Action.REVIEW).filter(pk=asked.pk).exists()
    return is_own and asked.state == State.WITH_PROVINCE


def grant(
    request_id: int, *, until: datetime, by: User, comment: str = "", review_until: datetime | None = None
) -> ExtensionRequest:
    """Open the step until then. `review_until`: the association gives the province time to decide afterwards.

    Raises StateMoved where it was decided meanwhile, the cycle is locked or the date is beyond what `by` may give.
    """
    with transaction.atomic():
        asked = _taken(request_id, by)
        _check_until(asked, until, review_until, by)
        _open(asked, Step(asked.step), until, by)
        if review_until is not None and review_until > (
            extensions.review_end(asked.base, asked.cycle) or until
        ):
            _open(asked, Step.REVIEW, review_until, by)
        asked.granted_until = until
        _decide(asked, State.GRANTED, by, comment)
        audit.record("extension_granted", by=by, target=asked, step=asked.step, until=until.isoformat())
        _notify(asked, f"已同意延长至 {last_moment(until)}")
        _notify_residents(asked)
    return asked


def refuse(request_id: int, *, by: User, comment: str) -> ExtensionRequest:
    """No more time, with words for the base. Raises StateMoved where it was decided meanwhile."""
    with transaction.atomic():
        asked = _taken(request_id, by)
        _decide(asked, State.REFUSED, by, comment)
        audit.record("extension_refused", by=by, target=asked)
        _notify(asked, "未同意延长")
    return asked


def _taken(request_id: int, by: User) -> ExtensionRequest:
    asked = extensions.locked(request_id)
    if not may_decide(asked, by):
        raise PermissionDenied
    return asked


def _check_until(asked: ExtensionRequest, until: datetime, review_until: datetime | None, by: User) -> None:
    base = asked.base
    # After the lock only the association opens the year again, for those named (AM-43).
    if by.role != Role.CMDA and is_locked(asked.cycle, province_id=base.province_id, base_id=base.pk):
        raise StateMoved(f"{asked.cycle.year}年招收信息已锁定，只有中国医师协会能再延长。")
    end = extensions.review_end(asked.base, asked.cycle)
    if until <= timezone.now():
        raise StateMoved("延长到的日期已经过去。")
    if by.role != Role.CMDA and (end is None or until > end):
        limit = f"（{last_moment(end)}）" if end else ""
        raise StateMoved(f"省级最多可延长到省级审核截止{limit}；更晚的由中国医师协会处理。")
    if (end is None or until > end) and (review_until is None or review_until < until):
        raise StateMoved("延长后晚于省级审核截止，请同时填写不早于它的省级审核延长日期，否则上报后无法审核。")


def _open(asked: ExtensionRequest, step: Step, until: datetime, by: User) -> None:
    """One row per named record, or one for the base."""
    common = {"cycle": asked.cycle, "step": step, "until": until, "reason": asked.reason, "granted_by": by}
    named = list(asked.enrollments.values_list("pk", flat=True))
    rows = [Extension(enrollment_id=pk, **common) for pk in named] or [Extension(base=asked.base, **common)]
    Extension.objects.bulk_create(rows)
    unmark_if_open(asked.cycle)


def _decide(asked: ExtensionRequest, state: str, by: User, comment: str) -> None:
    asked.state, asked.decided_by, asked.decided_at, asked.comment = state, by, timezone.now(), comment
    asked.save(update_fields=["state", "decided_by", "decided_at", "comment", "granted_until"])


def _notify(asked: ExtensionRequest, word: str) -> None:
    """The base, and the province where the association has decided."""
    subject = f"“{asked.get_step_display()}”{word}"
    staff = recipients(TrainingBase, [asked.base_id]).get(asked.base_id, [])
    messages.send(
        staff, kind=extensions.KIND, subject=subject, body=asked.comment, link=reverse("bases:extensions")
    )
    _notify_departments(asked, subject)
    if asked.decided_by and asked.decided_by.role == Role.CMDA:
        province = asked.base.province_id
        messages.send(
            recipients(Province, [province]).get(province, []),
            kind=extensions.KIND,
            subject=f"{asked.base.name}：{subject}",
            body=asked.comment,
            link=reverse("review:extension", args=[asked.pk]),
        )


def _notify_departments(asked: ExtensionRequest, subject: str) -> None:
    """The department secretaries of those for whom it was asked, whose dates it moves."""
    people = (
        asked.enrollments.all()
        if asked.enrollments.exists()
        else extensions.candidates(asked.base, asked.cycle)
    )
    places = {(asked.base_id, code) for code in people.values_list("specialty", flat=True) if code}
    address = reverse("bases:record-list", args=[Module.INTAKE])
    for (_, code), staff in secretaries(places).items():
        messages.send(
            staff,
            kind=extensions.KIND,
            subject=f"{asked.base.name}：{subject}",
            body=asked.comment,
            link=f"{address}?year={asked.cycle.year}&specialty={code}",
        )


def _notify_residents(asked: ExtensionRequest) -> None:
    """Those who have more time to fill in and are not done."""
    if asked.step != Step.RESIDENT_FILL or asked.granted_until is None:
        return
    people = extensions.candidates(asked.base, asked.cycle).exclude(personal_state=PersonalState.COMPLETE)
    named = list(asked.enrollments.values_list("pk", flat=True))
    if named:
        people = people.filter(pk__in=named)
    messages.send(
        people.values_list("resident__user_id", flat=True),
        kind=extensions.KIND,
        subject=f"您的个人信息填报延长至 {last_moment(asked.granted_until)}",
        link=reverse("residents:home"),
    )
