"""Taking back what a batch changed in records that were there before it (GOAL-B11).

The history holds each record as it stood before the batch and as the batch left it, so the import keeps nothing beside
it. A record that somebody has worked on since is named and left alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bases.models import ImportBatch, ImportRow, Submission
from portal.histories import event_model
from portal.models import User
from residents.catalogue.catalogue import problem
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import LIVE, Module
from residents.openness import entries_of, training_entry
from residents.rules import status
from residents.services.returns import settle_states
from residents.services.states import StateMoved
from residents.services.status import take_back
from residents.services.training import (
    EDITABLE,
    Judged,
    accredited_specialties,
    is_complete,
    store_many,
    training_context,
)
from residents.snapshot import for_check
from residents.words import in_words

_STATUS = {each.name: each for each in status.FIELDS}
_TRAINING_COLUMNS = {"specialty_id" if each.name == "specialty" else each.name: each for each in EDITABLE}
_STATUS_COLUMNS = ("status", "status_since", "extended_until", "expected_resume")
_ENDS = ("deleted_at", "lapsed_at")
_COLUMNS = (*_TRAINING_COLUMNS, *_STATUS_COLUMNS, *_ENDS)
_STATUS_LABELS = frozenset(each.label for each in status.TEMPLATE_FIELDS)


@dataclass(slots=True)
class Past:
    """One record's history around a batch: as it was, as the batch left it, since when, and whether it moved since."""

    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    at: datetime | None = None
    is_touched: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """A record that goes back to what it was; `change` is the one of its status to take back, None where it stays."""

    enrollment: Enrollment
    before: dict[str, Any]
    after: dict[str, Any]
    change: StatusChange | None = None

    @property
    def words(self) -> list[tuple[str, str, str]]:
        """(field, what stands, what it goes back to) of each column that differs."""
        fields = {**_TRAINING_COLUMNS, **{name: _STATUS[name] for name in _STATUS_COLUMNS if name in _STATUS}}
        return [
            (each.label, in_words(each, self.after[name]), in_words(each, self.before[name]))
            for name, each in fields.items()
            if self.after[name] != self.before[name]
        ]


@dataclass(frozen=True, slots=True)
class Updates:
    """What an undo would do with the records that the batch changed."""

    restored: list[Restore] = field(default_factory=list)
    kept: list[tuple[Enrollment, str]] = field(default_factory=list)
    reported: list[Enrollment] = field(default_factory=list)


# A report that the base took back itself forbids no undo.
NOT_WITHDRAWN = Submission.objects.exclude(outcome=Submission.Outcome.WITHDRAWN)


def changed_records(batch: ImportBatch) -> dict[int, ImportRow]:
    """The rows of the batch that changed a record, by the record's id."""
    rows = batch.rows.filter(verdict=ImportRow.Verdict.UPDATE, enrollment__isnull=False)
    waiting = set(batch.rows.waiting().values_list("pk", flat=True))
    return {row.enrollment_id: row for row in rows if row.enrollment_id and row.pk not in waiting}


def updates_of(batch: ImportBatch) -> Updates:
    """Sort the records that the batch changed; a constant number of queries however many there are."""
    rows = changed_records(batch)
    records = list(for_check(Enrollment.objects.filter(pk__in=rows)).order_by("pk"))
    pasts = _pasts(batch, rows)
    entries = entries_of(records, training_entry)
    reports = _last_reports(rows)
    elsewhere = _live_elsewhere(records)
    updates = Updates()
    for record in records:
        past = pasts[record.pk]
        if past.at is not None and reports.get(record.pk, past.at) > past.at:
            updates.reported.append(record)
            continue
        change, reason = _status_to_take_back(record, past, rows[record.pk])
        reason = _reason(record, past) or reason
        # In the registry a record is closed by 退培 only, and that is what may be taken back.
        if not reason and record.module == Module.INTAKE and not entries[record.pk].is_open:
            reason = entries[record.pk].reason
        if not reason and change and record.resident_id in elsewhere:
            reason = problem("reopen_blocked", to="在培").text
        if reason or past.before is None or past.after is None:
            updates.kept.append((record, reason))
        else:
            updates.restored.append(Restore(record, past.before, past.after, change))
    return updates


