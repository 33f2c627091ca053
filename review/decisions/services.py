"""Approve, return, revoke: the only writers of a submission's outcome (BR-47, BR-58, BR-59, BR-62; GOAL-P3, GOAL-P5).

Every decision locks the records in id order and decides only what is still as it was on the page; one batch id goes
into the submissions and the history.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from bases.accreditation import refusals
from bases.models import Submission
from bases.scope import enrollments_for
from portal import audit
from portal.models import User
from portal.roles import Action
from residents.catalogue.catalogue import problem
from residents.models import Enrollment
from residents.models.enrollment import Module, ReportStatus, ReviewStatus, Status
from residents.openness import Times, entries_of, review_entry, revocation_entry
from residents.rules.identity import is_stand_in
from residents.services import states
from residents.services.returns import settle_states
from residents.services.states import (
    StateMoved,
    mark_approved_many,
    mark_decision_revoked,
    mark_decisions_revoked_many,
    mark_returned_many,
)
from residents.snapshot import for_check, snapshot_of
from review.decisions import claims
from review.decisions import messages as notifications

Outcome = Submission.Outcome
UNDO = timedelta(seconds=30)
NOT_YOURS = "记录不存在，或不在您的审核范围内。"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A chosen submission that was not decided, and why. The name is empty where the record is not the user's."""

    submission_id: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What one click has done: decided + left_out = chosen."""

    batch: uuid.UUID
    decided: list[Submission]
    left_out: list[LeftOut]


def approve(choices: Mapping[int, int], *, by: User) -> Decision:
    """审核通过 (BR-58, BR-59): submission id → version on the page. The snapshot counts in statistics from now on and
    an intake record enters the registry; what changed meanwhile is left out and named."""
    with _batch() as batch:
        ready, left_out = _lock(choices, by)
        ready = _approvable(ready, left_out)
        now = timezone.now()
        pending = Submission.objects.filter(pk__in=[row.pk for row in ready], outcome=Outcome.PENDING)
        mark_approved_many([row.enrollment_id for row in ready], pending, now=now)
        _close(ready, Outcome.APPROVED, by, batch, now)
        # In the registry 工作信息 is asked too (AM-06).
        settle_states([row.enrollment_id for row in ready if row.module == Module.INTAKE])
        event = _conclude("approve", batch, by, ready, left_out)
        notifications.approved(ready, event=event)
    return Decision(batch, ready, left_out)


def return_for_correction(
    choices: Mapping[int, int],
    *,
    by: User,
    comment: str,
    reason_codes: Collection[str] = (),
    field_comments: Mapping[str, str] | None = None,
) -> Decision:
    """退回修改 to the base (BR-47, BR-62), with a comment, reasons and remarks on single fields (GOAL-P4, BR-42,
    BR-68).

    Raises ValueError without a comment: the base must know what to mend.
    """
    if not comment.strip():
        raise ValueError("A return needs a comment.")
    with _batch() as batch:
        ready, left_out = _lock(choices, by)
        now = timezone.now()
        mark_returned_many([row.enrollment_id for row in ready], now=now)
        _close(
            ready,
            Outcome.RETURNED,
            by,
            batch,
            now,
            comment=comment.strip(),
            reason_codes=list(reason_codes),
            field_comments=dict(field_comments or {}),
        )
        event = _conclude("return", batch, by, ready, left_out)
        notifications.returned(ready, comment=comment.strip(), event=event)
    return Decision(batch, ready, left_out)


def revoke(submission: Submission, *, by: User, reason: str) -> Submission | None:
    """Take back the last decision on a record, with a reason (GOAL-P5).

    Where the record is still as reported, the same content is 待审核 again as a new submission, which is returned.
    Where the base has changed it since an approval, it is 退回修改 with the reason, and None is returned. Raises
    StateMoved when the decision is not the last one, the window is closed or the base has begun to correct.
    """
    if not reason.strip():
        raise ValueError("A revocation needs a reason.")
    with _batch() as batch:
        enrollment = states.lock(submission.enrollment_id)
        submission = Submission.objects.select_for_update().get(pk=submission.pk)
        submission.enrollment = enrollment
        _check_revocable(enrollment, submission, by)
        unchanged = _is_as_reported(enrollment, submission)
        if submission.outcome == Outcome.RETURNED and not unchanged:
            raise StateMoved("退回后信息已被修改，不能撤销退回，请等待重新上报。")
        was, now = submission.get_outcome_display(), timezone.now()
        _write_revocation(submission, by, reason.strip(), now)
        back_to_intake = enrollment.intake_submission_id == submission.pk
        mark_decision_revoked(
            enrollment,
            counting=_last_approved(enrollment),
            is_pending_again=unchanged,
            back_to_intake=back_to_intake,
            now=now,
        )
        if back_to_intake:
            settle_states([enrollment.pk])
        again = _report_again(submission) if unchanged else None
        audit.record("revoke", by=by, target=submission, batch=str(batch), was=was, reason=reason.strip())
        notifications.revoked([submission])
    return again


def take_back(submission: Submission, *, by: User) -> Submission | None:
    """Undo one's own decision on one record within UNDO, without a reason to type (GOAL-P10); as `revoke`.

    Raises StateMoved when it is another's, or longer ago.
    """
    decided_at = submission.decided_at
    if submission.decided_by_id != by.pk or decided_at is None or decided_at < timezone.now() - UNDO:
        raise StateMoved(
            f"只能在作出决定后 {UNDO.seconds} 秒内撤回自己的决定。仍要撤销的，请打开该记录，填写理由撤销审核。"
        )
    return revoke(submission, by=by, reason=f"审核人在 {UNDO.seconds} 秒内撤回")


def revoke_batch(decided: Collection[int], of: uuid.UUID, *, by: User, reason: str) -> Decision:
    """Take back what one bulk decision did, `decided` being its submissions and `of` its batch id (GOAL-P3, GOAL-P5).

    Each is 待审核 again with the same content. What has moved since is left out and named: another decision or report
    came after, the window is closed, or the base has changed the record. Constant queries, however many.
    """
    if not reason.strip():
        raise ValueError("A revocation needs a reason.")
    with _batch() as batch:
        ready, left_out = _revocable(decided, of, by)
        now = timezone.now()
        ids = [row.enrollment_id for row in ready]
        back = [row.enrollment_id for row in ready if row.enrollment.intake_submission_id == row.pk]
        Submission.objects.filter(pk__in=[row.pk for row in ready]).update(
            outcome=Outcome.REVOKED,
            revoked_by=by,
            revoked_at=now,
            revocation_reason=reason.strip(),
            version=F("version") + 1,
        )
        mark_decisions_revoked_many(
            ids, Submission.objects.filter(outcome=Outcome.APPROVED, enrollment__in=ids), now=now
        )
        settle_states(back)
        # No later submission exists: each copy comes right after its original.
        Submission.objects.bulk_create([_copy(row, row.number + 1) for row in ready], batch_size=500)
        for row in ready:
            row.revoked_by, row.revoked_at, row.revocation_reason = by, now, reason.strip()
        if _has_done_nothing(ready, left_out):
            return Decision(batch, [], left_out)
        event = audit.record(
            "revoke",
            by=by,
            result="ok" if ready else "nothing",
            batch=str(batch),
            revoked_batch=str(of),
            reason=reason.strip(),
            submissions=[row.pk for row in ready],
            records=[row.enrollment_id for row in ready],
            left_out=[{"submission": left.submission_id, "reason": left.reason} for left in left_out],
        )
        notifications.revoked(ready, event=event.pk)
    return Decision(batch, ready, left_out)


def standing(decided: Collection[int], of: uuid.UUID, by: User) -> list[Submission]:
    """What `revoke_batch` would take back now; reads the contents, so for a few hundred at most."""
    return _sorted_out(decided, of, _records_of(decided, by))[0]


def _revocable(decided: Collection[int], of: uuid.UUID, by: User) -> tuple[list[Submission], list[LeftOut]]:
    """Lock the records of a bulk decision and sort out which are still as it left them."""
    return _sorted_out(decided, of, _records_of(decided, by).select_for_update(of=("self",)))


def _records_of(decided: Collection[int], by: User) -> QuerySet[Enrollment]:
    records = Submission.objects.filter(pk__in=decided).values("enrollment")
    return enrollments_for(by, Action.REVIEW).filter(pk__in=records).order_by("pk")


def _sorted_out(
    decided: Collection[int], of: uuid.UUID, records: QuerySet[Enrollment]
) -> tuple[list[Submission], list[LeftOut]]:
    locked = list(records.values_list("pk", flat=True))
    found = {row.pk: row for row in for_check(Enrollment.objects.filter(pk__in=locked))}
    newest = Submission.objects.filter(enrollment__in=locked).order_by("enrollment", "-number")
    last = set(newest.distinct("enrollment").values_list("pk", flat=True))
    submissions = Submission.objects.filter(pk__in=decided, enrollment__in=locked).in_bulk()
    times = Times(found.values())
    ready, left_out = [], []
    for pk in decided:
        row = submissions.get(pk)
        if row is None:
            left_out.append(LeftOut(pk, "", NOT_YOURS))
            continue
        row.enrollment = found[row.enrollment_id]
        if reason := _moved_since(row, of, times, is_last=pk in last):
            left_out.append(LeftOut(pk, row.enrollment.resident.full_name, reason))
        else:
            ready.append(row)
    return ready, left_out


def _moved_since(submission: Submission, of: uuid.UUID, times: Times, *, is_last: bool) -> str:
    enrollment = submission.enrollment
    if submission.outcome not in (Outcome.APPROVED, Outcome.RETURNED) or submission.decision_batch != of:
        return f"该次上报现在是“{submission.get_outcome_display()}”，没有可撤销的审核决定。"
    if not is_last:
        return "该记录之后又有新的上报，不能撤销这次审核决定。"
    if reason := why_not_revocable(enrollment, submission, times):
        return reason
    if not _is_as_reported(enrollment, submission):
        return "审核之后培训基地已修改该记录，请打开该记录核对后再决定。"
    return ""


@contextmanager
def _batch() -> Iterator[uuid.UUID]:
    batch = uuid.uuid4()
    with transaction.atomic(), pghistory.context(batch=str(batch)):
        yield batch


def _lock(choices: Mapping[int, int], by: User) -> tuple[list[Submission], list[LeftOut]]:
    """Lock the chosen records of the user's scope and sort out which can be decided now.

    Whoever writes a submission holds its enrollment, so the submissions read after that lock do not change.
    """
    found = dict(Submission.objects.filter(pk__in=choices).values_list("pk", "enrollment_id"))
    locked = {
        row.pk: row
        for row in enrollments_for(by, Action.REVIEW)
        .filter(pk__in=set(found.values()))
        .select_related("base__province", "resident")
        .select_for_update(of=("self",))
        .order_by("pk")
    }
    submissions = Submission.objects.filter(pk__in=choices, enrollment__in=locked).defer("snapshot").in_bulk()
    entries = entries_of(locked.values(), review_entry)
    ready, left_out = [], []
    for pk, version in choices.items():
        submission = submissions.get(pk)
        if submission is None:
            left_out.append(LeftOut(pk, "", NOT_YOURS))
            continue
        submission.enrollment = locked[submission.enrollment_id]
        reason = _obstacle(submission, version) or entries[submission.enrollment_id].reason
        if reason:
            left_out.append(LeftOut(pk, submission.enrollment.resident.full_name, reason))
        else:
            ready.append(submission)
    return ready, left_out


def _approvable(ready: list[Submission], left_out: list[LeftOut]) -> list[Submission]:
    """Nobody is approved who began after his specialty had ended at the base (AM-45), or whose number was found not to
    be his (AM-35); the way back stays open."""
    refused = refusals([row.enrollment for row in ready])
    for row in ready:
        if is_stand_in(row.enrollment.resident.id_number):
            refused[row.enrollment_id] = str(problem("number_freed"))
    left_out += [
        LeftOut(
            row.pk,
            row.enrollment.resident.full_name,
            f"{refused[row.enrollment_id]}不能审核通过，可以退回修改。",
        )
        for row in ready
        if row.enrollment_id in refused
    ]
    return [row for row in ready if row.enrollment_id not in refused]


def _obstacle(submission: Submission, version: int) -> str:
    """Why this submission can't be decided whatever the calendar says; empty when it can."""
    if submission.outcome != Outcome.PENDING or submission.enrollment.review_status != ReviewStatus.PENDING:
        return f"该次上报现在是“{submission.get_outcome_display()}”，未作处理。"
    if submission.enrollment.lapsed_at is not None:
        return "该记录已在招收截止锁定时失效，不能再审核。"
    if submission.version != version:
        return "列表打开后该记录已有变化，请重新查看后再审核。"
    return ""


