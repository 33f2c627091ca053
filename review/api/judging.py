"""Judging a delivered batch: each record by residents.rules, its base, and what the platform knows of its person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from bases import whereabouts
from bases.legacy.names import bases_named
from bases.models import Province, SpecialtyBase, TrainingBase
from portal.models import User
from residents.catalogue.catalogue import problem
from residents.codes import CODE_LISTS
from residents.models import CertificateInfo
from residents.rules import account, certificate
from residents.rules import delivery as rules
from residents.services.training import accreditations
from residents.standing import COMES, AccountRow, Known, Standing, live_facts
from residents.two_types import under_another_type

_CODED = {field.name: field.codes for field in certificate.FIELDS if field.codes}


@dataclass(slots=True)
class Entry:
    """One record on its way: what was sent, what the rules say, what became of it."""

    index: int
    external_id: str
    delivered: rules.Delivered
    base: TrainingBase | None = None
    standing: Standing | None = None
    outcome: str = ""
    enrollment_id: int | None = None
    # The cycle it is delivered to (AM-42), and why that takes nothing new now.
    cycle_year: int | None = None
    closed: str = ""

    @property
    def known(self) -> Known | None:
        """What the platform knows of the person; None while he cannot be looked up."""
        return self.standing.known if self.standing else None

    @property
    def record_id(self) -> int:
        """The record that was written or found; only entries that have one are asked."""
        assert self.enrollment_id is not None
        return self.enrollment_id

    @property
    def row(self) -> AccountRow | None:
        """The person as the platform looks him up; None while type or number cannot be read."""
        values = self.delivered.values["account"]
        if not (values.get("id_number") and values.get("id_type")):
            return None
        return AccountRow(
            self.index,
            values.get("intake_year"),
            values.get("full_name") or "",
            values["id_type"],
            values["id_number"],
            values.get("mobile"),
        )


def read(province_id: str, records: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The records with their bases: those of the key's province, by code, full name or former name."""
    entries = [
        Entry(index, record.get("external_id", ""), rules.read(record))
        for index, record in enumerate(records)
    ]
    words = {word for each in entries if (word := each.delivered.values["training"].get("training_base"))}
    bases = {
        word: base
        for word, found in bases_named(words).items()
        for base in found
        if base.province_id == province_id and base.is_active
    }
    for entry in entries:
        entry.base = bases.get(entry.delivered.values["training"].get("training_base") or "")
    return entries


def judge(entries: Sequence[Entry], province: Province, by: User) -> None:
    for at_base, group in by_base(entries):
        known = whereabouts.ask(
            [row for each in group if (row := each.row)],
            base_id=at_base.pk,
            by=province,
            user=by,
            way="api",
        )
        for each in group:
            each.standing = known.get(each.index)
    doubles = under_another_type([row for each in entries if each.known in COMES and (row := each.row)])
    years = {each.cycle_year for each in entries}
    base_ids = {each.base.pk for each in entries if each.base}
    accredited = {year: accredited_of(base_ids, year) for year in years if year is not None}
    held = _held_certificates(entries)
    today = timezone.localdate()
    for each in entries:
        base = each.base
        rules.judge(
            each.delivered,
            {
                "today": today,
                "cycle_year": each.cycle_year,
                "base_found": base is not None or not each.delivered.values["training"].get("training_base"),
                "base_province": base and base.province_id,
                "accredited": accredited.get(each.cycle_year or 0, {}).get(base.pk, {}) if base else None,
                "live_enrollment": _live_elsewhere(each.standing),
                "stored": held.get(each.index, {}),
            },
        )
        judge_standing(each)
        if each.closed and each.known is not Known.HERE:
            each.delivered.add(
                "account.intake_year", [problem("transfer_closed", reason=each.closed.rstrip("。"))]
            )
        if each.index in doubles:
            each.delivered.add("account.id_number", [problem(account.TWO_TYPES)])
    rules.problems_of_records([each.delivered for each in entries])
    for each in entries:
        if not each.outcome and each.delivered.has_errors:
            each.outcome = "duplicate" if _says(each, "duplicate_in_file") else "refused"


def _held_certificates(entries: Iterable[Entry]) -> dict[int, dict[str, Any]]:
    """What persons of this base hold already, where their record names a code out of use; at most one query."""
    records = {
        each.index: here
        for each in entries
        if each.standing
        and (here := each.standing.record_here)
        and _names_withdrawn_code(each.delivered.values["certificate"])
    }
    if not records:
        return {}
    held = CertificateInfo.objects.filter(resident__enrollments__in=records.values())
    stored = {
        enrollment: dict(zip(_CODED, values, strict=True))
        for enrollment, *values in held.values_list("resident__enrollments", *_CODED)
    }
    return {index: stored[enrollment] for index, enrollment in records.items() if enrollment in stored}


def _names_withdrawn_code(values: Mapping[str, Any]) -> bool:
    return any(
        values.get(name) is not None and values[name] not in CODE_LISTS[codes].offered
        for name, codes in _CODED.items()
    )


def by_base(entries: Iterable[Entry]) -> list[tuple[TrainingBase, list[Entry]]]:
    """In the order of the bases' keys: everybody who locks the same ones does it in the same order."""
    groups: dict[int, tuple[TrainingBase, list[Entry]]] = {}
    for each in entries:
        if each.base is not None:
            groups.setdefault(each.base.pk, (each.base, []))[1].append(each)
    return [groups[pk] for pk in sorted(groups)]


def accredited_of(base_ids: set[int], year: int) -> dict[int, dict[str, int | None]]:
    """Specialties of each base in that intake year, of those the country offered, with their ends
    (docs/fields.md#training)."""
    found: dict[int, dict[str, int | None]] = {pk: {} for pk in base_ids}
    for base_id, specialty_id, last in accreditations(SpecialtyBase.objects.filter(base__in=base_ids), year):
        found[base_id][specialty_id] = last
    return found


def _live_elsewhere(standing: Standing | None) -> dict[str, Any] | None:
    """What BR-49 discloses of a person held by another base: its name, his year and status, nothing else (AM-28)."""
    live = standing.live if standing and standing.known is Known.ELSEWHERE else None
    if live is None:
        return None
    return live_facts(live, is_same_base=False)


def judge_standing(entry: Entry, *, is_late: bool = False) -> None:
    """What the platform knows of the person; `is_late`: another importer was faster than this very record."""
    standing = entry.standing
    if standing is None:
        return
    code = account.WHO_IS_WHO.get(standing.known.value)
    is_held = standing.known is Known.ELSEWHERE or (is_late and standing.known is Known.HERE)
    if code or is_held:
        entry.outcome = "duplicate"
    if code:
        entry.delivered.add("account.id_number", [problem(code)])
    elif standing.known is Known.FREE and not standing.is_unused:
        entry.delivered.add("account.id_number", [problem("account_reused")])
        if standing.keeps_mobile:
            entry.delivered.add("account.mobile", [problem("mobile_kept")])
    elif is_late and standing.live is not None:
        facts = live_facts(standing.live, is_same_base=standing.known is Known.HERE)
        found = account.problems({}, {"live_enrollment": facts})
        entry.delivered.add("account.id_number", found["id_number"])


def _says(entry: Entry, code: str) -> bool:
    return any(each.code == code for _, each in entry.delivered.problems)
