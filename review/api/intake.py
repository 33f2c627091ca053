"""Taking in one batch of 招收结果: judged by the rules of the forms, written set-wise, reported to the province.

Good records are accepted and bad ones named (BR-36), or nothing at all is written where the platform asks for that.
Delivered recruits are taken out again here too (AM-33).
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pghistory
from django.db import connection, transaction
from django.utils import timezone

from bases import whereabouts
from bases.models import TrainingBase
from bases.report.services import report_delivered
from bases.report.withdrawal import take_back_waiting
from bases.staff import interface_account
from bases.transfer_requests import settle
from portal import audit
from portal.calendar import Calendar, Opening, step_now
from portal.models import CollectionCycle, Step, User
from residents.models import Enrollment
from residents.models.enrollment import DEPARTURES, LIVE, Deletion, Module, ReviewStatus
from residents.openness import delivery_entry, entries_of
from residents.services.accounts import create_accounts
from residents.services.deletion import delete_enrollment, departure_entry
from residents.services.delivered import (
    Content,
    correct_contacts,
    details_of,
    store_delivered,
    store_new_people,
)
from residents.services.states import StateMoved
from residents.snapshot import for_check
from residents.standing import Known, bearers
from review.api.judging import Entry, by_base, judge, judge_standing, read
from review.api.keys import refuse_direct
from review.api.known_records import settle_known
from review.api.problems import Refusal
from review.api.schema import Removal
from review.models import ApiClient, ApiRecord

_STATUS = {
    "accepted": 201,
    "corrected": 200,
    "unchanged": 200,
    "duplicate": 409,
    "refused": 422,
    "not_written": 424,
}
_BAD = ("duplicate", "refused")


class _NothingWritten(Exception):
    """Rolls back a batch that was to be written as a whole or not at all."""


def take(client: ApiClient, records: Sequence[Mapping[str, Any]], *, dry_run: bool, whole: bool) -> dict:
    """The answer to one batch, with everything that it writes; runs in the caller's transaction.

    `whole`: all or nothing. Raises Refusal where the calendar takes none of the records (BR-09); a sandbox key may
    always try.
    """
    entries = read(client.province_id, records)
    _assign_cycles(entries, client)
    judge(entries, client.province, interface_account(client.province))
    batch = uuid.uuid4()
    written = not (dry_run or client.is_sandbox) and _write_or_nothing(entries, client, batch, whole)
    if not written:
        settle_known(entries, lock=False)
        _foretell(entries)
        if whole and any(each.outcome in _BAD for each in entries):
            for each in entries:
                each.outcome = each.outcome if each.outcome in _BAD else "not_written"
    return _answer(entries, client, batch, dry_run=dry_run, written=written)


def _assign_cycles(entries: Iterable[Entry], client: ApiClient) -> None:
    """Each record to the cycle of its year, where 接口传送 is open there or was; any other to the cycle that takes
    deliveries of this province now (AM-42). Raises Refusal where not a single one could be taken."""
    province = client.province_id
    chosen, state = step_now(Step.API_TRANSFER, province_id=province)
    if chosen is None:
        raise Refusal(403, "transfer_closed", "现在不能传送", state.reason)
    cycles = {cycle.year: cycle for cycle in CollectionCycle.objects.all()}
    calendar = Calendar(
        cycles.values(), provinces=[province], bases={each.base.pk for each in entries if each.base}
    )
    for each in entries:
        year = each.delivered.values["account"].get("intake_year")
        cycle = cycles.get(year or 0, chosen)
        entry = calendar.opening(
            cycle, Step.API_TRANSFER, province_id=province, base_id=each.base.pk if each.base else None
        )
        has_begun = entry.opens_at is not None and entry.opens_at <= calendar.now
        if client.is_sandbox or not has_begun:
            cycle, entry = chosen, state
        each.cycle_year = cycle.year
        each.closed = "" if entry.is_open or client.is_sandbox else entry.reason
    if all(each.closed for each in entries) and not _correctable(entries, province):
        # Another year may be open meanwhile: what is told is of the years that were sent.
        reasons = dict.fromkeys(each.closed for each in entries)
        raise Refusal(403, "transfer_closed", "现在不能传送", "".join(reasons))


def _correctable(entries: Iterable[Entry], province: str) -> bool:
    """Whether one of these persons has a returned record that may still be corrected (AM-44)."""
    numbers = [number for each in entries if (number := each.delivered.values["account"].get("id_number"))]
    returned = Enrollment.objects.filter(
        LIVE,
        resident__in={person.pk for some in bearers(numbers).values() for person in some},
        base__province=province,
        registered_at=None,
        review_status=ReviewStatus.RETURNED,
    )
    records = list(returned.select_related("base__province"))
    return any(state.is_open for state in entries_of(records, delivery_entry).values())


def _foretell(entries: Iterable[Entry]) -> None:
    """What would have become of the records that nothing speaks against."""
    for each in entries:
        each.outcome = each.outcome or "accepted"


# --- writing ---------------------------------------------------------------------------------------------------------


def _write_or_nothing(entries: Sequence[Entry], client: ApiClient, batch: uuid.UUID, whole: bool) -> bool:
    try:
        with transaction.atomic(), acting_for(client, batch) as by:
            hold_mode(client.province_id)
            if whole and any(each.outcome in _BAD for each in entries):
                raise _NothingWritten
            _write(entries, batch, by)
            if whole and any(each.outcome in _BAD for each in entries):
                raise _NothingWritten
            counts = Counter(each.outcome for each in entries)
            audit.record("api_delivery", by=by, target=client, batch=str(batch), counts=counts)
    except _NothingWritten:
        for each in entries:
            if each.outcome not in _BAD:
                each.outcome, each.enrollment_id = "", None
        return False
    return True


def hold_mode(province_id: str) -> None:
    """A switch waits for the batches that are being written, and a batch that comes after it is refused (BR-08)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reporting_mode FROM bases_province WHERE code = %s FOR SHARE", [province_id])
        refuse_direct(cursor.fetchone()[0])


