"""更正申请: the base asks, the province confirms, the association applies (PAIN-18, AM-34).

The correction's row is locked before the person's and the record's, everywhere.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.models import CorrectionRequest, Province, TrainingBase
from bases.report.withdrawal import unreport_after_change
from bases.scope import province_codes_for
from bases.staff import recipients
from bases.transfer_requests import settle
from portal import audit
from portal.messages import services as messages
from portal.models import User
from portal.roles import Action, Role
from portal.sign_in.sessions import end_sessions
from residents.catalogue.catalogue import Invalid, Problem
from residents.models import Enrollment
from residents.models.enrollment import LIVE
from residents.rules.fields import Problems
from residents.rules.identity import clean_id_number, id_number_problems, normal_id_number
from residents.services import states, status
from residents.services.identity_correction import TAKEN, correct_identity, is_taken
from residents.services.refusals import refuse_errors
from residents.services.states import StateMoved
from residents.services.uploads import upload_problem

Kind = CorrectionRequest.Kind
State = CorrectionRequest.State
WAITING = (State.WITH_PROVINCE, State.WITH_CMDA)

KIND = "correction"
FORMER = "此人现在由另一家培训基地管理，证件更正由其申请；本基地可以反映疑问。"


def is_waiting(resident_id: int) -> bool:
    """Whether a request for this person waits: there is one at a time."""
    return CorrectionRequest.objects.filter(resident=resident_id, state__in=WAITING).exists()


def present(resident_id: int) -> Enrollment | None:
    """The record by which a base answers for the person now: the live one, else the one opened last (AM-47)."""
    rows = Enrollment.objects.filter(resident=resident_id, deleted_at__isnull=True).select_related("base")
    return rows.filter(LIVE).first() or rows.order_by("-created_at", "-pk").first()


def is_present_base(enrollment: Enrollment) -> bool:
    """Whether the base of this record may start a correction of the person's ID (AM-47)."""
    now = present(enrollment.resident_id)
    return now is None or now.base_id == enrollment.base_id


def report_doubt(enrollment: Enrollment, *, text: str, by: User) -> None:
    """All that a former base can do about an ID (AM-47): the present base is asked to look, its province hears of it.
    The former one learns nothing of where the person is (AM-28). Raises StateMoved where it is the present one."""
    now = present(enrollment.resident_id)
    if now is None or now.base_id == enrollment.base_id:
        raise StateMoved("此人现在由本基地管理，请直接申请更正证件。")
    person = enrollment.resident
    with transaction.atomic():
        audit.record("correction_doubt", by=by, target=enrollment, present=now.pk)
        subject = f"证件信息有疑问，请核对：{person.full_name}"
        body = f"“{enrollment.base.name}”反映：{text}。请与本人核对证件原件，确有错误的由现在的培训基地申请更正。"
        for people, link in (
            (recipients(TrainingBase, [now.base_id]), reverse("bases:correction-new", args=[now.pk])),
            (recipients(Province, [now.base.province_id]), reverse("review:record", args=[now.pk])),
        ):
            told = {person for each in people.values() for person in each}
            messages.send(told, kind=KIND, subject=subject, body=body, link=link)


def ask(
    enrollment: Enrollment, *, values: Mapping[str, Any], evidence: UploadedFile | None, by: User
) -> CorrectionRequest:
    """The present base's request (AM-47); its province is notified. Raises Refused with problems by field, StateMoved
    if one waits, or if the person is another base's."""
    if not is_present_base(enrollment):
        raise StateMoved(FORMER)
    resident = enrollment.resident
    id_type, number = _judged(resident, values, evidence)
    if evidence is not None:
        # What the sender called the file is never a path.
        evidence.name = uuid.uuid4().hex
    try:
        with transaction.atomic():
            asked = CorrectionRequest.objects.create(
                resident=resident,
                base=enrollment.base,
                old_id_type=resident.id_type,
                old_id_number=resident.id_number,
                new_id_type=id_type,
                new_id_number=number,
                reason=values["reason"],
                evidence=evidence or "",
                asked_by=by,
            )
            audit.record("correction_asked", by=by, target=asked)
            _notify(asked, f"证件更正申请待核实：{resident.full_name}（{asked.base.name}）", Province)
    except IntegrityError as twice:
        raise StateMoved("此人已有一条更正申请正在办理，办结后才能再申请。") from twice
    return asked