def _close(
    ready: Collection[Submission], outcome: Outcome, by: User, batch: uuid.UUID, now: datetime, **values: Any
) -> None:
    Submission.objects.filter(pk__in=[row.pk for row in ready]).update(
        outcome=outcome,
        decided_by=by,
        decided_at=now,
        decision_batch=batch,
        version=F("version") + 1,
        **values,
    )
    claims.release([row.pk for row in ready])


def _has_done_nothing(ready: Collection[Submission], left_out: Collection[LeftOut]) -> bool:
    return not ready and all(left.reason == NOT_YOURS for left in left_out)


def _conclude(
    act: str, batch: uuid.UUID, by: User, ready: Collection[Submission], left_out: Collection[LeftOut]
) -> int | None:
    """One audit line a batch, with every submission it decided or left out; the page of the batch reads it, and the
    messages about it lead to its records. Who may decide none of them has done nothing."""
    if _has_done_nothing(ready, left_out):
        return None
    return audit.record(
        act,
        by=by,
        target=next(iter(ready)) if len(ready) == 1 else None,
        result="ok" if ready else "nothing",
        batch=str(batch),
        submissions=[row.pk for row in ready],
        records=[row.enrollment_id for row in ready],
        left_out=[{"submission": left.submission_id, "reason": left.reason} for left in left_out],
    ).pk


