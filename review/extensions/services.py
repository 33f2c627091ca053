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
from bases.lists.records import Todo
from bases.models import ExtensionRequest, Province
from bases.staff import desks, recipients
from portal import audit
from portal.calendar import last_moment
from portal.messages import services as messages
from portal.models import Extension, Step, User
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import Module, PersonalState
from residents.services.lock import is_locked, unmark_if_open
from residents.services.states import StateMoved

State = ExtensionRequest.State
NAMES_IN_MESSAGE = 20


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
        named = _open(asked, Step(asked.step), until, by)
        if review_until is not None and review_until > (
            extensions.review_end(asked.base, asked.cycle) or until
        ):
            _open(asked, Step.REVIEW, review_until, by)
        asked.granted_until = until
        _decide(asked, State.GRANTED, by, comment)
        act = audit.record(
            "extension_granted",
            by=by,
            target=asked,
            step=asked.step,
            until=until.isoformat(),
            records=named,
        )
        _notify(asked, f"已同意延长至 {last_moment(until)}", told=act.pk)
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
    extensions.check_before_switch(base, until)
    end = extensions.review_end(asked.base, asked.cycle)
    if until <= timezone.now():
        raise StateMoved("延长到的日期已经过去。")
    if by.role != Role.CMDA and (end is None or until > end):
        limit = f"（{last_moment(end)}）" if end else ""
        raise StateMoved(f"省级最多可延长到省级审核截止{limit}；更晚的由中国医师协会处理。")
    if (end is None or until > end) and (review_until is None or review_until < until):
        raise StateMoved("延长后晚于省级审核截止，请同时填写不早于它的省级审核延长日期，否则上报后无法审核。")


def _open(asked: ExtensionRequest, step: Step, until: datetime, by: User) -> list[int]:
    """One row per named record, or one for the base; returns the ids of the named."""
    common = {"cycle": asked.cycle, "step": step, "until": until, "reason": asked.reason, "granted_by": by}
    named = list(asked.enrollments.values_list("pk", flat=True))
    rows = [Extension(enrollment_id=pk, **common) for pk in named] or [Extension(base=asked.base, **common)]
    Extension.objects.bulk_create(rows)
    unmark_if_open(asked.cycle)
    return named


def _decide(asked: ExtensionRequest, state: str, by: User, comment: str) -> None:
    asked.state, asked.decided_by, asked.decided_at, asked.comment = state, by, timezone.now(), comment
    asked.save(update_fields=["state", "decided_by", "decided_at", "comment", "granted_until"])


def _notify(asked: ExtensionRequest, word: str, *, told: int | None = None) -> None:
    """The base, its department secretaries, and the province where the association has decided: of which year and for
    whom. `told` is the line of the audit log that keeps who was named."""
    people = extensions.candidates(asked.base, asked.cycle)
    if is_named := asked.enrollments.exists():
        people = asked.enrollments.select_related("resident").order_by("pk")
    places: dict[tuple[int, str | None], list[Enrollment]] = {}
    for row in people:
        places.setdefault((asked.base_id, row.specialty_id), []).append(row)
    for desk in desks(places or [(asked.base_id, None)]):
        own = [row for place in desk.places for row in places.get(place, [])]
        messages.send(
            desk.people,
            kind=extensions.KIND,
            subject=_subject(asked, word, own if is_named else []),
            body=_body(asked, own if is_named else []),
            link=_list_of(asked, told if is_named else None)
            if desk.specialty
            else reverse("bases:extensions"),
        )
    if asked.decided_by and asked.decided_by.role == Role.CMDA:
        province, named = asked.base.province_id, list(people) if is_named else []
        messages.send(
            recipients(Province, [province]).get(province, []),
            kind=extensions.KIND,
            subject=f"{asked.base.name}：{_subject(asked, word, named)}",
            body=_body(asked, named),
            link=reverse("review:extension", args=[asked.pk]),
        )


def _subject(asked: ExtensionRequest, word: str, named: list[Enrollment]) -> str:
    whom = f"{len(named)} 名住院医师" if named else "全部招收记录"
    return f"{asked.cycle.year}年“{asked.get_step_display()}”{word}：{whom}"


def _body(asked: ExtensionRequest, named: list[Enrollment]) -> str:
    names = "、".join(row.resident.full_name for row in named[:NAMES_IN_MESSAGE])
    more = f"等 {len(named)} 名" if len(named) > NAMES_IN_MESSAGE else ""
    return "\n".join(filter(None, [names and f"住院医师：{names}{more}。", asked.comment]))


def _list_of(asked: ExtensionRequest, told: int | None) -> str:
    """A secretary's list of her people for whom it was asked: those named, or all who could still use the time."""
    address = reverse("bases:record-list", args=[Module.INTAKE])
    which = f"told={told}" if told else f"todo={Todo.REPORT.value}"
    return f"{address}?year={asked.cycle.year}&{which}"


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
