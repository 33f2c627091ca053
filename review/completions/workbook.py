"""The workbook of 附件1: one province's rows judged by the rules and by what is known, written at once (BR-16,
BR-23)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, cast

from django.db import connection
from django.utils import timezone

from bases.imports.batch import BatchMoved
from bases.legacy.names import bases_named
from bases.models import ImportBatch, ImportRow, TrainingBase
from bases.workbooks.rows import Applied, JudgedRow, as_stored, has_errors, say_further, shown, unread
from portal.models import User
from portal.sheets.reading import Table
from residents.models import Resident
from residents.rules import completion
from residents.rules.fields import Problems
from residents.standing import bearers_by_document
from review.completions.resource import CompletionResource
from review.completions.services import tell_sent
from review.models import CompletionBatch, CompletionRecord

Verdict = ImportRow.Verdict
# Any fixed number: applies of this kind wait for each other, so that none misses what another one is writing.
_LOCK = 2015_2016
_PLACES = {"province": "province_id", "training_base": "base_id", "specialty": "specialty_id"}
_COMPARED = {"full_name": "姓名", "id_type": "身份证件类别", "mobile": "手机号码"}


@dataclass(slots=True)
class Known:
    """What the platform knows of the rows of one file: bases by name and code, reported completions, persons."""

    province: str
    bases: dict[str, TrainingBase] = field(default_factory=dict)
    own_names: list[str] = field(default_factory=list)
    by_person: dict[tuple[str, str], CompletionRecord] = field(default_factory=dict)
    by_certificate: dict[str, CompletionRecord] = field(default_factory=dict)
    residents: dict[tuple[str, str], Resident] = field(default_factory=dict)

    @classmethod
    def of(cls, province: str, rows: Iterable[Mapping[str, Any]]) -> "Known":
        """Eight queries however many rows there are."""
        rows = list(rows)
        places, numbers, certificates = (
            {row[name] for row in rows if row.get(name)}
            for name in ("training_base", "id_number", "certificate_no")
        )
        known = cls(province)
        for word, found in bases_named(places).items():
            # Two provinces may have hospitals of one name: the own one is meant.
            known.bases[word] = next((base for base in found if base.province_id == province), found[0])
        own = TrainingBase.objects.filter(province=province).order_by("code")
        known.own_names = list(own.values_list("name", flat=True))
        reported = CompletionRecord.objects.filter(is_current=True).select_related("batch")
        known.by_person = {_key(row): row for row in reported.filter(id_number__in=numbers)}
        known.by_certificate = {
            row.certificate_no: row for row in reported.filter(certificate_no__in=certificates)
        }
        named = bearers_by_document(numbers)
        people = Resident.objects.in_bulk(set(named.values()))
        known.residents = {key: people[pk] for key, pk in named.items()}
        return known

    def context(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What completion.problems asks of the platform for one row."""
        base = self.bases.get(values.get("training_base") or "")
        nearest = [] if base else get_close_matches(values.get("training_base") or "", self.own_names, 1)
        reported = self.by_person.get(_person_of(values))
        certified = self.by_certificate.get(values.get("certificate_no") or "")
        is_same = self.is_reported(values)
        return {
            "today": timezone.localdate(),
            "own_province": self.province,
            "base_found": base is not None,
            "base_nearest": nearest[0] if nearest else None,
            "base_province": base.province_id if base else None,
            "is_reported_elsewhere": reported is not None and reported.batch.province_id != self.province,
            "reported_on": reported and not is_same and timezone.localdate(reported.batch.sent_at),
            "is_certificate_reported": certified is not None
            and certified.id_number != values.get("id_number"),
            "known_differences": self._differences(values),
        }

    def is_reported(self, values: Mapping[str, Any]) -> bool:
        """Is this very row reported already, by this province?"""
        reported = self.by_person.get(_person_of(values))
        if reported is None or reported.batch.province_id != self.province:
            return False
        columns = self.columns(values)
        return all(getattr(reported, name) == columns[name] for name in columns if name != "resident_id")

    def columns(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of CompletionRecord that a row fills."""
        base = self.bases.get(values.get("training_base") or "")
        person = self.residents.get(_person_of(values))
        filled = {_PLACES.get(each.name, each.name): values.get(each.name) for each in completion.FIELDS}
        return filled | {
            "base_id": base.pk if base else None,
            "resident_id": person.pk if person else None,
        }

    def _differences(self, values: Mapping[str, Any]) -> list[str]:
        person = self.residents.get(_person_of(values))
        if person is None:
            return []
        return [
            label
            for name, label in _COMPARED.items()
            if values.get(name) and values[name] != getattr(person, name)
        ]


def _key(person: Resident | CompletionRecord) -> tuple[str, str]:
    """Who a row or record is of: type and number, since two people may share a number (AM-35)."""
    return person.id_type, person.id_number


def _person_of(values: Mapping[str, Any]) -> tuple[str, str]:
    return values.get("id_type") or "", values.get("id_number") or ""


class CompletionWorkbook:
    """附件1 of one province."""

    resource = CompletionResource

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]:
        """All faults of every row at once: cells, the row, rows against each other, what is known."""
        read = [
            (number, record, *CompletionResource.read(record, is_1904=table.is_1904))
            for number, record in table.records()
        ]
        known = Known.of(cast(str, batch.province_id), [values for _, _, values, _ in read])
        among = completion.problems_of_rows((number, values) for number, _, values, _ in read)
        for number, record, values, found in read:
            unreadable = unread(found)
            say_further(found, completion.problems(values, known.context(values)), unreadable=unreadable)
            say_further(found, among.get(number, {}), unreadable=unreadable)
            yield JudgedRow(
                number,
                {header: shown(value) for header, value in record.items()},
                values,
                _verdict(found, values, known),
                as_stored(found, CompletionResource, table.letter) if found else [],
            )

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied:
        """Write the rows as records of the batch they were uploaded for; overtaken ones are told so in their row."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        reported = _locked_completions(batch)
        clean = [(number, _read_back(given)) for number, given in rows]
        known = Known.of(cast(str, batch.province_id), [values for _, values in clean])
        letters = {header: letter for letter, header in batch.headers}
        applied, made = Applied(), []
        for number, values in clean:
            found = completion.problems(values, known.context(values))
            verdict = _verdict(found, values, known)
            if verdict == Verdict.CREATE:
                made.append(CompletionRecord(batch=reported, **known.columns(values)))
            else:
                applied.changed[number] = verdict, as_stored(found, CompletionResource, letters.get), None
        CompletionRecord.objects.bulk_create(made, batch_size=1000)
        reported.state, reported.sent_by, reported.sent_at = CompletionBatch.State.SENT, by, timezone.now()
        reported.save(update_fields=["state", "sent_by", "sent_at"])
        tell_sent(reported, len(made))
        return applied


def _locked_completions(batch: ImportBatch) -> CompletionBatch:
    """The completions of an import, locked. Raises BatchMoved once the association has decided on it."""
    found = CompletionBatch.objects.select_for_update(of=("self",)).select_related("province")
    reported = found.get(import_batch=batch)
    if reported.state not in (CompletionBatch.State.UPLOADED, CompletionBatch.State.SENT):
        raise BatchMoved(f"这批补报现在是“{reported.get_state_display()}”，不能再提交；请另行上传。")
    return reported


def _read_back(given: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as the rules take them: JSON keeps dates as texts."""
    dates = [each.name for each in completion.FIELDS if each.kind == "date"]
    values, _ = CompletionResource.read(
        {each.label: given.get(each.name) for each in completion.FIELDS if each.name in dates}
    )
    return {**given, **values}


def _verdict(found: Problems, values: Mapping[str, Any], known: Known) -> str:
    if has_errors(found):
        return Verdict.REFUSED
    return Verdict.UNCHANGED if known.is_reported(values) else Verdict.CREATE
