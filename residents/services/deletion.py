"""Deleting a wrongly imported record or a recruit who left, and taking that back (BR-50, BR-72, BR-73; AM-19, AM-33;
GOAL-B11).

A deletion is soft: the record leaves every list and holds the person no more; the history keeps it. It is not 退培.
"""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from portal.calendar import Opening
from portal.models import User
from residents.codes.training import API_TRANSFER
from residents.models import Enrollment
from residents.models.enrollment import DEPARTURES, LIVE, Deletion, ReviewStatus, Status
from residents.openness import (
    ALWAYS,
    SWITCHED,
    Times,
    training_entry,
    until_lock,
    way_out_of_waiting,
)
from residents.services.states import StateMoved, lock

RESTORABLE_FOR = timedelta(days=30)
RECRUITED_ELSEWHERE = (
    "此人该年的招收信息已在另一条记录中审核通过，这条记录不能恢复；"
    "到本基地培训的，请在“住院医师信息管理”的账号导入中导入。"
)


def deletion_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May this record be deleted now? Intake: inside the window and not after 上报 (BR-50); registry: at any time
    (BR-72), but not while the province has it before it."""
    if enrollment.deleted_at:
        return Opening(False, reason="这条记录已经删除。")
    if enrollment.review_status == ReviewStatus.PENDING:
        way_out = way_out_of_waiting(enrollment, times)
        return Opening(False, reason=f"该记录已上报，等待省级审核，不能删除。{way_out}")
    if enrollment.registered_at:
        return ALWAYS
    if enrollment.lapsed_at:
        return Opening(False, reason="招收信息已锁定，这条未审核通过的记录已失效并留存备查，不能删除。")
    return training_entry(enrollment, times)


def restorable_until(enrollment: Enrollment, deleted_at: datetime, times: Times | None = None) -> datetime:
    """Until when a record deleted at that moment can come back: thirty days, one of the intake no longer than to its
    lock (AM-33). Needs `base`."""
    ends = deleted_at + RESTORABLE_FOR
    locks = None if enrollment.registered_at else (times or Times([enrollment])).locks_at(enrollment)
    return min(ends, locks) if locks else ends


def departure_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May this recruit be taken out as one who left before his approval? Until the lock, in any unapproved state, also
    while the province has him before it (AM-33)."""
    if enrollment.deleted_at:
        return Opening(False, reason="这条记录已经删除。")
    if enrollment.registered_at:
        return Opening(False, reason="这条记录已在住院医师信息管理中，离开培训的请把培训状态更新为“退培”。")
    if enrollment.lapsed_at:
        return Opening(False, reason="招收信息已锁定，这条未审核通过的记录已失效，不再占用此人，无需删除。")
    return until_lock(enrollment, times)


def entry_of(enrollment: Enrollment, kind: str, times: Times | None = None) -> Opening:
    """May the record be deleted as this kind now, by its base?"""
    if kind not in DEPARTURES:
        return deletion_entry(enrollment, times)
    if enrollment.registered_at is None and enrollment.base.province.reporting_mode == API_TRANSFER:
        return SWITCHED
    return departure_entry(enrollment, times)


def any_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May the record be deleted now, as whatever? Of the registry nobody leaves by a deletion (BR-73, AM-33)."""
    wrong = entry_of(enrollment, Deletion.WRONG, times)
    departures = () if enrollment.registered_at else DEPARTURES
    others = (entry_of(enrollment, kind, times) for kind in departures)
    return wrong if wrong.is_open else next((entry for entry in others if entry.is_open), wrong)


def restore_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May this deleted record come back now? Within 30 days, in the intake only before the lock (AM-33)."""
    if not enrollment.deleted_at:
        return Opening(False, reason="这条记录没有被删除。")
    until = enrollment.deleted_at + RESTORABLE_FOR
    if timezone.now() >= until:
        return Opening(False, reason="删除已超过 30 天，不能恢复。")
    if enrollment.registered_at:
        return Opening(True, closes_at=until)
    if enrollment.base.province.reporting_mode == API_TRANSFER:
        return SWITCHED
    entry = until_lock(enrollment, times)
    if entry.is_open:
        return Opening(True, closes_at=min(until, entry.closes_at or until))
    # The registry takes him from the lock on, and nobody at a base out of use (AM-31, AM-46).
    is_taken = entry.closes_at is not None and enrollment.base.is_active
    way = "；此人仍在本基地培训的，请在“住院医师信息管理”中补录" if is_taken else ""
    return Opening(False, reason=f"{entry.reason}这条记录不能恢复{way}。")