def _write_revocation(submission: Submission, by: User, reason: str, now: datetime) -> None:
    """The decision, who took it and what he wrote stay; who took it back, when and why is added."""
    submission.outcome = Outcome.REVOKED
    submission.revoked_by, submission.revoked_at, submission.revocation_reason = by, now, reason
    submission.version += 1
    submission.save(
        update_fields=["outcome", "revoked_by", "revoked_at", "revocation_reason", "version"],
    )


def _check_revocable(enrollment: Enrollment, submission: Submission, by: User) -> None:
    if not enrollments_for(by, Action.REVIEW).filter(pk=enrollment.pk).exists():
        raise StateMoved("该记录不在您的审核范围内。")
    if submission.outcome not in (Outcome.APPROVED, Outcome.RETURNED):
        raise StateMoved(f"该次上报现在是“{submission.get_outcome_display()}”，没有可撤销的审核决定。")
    if enrollment.submissions.filter(number__gt=submission.number).exists():
        raise StateMoved("该记录之后又有新的上报，只能撤销最近一次审核决定。")
    if reason := why_not_revocable(enrollment, submission, Times([enrollment])):
        raise StateMoved(reason)


def why_not_revocable(enrollment: Enrollment, submission: Submission, times: Times) -> str:
    """What stands against revoking the last decision whatever became of the content; empty where nothing does."""
    if submission.succession_id:
        return "该审核决定已随培训基地并入或划转，不能撤销；需要更正的，由现在的培训基地修改后重新上报。"
    entry = revocation_entry(enrollment, submission.module, times)
    if not entry.is_open:
        return entry.reason
    if enrollment.intake_submission_id == submission.pk and enrollment.status != Status.IN_TRAINING:
        return "培训基地已在住院医师信息管理中变更该记录的培训状态，不能撤销招收审核。"
    return ""


