"""Undoing an import while nothing of it was reported (GOAL-B11; BR-50, BR-73; AM-19).

What the batch created and nobody has touched since goes again, as a single deletion does it: softly, so the history
keeps all and each record can be restored for 30 days. What it changed goes back to what it was
(bases/imports/undo/updates.py). Whatever somebody has worked on stays, and is named.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pghistory
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bases.imports.batch import BatchMoved, State, count_rows, locked, move, require_open
from bases.imports.undo.restore import reason_of
from bases.imports.undo.updates import NOT_WITHDRAWN, Restore, changed_records, restore, updates_of
from bases.models import ImportBatch, ImportRow, Submission
from bases.workbooks.kinds import KINDS
from portal import audit
from portal.deadlocks import begun_again
from portal.histories import event_model
from portal.models import User
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    PersonalReturn,
    Resident,
    WorkInfo,
)
from residents.services.deletion import take_out

KEPT = "kept_at_undo"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that an undo leaves alone, and why."""

    enrollment: Enrollment
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo would do now: records that go, that go back to what they were, that stay, and those whose 上报
    forbids it."""

    going: list[Enrollment] = field(default_factory=list)
    restored: list[Restore] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    reported: list[Enrollment] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many records it takes back."""
        return len(self.going) + len(self.restored)


def can_be_undone(batch: ImportBatch) -> bool:
    """A base's own batches; a province withdraws its deliveries of 附件1 in another way."""
    has_written = batch.rows_created + batch.rows_updated > 0
    return batch.kind in KINDS and batch.state == State.APPLIED and has_written


def kept_rows(batch: ImportBatch) -> int:
    """How many rows of an undone batch were left alone."""
    return batch.rows.filter(problems__contains=[{"code": KEPT}]).count() if batch.undone_at else 0


def plan_of(batch: ImportBatch) -> Plan:
    """Sort the records the batch created or changed; a constant number of queries however many there are."""
    plan = Plan()
    if batch.rows_created:
        _sort_created(batch, plan)
    if batch.rows_updated:
        updates = updates_of(batch)
        plan.restored.extend(updates.restored)
        plan.kept.extend(Kept(record, reason) for record, reason in updates.kept)
        plan.reported.extend(updates.reported)
    return plan


def _sort_created(batch: ImportBatch, plan: Plan) -> None:
    records = list(
        Enrollment.objects.filter(import_batch=batch)
        .select_related("resident__user")
        .annotate(was_reported=Exists(NOT_WITHDRAWN.filter(enrollment=OuterRef("pk"))))
        .order_by("pk")
    )
    reasons = _reasons(records)
    for each in records:
        if each.was_reported:
            plan.reported.append(each)
        elif each.pk in reasons:
            plan.kept.append(Kept(each, reasons[each.pk]))
        else:
            plan.going.append(each)


def undo(batch: ImportBatch, *, by: User) -> Plan | None:
    """Take back what the batch created or changed and nobody has touched since; it is then 已撤销. One transaction.

    Freed persons can be imported again by anybody; whoever has no other record can no longer sign in. A second call
    changes nothing and gives None. Raises BatchMoved where the batch is not applied, a record of it was reported or
    the window is closed (BR-50).
    """
    with pghistory.context(user=by.pk, role=by.role, batch=batch.pk):
        return begun_again(lambda: _undo(batch.pk, by))


def _undo(batch_id: int, by: User) -> Plan | None:
    batch = locked(batch_id)
    if batch.state == State.UNDONE:
        return None
    if not can_be_undone(batch):
        raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能撤销。")
    require_open(batch)
    _lock_people(batch)
    plan = plan_of(batch)
    if plan.reported:
        raise BatchMoved(
            f"这批数据中有 {len(plan.reported)} 人此后已经上报，不能整批撤销。有误的请逐条处理。"
        )
    take_out(plan.going, by=by, reason=reason_of(batch), batch=batch)
    _put_back(batch, plan, by)
    _note_kept(batch, plan.kept)
    count_rows(batch)
    move(batch, State.UNDONE, undone_at=timezone.now(), refusal={})
    taken: dict[str, Any] = {
        "deleted": len(plan.going),
        "restored": len(plan.restored),
        "kept": len(plan.kept),
    }
    audit.record("import_undo", by=by, target=batch, **taken)
    return plan