@contextmanager
def acting_for(client: ApiClient, batch: uuid.UUID) -> Iterator[User]:
    """The history names the province's own account of the interface, and the key."""
    by = interface_account(client.province)
    with pghistory.context(user=by.pk, role=by.role, channel="api", client=client.pk, batch=str(batch)):
        yield by


def _write(entries: Sequence[Entry], batch: uuid.UUID, by: User) -> None:
    corrected = settle_known(entries, lock=True)
    entered: list[Entry] = []
    for base, group in by_base(each for each in entries if not each.outcome):
        entered += _create(base, group, by)
    people = _people(entered)
    new = [each for each in entered if each.known is Known.NOBODY]
    rows = store_new_people((_content(each, people), each.base) for each in new)
    corrected += [each for each in entered if each.known is not Known.NOBODY]
    report_delivered(rows + _write_known(corrected), by=by, batch=batch)
    _keep_external_ids([each for each in entries if each.outcome in ("accepted", "corrected")])


def _create(base: TrainingBase, group: Sequence[Entry], by: User) -> list[Entry]:
    """Accounts and records of one base's new persons; whoever was faster is dealt with as usual (AM-27)."""
    created = create_accounts(
        [row for each in group if (row := each.row)],
        base=base,
        module=Module.INTAKE,
        batch=None,
        by=by,
        origin=Enrollment.Origin.API,
        details={each.index: details_of(each.delivered.values) for each in group},
    )
    others = whereabouts.tell(created.others, by=base.province, user=by, way="api")
    for each in group:
        each.enrollment_id = created.enrollments.get(each.index)
        if each.enrollment_id is not None:
            each.outcome = "accepted"
        else:
            each.standing = others[each.index]
            judge_standing(each, is_late=True)
    return [each for each in group if each.outcome == "accepted"]


def _write_known(entries: Sequence[Entry]) -> list[Enrollment]:
    """The blocks of persons who were known before; gives their records as they are now."""
    if not entries:
        return []
    people = _people(entries)
    contacts = {}
    for each in entries:
        if each.outcome == "corrected":
            account = each.delivered.values["account"]
            contacts[people[each.record_id]] = (account["full_name"], account["mobile"])
    correct_contacts(contacts)
    store_delivered([_content(each, people) for each in entries])
    return list(for_check(Enrollment.objects.filter(pk__in=people)).order_by("pk"))


def _people(entries: Iterable[Entry]) -> dict[int, int]:
    """Whose each record is, by ids."""
    records = Enrollment.objects.filter(pk__in=[each.enrollment_id for each in entries])
    return dict(records.values_list("pk", "resident_id"))


def _content(entry: Entry, people: Mapping[int, int]) -> Content:
    return Content(people[entry.record_id], entry.record_id, entry.delivered.values)


def _keep_external_ids(written: Iterable[Entry]) -> None:
    now = timezone.now()
    ApiRecord.objects.bulk_create(
        [
            ApiRecord(enrollment_id=each.record_id, external_id=each.external_id, delivered_at=now)
            for each in written
        ],
        batch_size=500,
        update_conflicts=True,
        unique_fields=["enrollment"],
        update_fields=["external_id", "delivered_at"],
    )


