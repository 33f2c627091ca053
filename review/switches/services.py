"""报送方式切换: a province asks to deliver its intake by API, the association decides (Annex 2, BR-06 … BR-08, BR-24;
AM-01).

The application's row is locked before the province's, everywhere. This is the only writer of a province's mode.
"""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.models import Province, TrainingBase
from bases.models.organisations import ReportingMode
from bases.scope import province_codes_for, provinces_for
from bases.staff import recipients
from portal import audit
from portal.calendar import step_now
from portal.messages import services as messages
from portal.models import Step, User
from portal.roles import Action, Role
from residents.catalogue.catalogue import problem
from residents.models.enrollment import Module
from residents.rules import switch
from residents.rules.fields import Problems, read_values
from residents.services.refusals import Refused, refuse_errors
from residents.services.states import StateMoved
from residents.services.uploads import upload_problem
from review.models import ModeSwitchApplication
from review.switches.open_work import figures_of
from review.switches.reopening import reopens

State = ModeSwitchApplication.State
# The province may still take these back; while one of UNFINISHED is there it writes no second application.
OPEN = (State.DRAFT, State.WAITING)
UNFINISHED = (*OPEN, State.SCHEDULED)
# What the province writes; its name and the module are in the form already (BR-24).
FIELDS = tuple(field for field in switch.FIELDS if field.owner != "auto")
MODULE = "1"
KIND = "switch"


def in_view(user: User, action: Action = Action.VIEW) -> QuerySet[ModeSwitchApplication]:
    """Applications of the user's provinces; to the association those that were sent."""
    found = ModeSwitchApplication.objects.select_related("province", "applied_by", "decided_by")
    if user.role == Role.CMDA:
        found = found.exclude(state=State.DRAFT)
    else:
        found = found.filter(province__in=province_codes_for(user, action))
    return found.order_by("-applied_at", "-pk")


def free_to_apply(user: User) -> set[str]:
    """Codes of the provinces for which the user may write an application now: none of theirs is open."""
    direct = provinces_for(user, Action.APPLY_SWITCH).filter(reporting_mode=ReportingMode.DIRECT)
    return set(direct.exclude(switch_applications__state__in=UNFINISHED).values_list("pk", flat=True))


# --- the province ----------------------------------------------------------------------------------------------------


def write(
    province: Province, raw: Mapping[str, Any], *, by: User, application: ModeSwitchApplication | None = None
) -> ModeSwitchApplication:
    """Keep an application as 草稿, to be printed, stamped and sent. Raises Refused by field, StateMoved where another
    one is open or this one was sent meanwhile."""
    values, found = read_values(FIELDS, {field.name: raw.get(field.name) for field in FIELDS})
    found |= {name: each for name, each in _judged(province, values).items() if name not in found}
    refuse_errors(found)
    try:
        with transaction.atomic():
            if application is None:
                return ModeSwitchApplication.objects.create(province=province, applied_by=by, **values)
            draft = _locked(application.pk, State.DRAFT)
            for name, value in values.items():
                setattr(draft, name, value)
            draft.save()
            return draft
    except IntegrityError as twice:
        raise StateMoved("本省已有一份未办结的切换申请，请在原申请上继续办理。") from twice


def _judged(province: Province, values: Mapping[str, Any]) -> Problems:
    complete = {**values, "province": province.pk, "module": MODULE}
    context = {
        "today": timezone.localdate(),
        "own_province": province.pk,
        "transfer_deadline": _last_day_of_transfer(province),
    }
    return switch.problems(complete, context)


def _last_day_of_transfer(province: Province) -> date | None:
    closes_at = step_now(Step.API_TRANSFER, province_id=province.pk)[1].closes_at
    return timezone.localdate(closes_at - timedelta(seconds=1)) if closes_at else None


def attach(application_id: int, scan: UploadedFile | None, *, by: User) -> None:
    """Put the stamped scan to a draft. Raises Refused with what is wrong with the file, StateMoved."""
    if scan is None:
        raise Refused({"scan": [problem("required")]})
    if refused := upload_problem("scan", scan):
        raise Refused({"scan": [refused]})
    # What the sender called the file is never a path.
    scan.name = uuid.uuid4().hex
    with transaction.atomic():
        application = _locked(application_id, State.DRAFT)
        application.scan = scan
        application.save(update_fields=["scan"])
        audit.record("switch_scan", by=by, target=application)


