"""Which two entries may be one person, what their merger would do, and the act with its way back (AM-47).

Records change hands with all that hangs on them; each entry's own blocks and history stay where they are. A person
counts once before and after (AM-32): of the approved content the triggers choose anew, and of two approved originals
of one year the kept one's counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from bases.models import CorrectionRequest, IdentityCheck, TransferRequest
from bases.submissions.sections import sections
from bases.submissions.waiting import waiting
from portal import audit
from portal.models import User
from residents.models import Enrollment, PersonMerge, Resident
from residents.models.enrollment import ReviewStatus, Status
from residents.rules.status import targets
from residents.rules.text import name_key
from residents.services import merging
from residents.services.deletion import any_entry
from residents.services.states import StateMoved
from residents.snapshot import personal_values
from review.merges import messages
from review.quality.services import is_due
from review.quality.tasks import recheck_quality

_WAITING = ("province", "cmda")


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both entries in words."""

    block: str
    label: str
    one: str
    other: str

    @property
    def differs(self) -> bool:
        return self.one != self.other


@dataclass(frozen=True, slots=True)
class Plan:
    """What merging would do: which records move, of which years one of two originals counts no more, and what stands
    in the way, in words that name the way out."""

    records: list[Enrollment]
    doubled: list[int]
    hindrances: list[str] = field(default_factory=list)


def persons() -> QuerySet[Resident]:
    """With what `compared` shows of them, loaded together."""
    return Resident.objects.select_related("user", "basic", "work", "certificate").prefetch_related(
        "education_records"
    )


def records_of(person: Resident) -> list[Enrollment]:
    """All of them, deleted and lapsed ones too, as they are shown."""
    rows = Enrollment.objects.filter(resident=person).select_related("base__province", "specialty")
    return list(rows.order_by("pk"))


def candidates(person: Resident) -> list[Resident]:
    """Namesakes with the same mobile number or birth date who have a record: whom the quality list means."""
    same = Q(mobile=person.mobile)
    if birth := personal_values(person)["basic"]["birth_date"]:
        same |= Q(basic__birth_date=birth)
    if person.id_type == "01":
        same |= Q(id_type="01", id_number__regex=f"^.{{6}}{person.id_number[6:14]}")
    # The key goes through an index, the name itself does not.
    named = Resident.objects.filter(full_name__holds=name_key(person.full_name), full_name=person.full_name)
    found = named.filter(same, enrollments__isnull=False)
    return list(found.exclude(pk=person.pk).distinct().order_by("pk")[:20])


def first_record(person: Resident) -> int:
    """The record by which pages speak of a person."""
    rows = Enrollment.objects.filter(resident=person).order_by("deleted_at", "-pk")
    return rows.values_list("pk", flat=True)[0]


def compared(one: Resident, other: Resident, *, masked: bool = True) -> list[Line]:
    """Both entries field by field, in the order of the forms; what both leave blank is left out."""
    left, right = (_lines(person, masked) for person in (one, other))
    lines = [
        Line(*place, left.get(place, ""), right.get(place, "")) for place in dict.fromkeys([*left, *right])
    ]
    return [line for line in lines if line.one or line.other]


def _lines(person: Resident, masked: bool) -> dict[tuple[str, str], str]:
    identity = {name: getattr(person, name) for name in ("full_name", "id_type", "id_number", "mobile")}
    shown: Mapping[str, Any] = {"identity": identity, **personal_values(person)}
    return {
        (section.label, line.label): line.text
        for section in sections(shown, masked=masked)
        for line in section.lines
    }


def plan(kept: Resident, merged: Resident) -> Plan:
    """What the act would do now; nothing is written."""
    own, moving = records_of(kept), records_of(merged)
    originals = {each.intake_year for each in own if each.intake_submission_id}
    doubled = sorted({each.intake_year for each in moving if each.intake_submission_id} & originals)
    return Plan(moving, doubled, _hindrances(kept, merged, own, moving))