def restoring_entry(enrollment: Enrollment) -> Opening:
    """The same with the person in view: nobody comes back whom another record holds by now (BR-49)."""
    entry = restore_entry(enrollment)
    held = _why_held(enrollment) if enrollment.deleted_at else ""
    return Opening(False, reason=held) if held else entry


def delete_enrollment(
    enrollment_id: int,
    *,
    by: User,
    reason: str,
    kind: str = Deletion.WRONG,
    left_on: date | None = None,
    ask: Callable[[Enrollment, str], Opening] = entry_of,
) -> Enrollment:
    """Take a record out (soft), as a wrong entry or, with the day, as a recruit who left (AM-33). Frees the person;
    whoever has no other record can no longer sign in.

    `reason` is kept with the record; a waiting report is the caller's to withdraw. Raises StateMoved where `ask`, by
    default what the base may do, says no.
    """
    with transaction.atomic():
        enrollment = lock(enrollment_id)
        state = ask(enrollment, kind)
        if not state.is_open:
            raise StateMoved(state.reason)
        take_out([enrollment], by=by, reason=reason[:200], kind=kind, left_on=left_on)
    return enrollment


def restore_enrollment(enrollment_id: int) -> Enrollment:
    """Bring a deleted record back as it was. Raises StateMoved after 30 days, after the intake lock, and where the
    person is held by another record by now (BR-49)."""
    try:
        with transaction.atomic():
            enrollment = lock(enrollment_id)
            state = restoring_entry(enrollment)
            if not state.is_open:
                raise StateMoved(state.reason)
            bring_back([enrollment])
    except IntegrityError as error:
        # Imported by somebody else in this very moment: the partial unique constraint has decided.
        raise StateMoved("此人刚刚被重新导入，这条记录不能恢复。") from error
    return enrollment


def has_original_elsewhere(enrollments: Collection[Enrollment]) -> set[int]:
    """The ids of the recruits of whom another record holds the approved original of the same year: every intake refuses
    them, the way back included (AM-31)."""
    recruits = [each for each in enrollments if each.registered_at is None]
    people = [each.resident_id for each in recruits]
    kept = Enrollment.objects.filter(resident__in=people, intake_submission__isnull=False)
    originals = set(kept.values_list("resident_id", "intake_year"))
    return {each.pk for each in recruits if (each.resident_id, each.intake_year) in originals}


def _why_held(enrollment: Enrollment) -> str:
    held = Enrollment.objects.filter(LIVE, resident=enrollment.resident_id).select_related("base").first()
    if held is None or enrollment.status == Status.WITHDRAWN:
        return RECRUITED_ELSEWHERE if has_original_elsewhere([enrollment]) else ""
    if held.base_id == enrollment.base_id:
        return "此人已重新导入本基地，这条记录不能恢复。"
    status = held.get_status_display()
    return f"此人已在“{held.base.name}”（{held.intake_year}年招收，培训状态：{status}），这条记录不能恢复。"


# --- many locked rows -------------------------------------------------------------------------------------------------


def take_out(
    enrollments: Collection[Enrollment],
    *,
    by: User,
    reason: str,
    batch: models.Model | None = None,
    kind: str = Deletion.WRONG,
    left_on: date | None = None,
) -> None:
    """Delete locked records that the caller has found deletable (soft); two statements, however many.

    `batch` is the ImportBatch by whose undo they go. Needs `resident` loaded.
    """
    _write(
        enrollments,
        deleted_at=timezone.now(),
        deleted_by=by,
        deleted_reason=reason,
        deleted_with=batch,
        # What goes with its import was neither entered by itself nor recruited.
        deleted_as=kind if batch is None else "",
        left_on=left_on,
    )
    remaining = Enrollment.objects.filter(resident__user=OuterRef("pk"), deleted_at=None)
    _accounts(enrollments).filter(~Exists(remaining), is_active=True).update(is_active=False)


def bring_back(enrollments: Collection[Enrollment]) -> None:
    """The reverse of `take_out`. Raises IntegrityError where another record holds one of the persons by now."""
    _write(
        enrollments,
        deleted_at=None,
        deleted_by=None,
        deleted_reason="",
        deleted_with=None,
        deleted_as="",
        left_on=None,
    )
    _accounts(enrollments).filter(is_active=False).update(is_active=True)


def _write(enrollments: Collection[Enrollment], **values: object) -> None:
    rows = Enrollment.objects.filter(pk__in=[each.pk for each in enrollments])
    rows.update(**values, updated_at=timezone.now(), version=F("version") + 1)
    for each in enrollments:
        vars(each).update(deleted_at=values["deleted_at"])


def _accounts(enrollments: Collection[Enrollment]) -> models.QuerySet[User]:
    return User.objects.filter(pk__in=[each.resident.user_id for each in enrollments])