def submit(application_id: int, *, by: User) -> None:
    """草稿 → 待确认; the association is notified. Raises Refused where a date has passed since, StateMoved."""
    with transaction.atomic():
        application = _locked(application_id, State.DRAFT)
        values = {field.name: getattr(application, field.name) for field in FIELDS}
        refuse_errors(_judged(application.province, values))
        application.state, application.applied_by = State.WAITING, by
        application.applied_at = timezone.now()
        application.save(update_fields=["state", "applied_by", "applied_at"])
        audit.record("switch_applied", by=by, target=application)
        _notify(application, "报送方式切换申请待确认", association=True)


def withdraw(application_id: int, *, by: User) -> None:
    """The province gives its application up before it is decided. Raises StateMoved."""
    with transaction.atomic():
        application = _locked(application_id, *OPEN)
        _decide(application, State.WITHDRAWN, by, "")
        audit.record("switch_withdrawn", by=by, target=application)


# --- the association -------------------------------------------------------------------------------------------------


def record_integration_test(province: Province, *, passed: bool, by: User) -> None:
    """Note that the province's platform has passed the joint test, or take the note back (BR-06)."""
    with transaction.atomic():
        locked = Province.objects.select_for_update().get(pk=province.pk)
        if passed and locked.integration_tested_at:
            return
        if not passed and locked.reporting_mode == ReportingMode.API:
            raise StateMoved("该省正在使用接口传送，不能取消联调通过的登记；请先撤销切换。")
        if not passed and locked.switch_applications.filter(state=State.SCHEDULED).exists():
            raise StateMoved("该省有已确认待生效的切换，不能取消联调通过的登记；请先撤销这次切换。")
        locked.integration_tested_at = timezone.now() if passed else None
        locked.save(update_fields=["integration_tested_at"])
        audit.record("integration_tested", by=by, target=locked, passed=passed)


def lies_ahead(application: ModeSwitchApplication) -> bool:
    """Whether 申请切换时间 is a day to come, so that it can be waited for (AM-38)."""
    return application.requested_at > timezone.localdate()


def confirm(application_id: int, *, by: User, at_once: bool = True) -> None:
    """待确认 → 已确认: opens the API for the province and closes 招收 direct entry for it and its bases, in one
    transaction (BR-08, AM-01). Raises StateMoved, also where the joint test is not noted (BR-06).

    Not `at_once` it becomes 已确认待生效 where 申请切换时间 lies ahead: the clock carries it out as that day begins
    (AM-38).
    """
    with transaction.atomic():
        application = _locked(application_id, State.WAITING)
        province = Province.objects.select_for_update().get(pk=application.province_id)
        if not province.integration_tested_at:
            raise StateMoved("该省尚未登记“接口联调通过”，不能确认切换（接口传送的前提）。")
        # What lies open moves on; the decision keeps what it was made on.
        application.figures = figures_of(province)
        if at_once or not lies_ahead(application):
            _decide(application, State.CONFIRMED, by, "")
            audit.record("switch_confirmed", by=by, target=application)
            _take_effect(application, province, timezone.now())
            return
        application.effective_at = timezone.make_aware(datetime.combine(application.requested_at, time.min))
        _decide(application, State.SCHEDULED, by, "")
        province.switches_at = application.effective_at
        province.save(update_fields=["switches_at"])
        audit.record("switch_scheduled", by=by, target=application)
        body = (
            f"将于 {application.requested_at} 零时开通接口传送，同时关闭招收信息的直接填报和上报，"
            "此前直接填报的记录不再审核（只读）；此后由接口传送的记录照常审核。"
            "在此之前照常直接填报，请按时办结；生效前中国医师协会可以撤销。"
        )
        _notify(application, f"将于 {application.requested_at} 切换为接口传送", body, bases=True)


def carry_out_due(now: datetime | None = None) -> int:
    """What 已确认待生效 has come due takes effect; returns how many (AM-38). Twice, or on two machines, changes nothing
    more."""
    now = now or timezone.now()
    done = 0
    for pk in ModeSwitchApplication.objects.filter(state=State.SCHEDULED, effective_at__lte=now).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            application = ModeSwitchApplication.objects.select_for_update(of=("self",)).get(pk=pk)
            if application.state != State.SCHEDULED:
                continue
            province = Province.objects.select_for_update().get(pk=application.province_id)
            application.state = State.CONFIRMED
            application.save(update_fields=["state"])
            audit.record("switch_took_effect", by=None, target=application)
            _take_effect(application, province, now)
            done += 1
    return done


