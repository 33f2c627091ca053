"""A person who is at the very base already: the same record again, a correction of it, or too late for one."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from residents.catalogue.catalogue import problem
from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, ReviewStatus
from residents.openness import Times, delivery_entry
from residents.rules.delivery import PARTS
from residents.snapshot import snapshot_of
from residents.standing import Known, LiveEnrollment
from review.api.judging import Entry


def settle_known(entries: Iterable[Entry], *, lock: bool) -> list[Entry]:
    """Say of each record of a person who is live at its base what becomes of it; returns those to be written.

    With `lock` the records are locked first, in the order in which everybody locks them.
    """
    here = [
        (each, each.standing, live)
        for each in entries
        if each.standing
        and each.standing.known is Known.HERE
        and (live := each.standing.live)
        and not each.outcome
    ]
    stored = _load([live.enrollment_id for _, _, live in here], lock=lock)
    times = Times(stored.values())
    for each, standing, live in here:
        each.enrollment_id = live.enrollment_id
        each.outcome = _outcome(each, standing.differences, live, stored.get(live.enrollment_id), times)
    return [each for each, _, _ in here if each.outcome == "corrected"]


def _load(ids: list[int], *, lock: bool) -> dict[int, Enrollment]:
    if lock:
        list(Enrollment.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
    return (
        Enrollment.objects.filter(pk__in=ids)
        .select_related(
            "resident__user", "resident__basic", "resident__work", "resident__certificate", "base__province"
        )
        .prefetch_related("resident__education_records", "status_changes")
        .in_bulk()
    )


def _outcome(
    entry: Entry,
    differences: tuple[str, ...],
    live: LiveEnrollment,
    enrollment: Enrollment | None,
    times: Times,
) -> str:
    if (
        enrollment is None
        or not enrollment.is_live
        or enrollment.registered_at is not None
        or enrollment.intake_year != entry.cycle_year
    ):
        facts = {"base": live.base_name, "year": live.intake_year, "status": live.status_name}
        entry.delivered.add("account.id_number", [problem("already_here", **facts)])
        return "duplicate"
    if entry.closed and not delivery_entry(enrollment, times).is_open:
        entry.delivered.add(
            "account.intake_year", [problem("transfer_closed", reason=entry.closed.rstrip("。"))]
        )
        return "refused"
    is_activated = enrollment.resident.user.activated_at is not None
    if "姓名" in differences and is_activated:
        entry.delivered.add("account.id_number", [problem("identity_name_differs")])
        return "duplicate"
    if "手机号" in differences and is_activated:
        entry.delivered.add("account.mobile", [problem("mobile_kept")])
    if (
        not _is_same(entry, enrollment, contacts=not is_activated)
        or enrollment.origin != Enrollment.Origin.API
    ):
        return "corrected"
    if enrollment.review_status == ReviewStatus.RETURNED:
        entry.delivered.add("", [problem("returned_unchanged")])
        return "unchanged"
    return "unchanged" if enrollment.report_status == ReportStatus.REPORTED else "corrected"


def _is_same(entry: Entry, enrollment: Enrollment, *, contacts: bool) -> bool:
    """Whether the delivery says what the platform holds; files are no part of it."""
    snapshot, sent = snapshot_of(enrollment), entry.delivered.values
    if contacts:
        names = ("full_name", "mobile")
        if any(snapshot["identity"][name] != sent["account"].get(name) for name in names):
            return False
    studies = sorted(sent["education"], key=lambda row: row.get("level") or "")
    if len(studies) != len(snapshot["education"]):
        return False
    pairs = [(part, sent[part], snapshot[part]) for part in ("basic", "certificate", "training")]
    pairs += [("education", row, stored) for row, stored in zip(studies, snapshot["education"], strict=True)]
    return all(_agree(part, values, stored) for part, values, stored in pairs)


def _agree(part: str, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all(
        _plain(sent.get(field.name)) == stored.get(field.name)
        for field in PARTS[part]
        if field.name != "training_base"
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
