"""培训信息: what the base keeps about a training, by form or by the 培训信息模板 (docs/fields.md#training).

Context: `today`, `intake_year`, `full_name` and `specialty` as stored, `specialty_locked`, `accredited` (code → last
year, or None while it goes on, of the base's specialties), `approved_start` (the stored start of an approved record),
`has_moved` (it is the record of a person who changed base or specialty and keeps his intake year, AM-48),
`active_specialties` (codes open in that year; without it the national list decides),
`enrollment_found` (False when the base has no such person), `base_province`, and from 学习经历 `current_degree` and
`highest_graduation_date`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from residents.catalogue.catalogue import Problem, problem
from residents.codes.practice import UNGRADED, UNGRADED_LEVEL
from residents.codes.training import CURRENT_DEGREE, GENERAL_PRACTICE, SPECIALTIES, SPECIALTY
from residents.rules import account, scans
from residents.rules.dates import add_months, add_years
from residents.rules.fields import Field, Problems, add, missing_fields, without_empty
from residents.rules.identity import uscc_problems
from residents.rules.text import name_key

SPONSORED_EMPLOYEE, PROFESSIONAL_MASTER, OTHER_TRAINEE = "2", "4", "9"
STANDARD_YEARS = 3
LONGEST_EXTENSION_YEARS = 3
_BACHELOR = "1"
# 核定的培训年限 by degree at the start; academic degrees are assessed by the base (docs/fields.md#training).
_USUAL_YEARS = {"0": 3, _BACHELOR: 3, "3": 2, "5": 1}
_REDUCED = (("approved_years", (1, 2)),)
_SPONSORED = (("trainee_type", (SPONSORED_EMPLOYEE,)),)
_AT_PARTNER = (("at_partner_unit", (True,)),)
_WESTERN = (("is_western_support", (True,)),)
_USCC_EXAMPLE = "123300000000000196"
_VALID_FROM = {code: valid_from for code, _, valid_from, _ in SPECIALTIES}


def _field(name: str, label: str, kind: str, **more: Any) -> Field:
    return Field(name, label, kind, **{"owner": "base", **more})


FIELDS: tuple[Field, ...] = (
    _field(
        "intake_year",
        "招收年度",
        "int",
        minimum=2000,
        maximum=2100,
        required=True,
        owner="locked",
        example="2019",
    ),
    _field("province", "培训所在省行政区划", "code", codes="province", owner="auto"),
    _field("training_base", "培训基地", "text", max_length=100, owner="auto"),
    _field("specialty", "培训专业", "code", codes="specialty", required=True),
    _field("program_type", "培养类型", "code", codes="program_type", owner="auto"),
    _field("trainee_type", "人员类型", "code", codes="trainee_type", required=True),
    _field(
        "trainee_type_other",
        "其他人员（说明）",
        "text",
        max_length=50,
        required=True,
        asked=(("trainee_type", (OTHER_TRAINEE,)),),
        example="援外归国医师",
    ),
    _field("is_fresh_graduate", "往届生/应届生", "bool", required=True, help="“是”为应届生，“否”为往届生。"),
    _field("is_rural_oriented", "是否为农村订单定向免费医学毕业生", "bool", required=True),
    _field("approved_years", "核定的培训年限（年）", "int", minimum=1, maximum=3, required=True, example="3"),
    _field("reduction_reason", "减免原因", "code", codes="reduction_reason", required=True, asked=_REDUCED),
    _field("reduction_proof", "减免证明", "file", asked=_REDUCED, help=scans.HELP),
    _field("actual_start_date", "培训实际开始时间", "date", required=True),
    _field("planned_end_date", "预计培训结束时间", "date", help="留空时按开始时间加核定年限计算。"),
    _field("current_degree", "当前学位类别", "code", codes="current_degree"),
    _field(
        "degree_school",
        "派送学校",
        "text",
        max_length=100,
        required=True,
        asked=(("trainee_type", (PROFESSIONAL_MASTER,)),),
        suggestions="school",
        example="浙江大学",
    ),
    _field(
        "sponsor_name",
        "委派（送出）单位",
        "text",
        max_length=100,
        required=True,
        asked=_SPONSORED,
        example="某某县人民医院",
    ),
    _field(
        "sponsor_uscc",
        "委派单位统一信用代码",
        "uscc",
        max_length=18,
        required=True,
        asked=_SPONSORED,
        example=_USCC_EXAMPLE,
    ),
    _field("sponsor_is_military", "委派单位是否军队医院", "bool", required=True, asked=_SPONSORED),
    _field("at_partner_unit", "是否在协同单位培训", "bool", required=True),
    _field(
        "partner_unit",
        "协同单位",
        "text",
        max_length=100,
        required=True,
        asked=_AT_PARTNER,
        example="某某市第二人民医院",
    ),
    _field("partner_level", "协同单位级别", "code", codes="hospital_level", required=True, asked=_AT_PARTNER),
    _field("partner_grade", "协同单位等次", "code", codes="hospital_grade", required=True, asked=_AT_PARTNER),
    _field(
        "partner_category",
        "协同单位类别",
        "code",
        codes="hospital_category",
        required=True,
        asked=_AT_PARTNER,
    ),
    _field("is_western_support", "是否为西部支援行动住院医师", "bool", required=True),
    _field("ws_from_province", "送出省份", "code", codes="province", required=True, asked=_WESTERN),
    _field(
        "ws_from_unit",
        "送出单位",
        "text",
        max_length=100,
        required=True,
        asked=_WESTERN,
        example="某某州人民医院",
    ),
    _field("ws_from_military", "送出单位是否军队医院", "bool", required=True, asked=_WESTERN),
    _field(
        "ws_from_uscc",
        "送出单位统一社会信用代码",
        "uscc",
        max_length=18,
        required=True,
        asked=_WESTERN,
        example=_USCC_EXAMPLE,
    ),
    _field("remark", "备注", "text", max_length=200, keeps_lines=True, example="可不填"),
)

# What finds the record a row of the template speaks of.
MATCH_FIELDS: tuple[Field, ...] = (account.FULL_NAME, account.ID_TYPE, account.ID_NUMBER)
# The columns of 培训信息模板: no files, nothing the system writes itself.
TEMPLATE_FIELDS: tuple[Field, ...] = (
    *MATCH_FIELDS,
    *(field for field in FIELDS if field.kind != "file" and field.owner != "auto"),
)


def derived(values: Mapping[str, Any]) -> dict[str, date]:
    """`planned_end_date` = start + approved years, for prefilling; empty while either is unknown."""
    start, years = values.get("actual_start_date"), values.get("approved_years")
    return {"planned_end_date": add_years(start, years)} if start is not None and years else {}


def usual_years(trainee_type: str | None, current_degree: str | None) -> int | None:
    """The usual 核定的培训年限; None where the base assesses it (academic degrees) or the degree is unknown."""
    if trainee_type == PROFESSIONAL_MASTER:
        return STANDARD_YEARS
    return _USUAL_YEARS.get(current_degree or "")


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of form values or of a template row (then with the match keys) as far as filled in."""
    found: Problems = {}
    values = without_empty(values)
    if context.get("enrollment_found") is False:
        add(found, "id_number", "no_enrollment_here")
        return found
    judge_match(values, context, found)
    _judge_specialty(values, context, found)
    _judge_years_and_degree(values, context, found)
    _judge_dates(values, context, found)
    _judge_graduate(values, context, found)
    _judge_units(values, context, found)
    return found