def _take_effect(application: ModeSwitchApplication, province: Province, now: datetime) -> None:
    application.effective_at = now
    application.save(update_fields=["effective_at"])
    _set_mode(province, ReportingMode.API)
    body = (
        "接口传送已开通，招收信息的直接填报和上报同时关闭，此前直接填报的记录不再审核（只读）；"
        "接口传送的记录照常审核，住院医师信息管理不受影响。"
    )
    _notify(application, "已切换为接口传送", body, bases=True)


def refuse(application_id: int, *, by: User, reason: str) -> None:
    """待确认 → 已驳回, with words for the province. Raises StateMoved."""
    with transaction.atomic():
        application = _locked(application_id, State.WAITING)
        _decide(application, State.REFUSED, by, reason)
        audit.record("switch_refused", by=by, target=application)
        _notify(application, "报送方式切换申请未通过", reason)


def reverse_switch(application_id: int, *, by: User, reason: str) -> None:
    """已确认 → 已撤销切换: the API closes and direct entry opens again, in one transaction. What is 已确认待生效 will
    not take effect (AM-38). Raises StateMoved."""
    with transaction.atomic():
        application = _locked(application_id, State.CONFIRMED, State.SCHEDULED)
        had_begun = application.state == State.CONFIRMED
        province = Province.objects.select_for_update().get(pk=application.province_id)
        _set_mode(province, ReportingMode.DIRECT)
        _decide(application, State.REVERSED, by, reason)
        audit.record("switch_reversed", by=by, target=application)
        if had_begun:
            opened = "\n".join(reopens(province))
            body = f"接口传送已关闭，招收信息恢复由培训基地直接填报、省级审核，时间如下。\n{opened}\n理由：{reason}"
            _notify(application, "已恢复直接填报", body, bases=True)
        else:
            body = f"原定 {application.requested_at} 的切换不再进行，招收信息继续直接填报。理由：{reason}"
            _notify(application, "已撤销待生效的切换", body, bases=True)


# --- inside ----------------------------------------------------------------------------------------------------------


def _locked(application_id: int, *expected: str) -> ModeSwitchApplication:
    application = (
        ModeSwitchApplication.objects.select_for_update(of=("self",))
        .select_related("province")
        .get(pk=application_id)
    )
    if application.state not in expected:
        raise StateMoved(f"这份申请现在是“{application.get_state_display()}”，不能再这样办理。")
    return application


def _set_mode(province: Province, mode: ReportingMode) -> None:
    """From now on; no switch lies ahead any more."""
    province.reporting_mode, province.switches_at = mode, None
    province.save(update_fields=["reporting_mode", "switches_at"])


_DECIDED = ["state", "decided_by", "decided_at", "reason", "effective_at", "figures"]


def _decide(application: ModeSwitchApplication, state: str, by: User, reason: str) -> None:
    application.state, application.decided_by = state, by
    application.decided_at, application.reason = timezone.now(), reason
    application.save(update_fields=_DECIDED)


def _notify(
    application: ModeSwitchApplication,
    subject: str,
    body: str = "",
    *,
    association: bool = False,
    bases: bool = False,
) -> None:
    """One message to each person concerned: the association's staff, or the province's and, if asked, its bases'."""
    subject = f"{subject}：{application.province.name}"
    link = reverse("review:switch", args=[application.pk])
    if association:
        people = User.objects.filter(role=Role.CMDA, is_active=True).values_list("pk", flat=True)
        messages.send(people, kind=KIND, subject=subject, body=body, link=link)
        return
    staff = recipients(Province, [application.province_id])
    messages.send(staff.get(application.province_id, []), kind=KIND, subject=subject, body=body, link=link)
    if bases:
        ids = TrainingBase.objects.filter(province=application.province_id).values_list("pk", flat=True)
        concerned = {person for each in recipients(TrainingBase, ids).values() for person in each}
        messages.send(
            concerned,
            kind=KIND,
            subject=subject,
            body=body,
            link=reverse("bases:record-list", args=[Module.INTAKE]),
        )
