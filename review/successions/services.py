"""并入 and 划转: what the act would do, and the act (AM-46).

Living records, and whatever else of the base still waits for somebody, go to the successor in one transaction, with
their history. Submissions are frozen: what waits or counts is put up once more under the successor, so that current
numbers follow him from that day, while 招收原始信息 and what was reported before stay where they were.
"""

from copy import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from bases import staff
from bases.handed_over.lapsed import left_to, missing
from bases.models import (
    CorrectionRequest,
    ExtensionRequest,
    HandedOver,
    IdentityCheck,
    Province,
    SpecialtyBase,
    Submission,
    Succession,
    TrainingBase,
    TransferRequest,
)
from bases.report.services import close_waiting
from bases.submissions.kept import last_snapshots, snapshot_as_kept
from bases.submissions.waiting import waiting
from bases.transfer_requests import close
from portal import audit
from portal.models import Extension, User
from residents.models import Enrollment
from residents.models.enrollment import GONE, LIVE, ReportStatus
from residents.services.states import StateMoved
from residents.services.succession import move_records
from residents.snapshot import for_check
from review.models import Assignment, Claim
from review.successions import messages
from review.successions.modes import mode_of

Outcome, State = Submission.Outcome, TransferRequest.State
CHUNK = 500
# Held by somebody, or still to be reported or decided.
OPEN_WORK = LIVE | (Q(registered_at__isnull=False) & ~GONE & ~Q(report_status=ReportStatus.REPORTED))


@dataclass(frozen=True, slots=True)
class Plan:
    """What the act does, in numbers and words; the page of the act shows the same when it is done."""

    counts: dict[str, int]
    added_specialties: list[str]
    is_due: bool
    # Of both provinces, where they differ.
    modes: list[str] = field(default_factory=list)


def moving(base: TrainingBase) -> QuerySet[Enrollment]:
    """The records that go: all that live, and those of which something waits."""
    return Enrollment.objects.filter(
        OPEN_WORK | Q(pk__in=waiting().filter(base=base).values("enrollment")), base=base
    )


def plan(
    base: TrainingBase, successor: TrainingBase | None, day: date, province: Province | None = None
) -> Plan:
    """What the act would do now; nothing is written."""
    to = province or (successor.province if successor else base.province)
    modes = [*mode_of(base.province, base), *mode_of(to, base)] if to != base.province else []
    records = moving(base)
    reviews = waiting().filter(base=base)
    counted = Submission.objects.filter(counted_for__in=records.values("pk"))
    requests = {name: rows.count() for name, rows in _requests(base).items()}
    left = missing().filter(base=base).count() + left_to([base.pk]).count()
    counts = {
        "移交的培训记录": records.count(),
        "其中待审核的上报": reviews.count(),
        "其中已审核通过、计入统计的": counted.count(),
        "未办结的申请": sum(requests.values()),
        **{f"其中{name}": number for name, number in requests.items() if number},
        **({messages.LEFT: left} if left and successor else {}),
        "工作人员": len({place.user.pk for place in staff.staff_of(TrainingBase, [base.pk])}),
    }
    added = [row.specialty.name for row, held in _specialties(base, successor) if held is None]
    return Plan(counts, added, day <= timezone.localdate(), modes)


def decide(
    base: TrainingBase,
    *,
    kind: str,
    successor: TrainingBase | None,
    province: Province | None,
    day: date,
    reason: str,
    takes_staff: bool,
    by: User,
) -> Succession:
    """The act: carried out at once where its day has come, else by the clock on that day. Raises StateMoved where one
    is planned already, or where the base is out of use and nothing of it is left."""
    with transaction.atomic():
        base = TrainingBase.objects.select_for_update(of=("self",)).select_related("province").get(pk=base.pk)
        if planned := base.successions.filter(carried_out_at=None, cancelled_at=None).first():
            raise StateMoved(f"该基地已有定于 {planned.day} 的安排，请先取消。")
        to = province or (successor.province if successor else base.province)
        made = Succession.objects.create(
            base=base,
            kind=kind,
            successor=successor,
            former_province=base.province,
            province=to,
            day=day,
            reason=reason,
            takes_staff=takes_staff and successor is not None,
            decided_by=by,
        )
        audit.record("succession_decided", by=by, target=base, succession=made.pk, day=str(day), kind=kind)
        if day <= timezone.localdate():
            _carry_out(made)
        else:
            messages.planned(made)
    return made


