"""One record of 招收结果 as a province's platform delivers it: judged like the forms and the check before 上报
(GOAL-N3).

Files are no part of a delivery: a field that holds one is neither taken nor demanded here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from residents.catalogue.catalogue import Problem, problem
from residents.codes.training import INTAKE
from residents.rules import account, basic, certificate, education, training
from residents.rules.fields import Field, Problems, normalise, read_values

_IDENTITY = frozenset(item.name for item in account.FIELDS)
_BASE = next(item for item in training.FIELDS if item.name == "training_base")


def _sendable(fields: Iterable[Field]) -> tuple[Field, ...]:
    return tuple(item for item in fields if item.kind != "file" and item.owner in ("resident", "base"))


# What each part of a record may hold, by the name of the part.
PARTS: dict[str, tuple[Field, ...]] = {
    "account": account.FIELDS,
    "basic": tuple(item for item in _sendable(basic.FIELDS) if item.name not in _IDENTITY),
    "education": _sendable(education.FIELDS),
    "certificate": _sendable(certificate.FIELDS),
    "training": (_BASE, *_sendable(training.FIELDS)),
}
_NAMES = {part: frozenset(item.name for item in fields) for part, fields in PARTS.items()}
LONGEST_EXTERNAL_ID = 64


@dataclass(slots=True)
class Delivered:
    """One record with clean values by part and its problems as (path of the field, problem), e.g. "basic.sex"."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        return any(not each.is_warning for _, each in self.problems)

    def add(self, path: str, found: Iterable[Problem]) -> None:
        """Problems said twice of one field by two blocks are kept once."""
        self.problems += [(path, each) for each in found if (path, each) not in self.problems]


def read(record: Mapping[str, Any]) -> Delivered:
    """The clean values of a record, with the problems of values that cannot be read and of names nobody knows."""
    result = Delivered()
    for part in ("account", "basic", "certificate", "training"):
        result.values[part] = _read_part(result, part, part, record.get(part) or {})
    rows = record.get("education") or []
    result.values["education"] = [
        _read_part(result, "education", f"education.{index}", row) for index, row in enumerate(rows)
    ]
    return result


def _read_part(result: Delivered, part: str, path: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    for name in raw:
        if name not in _NAMES[part]:
            result.add(path, [problem("field_unknown", value=name)])
    values, found = read_values(PARTS[part], raw)
    for name, problems in found.items():
        result.add(f"{path}.{name}", problems)
    return values


def judge(delivered: Delivered, context: Mapping[str, Any]) -> None:
    """Add everything that forms and check would say of the record and complete its values.

    `context`: `today`, `cycle_year`, `base_found` (False where the named base is none of the province's),
    `base_province`, `accredited` (codes of the base's specialties), `live_enrollment` (see residents.rules.account),
    `stored` (the certificate that the person has already, if any).
    """
    values = delivered.values
    known = {"stored": {}, **context, "module": INTAKE}
    _merge(delivered, "account", account.problems(_judgeable(delivered, "account"), known))
    if context.get("base_found") is False:
        named = values["training"].get("training_base")
        delivered.add("training.training_base", [problem("base_unknown", value=named)])
    known |= context_of_parts(values)
    _judge_basic(delivered, known)
    _judge_education(delivered, known)
    _judge_block(delivered, "certificate", certificate.problems, certificate.missing, known)
    values["training"] |= {
        name: day
        for name, day in training.derived(values["training"]).items()
        if not values["training"].get(name)
    }
    _judge_block(delivered, "training", training.problems, training.missing, known)
    if not values["training"].get("training_base"):
        delivered.add("training.training_base", [problem("required")])


def context_of_parts(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the blocks know of each other, as residents.snapshot.context_of gives it of a stored record."""
    person, own, trained = values["account"], values["basic"], values["training"]
    told = basic.derived(person.get("id_type"), person.get("id_number"))
    return {
        **{item.name: person.get(item.name) for item in account.FIELDS},
        **{name: own.get(name) for name in ("nationality", "military_status")},
        **{name: told.get(name) or own.get(name) for name in ("sex", "birth_date")},
        **{
            name: trained.get(name)
            for name in (
                "trainee_type",
                "approved_years",
                "actual_start_date",
                "planned_end_date",
                "specialty",
            )
        },
        "specialty_locked": False,
        **education.derived(values["education"]),
    }


def _judge_basic(delivered: Delivered, context: Mapping[str, Any]) -> None:
    """性别 and 出生日期 may be left to the ID number; sent otherwise than it says they are an error (GOAL-R6)."""
    own = delivered.values["basic"]
    told = basic.derived(context["id_type"], context["id_number"])
    own |= {name: value for name, value in told.items() if own.get(name) is None}
    _judge_block(delivered, "basic", basic.problems, basic.missing, context)


def _judge_education(delivered: Delivered, context: Mapping[str, Any]) -> None:
    rows = [normalise(PARTS["education"], row, context) for row in delivered.values["education"]]
    for row in rows:
        row["enrolled_level"] = row.get("level") if row.get("is_enrolled") else None
    delivered.values["education"] = rows
    for number, row in enumerate(rows):
        _merge(delivered, f"education.{number}", education.problems(row, context), part="education")
    for index, found in education.problems_of_rows(rows, context).items():
        path = "education" if index is None else f"education.{index}"
        _merge(delivered, path, found, part="education")
    for index, name in education.missing_of_rows(rows, context):
        if index is None:
            delivered.add("education", [problem("education_without_bachelor")])
        else:
            _require(delivered, f"education.{index}.{name}", "education", name)


def _judge_block(
    delivered: Delivered, part: str, problems: Any, missing: Any, context: Mapping[str, Any]
) -> None:
    values = normalise(PARTS[part], delivered.values[part], context)
    delivered.values[part] = values
    _merge(delivered, part, problems(values, context))
    for name in missing(values, context):
        _require(delivered, f"{part}.{name}", part, name)


def _judgeable(delivered: Delivered, part: str) -> dict[str, Any]:
    """The values with a None for each one not sent; one that could not be read stays absent and is not called blank."""
    unreadable = {path for path, _ in delivered.problems}
    values = delivered.values[part]
    return values | {
        item.name: None
        for item in PARTS[part]
        if item.name not in values and f"{part}.{item.name}" not in unreadable
    }


def _merge(delivered: Delivered, path: str, found: Problems, part: str | None = None) -> None:
    for name, problems in found.items():
        # Identity and year are judged with the account; the blocks would say it again.
        if name in _NAMES[part or path]:
            delivered.add(f"{path}.{name}", problems)
        elif name == "":
            delivered.add(path, problems)


def _require(delivered: Delivered, path: str, part: str, name: str) -> None:
    if name in _NAMES[part] and path not in {known for known, _ in delivered.problems}:
        delivered.add(path, [problem("required")])


def problems_of_records(records: Sequence[Delivered]) -> None:
    """A person met twice in one delivery is an error of the later record; a repeated mobile number only warns."""
    rows = [(number, each.values["account"]) for number, each in enumerate(records, start=1)]
    for number, found in account.problems_of_rows(rows).items():
        _merge(records[number - 1], "account", found)
