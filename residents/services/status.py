"""The only writer of 培训状态: every change is one StatusChange row and the record's current status
(docs/fields.md#status, docs/codes.md#status).

A change takes effect at once; the province reviews it afterwards (AM-10). What it means for 上报 (BR-83) is the
business of bases/records/services.py.
"""

from collections.abc import Mapping
from typing import Any

import pghistory
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.models import User
from residents.catalogue.catalogue import problem
from residents.codes.training import CERTIFIED, ENDED, EXTENDED, IN_TRAINING, STATUS, WITHDRAWN
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import LIVE, ReviewStatus
from residents.rules import status as rules
from residents.rules.fields import Problems, normalise
from residents.services import states
from residents.services.refusals import EditConflict, refuse_errors
from residents.services.states import StateMoved
from residents.services.training import read_given
from residents.snapshot import personal_part, snapshot_of

# The details of a status that the record itself carries, for lists and reminders (PAIN-20).
_DETAILS = ("extended_until", "expected_resume")
# What a change holds beside the two statuses.
_KEPT = (*(field.name for field in rules.FIELDS if field.name != "status"), "is_undated", "personal_then")


def status_context(enrollment: Enrollment) -> dict[str, Any]:
    """What the rules of 培训状态 know of the record; two queries."""
    changes = list(enrollment.status_changes.all())
    undone = {change.takes_back_id for change in changes}
    return {
        "today": timezone.localdate(),
        "module": enrollment.module,
        "current_status": enrollment.status,
        "current_reason": changes[0].reason if changes else None,
        "last_change_date": max(
            (each.effective_date for each in changes if each.effective_date and each.pk not in undone),
            default=None,
        ),
        "actual_start_date": enrollment.actual_start_date,
        "planned_end_date": enrollment.planned_end_date,
        "extended_until": enrollment.extended_until,
        "intake_year": enrollment.intake_year,
        "approved_years": enrollment.approved_years,
        # Of a record that was 结束 once and is in training again the old result tells nothing (AM-34).
        "is_certified": (
            enrollment.status == ENDED and bool(changes) and changes[0].ended_result == CERTIFIED
        ),
        "is_set_aside": enrollment.further_training_allowed_at is not None,
        # To fill in what a roster did not tell is no second extension (AM-40).
        "has_pending_extension": (
            enrollment.status == EXTENDED
            and enrollment.review_status == ReviewStatus.PENDING
            and not (changes and changes[0].is_undated)
        ),
        "has_newer_live_enrollment": Enrollment.objects.filter(LIVE, resident=enrollment.resident_id)
        .exclude(pk=enrollment.pk)
        .exists(),
    }


def current_details(enrollment: Enrollment) -> dict[str, Any]:
    """The fields of the last change, which a form or a template shows as the current state."""
    last = next(iter(enrollment.status_changes.all()), None)
    names = [field.name for field in rules.FIELDS if field.name != "status"]
    details = {name: getattr(last, name, None) if last else None for name in names}
    return {"status": enrollment.status, **details}


