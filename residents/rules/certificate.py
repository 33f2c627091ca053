"""证书信息: qualification and licence of a physician (docs/fields.md#certificate), kept by the resident.

Context: `today`, `id_type`, `id_number`, `military_status`, `specialty`, `bachelor_graduation_date`,
and at an entry `stored`: the block before it, whose codes stay even when they are out of use by now.
"""

from collections.abc import Mapping
from typing import Any

from residents.catalogue.catalogue import Verbatim
from residents.codes import CODE_LISTS, scopes_of_class
from residents.codes.practice import (
    PRACTICE_CLASS,
    PRACTICE_SCOPE,
    PUBLIC_HEALTH,
    QUALIFICATION_CLASS,
    QUALIFICATION_LEVEL,
    STOMATOLOGY,
)
from residents.codes.training import DENTAL, PREVENTIVE_MEDICINE, SPECIALTY
from residents.rules import scans
from residents.rules.basic import NOT_MILITARY
from residents.rules.dates import add_years
from residents.rules.fields import Field, Narrowed, Problems, Proposal, add, missing_fields, without_empty
from residents.rules.identity import RESIDENT_ID, to_15_digits

_PASSED = (("passed_qualification_exam", (True,)),)
_WAITING = (*_PASSED, ("has_qualification_cert", (False,)))
_QUALIFIED = (*_PASSED, ("has_qualification_cert", (True,)))
_LICENSED = (*_QUALIFIED, ("has_license", (True,)))
_ALPHANUMERIC = r"[0-9A-Z]+"
_ALPHANUMERIC_HINT = "证书编码只有数字和字母，请对照证书重新填写。"