def _judged(resident: Any, values: Mapping[str, Any], evidence: UploadedFile | None) -> tuple[str, str]:
    id_type, found = values["id_type"], {}
    number = ""
    try:
        number = normal_id_number(id_type, clean_id_number(values["id_number"]))
    except Invalid as refusal:
        found["id_number"] = [refusal.problem]
    if number:
        # A 15-digit number that became 18 digits has nothing left to warn of.
        found["id_number"] = list(id_number_problems(id_type, number, today=timezone.localdate()))
        if (id_type, number) == (resident.id_type, resident.id_number):
            found["id_number"].append(
                Problem("same", "新证件与现有证件相同。", "请填写正确的证件类型和证件号。")
            )
        elif is_taken(resident.pk, id_type, number):
            found["id_number"].append(Problem("taken", TAKEN, ""))
    if evidence is not None and (refused := upload_problem("evidence", evidence)):
        found["evidence"] = [refused]
    refuse_errors(_only_found(found))
    return id_type, number


def _only_found(found: Mapping[str, list[Problem]]) -> Problems:
    return {name: problems for name, problems in found.items() if problems}


def kinds_open(enrollment: Enrollment, base: TrainingBase) -> list[Kind]:
    """What this base may ask about the record's 结束 now; nothing where it has not ended (AM-34)."""
    if not status.has_ended(enrollment):
        return []
    is_own = enrollment.base_id == base.pk
    return [Kind.REOPEN, Kind.AGAIN] if is_own and status.is_certified(enrollment) else [Kind.AGAIN]


def ask_about_end(
    enrollment_id: int,
    base: TrainingBase,
    *,
    kind: str,
    reason: str,
    evidence: UploadedFile | None = None,
    by: User,
) -> CorrectionRequest:
    """Ask to take a certified person back into training, or for a further training (AM-34); the province of the asking
    base is notified. Raises StateMoved where that is not open or one waits, Refused for the file."""
    if evidence is not None:
        if refused := upload_problem("evidence", evidence):
            refuse_errors({"evidence": [refused]})
        evidence.name = uuid.uuid4().hex
    try:
        with transaction.atomic():
            enrollment = states.lock(enrollment_id)
            if kind not in kinds_open(enrollment, base):
                raise StateMoved("此人的培训状态刚刚改变，这项申请已不需要，请刷新页面。")
            asked = CorrectionRequest.objects.create(
                kind=kind,
                resident=enrollment.resident,
                base=base,
                enrollment=enrollment,
                reason=reason,
                evidence=evidence or "",
                asked_by=by,
            )
            audit.record("correction_asked", by=by, target=asked, kind=kind)
            _notify(asked, f"{_title(asked)}申请待核实：{asked.resident.full_name}（{base.name}）", Province)
    except IntegrityError as twice:
        raise StateMoved("此人已有一条更正申请正在办理，办结后才能再申请。") from twice
    return asked


def _title(asked: CorrectionRequest) -> str:
    return "证件更正" if asked.kind == Kind.IDENTITY else asked.get_kind_display()


def confirm(request_id: int, *, by: User, comment: str = "") -> None:
    """The province has verified it; the association is notified. Raises StateMoved."""
    with transaction.atomic():
        asked = _locked(request_id, State.WITH_PROVINCE)
        _require_present(asked)
        asked.state, asked.province_by, asked.province_at = State.WITH_CMDA, by, timezone.now()
        asked.comment = comment
        asked.save(update_fields=["state", "province_by", "province_at", "comment"])
        audit.record("correction_confirmed", by=by, target=asked)
        _notify(asked, f"{_title(asked)}申请待办理：{asked.resident.full_name}（{asked.base.name}）", None)


def refuse(request_id: int, *, by: User, comment: str) -> None:
    """Not accepted, with words for the base, by whoever has it: province or association. Raises StateMoved."""
    with transaction.atomic():
        asked = _locked(request_id, State.WITH_CMDA if by.role == Role.CMDA else State.WITH_PROVINCE)
        _decide(asked, State.REFUSED, by, comment)
        audit.record("correction_refused", by=by, target=asked)
        subject = f"{_title(asked)}申请未通过：{asked.resident.full_name}"
        _notify(asked, subject, TrainingBase, comment)
        if by.role == Role.CMDA:
            _notify(asked, subject, Province, comment)


def apply(request_id: int, *, by: User, comment: str = "") -> None:
    """Do what was asked and notify everybody concerned. Raises StateMoved."""
    with transaction.atomic():
        asked = _locked(request_id, State.WITH_CMDA)
        _require_present(asked)
        act = {Kind.IDENTITY: _correct_identity, Kind.REOPEN: _reopen, Kind.AGAIN: _let_train_again}
        act[Kind(asked.kind)](asked, by)
        _decide(asked, State.DONE, by, comment)


def _reopen(asked: CorrectionRequest, by: User) -> None:
    """在培 again, and 未上报: the base reports it (BR-83)."""
    enrollment = status.reopen_certified(
        _record_of(asked), reason=f"更正申请 {asked.pk}：{asked.reason}", by=by
    )
    unreport_after_change([enrollment], by=by)
    audit.record("correction_applied", by=by, target=asked, kind=asked.kind, enrollment=enrollment.pk)
    subject = f"培训状态已恢复为“在培”：{asked.resident.full_name}"
    _notify(asked, subject, TrainingBase, "请核对培训信息后重新上报；审核通过后按“在培”计入统计。")
    _notify(asked, subject, Province)


