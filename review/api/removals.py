"""Taking delivered recruits out: entered wrongly, not arrived or given up, gone to another base (AM-33).

Each record is judged by itself; a removed one leaves the review queue at once and holds its person no more.
"""

import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from bases.report.withdrawal import take_back_waiting
from bases.transfer_requests import settle
from portal import audit
from portal.calendar import Opening, current_cycle, opening
from portal.models import Step, User
from residents.models import Enrollment
from residents.models.enrollment import DEPARTURES, Deletion
from residents.services.deletion import delete_enrollment, departure_entry
from residents.services.states import StateMoved
from review.api.intake import acting_for, hold_mode
from review.api.schema import Removal
from review.models import ApiClient

KINDS = {"wrong": Deletion.WRONG, "no_show": Deletion.NO_SHOW, "moved": Deletion.MOVED}
_STATUS = {"removed": 200, "not_found": 404, "refused": 409}


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
        "status": _STATUS[outcome],
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
    """Of an unapproved record: 录错 while 接口传送 is open (BR-50), the others until the lock."""
    entry = departure_entry(enrollment)
    if kind in DEPARTURES or not entry.is_open:
        return entry
    return opening(
        current_cycle(),
        Step.API_TRANSFER,
        province_id=enrollment.base.province_id,
        base_id=enrollment.base_id,
    )
