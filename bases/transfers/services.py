"""请求转出: a base asks the base that holds a person to let him go, so that it can import him (BR-49, BR-74; PAIN-15,
GOAL-B13).

Of another base's person the asking side learns base name, intake year and status, nothing else, and only after naming
ID type, number and name exactly (AM-28). The enrollment's row is locked before its requests, here and in `settle`.
"""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from bases.models import TrainingBase, TransferRequest
from bases.records import services as training
from bases.scope import base_ids, enrollments_for, province_codes_for
from bases.transfer_requests import close, tell_bases, tell_provinces, with_names
from bases.whereabouts import ask_on_page
from portal import audit
from portal.models import User
from portal.roles import Action, Role
from residents.codes.training import ENDED, WITHDRAWN
from residents.services import states
from residents.services.states import StateMoved
from residents.standing import AccountRow, Known, LiveEnrollment

State = TransferRequest.State

DAYS_TO_ANSWER = 10
# 转换培训基地 (docs/codes.md#status).
CHANGE_OF_BASE = "11"
# A recruit has no 退培; who deletes him is his base (AM-33).
RECRUIT_HELD: dict[str, str] = {
    Role.BASE: "此人还在招收信息管理中，不能退培。同意转出的，请在“账号查找与重置”中按“转到其他基地”删除此人的记录。",
    Role.CMDA: "此人还在招收信息管理中，不能退培。由原基地按“转到其他基地”删除，或在招收信息锁定时自动失效。",
}
ENDED_HELD = (
    "培训状态为“结束”的记录不能改为退培。“结束”登记有误的，由其培训基地更正，已结业并获证的用“更正申请”；"
    "确需再次培训的，由接收的培训基地在“请求转出”中查找此人并申请再次培训。"
)


class NotHeld(ValueError):
    """No live enrollment elsewhere under exactly these three details; which one differs is not disclosed (AM-28)."""

    def __init__(self) -> None:
        super().__init__(
            "没有查到与证件类型、证件号和姓名完全一致、且在其他培训基地的住院医师。"
            "请核对这三项；如确认无误，请用账号导入添加此人，导入时会告知是否还有别的手续。"
        )


def find_held(
    base: TrainingBase, *, id_type: str, id_number: str, full_name: str, by: User
) -> LiveEnrollment:
    """The enrollment that holds this person elsewhere. Raises NotHeld, TooManyMisses, or StateMoved for one's own."""
    row = AccountRow(1, None, full_name, id_type, id_number, None)
    standing = ask_on_page(row, base, user=by, wanted=(Known.HERE, Known.ELSEWHERE))
    if standing is None or standing.live is None:
        raise NotHeld
    if standing.known is Known.HERE:
        raise StateMoved("此人已在本基地，不需要请求转出。")
    return standing.live


def ask(enrollment_id: int, base: TrainingBase, *, reason: str, by: User) -> TransferRequest:
    """Open a request and notify the holding base and both provinces. Raises StateMoved where one is open already or the
    person is no longer held there."""
    with transaction.atomic():
        enrollment = states.lock(enrollment_id)
        if not enrollment.is_live or enrollment.base_id == base.pk:
            raise StateMoved("此人已不在原培训基地，请直接用账号导入添加。")
        if enrollment.status == ENDED:
            raise StateMoved("此人的培训刚刚“结束”，不再转出；请重新查找，申请再次培训。")
        try:
            with transaction.atomic():
                asked = TransferRequest.objects.create(
                    enrollment=enrollment,
                    to_base=base,
                    asked_by=by,
                    reason=reason,
                    due_on=timezone.localdate() + timedelta(days=DAYS_TO_ANSWER),
                )
        except IntegrityError as twice:
            raise StateMoved("本基地已请求转出此人，正等待原基地处理。") from twice
        name, until = enrollment.resident.full_name, asked.due_on.isoformat()
        subject = f"{base.name}请求转出：{name}（{enrollment.intake_year}年），请于 {until} 前处理"
        tell_bases([enrollment.base_id], asked, subject, f"转入说明：{reason}")
        tell_provinces(asked, subject)
        audit.record("transfer_asked", by=by, target=asked)
    return asked


