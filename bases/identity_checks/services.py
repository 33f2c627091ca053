"""身份核实: who is right where the platform knows a base's person otherwise (AM-35).

The base asks with its own person's details; its province looks at the evidence; the association, which alone sees both
persons, corrects the known one's name or type, or frees the number. Neither base nor province learns who he is.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.models import IdentityCheck, Province, TrainingBase
from bases.scope import bases_for, provinces_for
from bases.staff import recipients
from bases.whereabouts import TooManyMisses, ask_on_page
from portal import audit
from portal.messages import services as messages
from portal.models import User
from portal.roles import Action, Role
from portal.sign_in.sessions import end_sessions
from residents.models import Enrollment, Resident
from residents.services.identity_correction import correct_identity, free_number, give_name
from residents.services.refusals import refuse_errors
from residents.services.states import StateMoved
from residents.services.uploads import upload_problem
from residents.standing import AccountRow, Known

State = IdentityCheck.State
WAITING = (State.WITH_PROVINCE, State.WITH_CMDA)

KIND = "identity_check"


def ask(
    base: TrainingBase, *, values: Mapping[str, Any], evidence: UploadedFile | None, by: User
) -> IdentityCheck:
    """The base's question; its province is told. Raises Refused for the file, StateMoved where nothing contradicts the
    details or the base has asked already."""
    if evidence is not None and (refused := upload_problem("evidence", evidence)):
        refuse_errors({"evidence": [refused]})
    row = AccountRow(1, None, values["full_name"], values["id_type"], values["id_number"], None)
    try:
        standing = ask_on_page(row, base, user=by, wanted=(Known.NAME_DIFFERS, Known.TYPE_DIFFERS))
    except TooManyMisses as many:
        raise StateMoved(str(many)) from many
    if standing is None:
        raise StateMoved("平台中没有与这三项不一致的登记，不需要核实，请直接用账号导入添加此人。")
    known = Resident.objects.get(pk=standing.resident_id or 0)
    if evidence is not None:
        # What the sender called the file is never a path.
        evidence.name = uuid.uuid4().hex
    try:
        with transaction.atomic():
            asked = IdentityCheck.objects.create(
                resident=known,
                base=base,
                full_name=row.full_name,
                id_type=row.id_type,
                id_number=row.id_number,
                known_name=known.full_name,
                known_id_type=known.id_type,
                reason=values["reason"],
                evidence=evidence or "",
                asked_by=by,
            )
            audit.record("identity_check_asked", by=by, target=asked)
            _notify_reviewers(asked, f"身份核实待处理：{asked.full_name}（{base.name}）", Province)
    except IntegrityError as twice:
        raise StateMoved("本基地已就此证件号提交核实，正在办理。") from twice
    return asked


def confirm(check_id: int, *, by: User, comment: str = "") -> None:
    """The province has looked at the base's evidence; the association is told. Raises StateMoved."""
    with transaction.atomic():
        asked = _locked(check_id, State.WITH_PROVINCE)
        asked.state, asked.province_by, asked.province_at = State.WITH_CMDA, by, timezone.now()
        asked.comment = comment
        asked.save(update_fields=["state", "province_by", "province_at", "comment"])
        audit.record("identity_check_confirmed", by=by, target=asked)
        _notify_reviewers(asked, f"身份核实待处理：{asked.full_name}（{asked.base.name}）", None)


def refuse(check_id: int, *, by: User, comment: str) -> None:
    """Not accepted, with words for the base, by whoever has it: province or association. Raises StateMoved."""
    with transaction.atomic():
        asked = _locked(check_id, State.WITH_CMDA if by.role == Role.CMDA else State.WITH_PROVINCE)
        _decide(asked, State.REFUSED, by, comment)
        audit.record("identity_check_refused", by=by, target=asked)
        _notify_base(asked, f"身份核实未通过：{asked.full_name}", comment)


def correct_known(check_id: int, *, by: User, comment: str = "") -> None:
    """The known person is the base's person: his name, or his ID type, becomes the right one. Raises StateMoved."""
    with transaction.atomic():
        asked = _locked(check_id, State.WITH_CMDA)
        reason = f"身份核实 {asked.pk}：{asked.reason}"
        if asked.known_id_type == asked.id_type:
            give_name(asked.resident_id, old=asked.known_name, new=asked.full_name, reason=reason)
        else:
            old, new = (asked.known_id_type, asked.id_number), (asked.id_type, asked.id_number)
            correct_identity(asked.resident_id, old=old, new=new, by=by, reason=reason)
        _done(asked, State.CORRECTED, by, comment)
        _notify_holder(
            asked, f"经身份核实，{asked.full_name}的登记信息已更正", "请核对；已上报的记录请再次上报。"
        )


