"""Returns of personal info to the resident and their answers (BR-41, BR-45, BR-54; GOAL-R3).

A comment at a field is answered when the field's value changes, in 学习经历 that of its own row, or by 无需修改 with a
reason; a comment on the whole record by any save that changes something.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

import pghistory
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from portal import audit
from portal.calendar import Opening
from portal.messages.services import send
from portal.models import User
from residents.catalogue.catalogue import problem
from residents.completeness import completeness
from residents.models import EducationRecord, Enrollment, PersonalReturn
from residents.models.enrollment import PersonalState
from residents.models.personal import TO_REVIEW
from residents.openness import personal_entry
from residents.places import FROZEN, REPEATED, living, names_of, split
from residents.services import states
from residents.services.refusals import Refused
from residents.services.states import StateMoved, since_personal
from residents.snapshot import block_of, with_blocks

WHOLE_RECORD = ""
LONGEST_COMMENT, LONGEST_REASON = 500, 200


def return_personal(
    enrollment: Enrollment,
    comments: Mapping[str, tuple[str, str]],
    *,
    by: User,
    batch: uuid.UUID | None = None,
) -> list[PersonalReturn]:
    """Send personal info back to the resident (BR-45): state 已退回, one comment a field, a message in his box.

    `comments`: "block.field" ("" for the whole record) → (reason code, text). Approval and report stay what they are
    (AM-18). Raises Refused for blank or too long texts, StateMoved where the resident could not answer because his
    record is closed.
    """
    with transaction.atomic():
        enrollment = states.lock(enrollment.pk)
        entry = personal_entry(enrollment)
        if not entry.is_open:
            raise StateMoved(why_not_returned(entry))
        return return_locked([enrollment], comments, by=by, batch=batch or uuid.uuid4())


def why_not_returned(entry: Opening) -> str:
    """Why personal info that is closed cannot be returned to its resident, for the base."""
    return f"{entry.reason}住院医师现在不能修改，因此不能退回。"


def return_locked(
    enrollments: Collection[Enrollment],
    comments: Mapping[str, tuple[str, str]],
    *,
    by: User,
    batch: uuid.UUID,
) -> list[PersonalReturn]:
    """As return_personal, for rows the caller holds locked and has found open; eight queries, however many.

    A row of 学习经历 that is named by its level is in each record his own of that level. Needs `resident` loaded.
    Raises Refused for blank or too long texts, before anything is written.
    """
    _refuse_bad_texts(comments)
    with transaction.atomic(), pghistory.context(batch=str(batch)):
        mark_reviewed([each.pk for each in enrollments])
        rows = _rows_by_name(enrollments) if any(FROZEN in path for path in comments) else {}
        created = PersonalReturn.objects.bulk_create(
            PersonalReturn(
                enrollment=enrollment,
                field=_own_place(path, rows.get(enrollment.resident_id, {})),
                reason_code=reason,
                comment=text.strip(),
                batch=batch,
                returned_by=by,
            )
            for enrollment in enrollments
            for path, (reason, text) in comments.items()
        )
        Enrollment.objects.filter(pk__in=[each.pk for each in enrollments]).update(
            personal_state=PersonalState.RETURNED,
            state_since=since_personal(PersonalState.RETURNED, timezone.now()),
        )
        send(
            [each.resident.user_id for each in enrollments],
            kind="personal_return",
            subject="培训基地退回了您的个人信息，请修改后保存",
            body="；".join(text.strip() for _, text in comments.values()),
            link=reverse("residents:home"),
        )
    return created


def _rows_by_name(enrollments: Collection[Enrollment]) -> dict[int, dict[str, int]]:
    """Each person's rows of 学习经历: name → key."""
    persons: dict[int, list[EducationRecord]] = {}
    found = EducationRecord.objects.filter(resident__in=[each.resident_id for each in enrollments])
    for row in found.order_by("level", "pk"):
        persons.setdefault(row.resident_id, []).append(row)
    return {
        person: dict(
            zip(names_of([{"level": row.level} for row in rows]), (row.pk for row in rows), strict=True)
        )
        for person, rows in persons.items()
    }


def _own_place(path: str, rows: Mapping[str, int]) -> str:
    """The path with the key of the row it names; every row of the block where the person has none of that name."""
    if FROZEN not in path:
        return path
    place, name = split(path)
    return living(place, rows[name]) if name in rows else place


def _refuse_bad_texts(comments: Mapping[str, tuple[str, str]]) -> None:
    if not comments:
        raise Refused({WHOLE_RECORD: [problem("required")]})
    for path, (_, text) in comments.items():
        if not text.strip():
            raise Refused({path: [problem("required")]})
        if len(text.strip()) > LONGEST_COMMENT:
            raise Refused({path: [problem("text_too_long", length=len(text.strip()), limit=LONGEST_COMMENT)]})


def open_returns(enrollment: Enrollment) -> list[PersonalReturn]:
    """The comments still waiting for an answer, newest first (BR-79)."""
    return list(enrollment.personal_returns.filter(answered_at__isnull=True))


def answer_by_save(enrollment: Enrollment, changed: Collection[str], now: datetime) -> int:
    """Close the open comments that a save answers; `changed` holds the paths of fields, and of a row that is gone the
    path of the row. Returns how many."""
    answered = [each.pk for each in open_returns(enrollment) if _is_answered(each.field, changed)]
    if answered:
        PersonalReturn.objects.filter(pk__in=answered).update(answered_at=now)
        _tell_base(enrollment)
    return len(answered)