def judge_change(values: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[dict[str, Any], Problems]:
    """The change from raw or clean values, what is not asked left empty, and its problems: only complete ones pass."""
    read, unreadable = read_given(rules.FIELDS, values)
    after = normalise(rules.FIELDS, read, context)
    found = rules.problems(after, context)
    # To the rules the same status again is no change; a correction of its details needs what the change needed.
    needed = rules.missing(after, {**context, "current_status": _other_than(after.get("status"), context)})
    for name in needed:
        if name not in unreadable:
            found.setdefault(name, []).append(problem("required"))
    return after, {**found, **unreadable}


def _other_than(status: str | None, context: Mapping[str, Any]) -> str | None:
    current = context.get("current_status")
    return IN_TRAINING if status == current and status != IN_TRAINING else current


def change_status(
    enrollment_id: int, values: Mapping[str, Any], *, by: User, expected_version: int | None = None
) -> StatusChange | None:
    """Write one change of 培训状态; None where nothing differs from the current state (PAIN-19).

    Raises StateMoved (in the intake, deleted or lapsed records), EditConflict, or Refused with the problems by field.
    """
    with transaction.atomic():
        enrollment = states.lock(enrollment_id)
        if not enrollment.registered_at or enrollment.deleted_at or enrollment.lapsed_at:
            raise StateMoved(
                "只有“住院医师信息管理”中的记录可以变更培训状态；审核通过以前离开的，请在“账号查找与重置”中打开此人删除。"
            )
        context = status_context(enrollment)
        after, problems = judge_change(values, context)
        if not changes_status(enrollment, after):
            return None
        refuse_errors(problems)
        if expected_version is not None and expected_version != enrollment.version:
            raise EditConflict
        return write_change(enrollment, after, by=by)


def allow_further_training(enrollment_id: int, *, reason: str, by: User) -> Enrollment:
    """The association's exception for a finished resident (AM-25): the record stays 结束 and no longer holds him.

    Another base may then import him on the account he has. Raises StateMoved for any other status.
    """
    with transaction.atomic(), pghistory.context(reason=reason):
        enrollment = states.lock(enrollment_id)
        if not has_ended(enrollment):
            raise StateMoved("此人的记录已不是“结束”，或已不再占用此人，不需要准许再次培训，请刷新页面。")
        enrollment.further_training_allowed_at = enrollment.updated_at = timezone.now()
        enrollment.version += 1
        enrollment.save(update_fields=["further_training_allowed_at", "version", "updated_at"])
    return enrollment


def reopen_certified(enrollment_id: int, *, reason: str, by: User) -> Enrollment:
    """Take a person whose 结业并获证 was granted to be corrected back into training (AM-34).

    Raises StateMoved where the record is no such one any more.
    """
    with transaction.atomic(), pghistory.context(reason=reason):
        enrollment = states.lock(enrollment_id)
        if not is_certified(enrollment):
            raise StateMoved("此人的记录已不是“结业并获证”，不需要由协会恢复，请刷新页面。")
        after = {"status": IN_TRAINING, "effective_date": timezone.localdate(), "reason_note": reason}
        write_change(enrollment, after, by=by)
    return enrollment


def has_ended(enrollment: Enrollment) -> bool:
    """结束, and holding the person still."""
    is_ended = enrollment.status == ENDED and enrollment.registered_at is not None
    return is_ended and enrollment.is_live


def is_certified(enrollment: Enrollment) -> bool:
    """Ended with a certificate: only the association takes such a person back into training (AM-34)."""
    last = enrollment.status_changes.first() if has_ended(enrollment) else None
    return last is not None and last.ended_result == CERTIFIED


def changes_status(enrollment: Enrollment, after: Mapping[str, Any]) -> bool:
    """Whether a judged change differs from what stands: another status, or other details of the same (AM-10)."""
    current = current_details(enrollment)
    if after.get("status") is None or after["status"] == enrollment.status == IN_TRAINING:
        return False
    return any((current.get(name) or None) != (value or None) for name, value in after.items())


def write_change(enrollment: Enrollment, after: Mapping[str, Any], *, by: User) -> StatusChange:
    """Write a judged change of a locked record. Raises StateMoved where another base was first with the person."""
    change = StatusChange(
        enrollment=enrollment, from_status=enrollment.status, to_status=after["status"], changed_by=by
    )
    if change.to_status == WITHDRAWN:
        change.personal_then = _personal_then(enrollment)
    for name, value in after.items():
        if name != "status" and value not in (None, ""):
            setattr(change, name, value)
    return _stored(change)


def take_back(enrollment: Enrollment, change: StatusChange, *, by: User) -> StatusChange:
    """Undo a change of a locked record that should never have been: it stands as before, with the day, the details and
    the words of then, and no later change is judged by the day of this one.

    Raises StateMoved where it is not the last change any more, or where another base has the person by now (AM-27).
    """
    last, *earlier = enrollment.status_changes.all()[:2]
    if last != change:
        raise StateMoved("培训状态此后已变更。")
    undoing = StatusChange(
        enrollment=enrollment,
        from_status=change.to_status,
        to_status=change.from_status,
        changed_by=by,
        takes_back=change,
    )
    for before in earlier:
        for name in _KEPT:
            setattr(undoing, name, getattr(before, name))
    return _stored(undoing)


def _stored(change: StatusChange) -> StatusChange:
    """With the record as it stands by it."""
    enrollment = change.enrollment
    enrollment.status, enrollment.status_since = change.to_status, change.effective_date
    for name in _DETAILS:
        setattr(enrollment, name, getattr(change, name))
    enrollment.version += 1
    enrollment.updated_at = timezone.now()
    with transaction.atomic():
        change.save()
        try:
            with transaction.atomic():
                enrollment.save(update_fields=["status", "status_since", *_DETAILS, "version", "updated_at"])
        except IntegrityError as race:
            # Between the check and this write another base has imported the person (AM-27).
            raise StateMoved(str(problem("reopen_blocked", to=STATUS.label(change.to_status)))) from race
    return change


def _personal_then(enrollment: Enrollment) -> dict[str, Any] | None:
    """What his base keeps of a person who leaves now; if he has left already, what it kept then (AM-49)."""
    if enrollment.status != WITHDRAWN:
        return personal_part(snapshot_of(enrollment))
    last = enrollment.status_changes.first()
    return last.personal_then if last else None