def _pasts(batch: ImportBatch, ids: Iterable[int]) -> dict[int, Past]:
    events = event_model(Enrollment).objects.filter(pgh_obj_id__in=list(ids))
    pasts = {pk: Past() for pk in ids}
    lines = events.order_by("pgh_obj_id", "pgh_id").values(
        "pgh_obj_id", "pgh_created_at", "pgh_context__metadata", *_COLUMNS
    )
    for line in lines.iterator(chunk_size=2000):
        past, told = pasts[line["pgh_obj_id"]], line["pgh_context__metadata"] or {}
        state = {name: line[name] for name in _COLUMNS}
        if told.get("channel") == "import" and told.get("batch") == batch.pk:
            past.after, past.at = state, past.at or line["pgh_created_at"]
        elif past.after is None:
            past.before = state
        elif state != past.after:
            past.is_touched = True
    return pasts


def _last_reports(ids: Iterable[int]) -> dict[int, datetime]:
    found = NOT_WITHDRAWN.filter(enrollment__in=list(ids)).order_by("reported_at")
    return dict(found.values_list("enrollment_id", "reported_at"))


def _live_elsewhere(records: Iterable[Enrollment]) -> set[int]:
    """Persons whose record is at 退培 and who have a new one by now (BR-74)."""
    gone = {each.resident_id for each in records if each.status == status.WITHDRAWN}
    live = Enrollment.objects.filter(LIVE, resident__in=gone) if gone else Enrollment.objects.none()
    return set(live.values_list("resident_id", flat=True))


def _reason(record: Enrollment, past: Past) -> str:
    if past.before is None or past.after is None:
        return "没有这次导入之前的内容，不能恢复。"
    if record.deleted_at:
        return "此后已单独删除。"
    if record.lapsed_at:
        return "招收信息已锁定，这条记录已失效。"
    return "培训信息或状态此后已修改。" if past.is_touched else ""


def _status_to_take_back(record: Enrollment, past: Past, row: ImportRow) -> tuple[StatusChange | None, str]:
    """The change of the status that the batch wrote; or why there is no way back."""
    if past.at is None or past.before is None:
        return None, ""
    since = [change for change in record.status_changes.all() if change.changed_at >= past.at]
    expected = any(label in _STATUS_LABELS for label, *_ in row.before or ())
    if len(since) != expected:
        return None, "培训状态此后已变更。"
    if not expected:
        return None, ""
    was = past.before["status"]
    if record.status != was and was not in status.targets(record.status):
        return None, "培训状态不能直接改回，请在记录中变更。"
    return since[0], ""


def restore(batch: ImportBatch, chosen: Iterable[Restore], *, by: User) -> list[tuple[Enrollment, str]]:
    """Write the records back, as changes of their own in the history; returns those that could not be, and why.

    What the import un-reported stays 未上报: to report again is the base's own act (BR-83, BR-84).
    """
    kept, changed = [], []
    for each in chosen:
        if reason := _restore_status(each, by):
            kept.append((each.enrollment, reason))
        elif _differs(each, _TRAINING_COLUMNS):
            changed.append(each)
    years = {each.enrollment.intake_year for each in changed}
    accredited = {year: accredited_specialties(batch.base, year) for year in years}
    store_many(_judged(each, accredited[each.enrollment.intake_year]) for each in changed)
    settle_states([each.enrollment.pk for each in changed if _differs(each, ("trainee_type",))])
    return kept


def _differs(each: Restore, names: Collection[str]) -> bool:
    return any(each.before[name] != each.after[name] for name in names)


def _judged(each: Restore, accredited: Mapping[str, int | None]) -> Judged:
    values = {item.name: each.before[column] for column, item in _TRAINING_COLUMNS.items()}
    context = training_context(each.enrollment, accredited)
    return Judged.of(each.enrollment, values, is_complete(values, context))


def _restore_status(each: Restore, by: User) -> str:
    """Take the status back, if it was changed; or why it could not be (AM-27)."""
    if each.change is None:
        return ""
    try:
        take_back(each.enrollment, each.change, by=by)
    except StateMoved as moved:
        return str(moved)
    return ""
