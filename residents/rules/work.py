"""工作信息: the employer, part of personal information in the registry and not asked for a report in intake (AM-06).

Context: `trainee_type`, `module`, `birth_date`, `today`.
"""

from collections.abc import Mapping
from typing import Any

from residents.codes.practice import NO_TITLE, TITLE, UNGRADED, UNGRADED_LEVEL
from residents.codes.training import INTAKE
from residents.rules.dates import add_years
from residents.rules.fields import Field, Problems, add, missing_fields, without_empty
from residents.rules.identity import uscc_problems

OWN_EMPLOYEE, SPONSORED_EMPLOYEE = "1", "2"
_HAS_EMPLOYER = (("trainee_type", (OWN_EMPLOYEE, SPONSORED_EMPLOYEE)),)
_SPONSORED = (("trainee_type", (SPONSORED_EMPLOYEE,)),)
_OWN = (("trainee_type", (OWN_EMPLOYEE,)),)
_HOSPITAL = (*_HAS_EMPLOYER, ("employer_kind", ("1",)))
_PRIMARY_CARE = (*_HAS_EMPLOYER, ("employer_kind", ("2",)))
_HAS_TITLE = (("title", tuple(code for code in TITLE.items if code != NO_TITLE)),)

FIELDS: tuple[Field, ...] = (
    Field(
        "employer_name",
        "工作单位名称",
        "text",
        max_length=100,
        required=True,
        asked=_HAS_EMPLOYER,
        help="与公章一致的全称。",
    ),
    Field("employer_uscc", "工作单位统一信用代码", "uscc", max_length=18, required=True, asked=_SPONSORED),
    Field("employer_is_military", "是否军队医院", "bool", required=True, asked=_SPONSORED),
    Field("employer_kind", "医疗卫生机构", "code", codes="employer_kind", required=True, asked=_HAS_EMPLOYER),
    Field(
        "primary_care_kind",
        "基层医疗卫生机构类型",
        "code",
        codes="primary_care_kind",
        required=True,
        asked=_PRIMARY_CARE,
    ),
    Field("hospital_category", "医院类别", "code", codes="hospital_category", required=True, asked=_HOSPITAL),
    Field("hospital_level", "医院级别", "code", codes="hospital_level", required=True, asked=_HOSPITAL),
    Field("hospital_grade", "医院等次", "code", codes="hospital_grade", required=True, asked=_HOSPITAL),
    Field("affiliation", "隶属关系", "code", codes="affiliation", required=True, asked=_HOSPITAL),
    Field("department", "所在科室", "text", max_length=50, asked=_OWN),
    Field("work_start_date", "参加工作时间", "month"),
    Field("title", "专业技术资格", "code", codes="title"),
    Field("title_date", "专业技术资格取得日期", "date", asked=_HAS_TITLE, allows_month=True),
)


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of the block as far as it is filled in."""
    found: Problems = {}
    values = without_empty(values)
    if values.get("employer_uscc") and (warnings := uscc_problems(values["employer_uscc"])):
        found["employer_uscc"] = warnings
    if values.get("hospital_level") == UNGRADED_LEVEL and values.get("hospital_grade") not in (
        None,
        UNGRADED,
    ):
        add(found, "hospital_grade", "grade_without_level")
    started, today, born = values.get("work_start_date"), context.get("today"), context.get("birth_date")
    for name in ("work_start_date", "title_date"):
        if today is not None and values.get(name) is not None and values[name] > today:
            add(found, name, "date_in_future")
    if started is not None and born is not None and started < add_years(born, 16).replace(day=1):
        add(found, "work_start_date", "too_young")
    return found


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Fields a report still needs; none in intake (AM-06)."""
    return [] if context.get("module") == INTAKE else missing_fields(FIELDS, values, context)


def prefill(training: Mapping[str, Any], base_name: str) -> dict[str, Any]:
    """What the base already knows of the employer, offered to the resident: its own name, or the sponsor (AM-06)."""
    if training.get("trainee_type") == OWN_EMPLOYEE:
        return {"employer_name": base_name, "employer_kind": "1"}
    if training.get("trainee_type") == SPONSORED_EMPLOYEE:
        return {
            "employer_name": training.get("sponsor_name"),
            "employer_uscc": training.get("sponsor_uscc"),
            "employer_is_military": training.get("sponsor_is_military"),
        }
    return {}