def cancel(succession_id: int, *, by: User) -> None:
    """Take back what is planned. Raises StateMoved where its day has come."""
    with transaction.atomic():
        made = _locked(succession_id)
        if not made.is_planned:
            raise StateMoved("该安排已经办理或取消，不能再取消。")
        made.cancelled_at = timezone.now()
        made.save(update_fields=["cancelled_at"])
        audit.record("succession_cancelled", by=by, target=made.base, succession=made.pk)
        messages.cancelled(made)


def carry_out_due() -> int:
    """A chore of the clock: the acts whose day has come; returns how many."""
    due = Succession.objects.filter(carried_out_at=None, cancelled_at=None, day__lte=timezone.localdate())
    done = 0
    for pk in due.order_by("day", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            made = _locked(pk)
            if made.is_planned:
                _carry_out(made)
                done += 1
    return done


def _locked(succession_id: int) -> Succession:
    rows = Succession.objects.select_for_update(of=("self",))
    return rows.select_related(
        "base__province", "successor", "province", "former_province", "decided_by"
    ).get(pk=succession_id)


def _carry_out(made: Succession) -> None:
    base, successor = made.base, made.successor
    with pghistory.context(reason=f"{made.get_kind_display()}：{made.reason}", succession=made.pk):
        # In the order of their keys, as everybody who locks several.
        list(
            TrainingBase.objects.select_for_update()
            .filter(pk__in=[base.pk, made.successor_id])
            .order_by("pk")
        )
        ids = list(moving(base).order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
        made.counts = plan(base, successor, made.day).counts
        if successor:
            _keep_copies(made, ids)
            for row, held in _specialties(base, successor):
                _give_specialty(row, held, successor, made.day.year)
        approved = _put_up_again(made, ids)
        move_records(approved, successor.pk if successor else base.pk, by=made.decided_by, reason=made.reason)
        Assignment.objects.filter(base=base).delete()
        if successor:
            _hand_over_requests(base, successor, made.decided_by)
            base.is_active = False
            base.save(update_fields=["is_active"])
        else:
            base.province = made.province
            base.save(update_fields=["province"])
        if made.takes_staff and successor:
            _take_staff(base, successor, made.decided_by)
        made.carried_out_at = timezone.now()
        made.save(update_fields=["carried_out_at", "counts"])
        audit.record(
            "succession_carried_out", by=made.decided_by, target=base, succession=made.pk, counts=made.counts
        )
    messages.carried_out(made, ids)


def _keep_copies(made: Succession, ids: list[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        rows = list(for_check(Enrollment.objects.filter(pk__in=ids[start : start + CHUNK])))
        reported = last_snapshots(rows)
        HandedOver.objects.bulk_create(
            HandedOver(
                succession=made,
                enrollment=row,
                snapshot=snapshot_as_kept(row, reported.get(row.pk)),
                full_name=row.resident.full_name,
                report_status=row.report_status,
                review_status=row.review_status,
            )
            for row in rows
        )


def _put_up_again(made: Succession, ids: list[int]) -> dict[int, int | None]:
    """What waits and what counts once more, under the base and the province that it belongs to from now on. Returns for
    every record the submission that counts."""
    approved: dict[int, int | None] = dict.fromkeys(ids)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        standing = Submission.objects.filter(enrollment__in=part).filter(
            Q(outcome=Outcome.PENDING) | Q(counted_for__isnull=False)
        )
        # The approved one first: what waits stays the last word.
        rows = sorted(standing, key=lambda row: (row.enrollment_id, row.outcome == Outcome.PENDING))
        undecided = [row.pk for row in rows if row.outcome == Outcome.PENDING]
        Claim.objects.filter(submission__in=undecided).delete()
        close_waiting(Submission.objects.filter(pk__in=undecided), made.decided_by)
        numbered = Submission.objects.filter(enrollment__in=part).order_by().values_list("enrollment")
        last = dict(numbered.annotate(Max("number")))
        again = []
        for row in rows:
            last[row.enrollment_id] += 1
            again.append(_copy(row, made, last[row.enrollment_id]))
        for row in Submission.objects.bulk_create(again):
            if row.outcome == Outcome.APPROVED:
                approved[row.enrollment_id] = row.pk
    return approved


def _copy(row: Submission, made: Succession, number: int) -> Submission:
    again = copy(row)
    again.pk = None
    again._state = copy(row._state)
    again._state.fields_cache = {}
    again._state.adding = True
    again.number, again.succession = number, made
    again.outcome = Outcome.PENDING if row.outcome == Outcome.PENDING else Outcome.APPROVED
    again.base_id = made.successor_id or made.base_id
    again.province = made.province
    return again


def _specialties(
    base: TrainingBase, successor: TrainingBase | None
) -> list[tuple[SpecialtyBase, SpecialtyBase | None]]:
    """The specialties in which people of the base train, each with the successor's own, if it has one."""
    if successor is None:
        return []
    used = moving(base).exclude(specialty=None).values("specialty")
    held = {row.specialty_id: row for row in successor.specialty_bases.all()}
    rows = base.specialty_bases.filter(specialty__in=used).select_related("specialty")
    return [(row, held.get(row.specialty_id)) for row in rows]


def _give_specialty(
    row: SpecialtyBase, held: SpecialtyBase | None, successor: TrainingBase, year: int
) -> None:
    """Who has begun finishes at the successor (AM-45): a specialty that it lacks is given to it with its end."""
    last = min(row.valid_to or year, year)
    if held is None:
        first = min(row.valid_from, last)
        SpecialtyBase.objects.create(
            base=successor, specialty_id=row.specialty_id, valid_from=first, valid_to=last
        )
        return
    first = min(held.valid_from, row.valid_from)
    end = None if held.valid_to is None else max(held.valid_to, last)
    if (first, end) != (held.valid_from, held.valid_to):
        held.valid_from, held.valid_to = first, end
        held.save(update_fields=["valid_from", "valid_to"])


def _requests(base: TrainingBase) -> dict[str, QuerySet[Any]]:
    """Every kind of request that waits for somebody and goes along, by its name."""
    unsettled, transfers = Q(state__in=["province", "cmda"]), TransferRequest.objects.filter(state=State.OPEN)
    return {
        "请求其他基地转出": transfers.filter(to_base=base),
        "其他基地请求本基地转出": transfers.filter(enrollment__in=moving(base)),
        "更正申请": CorrectionRequest.objects.filter(unsettled, base=base),
        "身份核实": IdentityCheck.objects.filter(unsettled, base=base),
        "延长填报时间": ExtensionRequest.objects.filter(unsettled, base=base),
    }


def _hand_over_requests(base: TrainingBase, successor: TrainingBase, by: User) -> None:
    """What the base has asked for and not got yet, and the time it was given, are the successor's; what it was asked
    went with the records."""
    transfers, _, corrections, checks, extensions = _requests(base).values()
    # The successor may have asked for the same person, and a person of its own it need not ask for.
    asked = TransferRequest.objects.filter(to_base=successor, state=State.OPEN)
    doubled_or_held = Q(enrollment__in=asked.values("enrollment")) | Q(enrollment__base=successor)
    needless = [*transfers.filter(doubled_or_held), *asked.filter(enrollment__base=successor)]
    close(needless, State.CANCELLED, by=by, answer="随培训基地并入撤回")
    transfers.update(to_base=successor)
    doubled = IdentityCheck.objects.filter(base=successor, state__in=["province", "cmda"]).values("resident")
    checks.exclude(resident__in=doubled).update(base=successor)
    for rows in (corrections, extensions):
        rows.update(base=successor)
    given = Extension.objects.filter(base=base, until__gt=timezone.now())
    for extension in given:
        extension.pk, extension.base = None, successor
        extension._state.adding = True
        extension.save()


def _take_staff(base: TrainingBase, successor: TrainingBase, by: User) -> None:
    there = {place.user.pk for place in staff.staff_of(TrainingBase, [successor.pk])}
    for place in staff.staff_of(TrainingBase, [base.pk]):
        if place.is_acting and place.user.is_active and place.user.pk not in there:
            staff.appoint(place.user, successor, by=by)
