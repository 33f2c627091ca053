"""The training workbook: rows found by identity among the base's own records, judged, written set-wise (GOAL-B12).

What a row would change is worked out by one function for the check and for the apply, so that the preview says the
truth (GOAL-B3). Unchanged rows write nothing and un-report nothing (PAIN-19).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, cast

from django.db.models import Q
from django.utils import timezone

from bases.extensions.services import extendable
from bases.models import ImportBatch, ImportRow, TrainingBase
from bases.report.withdrawal import unreport_after_change
from bases.scope import own_specialties
from bases.transfer_requests import settle
from bases.workbooks.rows import Applied, JudgedRow, as_stored, has_errors, say_further, shown, unread
from bases.workbooks.signs import tell
from bases.workbooks.training_resource import RESOURCES, in_template, training_template
from portal.calendar import Opening
from portal.models import User
from portal.sheets.reading import Table
from residents.catalogue.catalogue import Verbatim
from residents.codes import CODE_LISTS
from residents.codes.training import IN_TRAINING
from residents.field_words import condition_in_words
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.openness import entries_of, training_entry
from residents.rules import status, training
from residents.rules.duplicates import differing, judge_pair
from residents.rules.fields import Field, Problems, add, blanks
from residents.services.returns import settle_states
from residents.services.states import StateMoved
from residents.services.status import (
    changes_status,
    current_details,
    judge_change,
    status_context,
    write_change,
)
from residents.services.training import (
    EDITABLE,
    Judged,
    accredited_specialties,
    differences,
    judge_block,
    store_many,
    studies_of,
    training_context,
)
from residents.snapshot import values_of
from residents.standing import bearers_by_document

Verdict = ImportRow.Verdict
BLANK = "（空）"
_FIELDS: dict[str, Field] = {
    each.name: each for each in (*training.MATCH_FIELDS, *training.FIELDS, *status.FIELDS)
}
_NAMES = {each.label: name for name, each in _FIELDS.items()}
_MATCH = tuple(each.name for each in training.MATCH_FIELDS)
# In the file only to find the record and to be compared with it.
_LOCKED = (*_MATCH, "intake_year")
_DATES = frozenset(each.name for each in _FIELDS.values() if each.kind in ("date", "month"))
_OWN = frozenset(each.name for each in EDITABLE)
_STATUS = frozenset(each.name for each in status.TEMPLATE_FIELDS)


# The records of each list (bases/lists/records.py): an approved recruit stays in the intake's, and so in its export,
# but is changed in the registry only (AM-30).
_LISTED: dict[str, Q] = {
    Module.INTAKE: Q(registered_at__isnull=True) | Q(intake_submission__isnull=False),
    Module.REGISTRY: Q(registered_at__isnull=False),
}
_MOVED_ON = Opening(False, reason="已审核通过，请用“住院医师信息管理”的模板修改")


@dataclass(slots=True)
class Outcome:
    """What a row would do to its record: changes of 培训信息 and of 培训状态, and what speaks against them."""

    problems: Problems = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    change: dict[str, Any] | None = None
    is_complete: bool = False

    @property
    def verdict(self) -> str:
        if has_errors(self.problems):
            return Verdict.REFUSED
        return Verdict.UPDATE if self.fields or self.change else Verdict.UNCHANGED


class Records:
    """The base's records of one module that the rows of a file may speak of, with what judging them needs."""

    def __init__(self, batch: ImportBatch, numbers: Collection[str], *, lock: bool = False) -> None:
        self._is_intake, self._base = batch.module == Module.INTAKE, batch.base
        # A file may be older than the correction of a number.
        self._people = bearers_by_document(numbers)
        found = Enrollment.objects.filter(
            _LISTED[batch.module],
            base_id=batch.base_id,
            resident__in=set(self._people.values()),
            deleted_at__isnull=True,
        )
        # A department secretary's file reaches the people of his specialties alone.
        if (own := own_specialties(batch.uploaded_by, batch.base_id)) is not None:
            found = found.filter(specialty__in=own)
        if lock:
            ids = list(found.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
            found = Enrollment.objects.filter(pk__in=ids)
        self._by_person: dict[int, list[Enrollment]] = {}
        if batch.module == Module.REGISTRY:
            found = found.prefetch_related("status_changes")
        records = list(found.select_related("resident").order_by("pk"))
        base = cast(TrainingBase, batch.base)  # such a workbook is always a base's
        for record in records:
            record.base = base
            self._by_person.setdefault(record.resident_id, []).append(record)
        self._entries = entries_of(records, training_entry)
        self._accredited = {
            year: accredited_specialties(base, year) for year in {each.intake_year for each in records}
        }
        self._today = timezone.localdate()
        self._studied = studies_of({each.resident_id for each in records})

    def of(self, given: Mapping[str, Any]) -> Enrollment | None:
        """The record a row speaks of: by type and number, of several by year, specialty, and the living one first."""
        person = self._people.get((given.get("id_type", ""), given.get("id_number", "")), 0)
        found = self._by_person.get(person, [])
        for name, column in (("intake_year", "intake_year"), ("specialty", "specialty_id")):
            if len(found) > 1 and given.get(name):
                found = [each for each in found if getattr(each, column) == given[name]] or found
        return max(found, key=lambda each: (each.is_live, each.pk), default=None)

    def entry(self, record: Enrollment) -> Opening:
        if self._is_intake and record.registered_at:
            return _MOVED_ON
        return self._entries[record.pk]

    @cached_property
    def _extendable(self) -> set[int]:
        records = [each for some in self._by_person.values() for each in some]
        return extendable(cast(TrainingBase, self._base), records)

    def may_get_more_time(self, record: Enrollment) -> bool:
        """Whether the base can ask for more time for it now; asked of locked records alone."""
        return record.pk in self._extendable

    def context(self, record: Enrollment) -> dict[str, Any]:
        return training_context(
            record,
            self._accredited[record.intake_year],
            self._studied[record.resident_id],
            self._today,
        )


class TrainingWorkbook:
    """培训信息模板 of one module (BR-29, BR-35, BR-56, BR-81)."""

    def __init__(self, module: Module) -> None:
        self.resource = RESOURCES[module]

    def template(
        self, records: Iterable[Enrollment], *, base: TrainingBase, module: str, cycle_year: int
    ) -> bytes:
        return training_template(records, module=module, base=base)

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]:
        """All faults of every row at once, and before → after of what would change."""
        texts: dict[tuple[str, str], Any] = {}
        read = [
            (number, record, *self.resource.read_row(record, is_1904=table.is_1904, known=texts))
            for number, record in table.records()
        ]
        records = Records(batch, [given.get("id_number") or "" for _, _, given, _ in read])
        among = _problems_among((number, given, records.of(given)) for number, _, given, _ in read)
        for number, line, given, unreadable in read:
            record = records.of(given)
            outcome = outcome_of(given, record, records, unreadable)
            say_further(outcome.problems, among.get(number, {}), unreadable=unread(unreadable))
            yield JudgedRow(
                number,
                {
                    header: text
                    for header, value in line.items()
                    if (text := value if type(value) is str else shown(value))
                },
                given,
                outcome.verdict,
                as_stored(outcome.problems, self.resource, table.letter),
                record.pk if record else None,
                _in_words(outcome, record),
            )

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied:
        """Write what is still as it was judged; a row whose record has changed meanwhile is marked so."""
        records = Records(batch, [given["id_number"] for _, given in rows], lock=True)
        applied = Applied()
        written: dict[int, tuple[Enrollment, Outcome]] = {}
        letters = {text: column for column, text in batch.headers}
        promised = dict(batch.rows.good().values_list("sheet_row", "before"))
        for done, (number, kept) in enumerate(rows):
            tell("正在导入：核对各行", done, len(rows))
            given = _with_dates(kept)
            record = records.of(given)
            outcome = outcome_of(given, record, records, {})
            _refuse_unseen(outcome, record, promised.get(number) or [])
            is_update = outcome.verdict == Verdict.UPDATE
            if record is not None and is_update and _writes_status(outcome, record, by):
                written[number] = record, outcome
            else:
                problems = as_stored(outcome.problems, self.resource, letters.get)
                applied.changed[number] = outcome.verdict, problems, record.pk if record else None
        tell("正在导入：写入培训信息")
        store_many(
            Judged.of(record, outcome.after, outcome.is_complete)
            for record, outcome in written.values()
            if outcome.fields
        )
        unreport_after_change([record for record, _ in written.values()], by=by)
        settle([record for record, outcome in written.values() if outcome.change], by=by)
        # What is asked of the resident depends on 人员类型.
        settle_states([record.pk for record, outcome in written.values() if "trainee_type" in outcome.fields])
        return applied


