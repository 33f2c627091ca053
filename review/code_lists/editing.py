"""A code list as the association edits it: its rows with how many records use each, and the history of changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet

from bases.models import Province, TrainingBase
from portal import audit
from portal.histories import event_model
from portal.models import User
from residents.codes import CODE_LISTS
from residents.codes.number_shapes import NUMBER_SHAPES, Shape
from residents.models import BasicInfo, CertificateInfo, CodeEntry, NumberShape, StatusChange
from residents.services import code_lists
from residents.services.code_lists import EDITABLE

# Where the codes of a list are used: (model, columns); a record that has the code in two of them is one.
_USES: dict[str, tuple[tuple[type[Model], tuple[str, ...]], ...]] = {
    "reason": ((StatusChange, ("reason",)),),
    "qualification_level": ((CertificateInfo, ("qualification_level",)),),
    "qualification_class": ((CertificateInfo, ("qualification_class", "practice_class")),),
    "province": ((BasicInfo, ("hukou_province",)), (TrainingBase, ("province_id",))),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One code on the page: what may be done with it and how many records use it."""

    code: str
    label: str
    group: str
    synonyms: str
    is_offered: bool
    is_fixed: bool
    is_changed: bool
    uses: int


def rows(name: str) -> list[Row]:
    """The codes that may be edited, as they are in the database; a query for each table of use and one more."""
    editable, listed = EDITABLE[name], CODE_LISTS[EDITABLE[name].lists[0]]
    changed = {entry.code: entry for entry in CodeEntry.objects.filter(list_name=name)}
    used = _uses(name)
    return [
        Row(
            code,
            label,
            dict(editable.heads).get(code[0], ""),
            "、".join(spellings(name, code, changed.get(code))),
            code in listed.offered,
            code in editable.fixed,
            code in changed,
            used.get(code, 0),
        )
        for code, label in listed.items.items()
        if editable.may_rename(code)
    ]


def _uses(name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for model, columns in _USES[name]:
        counted = model._default_manager.order_by().values_list(*columns).annotate(number=Count("pk"))
        for *codes, number in counted:
            for code in set(codes):
                found[code] = found.get(code, 0) + number
    return found


def uses_of(name: str, code: str) -> int:
    """How many records hold this code."""
    return sum(
        model._default_manager.filter(Q(*((column, code) for column in columns), _connector=Q.OR)).count()
        for model, columns in _USES[name]
    )


def spellings(name: str, code: str, entry: CodeEntry | None) -> list[str]:
    """Other spellings of a code that are understood: the built-in ones and those of the association."""
    built_in = CODE_LISTS[EDITABLE[name].lists[0]].synonyms_of(code)
    return list(dict.fromkeys([*built_in, *(entry.synonyms if entry else ())]))


@dataclass(frozen=True, slots=True)
class Step:
    """One change in the history of a list."""

    at: Any
    who: str
    what: str
    text: str
    reason: str


def history(name: str) -> list[Step]:
    """Every change of a list's codes, newest first; two queries."""
    return _steps(event_model(CodeEntry).objects.filter(list_name=name), _code_in_words)


def shape_history() -> list[Step]:
    """Every change of the certificate number shapes, newest first."""
    return _steps(event_model(NumberShape).objects.all(), _shape_in_words)


def _steps(found: QuerySet[Any], in_words: Callable[[Any], tuple[str, str]]) -> list[Step]:
    events = list(found.order_by("-pgh_id"))
    names = dict(
        User.objects.filter(pk__in={event.changed_by_id for event in events}).values_list("pk", "full_name")
    )
    return [
        Step(event.changed_at, names.get(event.changed_by_id, ""), *in_words(event), event.reason)
        for event in events
    ]


def _code_in_words(event: Any) -> tuple[str, str]:
    text = f"{event.code} {event.label}"
    if event.synonyms:
        text += f"（同义词：{'、'.join(event.synonyms)}）"
    return "提供" if event.is_offered else "停用", text


def _shape_in_words(event: Any) -> tuple[str, str]:
    shape = Shape(tuple(event.lengths), event.has_letters, event.prefix)
    return "在用" if event.is_accepted else "停用", f"{NUMBER_SHAPES[event.field].title}：{shape}"


def save_code(name: str, code: str, values: dict[str, Any], *, by: User, expected_version: int | None) -> str:
    """Write one code with its line in the audit log, the Corps also as a reviewing unit; returns what was saved, in
    words. Raises ListRefused or EditConflict."""
    with transaction.atomic():
        if name == "province":
            # The short name is understood in workbooks, too.
            values = values | {"synonyms": list(dict.fromkeys([*values["synonyms"], values["short_name"]]))}
            Province.objects.filter(pk=code).update(name=values["label"], short_name=values["short_name"])
        entry = code_lists.save_code(name, code, values, by=by, expected_version=expected_version)
        said = f"{CODE_LISTS[name].title}：{entry.code} {entry.label}"
        title = said if entry.is_offered else f"{said}（停用）"
        audit.record("save_code_list", by=by, target=entry, title=title, reason=entry.reason)
    return said


def add_shape(field: str, shape: Shape, *, reason: str, by: User) -> str:
    """Take numbers of one more shape without a warning; returns it in words. Raises ListRefused."""
    with transaction.atomic():
        return _note_shape(code_lists.add_shape(field, shape, reason=reason, by=by), by)


def accept_shape(pk: int, *, is_accepted: bool, reason: str, by: User, expected_version: int) -> str:
    """Withdraw an added shape, or restore it; returns it in words. Raises EditConflict."""
    with transaction.atomic():
        entry = code_lists.accept_shape(
            pk, is_accepted=is_accepted, reason=reason, by=by, expected_version=expected_version
        )
        return _note_shape(entry, by)


def _note_shape(entry: NumberShape, by: User) -> str:
    state, text = _shape_in_words(entry)
    said = f"{text}（{state}）"
    audit.record("save_number_shape", by=by, target=entry, title=said, reason=entry.reason)
    return said
