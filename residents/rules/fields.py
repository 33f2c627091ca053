"""What a field of docs/fields.md#asked is, how a raw value becomes the stored one, and when the field is asked at all.

The web form, the sheet column and the interface call `clean_value` (or `read_values` for a whole block), so a value
is judged once and in the same words.
"""

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from residents.catalogue.catalogue import Invalid, Problem, Verbatim, invalid, problem
from residents.codes import CODE_LISTS, SUGGESTIONS
from residents.rules import identity
from residents.rules.dates import parse_date
from residents.rules.text import clean_name, clean_number_text, clean_text, half_width, is_blank

Problems = dict[str, list[Problem]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a form proposes for a field once another one is answered: that answer, or what `values` says of the part of
    it between two places. The resident's word counts: nothing typed is written over, nothing is stored unseen."""

    of: str
    start: int = 0
    end: int | None = None
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The codes a form offers for a field by the answer to another one; all of them while that is open."""

    of: str
    offered: Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the dictionary, by its identifier and Chinese label (BR-11, BR-89).

    `asked`: all conditions must hold, each (name of a field or of the context, allowed values); a field that is not
    asked is stored empty. `required`: needed to report whenever asked, and `needed` (same form) holds. `owner`: who
    writes it: the resident, the base, nobody after the import ("locked") or the system ("auto"). `example`: for
    templates.
    """

    name: str
    label: str
    kind: str
    codes: str | None = None
    max_length: int | None = None
    pattern: str | None = None
    hint: str = ""
    minimum: int | None = None
    maximum: int | None = None
    help: str = ""
    example: str = ""
    required: bool = False
    asked: tuple[tuple[str, tuple], ...] = ()
    needed: tuple[tuple[str, tuple], ...] = ()
    owner: str = "resident"
    suggestions: str | None = None
    keeps_lines: bool = False
    is_number_text: bool = False
    allows_month: bool = False
    proposed: Proposal | None = dataclasses.field(default=None, hash=False)
    narrowed: Narrowed | None = dataclasses.field(default=None, hash=False)
    # As `narrowed`, for what a refusal suggests; of a field whose form has a choice of its own.
    suggested: Narrowed | None = dataclasses.field(default=None, hash=False)


_TRUE = {"是", "有", "1", "y", "yes", "true", "√", "✓", "对", "应届", "应届生", "应届毕业生"}
_FALSE = {"否", "无", "没有", "0", "n", "no", "false", "×", "x", "不是", "往届", "往届生", "往届毕业生"}
_BOOLS = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
_CHINESE_NUMBERS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_FIRST_YEAR = 1900
# 2026年, 2026年度, 2026届, 2026级, 2026年招收, 公元2026年.
_YEAR_WORDS = re.compile(r"^\s*公元\s*|\s*(?:年度?|年?[届级]|年度?招[收录生])?\s*$")
# A month or a day where a year is asked: 2026/9, 2026-09-01, 2026年9月1日.
_YEAR_OF_A_DAY = re.compile(
    r"([0-9]{4})\s*[-/.年]\s*(?:0?[1-9]|1[0-2])"
    r"(?:\s*[-/.月]\s*(?:0?[1-9]|[12][0-9]|3[01]))?\s*[月日号]?"
)
_YEAR_IN_CHINESE = re.compile("[一二三四五六七八九〇零○O0]{4}")
_CHINESE_DIGITS = str.maketrans("一二三四五六七八九〇零○O", "1234567890000")
_INT = re.compile(r"[+-]?[0-9]{1,9}(?:\.0+)?")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def _text(field: Field, raw: Any) -> str:
    is_number = field.is_number_text
    text = clean_number_text(raw).upper() if is_number else clean_text(raw, keeps_lines=field.keeps_lines)
    if field.max_length is not None and len(text) > field.max_length:
        raise invalid("text_too_long", length=len(text), limit=field.max_length)
    if text and field.pattern is not None and not _compiled(field.pattern).fullmatch(text):
        raise invalid("text_pattern", value=text, hint=Verbatim(field.hint))
    return text


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern:
    return re.compile(pattern)


def _code(field: Field, raw: Any) -> str:
    assert field.codes is not None
    return CODE_LISTS[field.codes].find(raw)


def _bool(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = half_width(clean_text(raw)).casefold()
    if text not in _BOOLS:
        raise invalid("bool_expected", value=raw)
    return _BOOLS[text]


def _int(field: Field, raw: Any) -> int:
    number = raw if type(raw) is int else _read_int(field, raw)
    if (field.minimum is not None and number < field.minimum) or (
        field.maximum is not None and number > field.maximum
    ):
        if field.minimum is None or field.maximum is None:
            raise invalid("number_expected", value=raw, hint=_wanted_number(field))
        raise invalid("number_range", value=raw, minimum=field.minimum, maximum=field.maximum)
    return number


def _read_int(field: Field, raw: Any) -> int:
    if isinstance(raw, date) and _is_year(field):
        return raw.year
    text = _YEAR_WORDS.sub("", half_width(clean_text(raw)))
    if _is_year(field):
        if _YEAR_IN_CHINESE.fullmatch(text):
            text = text.translate(_CHINESE_DIGITS)
        elif day := _YEAR_OF_A_DAY.fullmatch(text):
            text = day[1]
    if text in _CHINESE_NUMBERS:
        return _CHINESE_NUMBERS[text]
    if not _INT.fullmatch(text):
        raise invalid("number_expected", value=raw, hint=_wanted_number(field))
    return int(float(text))


def _is_year(field: Field) -> bool:
    return field.minimum is not None and field.minimum >= _FIRST_YEAR


def _wanted_number(field: Field) -> Verbatim:
    if field.minimum is None or field.maximum is None:
        return Verbatim("请填写整数，只写数字。")
    return Verbatim(f"请填写{field.minimum}至{field.maximum}之间的整数，只写数字。")


def _email(field: Field, raw: Any) -> str:
    text = half_width(clean_text(raw))
    if len(text) > (field.max_length or 100):
        raise invalid("text_too_long", length=len(text), limit=field.max_length or 100)
    if not _EMAIL.fullmatch(text):
        raise invalid("email_format", value=text)
    return text


# Each takes a value that is not blank; texts give "" where only invisible characters were typed.
_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "code": _code,
    "bool": _bool,
    "int": _int,
    "email": _email,
    "mobile": lambda field, raw: identity.clean_mobile(raw),
    "phone": lambda field, raw: identity.clean_phone(raw),
    "name": lambda field, raw: clean_name(raw),
    "id_number": lambda field, raw: identity.clean_id_number(raw),
    "uscc": lambda field, raw: identity.clean_uscc(raw),
    "file": lambda field, raw: raw,
}


def clean_value(field: Field, raw: Any, *, is_1904: bool = False) -> Any:
    """The stored value of a raw text, number, date or truth value; None for a blank one. Raises Invalid.

    `is_1904` means that the value comes from a 1904 workbook, where a bare date serial cannot be understood.
    """
    if raw is None or (isinstance(raw, str) and is_blank(raw)):
        return None
    if field.kind == "date":
        return parse_date(raw, allows_month=field.allows_month, is_1904=is_1904)
    if field.kind == "month":
        day = parse_date(raw, allows_month=True, is_1904=is_1904)
        return day and day.replace(day=1)
    value = _READERS[field.kind](field, raw)
    return None if value == "" else value


_NOT_IN_THE_LIST = frozenset({"code_nearest", "code_options", "code_unknown", "code_ambiguous"})


def read_values(
    fields: Iterable[Field],
    raw: Mapping[str, Any],
    *,
    is_1904: bool = False,
    known: dict[tuple[str, str], Any] | None = None,
) -> tuple[dict[str, Any], Problems]:
    """The clean values of a block and the problems of those that could not be read.

    Only fields present in `raw` are read; one that could not be read is absent from the values, so that no later rule
    calls it blank. What a refusal suggests fits the answer that narrows the field, if that is read.
    A sound 15-digit ID number becomes its 18-digit form, with a warning that names both. `known` is
    one dictionary for the rows of one file: the same text in the same column is read once.
    """
    values: dict[str, Any] = {}
    problems: Problems = {}
    known = {} if known is None else known
    narrowed: list[Field] = []
    for field in fields:
        name = field.name
        if name not in raw:
            continue
        value = raw[name]
        is_text = type(value) is str
        if is_text and (name, value) in known:
            values[name] = known[name, value]
            continue
        try:
            values[name] = clean_value(field, value, is_1904=is_1904)
        except Invalid as refusal:
            problems[name] = [refusal.problem]
            if refusal.problem.code in _NOT_IN_THE_LIST and (field.suggested or field.narrowed):
                narrowed.append(field)
        else:
            if is_text:
                known[name, value] = values[name]
    for field in narrowed:
        by = field.suggested or field.narrowed
        if by and field.codes and (codes := by.offered.get(values.get(by.of) or "")):
            problems[field.name] = [CODE_LISTS[field.codes].refusal_among(raw[field.name], codes)]
    number = values.get("id_number")
    if number is not None:
        normal = identity.normal_id_number(values.get("id_type"), number)
        if normal != number:
            values["id_number"] = normal
            problems["id_number"] = [problem(identity.told_by(number), value=number, converted=normal)]
    return values, problems


def is_untouched(fields: Iterable[Field], shown: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    """Whether a form sends back only what it opened with: then nothing is written, derived values included (AM-37).

    A file that is sent or removed is a change; so is whatever cannot be read.
    """
    asked = {field.name: field for field in fields if field.name in raw}
    files = {name for name, field in asked.items() if field.kind == "file"}
    if any(raw[name] is not None for name in files):
        return False
    values, _ = read_values([field for name, field in asked.items() if name not in files], raw)
    return all(
        name in values and _or_none(values[name]) == _or_none(shown.get(name))
        for name in asked.keys() - files
    )


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _holds(conditions: tuple[tuple[str, tuple], ...], values: Mapping[str, Any], *, unknown: bool) -> bool:
    for name, allowed in conditions:
        if name not in values:
            if not unknown:
                return False
        elif (None if values[name] == "" else values[name]) not in allowed:
            return False
    return True


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with empty texts, which tables hold for blanks, as None."""
    return {name: None if value == "" else value for name, value in values.items()}


def is_asked(field: Field, values: Mapping[str, Any]) -> bool:
    """Whether the field is asked, given the block's values and what the context knows (merged by the caller).

    A condition on something `values` does not hold counts as not met.
    """
    return _holds(field.asked, values, unknown=False)


def normalise(
    fields: Iterable[Field], values: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values with every field that is not asked set to None ("hidden and cleared", docs/fields.md#asked).

    A field is kept where the answer to its condition is unknown, so a partial update clears nothing by ignorance.
    Conditions follow chains: fields come after the fields they depend on.
    """
    result = dict(values)
    merged = {**(context or {}), **values}
    for field in fields:
        if field.asked and not _holds(field.asked, merged, unknown=True):
            result[field.name] = merged[field.name] = None
    return result


def is_needed(field: Field, merged: Mapping[str, Any]) -> bool:
    """Whether a report needs the field: required, asked, and its own further condition met."""
    return (
        field.required
        and _holds(field.asked, merged, unknown=False)
        and (not field.needed or _holds(field.needed, merged, unknown=False))
    )


def missing_fields(
    fields: Iterable[Field], values: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> list[str]:
    """Names of the fields a report still needs, in the order of the form (BR-46, BR-57)."""
    fields = tuple(fields)
    return blanks(fields, normalise(fields, values, context), context)


def blanks(
    fields: Collection[Field], values: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> list[str]:
    """As missing_fields, of values that are normalised already."""
    merged = {**dict.fromkeys(field.name for field in fields), **(context or {}), **values}
    # Most fields are filled in or never needed: what is cheaper to ask comes first.
    return [
        field.name
        for field in fields
        if field.required and merged.get(field.name) in (None, "") and is_needed(field, merged)
    ]


def add(problems: Problems, name: str, code: str, **params: Any) -> None:
    """Append the catalogued problem to the field's list."""
    problems.setdefault(name, []).append(problem(code, **params))


def require(fields: Iterable[Field], values: Mapping[str, Any], problems: Problems) -> None:
    """A "required" error for every needed field that is present and blank; absent ones are not judged."""
    for field in fields:
        if field.name in values and values[field.name] is None and is_needed(field, values):
            add(problems, field.name, "required")


def unlisted(field: Field, value: str | None) -> list[Problem]:
    """A warning for a text that is not among the field's suggestions (PAIN-25)."""
    if value is None or field.suggestions is None or value in SUGGESTIONS[field.suggestions]:
        return []
    return [problem("not_suggested", value=value, list=field.label, other=SUGGESTIONS[field.suggestions][-1])]