def _lock_people(batch: ImportBatch) -> None:
    """Hold records, persons and accounts in the order every service takes them: whoever saves, reports or activates
    in this moment is either seen in the plan or finds the record deleted."""
    records = Enrollment.objects.filter(import_batch=batch)
    _hold(Enrollment.objects.filter(Q(import_batch=batch) | Q(pk__in=changed_records(batch))))
    _hold(Resident.objects.filter(pk__in=records.values("resident_id")))
    _hold(User.objects.filter(pk__in=records.values("resident__user_id")))


def _hold(rows: QuerySet) -> None:
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def _put_back(batch: ImportBatch, plan: Plan, by: User) -> None:
    kept = restore(batch, plan.restored, by=by)
    plan.kept.extend(Kept(record, reason) for record, reason in kept)
    left = {record.pk for record, _ in kept}
    plan.restored[:] = [each for each in plan.restored if each.enrollment.pk not in left]


def _note_kept(batch: ImportBatch, kept: Collection[Kept]) -> None:
    """The reason stays with the row, so the list is there as long as the batch."""
    reasons = {each.enrollment.resident.id_number: each.reason for each in kept}
    rows = list(batch.rows.good().filter(values__id_number__in=list(reasons)))
    for row in rows:
        row.problems = [*row.problems, _note(reasons[row.values["id_number"]], row.verdict)]
    ImportRow.objects.bulk_update(rows, ["problems"], batch_size=500)


def _note(reason: str, verdict: str) -> dict[str, Any]:
    created = verdict == ImportRow.Verdict.CREATE
    return {
        "header": "",
        "column": "",
        "code": KEPT,
        "title": "撤销导入时保留",
        "text": reason,
        "repair": "录错的请在“账号查找与重置”中单独删除。" if created else "请打开该记录核对、修改。",
        "is_warning": True,
    }


# --- touched since ---------------------------------------------------------------------------------------------------


def _reasons(enrollments: Collection[Enrollment]) -> dict[int, str]:
    """Why a record is not as the import left it, by its id, without those that are. The first reason counts."""
    found: dict[int, str] = {}
    for facts in (_own_facts, _events_of_person, _events_of_record):
        for enrollment_id, reason in facts(enrollments):
            found.setdefault(enrollment_id, reason)
    return found


def _own_facts(enrollments: Collection[Enrollment]) -> Iterator[tuple[int, str]]:
    for each in enrollments:
        user = each.resident.user
        if each.deleted_at:
            yield each.pk, "此后已单独删除。"
        elif each.lapsed_at:
            yield each.pk, "招收信息已锁定，这条记录已失效。"
        elif _after(user.activated_at, each) or _after(user.last_login, each):
            yield each.pk, "住院医师此后已激活账号或登录。"
    ids = [each.pk for each in enrollments]
    returned = PersonalReturn.objects.filter(enrollment__in=ids)
    for enrollment_id in returned.values_list("enrollment_id", flat=True):
        yield enrollment_id, "此后已退回住院医师修改。"
    withdrawn = Submission.objects.filter(enrollment__in=ids, outcome=Submission.Outcome.WITHDRAWN)
    for enrollment_id in withdrawn.values_list("enrollment_id", flat=True):
        yield enrollment_id, "此后曾上报，又已撤回。"


def _events_of_person(enrollments: Collection[Enrollment]) -> Iterator[tuple[int, str]]:
    """Saves of the person's blocks. A person who trained before has older ones, which are no reason."""
    of_person = {each.resident_id: each for each in enrollments}
    for model in (Resident, BasicInfo, EducationRecord, WorkInfo, CertificateInfo):
        events = event_model(model).objects
        key = "pgh_obj_id" if model is Resident else "resident_id"
        for person, at in events.filter(**{f"{key}__in": list(of_person)}).values_list(key, "pgh_created_at"):
            if _after(at, of_person[person]):
                yield of_person[person].pk, "个人信息此后已填写或修改。"


def _events_of_record(enrollments: Collection[Enrollment]) -> Iterator[tuple[int, str]]:
    records = {each.pk: each for each in enrollments}
    events = event_model(Enrollment).objects.filter(pgh_obj_id__in=list(records))
    for enrollment_id, at in events.values_list("pgh_obj_id", "pgh_created_at"):
        if _after(at, records[enrollment_id]):
            yield enrollment_id, "培训信息或状态此后已修改。"


def _after(moment: datetime | None, enrollment: Enrollment) -> bool:
    """Events bear the start of their transaction, and the import's is before the record's `created_at`."""
    return moment is not None and moment > enrollment.created_at