def _let_train_again(asked: CorrectionRequest, by: User) -> None:
    """The record stays 结束 and no longer holds the person: whoever asked may import him (AM-25, AM-34)."""
    reason = f"更正申请 {asked.pk}：{asked.reason}"
    enrollment = status.allow_further_training(_record_of(asked), reason=reason, by=by)
    settle([enrollment], by=by)
    audit.record(
        "further_training_allowed", by=by, target=asked, enrollment=enrollment.pk, reason=asked.reason
    )
    subject = f"已准许再次培训：{asked.resident.full_name}"
    body = (
        "“结束”的记录保留，不再占用此人。请在住院医师信息管理的账号导入中导入；账号、密码和个人信息保持不变。"
    )
    _notify(asked, subject, TrainingBase, body)
    _notify(asked, subject, Province)
    if enrollment.base_id != asked.base_id:
        people = recipients(TrainingBase, [enrollment.base_id]).get(enrollment.base_id, [])
        link = reverse("bases:record", args=[enrollment.pk])
        told = f"本基地的记录保持“结束”，不再占用此人；{asked.base.name}可以导入。"
        messages.send(people, kind=KIND, subject=subject, body=told, link=link)


def _record_of(asked: CorrectionRequest) -> int:
    # The database holds that every kind but that of identity names its record.
    return asked.enrollment_id or 0


def _correct_identity(asked: CorrectionRequest, by: User) -> None:
    """Alter identity and login and end the person's sessions."""
    resident = correct_identity(
        asked.resident_id,
        old=(asked.old_id_type, asked.old_id_number),
        new=(asked.new_id_type, asked.new_id_number),
        by=by,
        reason=f"证件更正申请 {asked.pk}：{asked.reason}",
    )
    ended = end_sessions(resident.user)
    audit.record("correction_applied", by=by, target=asked, resident=resident.pk, sessions_ended=ended)
    subject = f"证件信息已更正：{resident.full_name}"
    body = "登录账号已随证件号改变，密码不变。"
    _notify(
        asked,
        subject,
        TrainingBase,
        f"{body}请告知住院医师用新证件号登录；已上报的记录请核对后再次上报。",
    )
    _notify(asked, subject, Province)
    messages.send([resident.user], kind=KIND, subject="您的证件信息已更正", body=body)


def in_view(user: User, action: Action = Action.VIEW) -> QuerySet[CorrectionRequest]:
    """Requests of the bases of the user's provinces; all for the association."""
    found = CorrectionRequest.objects.select_related(
        "resident", "base__province", "enrollment__base", "asked_by", "province_by", "decided_by"
    )
    if user.role != Role.CMDA:
        found = found.filter(base__province__in=province_codes_for(user, action))
    return found.order_by("asked_at", "pk")


def _locked(request_id: int, expected: str) -> CorrectionRequest:
    asked = (
        CorrectionRequest.objects.select_for_update(of=("self",))
        .select_related("resident__user", "base")
        .get(pk=request_id)
    )
    if asked.state != expected:
        raise StateMoved(f"这条更正申请现在是“{asked.get_state_display()}”，不能再处理。")
    return asked


def _require_present(asked: CorrectionRequest) -> None:
    """The person may have gone to another base since it was asked: that one is asked then (AM-47)."""
    now = present(asked.resident_id)
    is_identity = asked.kind == Kind.IDENTITY
    if is_identity and now is not None and now.base_id != asked.base_id:
        raise StateMoved(
            f"此人现在由“{now.base.name}”管理，不能按原基地的申请更正。请退回这条申请，由现在的培训基地核对后申请。"
        )


def _decide(asked: CorrectionRequest, state: str, by: User, comment: str) -> None:
    asked.state, asked.decided_by, asked.decided_at = state, by, timezone.now()
    asked.comment = comment or asked.comment
    asked.save(update_fields=["state", "decided_by", "decided_at", "comment"])


def _notify(asked: CorrectionRequest, subject: str, whom: type | None, body: str = "") -> None:
    """Notify the base, its province, or (None) the association's staff."""
    if whom is TrainingBase:
        people = recipients(TrainingBase, [asked.base_id]).get(asked.base_id, [])
        link = reverse("bases:correction", args=[asked.pk])
    else:
        code = asked.base.province_id
        association = User.objects.filter(role=Role.CMDA, is_active=True).values_list("pk", flat=True)
        people = recipients(Province, [code]).get(code, []) if whom is Province else list(association)
        link = reverse("review:correction", args=[asked.pk])
    messages.send(people, kind=KIND, subject=subject, body=body, link=link)
