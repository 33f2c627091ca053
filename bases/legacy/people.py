"""What the platform knows of the persons and bases that a legacy roster names (BR-25)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from bases.legacy.names import bases_named
from bases.models import TrainingBase
from residents.catalogue.catalogue import Invalid, Problem, Verbatim, problem
from residents.codes import CODE_LISTS
from residents.models import Enrollment
from residents.models.enrollment import Status
from residents.rules.legacy import PARTS, live_problems
from residents.rules.text import clean_text, name_key
from residents.standing import AccountRow, bearers


class BaseNames:
    """Training bases by name, former name or code."""

    def __init__(self) -> None:
        self._found = bases_named()
        self._nearest = cache(self._look_for_nearest)

    def find(self, name: str | None, province: str | None) -> TrainingBase | Problem:
        """The base of this name or code, in this province if one is given."""
        if not name:
            return problem("required")
        try:
            code = CODE_LISTS["province"].find(province) if province else None
        except Invalid as refusal:
            return refusal.problem
        found = self._found.get(clean_text(name), [])
        here = [base for base in found if code is None or base.province_id == code]
        if len(here) > 1:
            return problem("base_several", value=name)
        if here:
            return here[0]
        if found:
            return problem("base_of_other_province", value=name, home=found[0].province.name)
        nearest = self._nearest(clean_text(name))
        return (
            problem("base_nearest", value=name, nearest=nearest)
            if nearest
            else problem("base_unknown", value=name)
        )

    def _look_for_nearest(self, name: str) -> str | None:
        return next(iter(get_close_matches(name, self._found, 1)), None)


COMPARED = ("trainee_type", "approved_years", "actual_start_date", "is_fresh_graduate", "is_rural_oriented")
_LABELS = {item.name: item.label for part in ("training", "status") for item in PARTS[part]}


@dataclass(frozen=True, slots=True)
class Record:
    """One training record of a person; `is_live` holds him (BR-49)."""

    base_id: int
    base_name: str
    intake_year: int
    specialty: str | None
    status: str
    is_live: bool
    is_migrated: bool
    # The other values of 培训信息 that a roster tells, by field.
    details: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Person:
    name_key: str
    records: list[Record] = field(default_factory=list)


# Type and number together (AM-35).
_Key = tuple[str, str]


def _key(row: AccountRow) -> _Key:
    return row.id_type, row.id_number


class People:
    """The persons of the rows in work, as the database and the rows taken before know them."""

    def __init__(self) -> None:
        self._people: dict[_Key, Person] = {}
        self._taken: set[_Key] = set()
        self._namesakes: dict[str, set[str]] = {}

    def load(self, rows: Iterable[AccountRow]) -> None:
        """Look up the persons of these rows; those whom a row has been taken for stay as that row left them."""
        rows = list(rows)
        self._people = {key: person for key, person in self._people.items() if key in self._taken}
        numbers = [row.id_number for row in rows if _key(row) not in self._taken]
        ids: dict[int, Person] = {}
        named = {(*_key(row), name_key(row.full_name)) for row in rows}
        for number, some in bearers(numbers).items():
            for each in some:
                key, name = (each.id_type, number), name_key(each.full_name)
                # Under a number that he bore once he is known by his name alone.
                if key not in self._taken and (not each.is_former or (*key, name) in named):
                    ids[each.pk] = self._people[key] = Person(name)
        self._load_records(ids)
        self._namesakes = {}
        for (_, number), person in self._people.items():
            self._namesakes.setdefault(number, set()).add(person.name_key)

    @staticmethod
    def _load_records(ids: dict[int, Person]) -> None:
        records = Enrollment.objects.filter(resident_id__in=ids, deleted_at=None).select_related("base")
        for record in records.only(
            "resident_id",
            "base__name",
            "intake_year",
            "specialty_id",
            "status",
            "lapsed_at",
            "deleted_at",
            "origin",
            *COMPARED,
        ):
            ids[record.resident_id].records.append(
                Record(
                    record.base_id,
                    record.base.name,
                    record.intake_year,
                    record.specialty_id,
                    record.status,
                    record.is_live,
                    record.origin == Enrollment.Origin.LEGACY,
                    {name: getattr(record, name) for name in COMPARED},
                )
            )

    def judge(self, row: AccountRow, record: Record) -> list[Problem] | None:
        """Why the row's record cannot enter; None where it has been migrated already, [] where it may enter."""
        person, name = self._people.get(_key(row)), name_key(row.full_name)
        if person is None:
            is_known = name in self._namesakes.get(row.id_number, ())
            return [problem("identity_type_differs")] if is_known else []
        if person.name_key != name:
            return [problem("identity_name_differs")]
        same = [known for known in person.records if _is_same(known, record)]
        if any(known.is_migrated for known in same):
            return None
        held = next(iter(same), None) or next((known for known in person.records if known.is_live), None)
        return _held(held, record) if held and (same or record.is_live) else []

    def changed(self, row: AccountRow, record: Record) -> list[Problem]:
        """What a row tells otherwise than the record that was migrated before: reported, and never written."""
        same = [known for known in self._people[_key(row)].records if _is_same(known, record)]
        known = next(each for each in same if each.is_migrated)
        now = known.details | {"specialty": known.specialty, "status": known.status}
        told = record.details | {"specialty": record.specialty, "status": record.status}
        names = [name for name, value in told.items() if value not in (None, "", now[name])]
        labels = "、".join(f"“{_LABELS[name]}”" for name in names)
        return [problem("legacy_differs", columns=Verbatim(labels))] if names else []

    def take(self, row: AccountRow, record: Record) -> None:
        """The row's record enters."""
        person = self._people.setdefault(_key(row), Person(name_key(row.full_name)))
        person.records.append(record)
        self._taken.add(_key(row))
        self._namesakes.setdefault(row.id_number, set()).add(person.name_key)


def _is_same(known: Record, record: Record) -> bool:
    """One training: base and year; a person who changed the specialty there has two, one of them 退培 (BR-76)."""
    if (known.base_id, known.intake_year) != (record.base_id, record.intake_year):
        return False
    both_live = known.is_live and record.is_live
    return both_live or None in (known.specialty, record.specialty) or known.specialty == record.specialty


def _held(known: Record, record: Record) -> list[Problem]:
    facts = {
        "is_same_base": known.base_id == record.base_id,
        "base_name": known.base_name,
        "intake_year": known.intake_year,
        "status_name": Status(known.status).label,
    }
    return live_problems(facts)
