"""The workbook of results: rows of one roster judged, then result, 培训状态 and certificate of each set at
once (GOAL-N10)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone

from bases.models import ImportBatch, ImportRow
from bases.report.withdrawal import unreport_after_change
from bases.workbooks.resource import WorkbookResource, column
from bases.workbooks.rows import Applied, JudgedRow, as_stored, has_errors, say_further, shown, unread
from bases.workbooks.signs import tell
from portal.models import User
from portal.sheets.reading import Table
from residents.codes import CODE_LISTS
from residents.codes.training import ENDED
from residents.models import StatusChange
from residents.rules import exam_result
from residents.rules.completion import problems_of_rows
from residents.rules.fields import Problems
from residents.rules.status import targets
from residents.services import states
from residents.services.status import judge_change, status_context, write_change
from residents.standing import bearers_by_document
from residents.words import in_words
from review.exams.services import taken_numbers
from review.models import ExamEntry, ExamUpload

Verdict = ImportRow.Verdict
# Any fixed number: files of results are written one after the other, so that no number is given twice.
_LOCK = 2019_082
_SET = ("result", "ended_on", "certificate_no", "certificate_date")
_FIELDS = {each.name: each for each in exam_result.FIELDS}
# Reason and 结业结果 of a 结束, by the result.
_ENDINGS = {"1": ("41", "1"), "2": ("42", "2"), "3": ("43", "3")}

ResultResource: type[WorkbookResource] = type(
    "ResultResource",
    (WorkbookResource,),
    {
        "title": "结业考核成绩模板",
        "version": "结业考核成绩模板 1",
        "unchanged_word": "已登记，没有变化",
        **{each.name: column(each) for each in exam_result.FIELDS},
    },
)
NOTES = [
    "一行一人，只填本批考核名册中的人；姓名、证件类型、证件号请勿改动。",
    "考核结果填“通过”“未通过”或“缺考”。",
    "结束日期：填写后培训状态随之改为“结束”；延期后补考的留空。",
    "合格证书编号只填已发放的编号，本平台不编号；还没有的，编号、发证日期和结束日期都留空，以后可以再传。",
]


def template(entries: Iterable[ExamEntry]) -> bytes:
    """The template filled with the roster: full numbers, behind the gate of its view."""
    rows = [[_written(name, value) for name, value in _row_of(entry).items()] for entry in entries]
    return ResultResource.template(rows, examples={}, notes=NOTES)


def _row_of(entry: ExamEntry) -> dict[str, Any]:
    person = entry.enrollment.resident
    who = {name: getattr(person, name) for name in ("full_name", "id_type", "id_number")}
    return who | _said(entry)


def _said(entry: ExamEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) or None for name in _SET}


def _written(name: str, value: Any) -> str:
    return in_words(_FIELDS[name], value, masked=False)


@dataclass(slots=True)
class Known:
    """The roster of the batch's session by person, whose the certificate numbers of the rows are, and the newest change
    of 培训状态 by record."""

    entries: dict[tuple[str, str], ExamEntry] = field(default_factory=dict)
    taken: dict[str, tuple[str, str]] = field(default_factory=dict)
    newest: dict[int, StatusChange] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: ImportBatch, rows: Iterable[Mapping[str, Any]]) -> "Known":
        rows = list(rows)
        session = ExamUpload.objects.get(import_batch=batch).session_id
        # The results may be older than the correction of a number.
        people = bearers_by_document([row["id_number"] for row in rows if row.get("id_number")])
        roster = ExamEntry.objects.filter(
            session=session, accepted_at__isnull=False, enrollment__resident__in=set(people.values())
        ).select_related("enrollment__resident", "enrollment__base")
        of_person = {each.enrollment.resident_id: each for each in roster}
        numbers = {row["certificate_no"] for row in rows if row.get("certificate_no")}
        return cls(
            {named: of_person[pk] for named, pk in people.items() if pk in of_person},
            taken_numbers(numbers),
            newest_changes(each.enrollment_id for each in of_person.values()),
        )

    def entry(self, values: Mapping[str, Any]) -> ExamEntry | None:
        return self.entries.get((values.get("id_type") or "", values.get("id_number") or ""))

    def judge(self, values: Mapping[str, Any]) -> Problems:
        """All that speaks against a row."""
        entry = self.entry(values)
        holder = self.taken.get(values.get("certificate_no") or "")
        has_ended = entry is not None and self.has_ended(entry, values)
        context: dict[str, Any] = {
            "today": timezone.localdate(),
            "entry": entry and _facts(entry, may_end=has_ended),
            "has_ended_otherwise": entry is not None and self.is_set(entry) and _differs(entry, values),
            "is_certificate_taken": holder is not None and holder != _bearer(values, entry),
        }
        found = exam_result.problems(values, context)
        if entry and not has_ended and values.get("ended_on") and not has_errors(found):
            _, refused = judge_change(_change(values), status_context(entry.enrollment))
            errors = [each for problems in refused.values() for each in problems if not each.is_warning]
            if errors:
                found.setdefault("ended_on", []).extend(errors)
        return found

    def is_set(self, entry: ExamEntry) -> bool:
        """Whether what was registered holds: a certificate, or a 结束 that nobody has changed since. Whose base took it
        further (延期 after a failed exam, AM-34) gets his next result in the same session."""
        newest = self.newest.get(entry.enrollment_id)
        stands = newest is not None and newest.pk == entry.status_change_id
        return bool(entry.certificate_no) or stands

    def has_ended(self, entry: ExamEntry, values: Mapping[str, Any]) -> bool:
        """Whether nothing is left for this row to end: what was registered holds, or the base has ended the training as
        the row would. Then only the rest is registered."""
        if self.is_set(entry):
            return True
        newest = self.newest.get(entry.enrollment_id)
        if (
            newest is None
            or newest.to_status != ENDED
            or not (values.get("ended_on") and values.get("result"))
        ):
            return False
        told = newest.ended_on, newest.ended_result
        return told == (values["ended_on"], _ENDINGS[values["result"]][1])

    def verdict(self, values: Mapping[str, Any], found: Problems) -> str:
        entry = self.entry(values)
        if has_errors(found) or entry is None:
            return Verdict.REFUSED
        if not _differs(entry, values):
            return Verdict.UNCHANGED
        return Verdict.UPDATE if entry.result else Verdict.CREATE


def _bearer(values: Mapping[str, Any], entry: ExamEntry | None) -> tuple[Any, Any]:
    """Type and number of the person of a row, as they are now."""
    if entry is None:
        return values.get("id_type"), values.get("id_number")
    return entry.enrollment.resident.id_type, entry.enrollment.resident.id_number


def newest_changes(records: Iterable[int]) -> dict[int, StatusChange]:
    """The newest change of 培训状态 of each of these records; one query."""
    rows = StatusChange.objects.filter(enrollment__in=list(records))
    newest = rows.order_by("enrollment", "-changed_at", "-pk").distinct("enrollment")
    return {each.enrollment_id: each for each in newest}


def _facts(entry: ExamEntry, *, may_end: bool) -> dict[str, Any]:
    record = entry.enrollment
    return {
        "full_name": record.resident.full_name,
        "start": record.actual_start_date,
        "province": record.base.province_id,
        "specialty": record.specialty_id,
        "may_end": may_end or ENDED in targets(record.status),
    }


def _differs(entry: ExamEntry, values: Mapping[str, Any]) -> bool:
    return any((values.get(name) or None) != value for name, value in _said(entry).items())


def _change(values: Mapping[str, Any]) -> dict[str, Any]:
    """The change of 培训状态 that a result with its end means."""
    reason, result = _ENDINGS[values["result"]]
    end = values["ended_on"]
    return {
        "status": ENDED,
        "effective_date": end,
        "reason": reason,
        "ended_on": end,
        "ended_result": result,
    }


class ResultWorkbook:
    """The results of one session."""

    resource = ResultResource

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]:
        read = [
            (number, record, *ResultResource.read(record, is_1904=table.is_1904))
            for number, record in table.records()
        ]
        known = Known.of(batch, [values for _, _, values, _ in read])
        among = problems_of_rows(((number, values) for number, _, values, _ in read), exam_result.FIELDS)
        for number, record, values, found in read:
            unreadable = unread(found)
            for more in (known.judge(values), among.get(number, {})):
                say_further(found, more, unreadable=unreadable)
            entry = known.entry(values)
            yield JudgedRow(
                number,
                {header: shown(value) for header, value in record.items()},
                {**values, "was": _stored(_said(entry)) if entry else {}},
                known.verdict(values, found),
                as_stored(found, ResultResource, table.letter) if found else [],
                enrollment_id=entry.enrollment_id if entry else None,
                before=_before(entry, values) if entry else None,
            )

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied:
        """Result, status and certificate of each row, in the caller's one transaction."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        clean = [(number, read_back(given)) for number, given in rows]
        known = Known.of(batch, [values for _, values in clean])
        letters = {header: letter for letter, header in batch.headers}
        applied = Applied()
        for done, (number, values) in enumerate(clean, 1):
            tell("正在登记成绩", done, len(clean))
            found = known.judge(values)
            verdict = known.verdict(values, found)
            entry = known.entry(values)
            if entry is None or verdict not in (Verdict.CREATE, Verdict.UPDATE):
                applied.changed[number] = verdict, as_stored(found, ResultResource, letters.get), None
            else:
                _set(entry, values, batch, by, ends=not known.has_ended(entry, values))
        return applied