def release(
    request_id: int, *, effective_date: object, destination: str, note: str, by: User
) -> TransferRequest:
    """Set 退培 for 转换培训基地 and settle every open request for the person, in one transaction (BR-74).

    Of the association as the last resort `note` is the reason. Raises StateMoved or residents' Refused.
    """
    with transaction.atomic():
        asked = _open(request_id)
        if not asked.enrollment.registered_at:
            raise StateMoved(RECRUIT_HELD[by.role])
        if asked.enrollment.status == ENDED:
            raise StateMoved(ENDED_HELD)
        values = {
            "status": WITHDRAWN,
            "reason": CHANGE_OF_BASE,
            "reason_note": note,
            "effective_date": effective_date,
            "destination": destination,
        }
        # The status service itself settles what waits for this person.
        training.change_status(asked.enrollment_id, values, by=by)
        audit.record("transfer_released", by=by, target=asked, reason=note)
        if by.role == Role.CMDA:
            subject = f"中国医师协会已办理转出：{asked.enrollment.resident.full_name}"
            tell_bases([asked.enrollment.base_id], asked, subject, f"理由：{note}")
    asked.refresh_from_db()
    return asked


def refuse(request_id: int, *, answer: str, by: User) -> None:
    """The holding base keeps the person and says why. Raises StateMoved."""
    with transaction.atomic():
        asked = _open(request_id)
        close([asked], State.REFUSED, by=by, answer=answer)
        subject = f"原基地未同意转出：{asked.enrollment.resident.full_name}"
        tell_bases([asked.to_base_id], asked, subject, f"理由：{answer}")
        tell_provinces(asked, subject)
        audit.record("transfer_refused", by=by, target=asked)


def cancel(request_id: int, *, by: User) -> None:
    """The asking base takes its request back. Raises StateMoved."""
    with transaction.atomic():
        asked = _open(request_id)
        close([asked], State.CANCELLED, by=by)
        name = asked.enrollment.resident.full_name
        tell_bases([asked.enrollment.base_id], asked, f"{asked.to_base.name}已撤回转出请求：{name}")
        audit.record("transfer_cancelled", by=by, target=asked)


# --- who sees what ---------------------------------------------------------------------------------------------------


def incoming(user: User, action: Action = Action.VIEW) -> QuerySet[TransferRequest]:
    """Requests for persons whom the user's bases hold."""
    records = enrollments_for(user, action)
    return with_names(TransferRequest.objects.filter(enrollment__in=records))


def outgoing(user: User, action: Action = Action.VIEW) -> QuerySet[TransferRequest]:
    """Requests that the user's bases have made."""
    return with_names(TransferRequest.objects.filter(to_base__in=base_ids(user, action)))


def in_view_of_reviewers(user: User) -> QuerySet[TransferRequest]:
    """Requests that leave or enter the user's provinces, the longest waiting first; all for the association."""
    found = with_names(TransferRequest.objects)
    if user.role != Role.CMDA:
        codes = province_codes_for(user, Action.VIEW)
        found = found.filter(Q(enrollment__base__province__in=codes) | Q(to_base__province__in=codes))
    return found.order_by("asked_at", "pk")


# --- inside ----------------------------------------------------------------------------------------------------------


def _open(request_id: int) -> TransferRequest:
    """The request with the rows of record and request held, still waiting for an answer."""
    enrollment_id = TransferRequest.objects.values_list("enrollment_id", flat=True).get(pk=request_id)
    states.lock(enrollment_id)
    asked = with_names(TransferRequest.objects.select_for_update(of=("self",))).get(pk=request_id)
    if asked.enrollment_id != enrollment_id:
        raise StateMoved("原基地刚刚办理了转换专业，请刷新页面后再处理。")
    if asked.state != State.OPEN:
        raise StateMoved(f"这条转出请求现在是“{asked.get_state_display()}”，不能再处理。")
    return asked
