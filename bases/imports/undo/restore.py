"""Undone imports in the recycle bin: each is one line of it, and comes back whole (GOAL-B11)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from bases.models import ImportBatch
from portal import audit
from portal.models import User
from residents.models import Enrollment
from residents.models.enrollment import LIVE, Status
from residents.openness import Times, entries_of
from residents.services.deletion import (
    RECRUITED_ELSEWHERE,
    bring_back,
    has_original_elsewhere,
    restorable_until,
    restore_entry,
)
from residents.services.states import StateMoved


def reason_of(batch: ImportBatch) -> str:
    """What stands for people as the reason with everything that an undo takes back."""
    return f"撤销导入（批次 {batch.pk}）"


@dataclass(frozen=True, slots=True)
class Restored:
    """What restoring an undone import did: how many came back, how many could not, and the first reason."""

    count: int
    refused: int
    reason: str = ""


def undone_imports(found: QuerySet[Enrollment]) -> list[ImportBatch]:
    """The undone batches of these deleted records, newest first, each with `gone`, how many of it are in the bin, and
    `restorable`, how many of them may come back now; every record is read, as for bringing them back."""
    records = list(found.filter(deleted_with__isnull=False).select_related("base__province", "resident"))
    reasons = _reasons(records)
    times = Times(records)
    batches = list(
        ImportBatch.objects.filter(
            pk__in={each.deleted_with_id for each in records if each.deleted_with_id}
        ).order_by("-undone_at")
    )
    for batch in batches:
        gone = [each for each in records if each.deleted_with_id == batch.pk]
        batch.gone, batch.restorable = len(gone), sum(each.pk not in reasons for each in gone)
        batch.restorable_until = max(
            restorable_until(each, each.deleted_at, times) for each in gone if each.deleted_at
        )
    return batches


def restored_rows(batch: ImportBatch) -> int:
    """How many records that went with the undone import are back: those kept at the undo were never away."""
    if batch.state != ImportBatch.State.UNDONE or not batch.rows_created:
        return 0
    back = Enrollment.objects.filter(import_batch=batch, deleted_at=None, events__deleted_with=batch)
    return back.distinct().count()


def restore_all(batch: ImportBatch, *, by: User) -> Restored:
    """Bring back what went with the undone import and may come back now, in one transaction; the others stay deleted.

    Raises StateMoved where one of them is imported anew in this very moment.
    """
    try:
        with transaction.atomic():
            return _restore(batch, by)
    except IntegrityError as error:
        raise StateMoved("其中有人刚刚被重新导入，没有恢复任何人，请再试一次。") from error


def _restore(batch: ImportBatch, by: User) -> Restored:
    gone = Enrollment.objects.filter(deleted_with=batch).select_for_update(of=("self",)).order_by("pk")
    ids = list(gone.values_list("pk", flat=True))
    records = list(Enrollment.objects.filter(pk__in=ids).select_related("base__province", "resident"))
    reasons = _reasons(records)
    back = [each for each in records if each.pk not in reasons]
    bring_back(back)
    if back:
        audit.record("import_restore", by=by, target=batch, rows=len(back), kept=len(reasons))
    return Restored(len(back), len(reasons), next(iter(reasons.values()), ""))


def _reasons(records: Collection[Enrollment]) -> dict[int, str]:
    """Why a record may not come back now, by its id (BR-49, BR-50)."""
    entries = entries_of(records, restore_entry)
    people = [each.resident_id for each in records]
    held = set(Enrollment.objects.filter(LIVE, resident__in=people).values_list("resident_id", flat=True))
    recruited = has_original_elsewhere(records)
    found = {}
    for each in records:
        if not entries[each.pk].is_open:
            found[each.pk] = entries[each.pk].reason
        elif each.resident_id in held and each.status != Status.WITHDRAWN:
            found[each.pk] = "此人已重新导入本基地或其他基地。"
        elif each.pk in recruited:
            found[each.pk] = RECRUITED_ELSEWHERE
    return found
