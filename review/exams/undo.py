"""Taking a file of results back as a whole: what it set goes back to what was, while nothing of it was reported
(GOAL-N10)."""

from dataclasses import dataclass, field

import pghistory
from django.db import transaction
from django.utils import timezone

from bases.imports.batch import BatchMoved, State, locked, move
from bases.models import ImportBatch, Submission
from bases.report.withdrawal import unreport_after_change
from portal import audit
from portal.models import User
from residents.services import states
from residents.services.status import take_back
from review.exams.results import newest_changes, read_back
from review.models import CertificateCorrection, ExamEntry


@dataclass(slots=True)
class Plan:
    """What would go back, and what stays with its reason."""

    going: list[ExamEntry] = field(default_factory=list)
    kept: list[tuple[ExamEntry, str]] = field(default_factory=list)


def plan_of(batch: ImportBatch) -> Plan:
    """Four queries, however many rows."""
    entries = list(
        ExamEntry.objects.filter(import_batch=batch)
        .select_related("enrollment__resident", "enrollment__base__province", "status_change")
        .order_by("pk")
    )
    records = [entry.enrollment_id for entry in entries]
    reported = {
        (record, at)
        for record, at in Submission.objects.filter(enrollment__in=records).values_list(
            "enrollment_id", "reported_at"
        )
    }
    corrected = set(
        CertificateCorrection.objects.filter(entry__in=entries).values_list("entry_id", flat=True)
    )
    newest, plan = newest_changes(records), Plan()
    for entry in entries:
        change = entry.status_change
        if change and any(
            record == entry.enrollment_id and at > change.changed_at for record, at in reported
        ):
            plan.kept.append((entry, "培训基地此后已上报。"))
        elif change and newest[entry.enrollment_id] != change:
            plan.kept.append((entry, "培训状态此后已另行变更。"))
        elif entry.pk in corrected:
            plan.kept.append((entry, "证书此后提出过更正。"))
        else:
            plan.going.append(entry)
    return plan


def undo(batch_id: int, *, by: User) -> Plan:
    """Carry the plan out in one transaction; the batch is then 已撤销. Raises BatchMoved where it is none that can be
    taken back."""
    with pghistory.context(user=by.pk, role=by.role, batch=batch_id), transaction.atomic():
        batch = locked(batch_id)
        if batch.kind != ImportBatch.Kind.EXAM_RESULTS or batch.state != State.APPLIED:
            raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能撤销。")
        list(ExamEntry.objects.select_for_update().filter(import_batch=batch).order_by("pk"))
        plan = plan_of(batch)
        was = {
            row.enrollment_id: read_back(row.values.get("was") or {})
            for row in batch.rows.good()
            if row.enrollment_id
        }
        for entry in plan.going:
            _put_back(entry, was.get(entry.enrollment_id, {}), by)
        move(batch, State.UNDONE, undone_at=timezone.now(), refusal={})
        audit.record("import_undo", by=by, target=batch, restored=len(plan.going), kept=len(plan.kept))
    return plan


def _put_back(entry: ExamEntry, was: dict, by: User) -> None:
    if entry.status_change:
        record = states.lock(entry.enrollment_id)
        take_back(record, entry.status_change, by=by)
        unreport_after_change([record], by=by)
    entry.result, entry.ended_on = was.get("result") or "", was.get("ended_on")
    entry.certificate_no, entry.certificate_date = (
        was.get("certificate_no") or "",
        was.get("certificate_date"),
    )
    entry.import_batch = entry.status_change = None
    entry.save()
