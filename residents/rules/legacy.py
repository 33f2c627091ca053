"""One row of a legacy roster (2014 … 2018): the same rules as for import and forms, for whole records (BR-25).

Who he is, his base, year and status decide about other bases and other people: an error there refuses the row. Every
other cell that breaks a rule is left out and reported, for the resident or his base fills it in again; so are day and
reason of a status, which nobody kept before 2019 (AM-40).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from residents.catalogue.catalogue import Problem, problem
from residents.codes.training import IN_TRAINING, REGISTRY
from residents.rules import account, basic, certificate, delivery, education, status, training, work
from residents.rules.fields import Field, Problems, normalise, read_values

LAST_YEAR = 2018
# The account rules ask for years before the cycle's (BR-69).
_CYCLE_YEAR = LAST_YEAR + 1

PARTS: dict[str, tuple[Field, ...]] = {
    **delivery.PARTS,
    "training": tuple(item for item in delivery.PARTS["training"] if item.name != "training_base"),
    "work": tuple(item for item in work.FIELDS if item.kind != "file"),
    "status": status.TEMPLATE_FIELDS,
}
_BLOCKS: dict[str, ModuleType] = {
    "basic": basic,
    "work": work,
    "certificate": certificate,
    "training": training,
}


@dataclass(slots=True)
class Judged:
    """A row with clean values by part, why it is refused, and which cells are left out (path of the field, problem).

    A path is "part.field", or "education.index.field" with the index of the row's levels of study.
    """

    values: dict[str, Any] = field(default_factory=dict)
    refusals: list[tuple[str, Problem]] = field(default_factory=list)
    left_out: list[tuple[str, Problem]] = field(default_factory=list)
    training_is_complete: bool = False
    personal_is_complete: bool = False


def judge(raw: Mapping[str, Any], unreadable: Mapping[str, Problem], context: Mapping[str, Any]) -> Judged:
    """The verdict on a row's raw cells by part; "education" is a list.

    `unreadable` holds the problems of damaged cells by path, which `raw` then lacks. `context`: `today` and
    `base_province`; what the platform knows of the person is judged by `live_problems`.
    """
    row = Judged()
    known = {**context, "module": REGISTRY, "cycle_year": _CYCLE_YEAR}
    found: dict[str, Problems] = {}
    for part in ("account", "basic", "work", "certificate", "training", "status"):
        row.values[part], found[part] = _read(part, raw.get(part, {}), part, unreadable)
    rows = [
        _read("education", level, f"education.{index}", unreadable)
        for index, level in enumerate(raw.get("education", ()))
    ]
    row.values["education"] = [values for values, _ in rows]
    _judge_person(row, found["account"], known)
    known |= delivery.context_of_parts(row.values)
    _judge_training(row, found["training"], known)
    known |= delivery.context_of_parts(row.values)
    _judge_status(row, found["status"], known)
    _judge_basic(row, found["basic"], known)
    known |= delivery.context_of_parts(row.values)
    _judge_education(row, [problems for _, problems in rows], known)
    for part in ("work", "certificate"):
        _settle(row, part, found[part], known)
    row.personal_is_complete = _personal_is_complete(row, known)
    return row


def live_problems(live: Mapping[str, Any]) -> list[Problem]:
    """BR-49, BR-74: the words of the account workbook for a person whom a live enrollment holds."""
    return account.problems({}, {"live_enrollment": live})["id_number"]


def _read(
    part: str, raw: Mapping[str, Any], path: str, unreadable: Mapping[str, Problem]
) -> tuple[dict[str, Any], Problems]:
    values, found = read_values(PARTS[part], raw)
    for item in PARTS[part]:
        if (fault := unreadable.get(f"{path}.{item.name}")) is not None:
            found[item.name] = [fault]
    return values, found


def _errors(found: Problems) -> list[tuple[str, Problem]]:
    return [(name, each) for name, problems in found.items() for each in problems if not each.is_warning]


def _judge_person(row: Judged, found: Problems, known: Mapping[str, Any]) -> None:
    values = row.values["account"]
    blank = {item.name: None for item in account.FIELDS if item.name not in values and item.name not in found}
    values |= blank
    for problems in (found, account.problems(values, known)):
        row.refusals += [(f"account.{name}", each) for name, each in _errors(problems)]


def _judge_training(row: Judged, found: Problems, known: Mapping[str, Any]) -> None:
    """培训信息; the base's present accreditation says nothing about the past, so it is not asked."""
    _settle(row, "training", found, known)
    values = row.values["training"]
    values |= {name: day for name, day in training.derived(values).items() if not values.get(name)}
    row.training_is_complete = not training.missing(values, known)


