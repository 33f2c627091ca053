"""转换专业 within one base: 退培 and a new record in one transaction (BR-75, BR-76; PAIN-16)."""

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bases.models import TransferRequest
from bases.report.withdrawal import unreport_after_change
from bases.scope import enrollments_for
from portal import audit
from portal.calendar import Opening
from portal.models import User
from portal.roles import Action
from residents.codes import CODE_LISTS
from residents.codes.training import ENDED, WITHDRAWN
from residents.models import Enrollment
from residents.rules.training import end_problem, still_open
from residents.services import states, status
from residents.services.refusals import Refused
from residents.services.specialty_change import open_in_specialty
from residents.services.states import StateMoved
from residents.services.training import accredited_specialties

# 转换专业基地 (docs/codes.md#status).
CHANGE_OF_SPECIALTY = "12"


def change_entry(enrollment: Enrollment) -> Opening:
    """May the specialty of this record be changed by 转换专业 now, and if not, what to do instead?"""
    if not enrollment.registered_at:
        return Opening(False, reason="招收信息审核通过之前，请直接在“编辑培训信息”中修改培训专业。")
    if not enrollment.is_live:
        return Opening(False, reason="该住院医师已退培，或记录已失效，不能转换专业。")
    if enrollment.status == ENDED:
        return Opening(False, reason="培训状态为“结束”，不能转换专业。若“结束”登记有误，请先更正为“在培”。")
    if not enrollment.specialty_locked:
        return Opening(False, reason="该记录的培训专业尚未锁定，请直接在“编辑培训信息”中修改。")
    return Opening(True)


def offered_specialties(enrollment: Enrollment) -> Collection[str]:
    """Where a training may begin at this base this year, without the present specialty."""
    return still_open(_accredited(enrollment), timezone.localdate().year) - {enrollment.specialty_id}


def _accredited(enrollment: Enrollment) -> dict[str, int | None]:
    return accredited_specialties(enrollment.base, enrollment.intake_year)


def change_specialty(
    enrollment_id: int,
    specialty: str,
    *,
    effective_date: date,
    note: str,
    by: User,
    expected_version: int | None = None,
) -> Enrollment:
    """Withdraw the record for 转换专业基地 and open one in the new specialty; returns the new one.

    Raises StateMoved, EditConflict, or Refused with the problems of the 退培 by field.
    """
    with transaction.atomic():
        old = states.lock(enrollment_id)
        entry = change_entry(old)
        if not entry.is_open:
            raise StateMoved(entry.reason)
        accredited = _accredited(old)
        if specialty not in accredited or specialty == old.specialty_id:
            raise StateMoved("本基地在该招收年份没有这个专业基地，请重新选择。")
        context = {"accredited": accredited, "today": timezone.localdate()}
        ended = end_problem(specialty, effective_date, context)
        if ended and not ended.is_warning:
            raise Refused({"effective_date": [ended]})
        names = CODE_LISTS["specialty"]
        values = {
            "status": WITHDRAWN,
            "reason": CHANGE_OF_SPECIALTY,
            "reason_note": note,
            "effective_date": effective_date,
            "destination": f"{old.base.name} {names.label(specialty)}"[:100],
        }
        change = status.change_status(enrollment_id, values, by=by, expected_version=expected_version)
        if change is not None:
            unreport_after_change([change.enrollment], by=by)
        came_from = f"由本基地{names.label(old.specialty_id)}转入。{note}"
        new = open_in_specialty(old, specialty, since=effective_date, note=came_from[:500], by=by)
        # The person is still held, so whoever asks for him waits on.
        old.transfer_requests.filter(state=TransferRequest.State.OPEN).update(enrollment=new)
        audit.record("specialty_change", by=by, target=old, new=new.pk, specialty=specialty)
    return new


def other_records(user: User, enrollment: Enrollment) -> QuerySet[Enrollment]:
    """The person's other records that the user may see: the links between before and after a change (BR-76)."""
    found = enrollments_for(user, Action.VIEW).filter(resident=enrollment.resident_id)
    return found.exclude(pk=enrollment.pk).select_related("base", "specialty").order_by("-pk")