def _problems_among(
    rows: Iterable[tuple[int, Mapping[str, Any], Enrollment | None]],
) -> dict[int, Problems]:
    """What rows about one record say against each other: the later is one too many, both are wrong where they
    differ."""
    found: dict[int, Problems] = {}
    first_of: dict[int, tuple[int, Mapping[str, Any]]] = {}
    for number, given, record in rows:
        if record is not None:
            first, told = first_of.setdefault(record.pk, (number, given))
            if first != number:
                judge_pair(found, first, number, differing(_FIELDS.values(), told, given))
    return found


def _with_dates(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Clean values as a row keeps them: JSON holds dates as texts."""
    return {
        name: date.fromisoformat(value) if name in _DATES and value is not None else value
        for name, value in kept.items()
    }


def outcome_of(
    given: Mapping[str, Any], record: Enrollment | None, records: Records, unreadable: Problems
) -> Outcome:
    """What the row does to its record as it is now; that a record is locked is a fault only if it would change."""
    outcome = Outcome()
    _judge(given, record, records, outcome, unread(unreadable))
    found = dict(unreadable)
    say_further(found, outcome.problems, unreadable=unread(unreadable))
    outcome.problems = found
    return outcome


def _judge(
    given: Mapping[str, Any],
    record: Enrollment | None,
    records: Records,
    outcome: Outcome,
    unreadable: Collection[str],
) -> None:
    _judge_match(given, record, records, outcome, unreadable)
    if record is None:
        return
    context = records.context(record)
    own = {name: value for name, value in given.items() if name in _OWN}
    stored = values_of(record, "training")
    outcome.after, found = judge_block(stored, own, context)
    outcome.fields = differences(stored, outcome.after)
    if outcome.fields:
        _merge(outcome.problems, found)
        blank = blanks(training.FIELDS, outcome.after, context)
        outcome.is_complete = not (blank or has_errors(found))
        _tell_asked(outcome, blank)
        if not records.entry(record).is_open:
            reason = records.entry(record).reason.rstrip("。")
            code = "record_locked_late" if records.may_get_more_time(record) else "record_locked"
            add(outcome.problems, "", code, reason=Verbatim(reason))
    # Without its status a change tells nothing.
    if "status" not in unreadable:
        _judge_status(given, record, outcome)


def _tell_asked(outcome: Outcome, blank: Iterable[str]) -> None:
    """A warning for each blank field that must be filled in because of what this row changes (GOAL-B4)."""
    for name in blank:
        each = _FIELDS[name]
        if outcome.fields.keys() & {other for other, _ in (*each.asked, *each.needed)}:
            condition = Verbatim(condition_in_words(each))
            add(outcome.problems, name, "asked_now", condition=condition, label=each.label)


def _refuse_unseen(outcome: Outcome, record: Enrollment | None, promised: list[list[str]]) -> None:
    """A row is written only over what its preview showed: what somebody changed meanwhile is not overwritten unseen
    (GOAL-B3, TRUST-43). `promised`: [column, before, after] of each cell."""
    if outcome.verdict != Verdict.UPDATE:
        return
    shown_before = {label: before for label, before, _ in promised}
    for label, before, after in _in_words(outcome, record) or []:
        if shown_before.get(label) != before:
            then = shown_before.get(label, after)
            add(
                outcome.problems,
                _NAMES[label],
                "changed_meanwhile",
                label=label,
                then=then or BLANK,
                now=before or BLANK,
            )


def _judge_match(
    given: Mapping[str, Any],
    record: Enrollment | None,
    records: Records,
    outcome: Outcome,
    unreadable: Collection[str],
) -> None:
    for name in _LOCKED:
        if name in given and given[name] is None:
            add(outcome.problems, name, "cannot_clear", label=_FIELDS[name].label)
    blank = [name for name in _MATCH if given.get(name) is None and name not in outcome.problems]
    for name in blank:
        add(outcome.problems, name, "required")
    if record is None:
        if not ({"id_type", "id_number"} & {*outcome.problems, *unreadable}):
            _merge(outcome.problems, training.problems({}, {"enrollment_found": False}))
        return
    on_file = {"full_name": record.resident.full_name, "intake_year": record.intake_year}
    training.judge_match(given, on_file, outcome.problems)


def _judge_status(given: Mapping[str, Any], record: Enrollment, outcome: Outcome) -> None:
    """A change of 培训状态, or other details of the same status (AM-10); a status named alone and unchanged is none."""
    for name in _STATUS & {name for name, value in given.items() if value is None}:
        add(outcome.problems, name, "cannot_clear", label=_FIELDS[name].label)
    told = {name: value for name, value in given.items() if name in _STATUS and value is not None}
    named = told.get("status", record.status)
    if not told or (named == record.status and set(told) <= {"status"}):
        return
    if named == record.status == IN_TRAINING:
        add(outcome.problems, "status", "status_unchanged", status=CODE_LISTS["status"].label(named))
        return
    values = (current_details(record) | told) if named == record.status else told
    after, found = judge_change(values, status_context(record))
    if changes_status(record, after):
        outcome.change = after
        _merge(outcome.problems, found)


def _writes_status(outcome: Outcome, record: Enrollment, by: User) -> bool:
    """Write the row's change of status, if it has one; False, with the fault, where another base was first."""
    try:
        if outcome.change is not None:
            write_change(record, outcome.change, by=by)
    except StateMoved:
        add(outcome.problems, "status", "reopen_blocked", to=CODE_LISTS["status"].label(IN_TRAINING))
        return False
    return True


def _merge(found: Problems, more: Problems) -> None:
    for name, problems in more.items():
        found.setdefault(name, []).extend(each for each in problems if each not in found.get(name, []))


def _in_words(outcome: Outcome, record: Enrollment | None) -> list[list[str]] | None:
    """[column, before, after] of every cell that would change, in the order of the columns, for the preview."""
    if record is None or outcome.verdict == Verdict.REFUSED:
        return None
    pairs = dict(outcome.fields)
    if outcome.change is not None:
        is_other = outcome.change["status"] != record.status
        current = {"status": record.status} if is_other else current_details(record)
        for name, value in outcome.change.items():
            if (current.get(name) or None) != (value or None):
                pairs[name] = current.get(name), value
    return [
        [_FIELDS[name].label, *(in_template(_FIELDS[name], value) for value in pair)]
        for name, pair in pairs.items()
    ]