def _judge_status(row: Judged, found: Problems, known: Mapping[str, Any]) -> None:
    """A row without a status is 在培. Another one that lacks day, reason or details, or has wrong ones, is taken as
    历史数据，日期不详 (AM-40); only a status that nobody can read refuses the row."""
    values = row.values["status"]
    if "status" not in found and values.get("status") is None:
        values["status"] = IN_TRAINING
    if values.get("status") == IN_TRAINING:
        row.values["status"] = {"status": IN_TRAINING}
        return
    if "status" in found:
        row.refusals += [("status.status", each) for _, each in _errors({"status": found["status"]})]
        return
    trained = {
        **known,
        "current_status": IN_TRAINING,
        "intake_year": row.values["account"].get("intake_year"),
    }
    values, faults = _sound(status, PARTS["status"], values, found, trained)
    row.left_out += [(f"status.{name}", each) for name, each in faults]
    row.values["status"] = values
    if needed := status.missing(values, trained):
        values["is_undated"] = True
        labels = {item.name: item.label for item in PARTS["status"]}
        words = "、".join(labels[name] for name in needed)
        row.left_out.append(("status.status", problem("status_undated", fields=words)))


def _judge_basic(row: Judged, found: Problems, known: Mapping[str, Any]) -> None:
    """What the ID number says is right; a cell that contradicts it is left out (PAIN-24)."""
    told = basic.derived(row.values["account"].get("id_type"), row.values["account"].get("id_number"))
    _settle(row, "basic", found, {**known, **told})
    if any(value is not None for value in row.values["basic"].values()):
        row.values["basic"] |= told


def _settle(row: Judged, part: str, found: Problems, known: Mapping[str, Any]) -> None:
    """Clear what is not asked, leave out what breaks a rule."""
    values, faults = _sound(_BLOCKS[part], PARTS[part], row.values[part], found, known)
    row.values[part] = values
    row.left_out += [(f"{part}.{name}", each) for name, each in faults]


def _sound(
    block: ModuleType,
    fields: tuple[Field, ...],
    values: dict[str, Any],
    found: Problems,
    known: Mapping[str, Any],
) -> tuple[dict[str, Any], list[tuple[str, Problem]]]:
    names = {item.name for item in fields}
    values = normalise(fields, values, known)
    faults = _errors(found) + [
        (name, each) for name, each in _errors(block.problems(values, known)) if values.get(name) is not None
    ]
    faults = [(name, each) for name, each in faults if name in names]
    if faults:
        values = normalise(fields, values | dict.fromkeys(name for name, _ in faults), known)
    return values, faults


def _judge_education(row: Judged, found: list[Problems], known: Mapping[str, Any]) -> None:
    """Levels of study one by one, then together; a level that is not known has no place in the table."""
    kept: list[tuple[int, dict[str, Any]]] = []
    for index, values in enumerate(row.values["education"]):
        values, faults = _sound(education, PARTS["education"], values, found[index], known)
        row.left_out += [(f"education.{index}.{name}", each) for name, each in faults]
        if values.get("level"):
            values["enrolled_level"] = values["level"] if values.get("is_enrolled") else None
            kept.append((index, values))
        elif not any(name == "level" for name, _ in faults):
            row.left_out.append((f"education.{index}.level", problem("required")))
    among = education.problems_of_rows([values for _, values in kept], known)
    for place, problems in among.items():
        for name, each in _errors(problems):
            if place is None:
                row.left_out.append(("education", each))
            else:
                row.left_out.append((f"education.{kept[place][0]}.{name}", each))
                kept[place][1][name] = None
    row.values["education"] = [values for _, values in kept if values["level"]][: education.MOST_ROWS]


def _personal_is_complete(row: Judged, known: Mapping[str, Any]) -> bool:
    person = row.values["account"]
    identity = {name: value for name, value in person.items() if name != "intake_year"}
    told = basic.derived(person.get("id_type"), person.get("id_number"))
    return not (
        basic.missing({**identity, **row.values["basic"], **told}, known)
        or education.missing_of_rows(row.values["education"], known)
        or certificate.missing(row.values["certificate"], known)
        or work.missing(row.values["work"], known)
    )