def _hindrances(
    kept: Resident, merged: Resident, own: list[Enrollment], moving: list[Enrollment]
) -> list[str]:
    found = []
    gone = PersonMerge.objects.filter(undone_at=None)
    if gone.filter(merged__in=[kept, merged]).exists():
        found.append("其中一个账号已经合并到另一个账号，请从合并后的账号办理。")
    if gone.filter(kept=merged).exists():
        found.append("拟合并的账号是先前一次合并中保留的账号，请改为保留它，或先撤销先前的合并。")
    live = [each for each in (*own, *moving) if each.is_live]
    if len(live) > 1:
        places = "；".join(f"{_named(each)}{_way_out(each)}" for each in live)
        found.append(f"两个账号各有一条占用中的记录，请先由有关培训基地办结录错的一条，再合并：{places}。")
    for each in live:
        other = own if each in moving else moving
        if each.registered_at is None and any(
            row.intake_year == each.intake_year and row.intake_submission_id for row in other
        ):
            found.append(
                f"{_named(each)}尚在招收中，而另一账号该年的招收已审核通过。请先由该基地删除这条记录，再合并。"
            )
    if any(each.review_status == ReviewStatus.PENDING and not each.lapsed_at for each in moving):
        found.append(
            "拟合并的账号有待审核的上报，其中是该账号的证件号。请先由省级审核，或由培训基地撤回上报。"
        )
    people = [kept, merged]
    if CorrectionRequest.objects.filter(resident__in=people, state__in=_WAITING).exists():
        found.append("其中一个账号有未办结的更正申请，请先在“更正申请”中办结。")
    if IdentityCheck.objects.filter(resident__in=people, state__in=_WAITING).exists():
        found.append("其中一个账号有未办结的身份核实，请先在“身份核实”中办结。")
    if TransferRequest.objects.filter(enrollment__in=moving, state=TransferRequest.State.OPEN).exists():
        found.append("拟合并的账号有未办结的转出请求，请先由培训基地答复。")
    return found


def _way_out(record: Enrollment) -> str:
    """What its base can do now so that the record holds the person no more, by the rules of those acts (AM-31)."""
    ways = ["删除"] if (deletion := any_entry(record)).is_open else []
    if record.registered_at and Status.WITHDRAWN in targets(record.status):
        ways.append("把培训状态更新为“退培”")
    return f"可以{'，或'.join(ways)}" if ways else f"现在不能删除（{deletion.reason.rstrip('。')}）"


def _named(record: Enrollment) -> str:
    return f"{record.base.name}（{record.intake_year}年招收，{record.get_status_display()}）"


def merge(kept_pk: int, merged_pk: int, *, by: User, reason: str) -> PersonMerge:
    """The act: records, account, line of the log and messages in one transaction. Raises StateMoved where something
    stands in the way by now."""
    with transaction.atomic():
        held = merging.lock_persons(kept_pk, merged_pk)
        kept, merged = held[kept_pk], held[merged_pk]
        found = plan(kept, merged)
        if found.hindrances:
            raise StateMoved(found.hindrances[0])
        made = merging.merge(kept, merged, by=by, reason=reason)
        audit.record(
            "persons_merged",
            by=by,
            target=made,
            reason=reason,
            kept=kept.pk,
            merged=merged.pk,
            records=made.records,
        )
        messages.merged(made, found.records)
    _look_again()
    return made


def why_not_parted(made: PersonMerge) -> str:
    """What stands in the way of undoing it now, in words; empty for nothing."""
    if made.undone_at is not None:
        return "这次合并已经撤销。"
    if not made.is_reversible:
        return "合并已超过 30 天，不能撤销。两人确非同一人的，由培训基地重新导入另一人。"
    if PersonMerge.objects.filter(merged=made.kept_id, undone_at=None).exists():
        return "保留的账号后来又合并到另一个账号，请先撤销后一次合并。"
    if waiting().filter(enrollment__in=made.records).exists():
        return "转入的记录有待审核的上报，其中是保留账号的证件号。请先由省级审核，或由培训基地撤回上报。"
    return ""


def part(pk: int, *, by: User, reason: str) -> PersonMerge:
    """Undo it within its 30 days. Raises StateMoved where something stands in the way."""
    with transaction.atomic():
        made = PersonMerge.objects.select_related("kept__user", "merged__user").get(pk=pk)
        merging.lock_persons(made.kept_id, made.merged_id)
        made.refresh_from_db(fields=["undone_at"])
        if why := why_not_parted(made):
            raise StateMoved(why)
        merging.part(made, by=by, reason=reason)
        made.refresh_from_db()
        audit.record("persons_parted", by=by, target=made, reason=reason, records=made.records)
        messages.parted(made)
    _look_again()
    return made


def _look_again() -> None:
    """The findings that led here are looked for anew."""
    if is_due(timedelta(minutes=1)):
        recheck_quality.enqueue()
