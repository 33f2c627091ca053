"""申请延长填报时间, the base's half: what it may ask for, asking, taking back, and who is notified (GOAL-P8).

Deciding is review/extensions/services.py; whether a step is open is asked of portal/calendar.py alone.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.models import ExtensionRequest, Province, TrainingBase
from bases.models.organisations import ReportingMode
from bases.scope import base_ids, province_codes_for
from bases.staff import recipients
from portal import audit
from portal.calendar import Calendar, Opening, all_cycles, cycle_of_year, last_moment, opening
from portal.messages import services as messages
from portal.models import CollectionCycle, Step, User
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReviewStatus
from residents.openness import OUT_OF_USE
from residents.services.lock import is_locked
from residents.services.states import StateMoved

State = ExtensionRequest.State
WAITING = (State.WITH_PROVINCE, State.WITH_CMDA)
# The steps of a base and of its residents; the province asks for its own time in another way.
STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
KIND = "deadline"
NAMED_IN_LIST = 3
CANDIDATE = LIVE & Q(registered_at__isnull=True, review_status__in=(ReviewStatus.NONE, ReviewStatus.RETURNED))


def candidates(base: TrainingBase, cycle: CollectionCycle) -> QuerySet[Enrollment]:
    """The recruits that more time could still help: living, of this cycle, neither reported nor approved."""
    found = Enrollment.objects.filter(CANDIDATE, base=base, intake_year=cycle.year)
    return found.select_related("resident", "specialty").order_by("pk")


def asking_entry(
    base: TrainingBase, cycle: CollectionCycle | None, calendar: Calendar | None = None
) -> Opening:
    """May the base ask for more time now, whatever the step and the day? Every button and form asks this."""
    if cycle is None:
        return Opening(False, reason="尚未设置采集周期，请联系中国医师协会。", word="未设置")
    if not base.is_active:
        return OUT_OF_USE
    if is_locked(cycle, province_id=base.province_id, base_id=base.pk, calendar=calendar):
        return Opening(
            False,
            reason=f"{cycle.year}年招收信息已锁定，不能再延长；漏报的住院医师请在“住院医师信息管理”中补录。",
        )
    if base.province.reporting_mode == ReportingMode.API:
        return Opening(
            False,
            reason="本省已切换为接口传送，招收信息不在此填报，无需申请延长填报时间。",
            word="已切换接口",
        )
    return Opening(True)


def askable(base: TrainingBase, calendar: Calendar | None = None) -> list[CollectionCycle]:
    """The cycles for which the base may ask for more time now, the oldest first (AM-42); three queries, with the
    calendar none."""
    calendar = calendar or Calendar(all_cycles(), provinces=[base.province_id], bases=[base.pk])
    return [each for each in calendar.cycles if asking_entry(base, each, calendar).is_open]


def may_name(enrollment: Enrollment) -> bool:
    """Whether more time in the cycle of its own year can be asked for and would help this record."""
    cycle = cycle_of_year(enrollment.intake_year)
    if cycle is None or not asking_entry(enrollment.base, cycle).is_open:
        return False
    return candidates(enrollment.base, cycle).filter(pk=enrollment.pk).exists()


def extendable(base: TrainingBase, records: Iterable[Enrollment]) -> set[int]:
    """Of these records the ids of those for which the base can ask for more time; as may_name, four queries for all."""
    years = {cycle.year: cycle for cycle in askable(base)}
    named = [row.pk for row in records if row.base_id == base.pk and row.intake_year in years]
    found = Enrollment.objects.filter(CANDIDATE, pk__in=named) if named else Enrollment.objects.none()
    return set(found.values_list("pk", flat=True))


def review_end(base: TrainingBase, cycle: CollectionCycle) -> datetime | None:
    """When the province can no longer decide on this base's records: up to there it may give time itself."""
    return opening(cycle, Step.REVIEW, province_id=base.province_id, base_id=base.pk).closes_at


def ask(
    base: TrainingBase,
    cycle: CollectionCycle,
    *,
    step: Step,
    enrollments: Collection[Enrollment],
    until: datetime,
    reason: str,
    by: User,
) -> ExtensionRequest:
    """More time for one step, for these records or, without any, for all of the base's; whoever decides is notified.

    Raises StateMoved where the cycle is locked, the province delivers by API, the step is open so long anyway or a
    request for one of these records waits already.
    """
    _check_askable(base, cycle, step, until)
    end = review_end(base, cycle)
    with transaction.atomic():
        # Of two clicks the second finds the first one's request.
        TrainingBase.objects.select_for_update().get(pk=base.pk)
        _refuse_second(base, cycle, step, enrollments)
        asked = ExtensionRequest.objects.create(
            base=base,
            cycle=cycle,
            step=step,
            until=until,
            reason=reason,
            asked_by=by,
            state=State.WITH_CMDA if end is None or until > end else State.WITH_PROVINCE,
        )
        asked.enrollments.set(enrollments)
        audit.record("extension_asked", by=by, target=asked, step=str(step), records=len(enrollments))
        _notify_deciders(asked)
    return asked