FIELDS: tuple[Field, ...] = (
    Field("passed_qualification_exam", "是否通过医师资格考试", "bool", required=True),
    Field("exam_pass_date", "通过医师资格考试时间", "month", required=True, asked=_PASSED),
    Field("has_qualification_cert", "是否获得医师资格证书", "bool", required=True, asked=_PASSED),
    Field(
        "score_report_type", "成绩单类型", "code", codes="score_report_type", required=True, asked=_WAITING
    ),
    Field(
        "score_report_scan",
        "成绩单附件",
        "file",
        required=True,
        asked=_WAITING,
        help=scans.HELP,
    ),
    Field("qualification_date", "取得医师资格证书时间", "date", required=True, asked=_QUALIFIED),
    Field(
        "qualification_level",
        "医师资格级别",
        "code",
        codes="qualification_level",
        required=True,
        asked=_QUALIFIED,
        proposed=Proposal("qualification_no", 6, 7, {code: code for code in QUALIFICATION_LEVEL.items}),
    ),
    Field(
        "qualification_class",
        "医师资格类别",
        "code",
        codes="qualification_class",
        required=True,
        asked=_QUALIFIED,
        proposed=Proposal("qualification_no", 7, 9, {code: code for code in QUALIFICATION_CLASS.items}),
    ),
    Field(
        "qualification_no",
        "医师资格证书编码",
        "text",
        max_length=27,
        pattern=_ALPHANUMERIC,
        hint=_ALPHANUMERIC_HINT,
        required=True,
        asked=_QUALIFIED,
        is_number_text=True,
        help="27位，证书上的编码。",
    ),
    Field(
        "scan_qualification",
        "医师资格证书扫描件",
        "file",
        asked=_QUALIFIED,
        help=scans.HELP,
    ),
    Field("has_license", "是否获得医师执业证书", "bool", required=True, asked=_QUALIFIED),
    Field("license_date", "取得医师执业证书时间", "date", required=True, asked=_LICENSED),
    Field(
        "practice_class",
        "执业类型（类别）",
        "code",
        codes="practice_class",
        required=True,
        asked=_LICENSED,
        proposed=Proposal("qualification_class"),
    ),
    Field(
        "practice_scope",
        "执业范围",
        "code",
        codes="practice_scope",
        required=True,
        asked=_LICENSED,
        narrowed=Narrowed(
            "practice_class", {code: list(scopes_of_class(code)) for code in PRACTICE_CLASS.items}
        ),
    ),
    Field(
        "license_no",
        "医师执业证书编码",
        "text",
        max_length=15,
        pattern=_ALPHANUMERIC,
        hint=_ALPHANUMERIC_HINT,
        required=True,
        asked=_LICENSED,
        is_number_text=True,
        help="15位，证书上的编码。",
    ),
    Field("scan_license", "医师执业证书扫描件", "file", asked=_LICENSED, help=scans.HELP),
)
_DATES = ("exam_pass_date", "qualification_date", "license_date")


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of the block as far as it is filled in."""
    found: Problems = {}
    values = without_empty(values)
    _judge_dates(values, context, found)
    _judge_class(values, context, found)
    _judge_practice(values, found)
    if "stored" in context:
        _judge_withdrawn(values, context["stored"], found)
    _judge_qualification_no(values, context, found)
    number = values.get("license_no")
    if number and len(number) != 15:
        code = "license_no_shape" if _has_national_certificates(context) else "license_no_unusual"
        add(found, "license_no", code, length=len(number))
    return found


def _has_national_certificates(context: Mapping[str, Any]) -> bool:
    """Whether certificate numbers must have the national shape: civilians with a resident ID (PAIN-25)."""
    return context.get("id_type") == RESIDENT_ID and context.get("military_status") in (None, NOT_MILITARY)


def _judge_dates(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    today, bachelor = context.get("today"), context.get("bachelor_graduation_date")
    passed, qualified, licensed = (values.get(name) for name in _DATES)
    for name in _DATES:
        if today is not None and values.get(name) is not None and values[name] > today:
            add(found, name, "date_in_future")
    if passed is not None and bachelor is not None and passed < add_years(bachelor, -1).replace(day=1):
        add(found, "exam_pass_date", "exam_before_graduation")
    if passed is not None and qualified is not None and qualified < passed:
        add(found, "qualification_date", "before_exam")
    if qualified is not None and licensed is not None and licensed < qualified:
        add(found, "license_date", "license_before_qualification")


def _judge_class(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    specialty, actual = context.get("specialty"), values.get("qualification_class")
    usual = (
        STOMATOLOGY if specialty in DENTAL else PUBLIC_HEALTH if specialty == PREVENTIVE_MEDICINE else None
    )
    if actual is not None and usual is not None and actual != usual:
        add(
            found,
            "qualification_class",
            "qualification_class_unusual",
            specialty=SPECIALTY.label(specialty),
            expected=QUALIFICATION_CLASS.label(usual),
        )


def _judge_withdrawn(values: Mapping[str, Any], stored: Mapping[str, Any], found: Problems) -> None:
    for field in FIELDS:
        if field.codes is None:
            continue
        value, listed = values.get(field.name), CODE_LISTS[field.codes]
        if value is None or value == stored.get(field.name) or value in listed.offered:
            continue
        options = Verbatim("、".join(listed.offered.values()))
        add(
            found, field.name, "code_withdrawn", value=listed.label(value), list=listed.title, options=options
        )


def _judge_practice(values: Mapping[str, Any], found: Problems) -> None:
    practice, qualified = values.get("practice_class"), values.get("qualification_class")
    # 40 中医 and its kinds 41–46 are one class, written more or less precisely.
    if practice and qualified and practice != qualified and not practice[0] == qualified[0] == "4":
        add(
            found,
            "practice_class",
            "practice_class_mismatch",
            value=PRACTICE_CLASS.label(practice),
            qualification=QUALIFICATION_CLASS.label(qualified),
        )
    scope = values.get("practice_scope")
    if practice and scope and scope not in scopes_of_class(practice):
        add(
            found,
            "practice_scope",
            "practice_scope_mismatch",
            value=PRACTICE_SCOPE.label(scope),
            practice_class=PRACTICE_CLASS.label(practice),
        )


def _judge_qualification_no(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    """Positions: 1–4 year, 5–6 province, 7 level, 8–9 class, then the ID number of 18 or 15 digits
    (docs/fields.md#certificate)."""
    number = values.get("qualification_no")
    if not number:
        return
    if len(number) not in (27, 24):
        code = "qualification_no_shape" if _has_national_certificates(context) else "qualification_no_unusual"
        add(found, "qualification_no", code, length=len(number))
        return
    own = context.get("id_number")
    if context.get("id_type") == RESIDENT_ID and own and len(own) == 18:
        expected_tail = own if len(number) == 27 else to_15_digits(own)
        if number[9:] != expected_tail:
            add(found, "qualification_no", "qualification_no_other_person")
    level, kind = values.get("qualification_level"), values.get("qualification_class")
    if level and number[6] != level:
        add(
            found,
            "qualification_no",
            "qualification_no_level",
            digit=number[6],
            value=QUALIFICATION_LEVEL.label(level),
        )
    if kind and number[7:9] != kind:
        add(
            found,
            "qualification_no",
            "qualification_no_class",
            digits=number[7:9],
            value=QUALIFICATION_CLASS.label(kind),
        )


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Fields a report still needs (BR-46); 否 to the first question leaves nothing more to ask."""
    return missing_fields(FIELDS, values, context)