def free(check_id: int, *, by: User, comment: str = "") -> None:
    """The number never was the known person's: it is free for the base's, and whoever holds him asks for his own.

    Raises StateMoved.
    """
    with transaction.atomic():
        asked = _locked(check_id, State.WITH_CMDA)
        old = (asked.known_id_type, asked.id_number)
        free_number(asked.resident_id, old=old, by=by, reason=f"身份核实 {asked.pk}：{asked.reason}")
        _done(asked, State.FREED, by, comment)
        subject = f"{asked.known_name}的证件号经核实不属于本人，请申请更正证件"
        body = "更正以前不能上报和审核通过，本人不能登录。请打开其记录，用“申请更正证件”填写正确的证件号。"
        record = _notify_holder(asked, subject, body)
        if record is not None:
            code = record.base.province_id
            messages.send(
                recipients(Province, [code]).get(code, []),
                kind=KIND,
                subject=f"{asked.known_name}（{record.base.name}）的证件号经核实不属于本人，已释放",
                body="已通知培训基地申请更正；更正以前其记录不能上报，已上报的不能审核通过。",
                link=reverse("review:record", args=[record.pk]),
            )


def in_view(user: User, action: Action = Action.VIEW) -> QuerySet[IdentityCheck]:
    """Questions of the user's bases, or of the bases of his provinces; all for the association."""
    found = IdentityCheck.objects.select_related(
        "resident", "base__province", "asked_by", "province_by", "decided_by"
    ).order_by("asked_at", "pk")
    if user.role == Role.BASE:
        return found.filter(base__in=list(bases_for(user, action).values_list("pk", flat=True)))
    if user.role == Role.PROVINCE:
        codes = list(provinces_for(user, action).values_list("pk", flat=True))
        return found.filter(base__province__in=codes)
    return found


def _locked(check_id: int, expected: str) -> IdentityCheck:
    asked = (
        IdentityCheck.objects.select_for_update(of=("self",))
        .select_related("base__province")
        .get(pk=check_id)
    )
    if asked.state != expected:
        raise StateMoved(f"这条核实现在是“{asked.get_state_display()}”，不能再处理。")
    return asked


def _done(asked: IdentityCheck, state: State, by: User, comment: str) -> None:
    _decide(asked, state, by, comment)
    ended = end_sessions(asked.resident.user)
    audit.record(
        "identity_check_done",
        by=by,
        target=asked,
        resident=asked.resident_id,
        outcome=state.value,
        sessions_ended=ended,
    )
    _notify_base(asked, f"身份核实已办结，请重新导入：{asked.full_name}", "现在可以用账号导入添加此人。")


def _decide(asked: IdentityCheck, state: State, by: User, comment: str) -> None:
    asked.state, asked.decided_by, asked.decided_at, asked.comment = state, by, timezone.now(), comment
    asked.save(update_fields=["state", "decided_by", "decided_at", "comment"])


def _notify_base(asked: IdentityCheck, subject: str, body: str) -> None:
    people = recipients(TrainingBase, [asked.base_id]).get(asked.base_id, [])
    messages.send(people, kind=KIND, subject=subject, body=body, link=reverse("bases:identity-checks"))


def _notify_holder(asked: IdentityCheck, subject: str, body: str) -> Enrollment | None:
    """The base of the known person's newest record, which is returned."""
    found = Enrollment.objects.filter(resident=asked.resident_id, deleted_at=None).select_related("base")
    record = found.order_by("-pk").first()
    if record is None:
        return None
    people = recipients(TrainingBase, [record.base_id]).get(record.base_id, [])
    link = reverse("bases:record", args=[record.pk])
    messages.send(people, kind=KIND, subject=subject, body=body, link=link)
    return record


def _notify_reviewers(asked: IdentityCheck, subject: str, whom: type[Province] | None) -> None:
    """Tell the base's province or (None) the association's staff."""
    people: Any = User.objects.filter(role=Role.CMDA, is_active=True).values_list("pk", flat=True)
    if whom is not None:
        code = asked.base.province_id
        people = recipients(Province, [code]).get(code, [])
    link = reverse("review:identity-check", args=[asked.pk])
    messages.send(list(people), kind=KIND, subject=subject, link=link)
