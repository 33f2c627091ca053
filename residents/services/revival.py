"""Lapsed recruits live again while their cycle is open for them once more (AM-43)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal import audit
from portal.models import AuditEvent, CollectionCycle, User
from residents.models import Enrollment
from residents.models.enrollment import LIVE, Status
from residents.openness import Times, until_lock
from residents.services.lock import unmark_if_open
from residents.services.states import StateMoved


@dataclass(slots=True)
class Revived:
    """Who lives again, and who was left and why, by the record's id."""

    done: list[Enrollment] = field(default_factory=list)
    left: list[tuple[Enrollment, str]] = field(default_factory=list)
    # The line of the audit log that names them; None where nobody does.
    event: AuditEvent | None = None


def lapsed_of(cycle: CollectionCycle) -> QuerySet[Enrollment]:
    """The recruits of the cycle who lapsed at its lock."""
    found = Enrollment.objects.filter(intake_year=cycle.year, lapsed_at__isnull=False, deleted_at=None)
    return found.exclude(status=Status.WITHDRAWN).filter(registered_at=None)


def hindrances(records: Iterable[Enrollment], times: Times | None = None) -> dict[int, str]:
    """Why each of these lapsed records cannot live again now; those that can are absent. A base out of use has nobody
    who could go on with one: that is its heir's to import anew (AM-46). Needs `base__province`, `resident`; seven
    queries, however many, and one for each merger among their bases."""
    records = list(records)
    people = {record.resident_id for record in records}
    held = {
        each.resident_id: each
        for each in Enrollment.objects.filter(LIVE, resident__in=people).select_related("base")
    }
    approved = set(
        Enrollment.objects.filter(
            Q(intake_submission__isnull=False) | Q(approved_submission__isnull=False),
            resident__in=people,
            deleted_at=None,
        ).values_list("resident_id", "intake_year")
    )
    newest: dict[int, int] = {}
    for record in records:
        newest[record.resident_id] = max(record.pk, newest.get(record.resident_id, 0))
    times = times or Times(records)
    closed = {each.base_id: each for each in records if not each.base.is_active}
    of_closed = {pk: _why_closed(record) for pk, record in closed.items()}
    found: dict[int, str] = {}
    for record in records:
        entry = until_lock(record, times)
        if live := held.get(record.resident_id):
            found[record.pk] = f"此人现有记录在“{live.base.name}”（{live.intake_year}年招收）。"
        elif (record.resident_id, record.intake_year) in approved:
            found[record.pk] = f"此人已有{record.intake_year}年审核通过的记录。"
        elif record.base_id in of_closed:
            found[record.pk] = of_closed[record.base_id]
        elif not entry.is_open:
            found[record.pk] = entry.reason
        elif newest[record.resident_id] != record.pk:
            found[record.pk] = "此人另有一条较新的失效记录。"
    return found


def _why_closed(record: Enrollment) -> str:
    """Of a record at a base out of use: who goes on, if anybody does."""
    base = record.base
    if heir := base.heir:
        return f"“{base.name}”已停用，仍在培训的由承接基地“{heir.name}”重新导入账号。"
    return f"“{base.name}”已停用，没有承接基地。仍在培训的，请先确定承接基地，由其导入账号。"


def revive(ids: Collection[int], *, cycle: CollectionCycle, by: User, reason: str) -> Revived:
    """Let these lapsed recruits of the cycle live again as they stood when they lapsed, a waiting report included;
    they lapse again at the new lock. Whoever has a live record, an approved one of that year or no time is left.

    Raises StateMoved where somebody imported one of the persons in this very moment.
    """
    try:
        with transaction.atomic():
            rows = lapsed_of(cycle).filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
            records = list(rows.select_related("resident", "base__province"))
            why = hindrances(records)
            found = Revived(
                [each for each in records if each.pk not in why],
                [(each, why[each.pk]) for each in records if each.pk in why],
            )
            # Who is brought back alone makes it an act: nobody, no line and no lock undone.
            if found.done:
                _bring_back(found.done)
                unmark_if_open(cycle)
                found.event = audit.record(
                    "lapsed_revived",
                    by=by,
                    target=cycle,
                    reason=reason[:200],
                    records=[each.pk for each in found.done],
                    left=len(found.left),
                )
    except IntegrityError as error:
        raise StateMoved("其中有人刚刚被其他培训基地导入，没有恢复任何记录。请刷新后重试。") from error
    return found


def _bring_back(records: Collection[Enrollment]) -> None:
    now = timezone.now()
    Enrollment.objects.filter(pk__in=[each.pk for each in records]).update(
        lapsed_at=None, state_since=now, updated_at=now, version=F("version") + 1
    )
    # The lock has closed the accounts that were never used.
    accounts = User.objects.filter(pk__in=[each.resident.user_id for each in records], activated_at=None)
    accounts.update(is_active=True)