def _tell_base(enrollment: Enrollment) -> None:
    """Tell who returned the record, once its last comment is answered: it waits for his look (GOAL-B14)."""
    if enrollment.personal_returns.filter(answered_at__isnull=True).exists():
        return
    waiting = enrollment.personal_returns.filter(reviewed_at__isnull=True)
    send(
        waiting.values_list("returned_by", flat=True),
        kind="personal_answered",
        subject=f"{enrollment.resident.full_name}已答复退回意见，个人信息待复核",
        link=reverse("bases:record", args=[enrollment.pk]),
    )


def take_back(enrollment_id: int, *, by: User) -> int:
    """取回退回: the base closes its own open comments of a record, the resident is notified (AM-41). Returns how many.

    个人信息状态 becomes what the blocks say. Raises StateMoved where nothing is open any more.
    """
    with transaction.atomic():
        enrollment = states.lock(enrollment_id)
        if enrollment.lapsed_at is not None:
            raise StateMoved("该记录已锁定失效，只读留存，不能取回退回。")
        now = timezone.now()
        closed = enrollment.personal_returns.filter(answered_at__isnull=True).update(
            answered_at=now, reviewed_at=now, taken_back_by=by
        )
        if not closed:
            raise StateMoved("没有等待答复的退回意见，住院医师可能已经答复，请核对现在的内容。")
        settle_state(enrollment)
        audit.record("return_taken_back", by=by, target=enrollment, count=closed)
        send(
            [enrollment.resident.user_id],
            kind="personal_return",
            subject="培训基地取回了对您个人信息的退回，无需再按退回意见修改",
            link=reverse("residents:home"),
        )
    return closed


def answers_to_review(enrollment: Enrollment) -> QuerySet[PersonalReturn]:
    """What the resident has answered and the base has not looked at since, newest first (GOAL-B14)."""
    return enrollment.personal_returns.filter(TO_REVIEW)


def mark_reviewed(enrollment_ids: Collection[int]) -> int:
    """复核: the base has seen these records' answers, or reports or returns them anew. Returns how many answers."""
    waiting = PersonalReturn.objects.filter(TO_REVIEW, enrollment__in=enrollment_ids)
    return waiting.update(reviewed_at=timezone.now())


def _is_answered(path: str, changed: Collection[str]) -> bool:
    if path == WHOLE_RECORD:
        return bool(changed)
    place, row = split(path)
    # 手机号 stands in the identity of a record and is edited with 基本信息.
    block, dot, field = place.partition(".")
    place = f"{'basic' if block == 'identity' else block}{dot}{field}"
    for each in changed:
        at, its_row = split(each)
        is_there = at == place if field else at.partition(".")[0] == place
        # A row that is gone is named alone.
        if (is_there or at == REPEATED) and (not row or its_row == row):
            return True
    return False


def answer_without_change(returned: PersonalReturn, reason: str, *, by: User) -> None:
    """无需修改: close one comment with the resident's reason, leaving the value as it is (GOAL-R3).

    Raises Refused for a blank or too long reason, StateMoved where the comment is answered already or the record is
    closed.
    """
    reason = reason.strip()
    if not reason:
        raise Refused({"reason": [problem("required")]})
    if len(reason) > LONGEST_REASON:
        raise Refused({"reason": [problem("text_too_long", length=len(reason), limit=LONGEST_REASON)]})
    with transaction.atomic():
        enrollment = states.lock(returned.enrollment_id)
        entry = personal_entry(enrollment)
        if not entry.is_open:
            raise StateMoved(entry.reason)
        closed = PersonalReturn.objects.filter(pk=returned.pk, answered_at__isnull=True).update(
            answered_at=timezone.now(), no_change_reason=reason
        )
        if not closed:
            raise StateMoved("这条退回意见已经答复过。")
        settle_state(enrollment)
        _tell_base(enrollment)


def settle_state(enrollment: Enrollment) -> str:
    """Bring 个人信息状态 of a locked record to what its blocks and open comments say; returns it
    (docs/codes.md#states)."""
    enrollment.personal_state = settle_states([enrollment.pk]).get(enrollment.pk, enrollment.personal_state)
    return enrollment.personal_state


def settle_states(enrollment_ids: Collection[int]) -> dict[int, str]:
    """The same for many locked records; the new state of those that changed, by id. At most eight queries.

    Needed whenever what is asked changes without the resident: 工作信息 at the entry into the registry, the fields
    that depend on 人员类型 when the base changes it.
    """
    ids = list(enrollment_ids)
    returned = set(
        PersonalReturn.objects.filter(enrollment__in=ids, answered_at__isnull=True).values_list(
            "enrollment_id", flat=True
        )
    )
    changed = {}
    for enrollment in with_blocks(Enrollment.objects.filter(pk__in=ids)):
        state = PersonalState.RETURNED if enrollment.pk in returned else _state_of(enrollment)
        if state != enrollment.personal_state:
            changed[enrollment.pk] = state
    for state in set(changed.values()):
        rows = [pk for pk, new in changed.items() if new == state]
        Enrollment.objects.filter(pk__in=rows).update(
            personal_state=state, state_since=since_personal(state, timezone.now())
        )
    return changed


def _state_of(enrollment: Enrollment) -> str:
    if completeness(enrollment, with_training=False).personal_is_complete:
        return PersonalState.COMPLETE
    resident = enrollment.resident
    blocks = (block_of(resident, name) for name in ("basic", "work", "certificate"))
    is_begun = any(blocks) or bool(resident.education_records.all())
    return PersonalState.FILLING if is_begun else PersonalState.EMPTY