def judge_match(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    """Add to `found` where the locked values of a row are not those on file (BR-56, BR-81)."""
    named, on_file = values.get("full_name"), context.get("full_name")
    if named and on_file and name_key(named) != name_key(on_file):
        add(found, "full_name", "name_mismatch", value=named, stored=on_file)
    year, stored_year = values.get("intake_year"), context.get("intake_year")
    if year is not None and stored_year is not None and year != stored_year:
        add(found, "intake_year", "intake_year_locked", value=year, stored=stored_year)


def _judge_specialty(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    specialty, stored = values.get("specialty"), context.get("specialty")
    if specialty is None:
        if stored and context.get("specialty_locked"):
            add(found, "specialty", "cannot_clear", label="培训专业")
        return
    if context.get("specialty_locked"):
        if specialty != stored:
            labels = {"value": SPECIALTY.label(specialty), "stored": SPECIALTY.label(stored)}
            add(found, "specialty", "specialty_locked", **labels)
        else:
            _judge_end(specialty, values, context, found)
        return
    if not _is_active(specialty, context):
        add(
            found,
            "specialty",
            "specialty_inactive",
            value=SPECIALTY.label(specialty),
            year=context["intake_year"],
        )
    elif context.get("accredited") is not None and specialty not in context["accredited"]:
        add(found, "specialty", "specialty_not_accredited", value=SPECIALTY.label(specialty))
    else:
        _judge_end(specialty, values, context, found)
    if values.get("is_rural_oriented") and specialty != GENERAL_PRACTICE:
        add(found, "specialty", "rural_not_general_practice", value=SPECIALTY.label(specialty))


def _judge_end(
    specialty: str, values: Mapping[str, Any], context: Mapping[str, Any], found: Problems
) -> None:
    name = "specialty" if values.get("actual_start_date") is None else "actual_start_date"
    if said := end_problem(specialty, values.get("actual_start_date"), context):
        found.setdefault(name, []).append(said)


def end_problem(specialty: str, start: date | None, context: Mapping[str, Any]) -> Problem | None:
    """What the end of the specialty at this base says of a training that begins then (AM-45): who began before may
    finish, nobody may begin after it. Without a start the intake year decides; an approval stands with the start that
    was approved."""
    last = (context.get("accredited") or {}).get(specialty)
    if last is None:
        return None
    year = start.year if start else context.get("intake_year")
    told = {"value": SPECIALTY.label(specialty), "last": last}
    if year is not None and year > last:
        is_approved = start is not None and start == context.get("approved_start")
        return None if is_approved else problem("begun_after_end", **told)
    return problem("begun_before_end", **told) if last < context["today"].year else None


def still_open(accredited: Mapping[str, int | None], year: int) -> set[str]:
    """The specialties in which a training of this year may begin."""
    return {code for code, last in accredited.items() if last is None or year <= last}


def _is_active(specialty: str, context: Mapping[str, Any]) -> bool:
    active, year = context.get("active_specialties"), context.get("intake_year")
    if year is None:
        return True
    if active is not None:
        return specialty in active
    return year >= (_VALID_FROM.get(specialty) or 0)


def _judge_years_and_degree(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    trainee_type, years = values.get("trainee_type"), values.get("approved_years")
    degree = values.get("current_degree") or context.get("current_degree")
    usual = usual_years(trainee_type, degree)
    if years is not None and usual is not None and years != usual:
        add(found, "approved_years", "approved_years_unusual", value=years, usual=usual)
    if trainee_type == PROFESSIONAL_MASTER and values.get("current_degree") not in (None, _BACHELOR):
        label = CURRENT_DEGREE.label(values["current_degree"])
        add(found, "current_degree", "professional_master_degree", value=label)


def _judge_dates(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    start, end = values.get("actual_start_date"), values.get("planned_end_date")
    year, today = context.get("intake_year") or values.get("intake_year"), context.get("today")
    if start is not None:
        if today is not None and start > add_months(today, 6):
            add(found, "actual_start_date", "start_too_late")
        elif (
            year is not None
            and not context.get("has_moved")
            and not date(year - 1, 11, 1) <= start <= date(year, 10, 31)
        ):
            add(
                found,
                "actual_start_date",
                "start_unusual",
                first=date(year - 1, 11, 1),
                last=date(year, 10, 31),
            )
    if start is not None and end is not None and end <= start:
        add(found, "planned_end_date", "end_before_start")
    years = values.get("approved_years")
    if end is not None and year is not None and years is not None:
        last = latest_end_year(year, years)
        if end.year > last:
            add(found, "planned_end_date", "end_too_late", last=last)


def latest_end_year(intake_year: int, approved_years: int) -> int:
    """The last calendar year a training may reach with every extension (docs/fields.md#training,
    docs/fields.md#status)."""
    return intake_year + approved_years + LONGEST_EXTENSION_YEARS


def _judge_graduate(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    """应届/往届 of the base against the graduation the resident typed: a difference is only flagged (AM-08)."""
    fresh, graduated = values.get("is_fresh_graduate"), context.get("highest_graduation_date")
    year = context.get("intake_year") or values.get("intake_year")
    if fresh is None or graduated is None or year is None:
        return
    if fresh != (graduated.year == year):
        code = "fresh_but_earlier_graduation" if fresh else "earlier_but_fresh_graduation"
        add(found, "is_fresh_graduate", code, graduated=graduated.year, year=year)


def _judge_units(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    for name in ("sponsor_uscc", "ws_from_uscc"):
        if values.get(name) and (warnings := uscc_problems(values[name])):
            found.setdefault(name, []).extend(warnings)
    if values.get("partner_level") == UNGRADED_LEVEL and values.get("partner_grade") not in (None, UNGRADED):
        add(found, "partner_grade", "grade_without_level")
    origin, base_province = values.get("ws_from_province"), context.get("base_province")
    if origin is not None and origin == base_province:
        add(found, "ws_from_province", "western_support_same_province")


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Fields a report still needs (BR-46, BR-57)."""
    return missing_fields(FIELDS, values, context)