# --- the answer ------------------------------------------------------------------------------------------------------


def _answer(
    entries: Sequence[Entry], client: ApiClient, batch: uuid.UUID, *, dry_run: bool, written: bool
) -> dict:
    own = _own_references(entries, client.province_id)
    return {
        "delivery": str(batch),
        "received_at": timezone.localtime().isoformat(timespec="seconds"),
        "sandbox": client.is_sandbox,
        "dry_run": dry_run,
        "written": written,
        "counts": dict(Counter(each.outcome for each in entries)),
        "results": [
            {
                "index": each.index,
                "external_id": each.external_id,
                "status": _STATUS[each.outcome],
                "outcome": each.outcome,
                "reference": own.get(each.index),
                "problems": [
                    {
                        "field": path,
                        "code": said.code,
                        "text": said.text,
                        "repair": said.repair,
                        "is_warning": said.is_warning,
                    }
                    for path, said in each.delivered.problems
                ],
            }
            for each in entries
        ],
    }


def _own_references(entries: Iterable[Entry], province_id: str) -> dict[int, str]:
    """The record that was written or prevents it, where it is one of the key's province."""
    ids = {}
    for each in entries:
        live = each.standing.live if each.standing else None
        reference = each.enrollment_id or (live.enrollment_id if live else None)
        if reference:
            ids[each.index] = reference
    own = set(
        Enrollment.objects.filter(pk__in=ids.values(), base__province=province_id).values_list(
            "pk", flat=True
        )
    )
    return {index: str(pk) for index, pk in ids.items() if pk in own}


# --- taking out (AM-33) ----------------------------------------------------------------------------------------------

KINDS = {"wrong": Deletion.WRONG, "no_show": Deletion.NO_SHOW, "moved": Deletion.MOVED}
_REMOVED = {"removed": 200, "not_found": 404, "refused": 409}


def remove(client: ApiClient, removals: Iterable[Removal]) -> dict[str, Any]:
    """The answer to one batch of removals, written as it is judged; a sandbox key writes nothing."""
    batch = uuid.uuid4()
    with transaction.atomic(), acting_for(client, batch) as by:
        if not client.is_sandbox:
            hold_mode(client.province_id)
        results = [_remove_one(index, each, client, by) for index, each in enumerate(removals)]
        counts = dict(Counter(each["outcome"] for each in results))
        if not client.is_sandbox:
            audit.record("api_removal", by=by, target=client, batch=str(batch), counts=counts)
    return {
        "removal": str(batch),
        "received_at": timezone.localtime().isoformat(timespec="seconds"),
        "sandbox": client.is_sandbox,
        "counts": counts,
        "results": results,
    }


def _remove_one(index: int, removal: Removal, client: ApiClient, by: User) -> dict[str, Any]:
    outcome, text = _outcome(removal, client, by)
    return {
        "index": index,
        "reference": removal.reference,
        "status": _REMOVED[outcome],
        "outcome": outcome,
        "text": text,
    }


def _outcome(removal: Removal, client: ApiClient, by: User) -> tuple[str, str]:
    own = Enrollment.objects.filter(base__province=client.province_id, origin=Enrollment.Origin.API)
    record = own.filter(pk=int(removal.reference)).select_related("base__province").first()
    # A sandbox looks nobody up: its key is handed out before any switch.
    if client.is_sandbox or record is None:
        return "not_found", "没有这条由本省传送的记录，请核对平台记录编号。"
    kind, left_on = KINDS[removal.kind], removal.left_on
    if kind in DEPARTURES and (left_on is None or left_on > timezone.localdate()):
        return "refused", "请填写离开日期 left_on，不能晚于今天。"
    try:
        with transaction.atomic():
            take_back_waiting(record.pk, by=by)
            gone = delete_enrollment(
                record.pk,
                by=by,
                reason=removal.reason,
                kind=kind,
                left_on=left_on if kind in DEPARTURES else None,
                ask=_entry_of,
            )
            settle([gone], by=by)
    except StateMoved as moved:
        return "refused", str(moved)
    return "removed", "已删除，此人可以重新传送或由其他培训基地导入。"


def _entry_of(enrollment: Enrollment, kind: str) -> Opening:
    """Of an unapproved record: 录错 while it may be corrected (BR-50, AM-44), the others until the lock."""
    entry = departure_entry(enrollment)
    if kind in DEPARTURES or not entry.is_open:
        return entry
    return delivery_entry(enrollment)
