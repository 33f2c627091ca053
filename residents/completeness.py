"""What a record still lacks before it can be reported, field by field (BR-46, BR-57; GOAL-R2).

One answer for the resident's page, the base's check and the interface.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from residents.catalogue.catalogue import Problem, problem
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.rules import basic, certificate, education, training, work
from residents.rules.delivery import context_of_parts
from residents.rules.fields import Field, Problems, is_needed, read_values
from residents.rules.identity import is_stand_in
from residents.snapshot import FIELDS, context_of, personal_values, values_of

PERSONAL = ("basic", "education", "certificate", "work")
# One word for each thing, on every page (AM-23).
LABELS = {
    "basic": "基本信息",
    "education": "学习经历",
    "certificate": "证书信息",
    "work": "工作信息",
    "training": "培训信息",
}
_MODULES: dict[str, ModuleType] = {
    "basic": basic,
    "certificate": certificate,
    "work": work,
    "training": training,
}


@dataclass(frozen=True, slots=True)
class Missing:
    """One field still without a value; `row` counts the levels of study from 0 and is None elsewhere."""

    field: str
    label: str
    row: int | None = None

    @property
    def fragment(self) -> str:
        """The anchor of the field in its form."""
        return f"id_{self.field}_box"


@dataclass(slots=True)
class Section:
    """One block: how much of what is asked is there, what is missing, what is wrong, what only looks odd."""

    key: str
    label: str
    # Pages of unfinished records alone want to know it: a call, so that bulk checks don't pay for it.
    count_asked: Callable[[], int]
    missing: list[Missing] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        return [str(each) for _, each in self.problems if not each.is_warning]

    @property
    def warnings(self) -> list[str]:
        return [str(each) for _, each in self.problems if each.is_warning]

    @property
    def percent(self) -> int:
        """Filled share of the fields asked, in whole percent; 100 only when nothing is missing."""
        if not self.missing:
            return 100
        return min(99, round(100 * (1 - len(self.missing) / max(self.count_asked(), len(self.missing)))))

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.errors


@dataclass(frozen=True, slots=True)
class Completeness:
    """The sections of one record in the order of the pages."""

    sections: list[Section]

    def section(self, key: str) -> Section:
        return next(section for section in self.sections if section.key == key)

    @property
    def personal_is_complete(self) -> bool:
        return all(section.is_complete for section in self.sections if section.key in PERSONAL)

    @property
    def training_is_complete(self) -> bool:
        return all(section.is_complete for section in self.sections if section.key == "training")

    @property
    def is_complete(self) -> bool:
        return self.personal_is_complete and self.training_is_complete

    @property
    def percent(self) -> int:
        """The share over all personal sections."""
        personal = [section.percent for section in self.sections if section.key in PERSONAL]
        return round(sum(personal) / len(personal))


def completeness(enrollment: Enrollment, *, with_training: bool = True) -> Completeness:
    """What one record lacks; no query of its own if the person's blocks are loaded (BR-03)."""
    personal = personal_values(enrollment.resident)
    context = context_of(enrollment, personal)
    identity: dict[str, Any] = {
        name: context[name] for name in ("full_name", "id_type", "id_number", "mobile") if name in context
    }
    # What follows from the ID number is never missing, saved or not (GOAL-R6).
    told = basic.derived(enrollment.resident.id_type, enrollment.resident.id_number)
    sections = [
        _basic({**identity, **personal["basic"], **told}, context),
        _education(personal["education"], context),
        _section("certificate", personal["certificate"], context),
    ]
    if enrollment.module == Module.REGISTRY:
        sections.append(_section("work", personal["work"], context))
    if with_training:
        sections.append(_section("training", values_of(enrollment, "training"), context))
    return Completeness(sections)


def completeness_of_many(enrollments: Iterable[Enrollment]) -> dict[int, Completeness]:
    """The same for many records by id. Load them with the blocks of their persons: then this makes no query."""
    return {enrollment.pk: completeness(enrollment) for enrollment in enrollments}


def reported_sections(snapshot: Mapping[str, Any], module: str, *, has_moved: bool) -> list[Section]:
    """What the same checks say of a reported snapshot, section by section (GOAL-P10)."""
    parts: dict[str, Any] = {
        key: read_values(FIELDS[key], snapshot.get(key) or {})[0]
        for key in ("identity", "basic", "certificate", "work", "training")
    }
    parts["education"] = [read_values(FIELDS["education"], row)[0] for row in snapshot.get("education") or []]
    told = basic.derived(parts["identity"].get("id_type"), parts["identity"].get("id_number"))
    known = {"module": module, "has_moved": has_moved}
    context = context_of_parts({**parts, "account": parts["identity"]}) | known
    sections = [
        _basic({**parts["identity"], **parts["basic"], **told}, context),
        _education(parts["education"], context),
        _section("certificate", parts["certificate"], context),
    ]
    if module == Module.REGISTRY:
        sections.append(_section("work", parts["work"], context))
    return [*sections, _section("training", parts["training"], context)]


def _basic(values: dict[str, Any], context: dict[str, Any]) -> Section:
    """Without a number of his own nobody is complete; the form, where it cannot be mended, does not ask for it."""
    section = _section("basic", values, context)
    if is_stand_in(values.get("id_number")):
        section.problems.append(("id_number", problem("number_freed")))
    return section


def _section(key: str, values: dict[str, Any], context: dict[str, Any]) -> Section:
    module = _MODULES[key]
    labels = {item.name: item.label for item in module.FIELDS}
    section = Section(key, LABELS[key], lambda: _asked(module.FIELDS, values, context))
    section.missing = [Missing(name, labels[name]) for name in module.missing(values, context)]
    section.problems = _flat(module.problems(values, context))
    return section


def _education(rows: list[dict[str, Any]], context: dict[str, Any]) -> Section:
    labels = {item.name: item.label for item in education.FIELDS}
    section = Section(
        "education",
        LABELS["education"],
        lambda: sum(_asked(education.FIELDS, row, context) for row in rows),
    )
    for row, name in education.missing_of_rows(rows, context):
        section.missing.append(Missing(name, labels[name] if row is not None else "本科学习经历", row))
    for values in rows:
        section.problems += _flat(education.problems(values, context))
    for found in education.problems_of_rows(rows, context).values():
        section.problems += _flat(found)
    return section


def _asked(fields: tuple[Field, ...], values: dict[str, Any], context: dict[str, Any]) -> int:
    merged = {**context, **values}
    return sum(is_needed(item, merged) for item in fields)


def _flat(found: Problems) -> list[tuple[str, Problem]]:
    return [(name, each) for name, problems in found.items() for each in problems]
