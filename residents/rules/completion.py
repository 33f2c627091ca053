"""结业信息 of Annex 1: people of 2015–2016 who finished early, reported by the province (docs/fields.md#completion,
BR-04, BR-23).

Context: `today`, `own_province` (the uploading one), `base_found` (False when no base has that name or code),
`base_nearest` (the name to suggest then) and `base_province` (of the base that was found); of what the platform knows
already, `reported_on` (when the own province reported this person, otherwise than here), `is_reported_elsewhere`,
`is_certificate_reported` (for another person) and `known_differences` (labels that differ from the platform's person).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from residents.codes.places import PROVINCE
from residents.codes.training import SPECIALTY
from residents.rules import account
from residents.rules.dates import add_months
from residents.rules.duplicates import differing, judge_pair
from residents.rules.fields import Field, Problems, add, missing_fields, require, without_empty
from residents.rules.text import LONGEST_NAME

# The years of early completion the notice asks for (BR-02, AM-12).
YEARS = (2015, 2016)
_CERTIFICATE_NO = re.compile(r"(?P<year>[0-9]{4})(?P<province>[0-9]{2})(?P<specialty>[0-9]{4})[0-9]{6}")


def _field(name: str, label: str, kind: str, **more: Any) -> Field:
    return Field(name, label, kind, required=True, owner="locked", **more)


# Order and labels are those of the annex (BR-23); its heads put "*" before each, since all are required.
FIELDS: tuple[Field, ...] = (
    _field("full_name", "姓名", "name", max_length=LONGEST_NAME),
    _field("id_type", "身份证件类别", "code", codes="id_type"),
    _field("id_number", "身份证件号码", "id_number", max_length=20),
    _field("mobile", "手机号码", "mobile", max_length=11),
    _field("trainee_type", "人员类型", "code", codes="trainee_type"),
    _field("province", "培训所在省份", "code", codes="province"),
    _field("training_base", "培训基地", "text", max_length=100),
    _field("specialty", "培训专业", "code", codes="specialty"),
    _field("approved_years", "核定的培训年限(年)", "int", minimum=1, maximum=3),
    _field("actual_start_date", "培训实际开始时间(年-月-日)", "date"),
    _field("actual_end_date", "培训实际结束时间(年-月-日)", "date"),
    _field("certificate_no", "住院医师规范化培训合格证书编号", "text", max_length=30, is_number_text=True),
    _field("certificate_date", "住院医师规范化培训合格证书发放时间(年-月-日)", "date"),
)
HEADERS: tuple[str, ...] = tuple(f"*{field.label}" for field in FIELDS)


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of one row; a blank field is an error because all 13 are required (BR-23)."""
    found: Problems = {}
    values = without_empty(values)
    require(FIELDS, values, found)
    account.judge_identity(values, context, found)
    _judge_place(values, context, found)
    if values.get("approved_years") == 3:
        add(found, "approved_years", "completion_not_reduced")
    _judge_dates(values, context, found)
    judge_certificate(values, context, found)
    _judge_known(context, found)
    return found


def _judge_place(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    province, own = values.get("province"), context.get("own_province")
    if province and own and province != own:
        labels = {"value": PROVINCE.label(province), "own": PROVINCE.label(own)}
        add(found, "province", "completion_other_province", **labels)
    if values.get("training_base") and context.get("base_found") is False:
        nearest = context.get("base_nearest")
        code = "base_nearest" if nearest else "base_unknown"
        add(found, "training_base", code, value=values["training_base"], nearest=nearest)
    home = context.get("base_province")
    if province and home and home != province:
        labels = {"value": values.get("training_base") or "", "home": PROVINCE.label(home)}
        add(found, "training_base", "base_of_other_province", **labels)


def _judge_dates(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    start, end = values.get("actual_start_date"), values.get("actual_end_date")
    today, years = context.get("today"), values.get("approved_years")
    for name in ("actual_start_date", "actual_end_date"):
        if today is not None and values.get(name) is not None and values[name] > today:
            add(found, name, "date_in_future")
    if end is not None:
        _judge_years(start, end, found)
    if start is None or end is None:
        return
    if end <= start:
        add(found, "actual_end_date", "end_before_start")
    elif end >= add_months(start, 36):
        add(found, "actual_end_date", "completion_too_long")
    # The last day counts: a training to 31 August is as long as one that ends on 1 September.
    elif years is not None and end + timedelta(days=1) < add_months(start, years * 12 - 2):
        add(found, "actual_end_date", "completion_short", years=years)


def _judge_years(start: date | None, end: date, found: Problems) -> None:
    """AM-12: the end decides; a start in these years only earns a warning, anything else is an error."""
    if end.year in YEARS:
        return
    code = "completion_year_unusual" if start is not None and start.year in YEARS else "completion_year"
    add(found, "actual_end_date", code, value=end)


def judge_certificate(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    """Number and day of a certificate against each other, `actual_end_date`, `province`, `specialty`, and `today`."""
    number, issued = values.get("certificate_no"), values.get("certificate_date")
    end, today = values.get("actual_end_date"), context.get("today")
    if issued is not None and end is not None and issued < end:
        add(found, "certificate_date", "certificate_before_end")
    if issued is not None and today is not None and issued > today:
        add(found, "certificate_date", "date_in_future")
    if not number:
        return
    parts = _CERTIFICATE_NO.fullmatch(number)
    if parts is None:
        add(found, "certificate_no", "certificate_no_shape", value=number)
        return
    if issued is not None and issued.year != int(parts["year"]):
        add(found, "certificate_date", "certificate_year", year=parts["year"])
    if values.get("province") and parts["province"] != values["province"]:
        add(found, "certificate_no", "certificate_no_province", digits=parts["province"])
    if values.get("specialty") and parts["specialty"] != values["specialty"]:
        label = SPECIALTY.label(values["specialty"])
        add(found, "certificate_no", "certificate_no_specialty", digits=parts["specialty"], value=label)


def _judge_known(context: Mapping[str, Any], found: Problems) -> None:
    """One person and one certificate count once in the country; the platform's own person is never overwritten."""
    if context.get("is_reported_elsewhere"):
        add(found, "id_number", "completion_reported_elsewhere")
    elif context.get("reported_on"):
        add(found, "id_number", "completion_reported", day=context["reported_on"])
    if context.get("is_certificate_reported"):
        add(found, "certificate_no", "certificate_reported")
    if context.get("known_differences"):
        add(found, "id_number", "completion_person_known", columns="、".join(context["known_differences"]))


def problems_of_rows(
    rows: Iterable[tuple[int, Mapping[str, Any]]], fields: Iterable[Field] = FIELDS
) -> dict[int, Problems]:
    """Persons and certificate numbers met twice in one file (docs/fields.md#completion): errors of the later row, and
    of both where the rows differ or the certificate is said to be two persons'.

    Takes (row number as Excel shows it, clean values).
    """
    found: dict[int, Problems] = {}
    people: dict[str, tuple[int, Mapping[str, Any]]] = {}
    certificates: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for row, values in rows:
        if number := values.get("id_number"):
            first, told = people.setdefault(number, (row, values))
            if first != row:
                judge_pair(found, first, row, differing(fields, told, values))
        if certificate := values.get("certificate_no"):
            first, told = certificates.setdefault(certificate, (row, values))
            if first != row:
                add(found.setdefault(row, {}), "certificate_no", "certificate_no_repeated", row=first)
                if told.get("id_number") != number:
                    add(found.setdefault(first, {}), "certificate_no", "certificate_no_repeated", row=row)
    return found


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Columns still without a value."""
    return missing_fields(FIELDS, values, context)