def _check_askable(base: TrainingBase, cycle: CollectionCycle, step: Step, until: datetime) -> None:
    entry = asking_entry(base, cycle)
    if not entry.is_open:
        raise StateMoved(entry.reason)
    now_until = opening(cycle, step, province_id=base.province_id, base_id=base.pk).closes_at
    if now_until is None:
        raise StateMoved(f"“{Step(step).label}”尚未设置开放时间，请联系中国医师协会。")
    ends = base.province.switches_at
    if ends is not None and ends <= now_until:
        raise StateMoved(
            f"本省将切换为接口传送，“{Step(step).label}”到 {last_moment(ends)} 为止，不能再延长；"
            "此后由省级通过接口传送。"
        )
    check_before_switch(base, until)
    if until <= now_until:
        raise StateMoved(f"“{Step(step).label}”本来就到 {last_moment(now_until)} 截止，请填写更晚的日期。")
    if until <= timezone.now():
        raise StateMoved("申请延长到的日期已经过去，请填写今天或以后的日期。")


def check_before_switch(base: TrainingBase, until: datetime) -> None:
    """Nobody fills in directly once the province has gone over to 接口传送 (AM-38). Raises StateMoved."""
    ends = base.province.switches_at
    if ends is not None and until > ends:
        raise StateMoved(
            f"本省将切换为接口传送，直接填报到 {last_moment(ends)} 为止，不能延长到更晚；此后由省级通过接口传送。"
        )


def _refuse_second(
    base: TrainingBase, cycle: CollectionCycle, step: Step, enrollments: Collection[Enrollment]
) -> None:
    waiting = ExtensionRequest.objects.filter(base=base, cycle=cycle, step=step, state__in=WAITING)
    same = Enrollment.objects.filter(
        extension_requests__in=waiting, pk__in=[each.pk for each in enrollments]
    ).distinct()
    if names := same.values_list("resident__full_name", flat=True)[:NAMED_IN_LIST]:
        who = "、".join(names)
    elif enrollments and waiting.filter(enrollments=None).exists():
        who = "全部招收记录"
    elif not enrollments and waiting.exists():
        who = "全部或部分招收记录"
    else:
        return
    raise StateMoved(
        f"“{Step(step).label}”已有一份待处理的延长填报时间申请，包含{who}。请等待处理，或撤回后重新申请。"
    )


def _notify_deciders(asked: ExtensionRequest) -> None:
    subject = f"延长填报时间申请待处理：{asked.base.name}（{asked.get_step_display()}）"
    link = reverse("review:extension", args=[asked.pk])
    if asked.state == State.WITH_CMDA:
        people: Collection[int] = User.objects.filter(role=Role.CMDA, is_active=True).values_list(
            "pk", flat=True
        )
    else:
        people = recipients(Province, [asked.base.province_id]).get(asked.base.province_id, [])
    messages.send(people, kind=KIND, subject=subject, body=f"申请理由：{asked.reason}", link=link)


def withdraw(request_id: int, *, by: User) -> None:
    """The base needs it no more. Raises StateMoved once it is decided."""
    with transaction.atomic():
        asked = locked(request_id)
        asked.state, asked.decided_by, asked.decided_at = State.WITHDRAWN, by, timezone.now()
        asked.save(update_fields=["state", "decided_by", "decided_at"])
        audit.record("extension_withdrawn", by=by, target=asked)


def locked(request_id: int) -> ExtensionRequest:
    """The waiting request under its row lock. Raises StateMoved where it was decided or withdrawn meanwhile."""
    asked = ExtensionRequest.objects.select_for_update().get(pk=request_id)
    if asked.state not in WAITING:
        raise StateMoved(f"该延长填报时间申请现在是“{asked.get_state_display()}”，未作处理。")
    return asked


_FIRST_NAMES = (
    Enrollment.objects.filter(extension_requests=OuterRef("pk"))
    .order_by("pk")
    .values("resident__full_name")[:NAMED_IN_LIST]
)


def in_view(user: User, action: Action = Action.VIEW) -> QuerySet[ExtensionRequest]:
    """The requests of the user's bases, newest first, each with the number of records it names and the first names."""
    found = (
        ExtensionRequest.objects.select_related("base__province", "cycle", "asked_by", "decided_by")
        .annotate(records=Count("enrollments"), names=ArraySubquery(_FIRST_NAMES))
        # Grouping forgets the model's own order.
        .order_by("-asked_at", "-pk")
    )
    if user.role == Role.CMDA:
        return found
    if user.role == Role.PROVINCE:
        return found.filter(base__province__in=province_codes_for(user, action))
    return found.filter(base__in=base_ids(user, action))
