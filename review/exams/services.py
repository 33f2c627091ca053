"""Sessions, signing up, and corrections of certificates (GOAL-N10). Results come by workbook (results.py)."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.models import Province, TrainingBase
from bases.scope import bases_for, province_codes_for
from bases.staff import recipients
from portal import audit
from portal.calendar import Opening
from portal.messages import services as messages
from portal.models import User
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.exams.due import TO_ACCEPT, TO_CONFIRM, due
from review.models import CertificateCorrection, CompletionRecord, ExamEntry, ExamSession

KIND = "exam"
State = CertificateCorrection.State


def in_view(user: User) -> QuerySet[ExamSession]:
    """The sessions of the user's provinces; of a base those of its province."""
    found = ExamSession.objects.select_related("province")
    if user.role == Role.CMDA:
        return found
    if user.role == Role.PROVINCE:
        return found.filter(province__in=province_codes_for(user, Action.VIEW))
    return found.filter(province__in=bases_for(user, Action.VIEW).values("province"))


def may_act(user: User, session: ExamSession) -> bool:
    """Whether the user signs people up and hands in results, and does not only look."""
    return _bases_to_act(user).filter(province=session.province_id).exists()


def _bases_to_act(user: User) -> QuerySet[TrainingBase]:
    return bases_for(user, Action.REPORT if user.role == Role.BASE else Action.REVIEW)


def create(values: dict[str, Any], *, by: User) -> ExamSession:
    """A province's session. Raises StateMoved where it has one of that name."""
    try:
        with transaction.atomic():
            session = ExamSession.objects.create(**values, made_by=by)
            audit.record("exam_created", by=by, target=session, title=session.name)
    except IntegrityError as race:
        raise StateMoved("本省已有同名的考核批次，请换一个名称。") from race
    bases = TrainingBase.objects.filter(province=session.province, is_active=True)
    _tell(
        TrainingBase,
        bases.values_list("pk", flat=True),
        subject=f"{session.name}：请在 {session.confirm_until:%Y-%m-%d} 以前确认报考人员",
        link=reverse("review:exam", args=[session.pk]),
    )
    return session


def _tell(
    place: type[TrainingBase] | type[Province],
    keys: Iterable[Any],
    *,
    subject: str,
    link: str,
    body: str = "",
) -> None:
    """Send a message to the people of these bases or provinces."""
    for people in recipients(place, list(keys)).values():
        messages.send(people, kind=KIND, subject=subject, body=body, link=link)


def confirming(session: ExamSession) -> Opening:
    """May bases still sign people up?"""
    if timezone.localdate() <= session.confirm_until:
        return Opening(True)
    return Opening(
        False, reason=f"基地确认已于 {session.confirm_until:%Y-%m-%d} 截止，请联系省级卫生健康委科教处。"
    )


def _keys(session: ExamSession, condition: Q, ids: Collection[int] | None, by: User) -> list[int]:
    """Those of these records, or of all (None), that meet the condition and are this person's to act on."""
    found = due(by, session).filter(condition, base__in=_bases_to_act(by))
    if ids is not None:
        found = found.filter(pk__in=ids)
    return list(found.values_list("pk", flat=True))


def confirm(session: ExamSession, ids: Collection[int] | None, *, by: User) -> int:
    """The base signs up those of these who lack nothing, or all of them (None); how many. Raises StateMoved after the
    last day."""
    opening = confirming(session)
    if not opening.is_open:
        raise StateMoved(opening.reason)
    with transaction.atomic():
        keys = _keys(session, TO_CONFIRM, ids, by)
        made = [ExamEntry(session=session, enrollment_id=key, confirmed_by=by) for key in keys]
        ExamEntry.objects.bulk_create(made, ignore_conflicts=True)
        if keys:
            audit.record("exam_confirmed", by=by, target=session, count=len(keys), records=keys)
    return len(keys)


def accept(session: ExamSession, ids: Collection[int] | None, *, by: User) -> int:
    """The province signs up those whom the bases have confirmed and who are 在培 still (BR-82); how many."""
    with transaction.atomic():
        keys = _keys(session, TO_ACCEPT, ids, by)
        entries = ExamEntry.objects.filter(session=session, enrollment__in=keys, accepted_at=None)
        entries.update(accepted_by=by, accepted_at=timezone.now())
        if keys:
            audit.record("exam_accepted", by=by, target=session, count=len(keys), records=keys)
    return len(keys)