def _is_as_reported(enrollment: Enrollment, submission: Submission) -> bool:
    """After an approval any real change of the base resets 上报状态 (BR-83); after a return the content decides."""
    if submission.outcome == Outcome.APPROVED:
        return enrollment.report_status == ReportStatus.REPORTED
    return snapshot_of(enrollment) == submission.snapshot


def _last_approved(enrollment: Enrollment) -> Submission | None:
    return enrollment.submissions.filter(outcome=Outcome.APPROVED).order_by("-number").first()


def _report_again(submission: Submission) -> Submission:
    """The same content as a new pending submission, since a decided one never becomes pending again; it is still the
    report that the base made, and counts as no other."""
    last = Submission.objects.filter(enrollment=submission.enrollment_id).aggregate(last=Max("number"))[
        "last"
    ]
    again = _copy(submission, last + 1)
    again.save(force_insert=True)
    return again


def _copy(submission: Submission, number: int) -> Submission:
    again = copy(submission)
    again.pk = None
    again._state = copy(submission._state)
    again._state.fields_cache = dict(submission._state.fields_cache)
    again._state.adding = True
    again.number = number
    again.outcome, again.is_put_back = Outcome.PENDING, True
    again.revoked_by = again.revoked_at = None
    again.revocation_reason = ""
    again.decided_by = again.decided_at = again.decision_batch = None
    again.succession = None
    again.comment, again.reason_codes, again.field_comments, again.version = "", [], {}, 0
    return again