def _set(entry: ExamEntry, values: Mapping[str, Any], batch: ImportBatch, by: User, *, ends: bool) -> None:
    """Register one row; `ends` says whether its 结束日期 still has to end the training."""
    for name in _SET:
        setattr(entry, name, values.get(name) or ("" if name in ("result", "certificate_no") else None))
    entry.import_batch = batch
    if ends:
        entry.status_change = None
    if entry.ended_on and ends:
        record = states.lock(entry.enrollment_id)
        after, _ = judge_change(_change(values), status_context(record))
        entry.status_change = write_change(record, after, by=by)
        unreport_after_change([record], by=by)
    entry.save()


def _before(entry: ExamEntry, values: Mapping[str, Any]) -> list[list[str]]:
    said = _said(entry)
    return [
        [_FIELDS[name].label, _written(name, said[name]), _written(name, values.get(name))]
        for name in _SET
        if said[name] and said[name] != (values.get(name) or None)
    ]


def _stored(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def read_back(given: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as the rules take them: JSON keeps dates as texts."""
    days = {name: given.get(name) for name in ("ended_on", "certificate_date")}
    return {**given, **{name: date.fromisoformat(day) if day else None for name, day in days.items()}}


def result_in_words(code: str) -> str:
    return CODE_LISTS["exam_result"].label(code) if code else ""