def drop(session: ExamSession, ids: Collection[int], *, by: User, reason: str = "") -> int:
    """Take people off the list again: the base before the province has confirmed them, the province with a reason
    before there is a result; how many."""
    with transaction.atomic():
        entries = ExamEntry.objects.select_for_update().filter(
            session=session, enrollment__in=ids, result="", enrollment__base__in=_bases_to_act(by)
        )
        if by.role == Role.BASE:
            entries = entries.filter(accepted_at=None)
        told = list(entries.values_list("enrollment_id", "enrollment__base_id"))
        if not told:
            return 0
        keys = [key for key, _ in told]
        entries.delete()
        audit.record("exam_dropped", by=by, target=session, count=len(keys), records=keys, reason=reason)
        if by.role != Role.BASE:
            _tell(
                TrainingBase,
                {base for _, base in told},
                subject=f"{session.name}：省级退回了报考人员",
                body=f"理由：{reason}",
                link=reverse("review:exam", args=[session.pk]),
            )
    return len(keys)


# --- certificates ----------------------------------------------------------------------------------------------------


def certificates(user: User) -> QuerySet[ExamEntry]:
    """证书名册: the certificates of the bases that the user sees."""
    found = ExamEntry.objects.exclude(certificate_no="").select_related(
        "session", "enrollment__resident", "enrollment__base__province", "enrollment__specialty"
    )
    if user.role == Role.CMDA:
        return found
    return found.filter(enrollment__base__in=bases_for(user, Action.VIEW))


def taken_numbers(numbers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Which of these certificate numbers are somebody's: his ID type and number. Early completions hold some too."""
    entries = ExamEntry.objects.filter(certificate_no__in=numbers).values_list(
        "certificate_no", "enrollment__resident__id_type", "enrollment__resident__id_number"
    )
    early = CompletionRecord.objects.filter(certificate_no__in=numbers, is_current=True).values_list(
        "certificate_no", "id_type", "id_number"
    )
    return {number: (kind, person) for number, kind, person in (*early, *entries)}


def ask_correction(
    entry: ExamEntry, values: dict[str, Any], *, evidence: UploadedFile | None, by: User
) -> CertificateCorrection:
    """A base asks its province for another number or day. Raises StateMoved where one is asked already."""
    assert entry.certificate_date is not None
    try:
        with transaction.atomic():
            asked = CertificateCorrection.objects.create(
                entry=entry,
                old_no=entry.certificate_no,
                old_date=entry.certificate_date,
                asked_by=by,
                evidence=evidence or "",
                **values,
            )
            audit.record("certificate_correction_asked", by=by, target=asked, reason=asked.reason)
            base = entry.enrollment.base
            _tell(
                Province,
                [base.province_id],
                subject=f"合格证书更正待处理：{base.name}",
                link=reverse("review:certificate", args=[entry.pk]),
            )
    except IntegrityError as race:
        raise StateMoved("这张证书已有一份更正申请在处理，请等待省级答复。") from race
    return asked


def decide_correction(asked_id: int, *, agrees: bool, comment: str, by: User) -> CertificateCorrection:
    """The province grants or refuses. Raises StateMoved where it was decided, the certificate has changed since, or
    somebody else has the number."""
    with transaction.atomic():
        asked = (
            CertificateCorrection.objects.select_for_update(of=("self",))
            .select_related("entry__enrollment__resident", "entry__enrollment__base")
            .get(pk=asked_id)
        )
        entry = ExamEntry.objects.select_for_update().get(pk=asked.entry_id)
        if asked.state != State.OPEN:
            raise StateMoved(f"这份申请现在是“{asked.get_state_display()}”，不能再处理。")
        if agrees:
            _correct(asked, entry)
        asked.state = State.DONE if agrees else State.REFUSED
        asked.decided_by, asked.decided_at, asked.comment = by, timezone.now(), comment
        asked.save()
        act = "certificate_corrected" if agrees else "certificate_correction_refused"
        audit.record(act, by=by, target=asked, reason=comment)
        _tell(
            TrainingBase,
            [asked.entry.enrollment.base_id],
            subject=f"合格证书更正申请：{asked.get_state_display()}",
            body=comment,
            link=reverse("review:certificate", args=[entry.pk]),
        )
    return asked


def _correct(asked: CertificateCorrection, entry: ExamEntry) -> None:
    if (entry.certificate_no, entry.certificate_date) != (asked.old_no, asked.old_date):
        raise StateMoved("这张证书在申请以后已有变化，请退回申请，由培训基地核对后重新提出。")
    person = asked.entry.enrollment.resident
    holder = taken_numbers([asked.new_no]).get(asked.new_no)
    if holder and holder != (person.id_type, person.id_number):
        raise StateMoved("更正后的证书编号已登记给另一个人，不能更正，请核对。")
    entry.certificate_no, entry.certificate_date = asked.new_no, asked.new_date
    entry.save(update_fields=["certificate_no", "certificate_date"])
