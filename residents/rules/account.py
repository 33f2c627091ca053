"""账号模板: the five columns that create accounts (docs/fields.md#account, BR-43), and rows judged against each other.

Context: `cycle_year`, `module` ("intake" or "registry"), `today`, and, where the database knows a live enrollment of
the person, `live_enrollment` (see problems).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from residents.codes.training import REGISTRY
from residents.rules import identity
from residents.rules.fields import Field, Problems, add, missing_fields, require, without_empty
from residents.rules.text import LONGEST_NAME, name_problems

# The registry holds the cohorts since 2014 (BR-02).
FIRST_REGISTRY_YEAR = 2014

INTAKE_YEAR = Field(
    "intake_year",
    "招收年份",
    "int",
    minimum=2000,
    maximum=2100,
    required=True,
    owner="locked",
    help="四位年份，例如2019。导入后不能修改。",
)
FULL_NAME = Field(
    "full_name",
    "姓名",
    "name",
    max_length=LONGEST_NAME,
    required=True,
    owner="base",
    help="与证件上的姓名一致。",
    example="古丽米热·艾比布力",
)
ID_TYPE = Field(
    "id_type", "证件类型", "code", codes="id_type", required=True, owner="locked", help="导入后不能修改。"
)
ID_NUMBER = Field(
    "id_number",
    "证件号",
    "id_number",
    max_length=20,
    required=True,
    owner="locked",
    help="即登录账号，导入后不能修改；单元格请用文本格式。",
    example="330106199503120014",
)
MOBILE = Field(
    "mobile",
    "手机号",
    "mobile",
    max_length=11,
    required=True,
    owner="base",
    help="11位手机号。",
    example="13800138000",
)

FIELDS: tuple[Field, ...] = (INTAKE_YEAR, FULL_NAME, ID_TYPE, ID_NUMBER, MOBILE)


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of one row of the account template; an account is never created incomplete.

    `context["live_enrollment"]` is None or a mapping with `is_same_base`, `base_name`, `intake_year` and `status_name`:
    elsewhere it refuses the row (BR-49, BR-71, AM-28), at the same base it is a notice only (AM-11).
    """
    found: Problems = {}
    values = without_empty(values)
    require(FIELDS, values, found)
    _judge_year(values.get("intake_year"), context, found)
    judge_identity(values, context, found)
    _judge_live_enrollment(context.get("live_enrollment"), found)
    return found


def judge_identity(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    """Add what is wrong with name, identity type and number: the rules every identity in the portal obeys."""
    if values.get("full_name") and (warnings := name_problems(values["full_name"])):
        found.setdefault("full_name", []).extend(warnings)
    number, id_type = values.get("id_number"), values.get("id_type")
    # A type that could not be read has its own message.
    if (
        number
        and id_type
        and (faults := identity.id_number_problems(id_type, number, today=context.get("today")))
    ):
        found.setdefault("id_number", []).extend(faults)


def _judge_year(year: int | None, context: Mapping[str, Any], found: Problems) -> None:
    cycle_year = context.get("cycle_year")
    if year is None or cycle_year is None:
        return
    if context.get("module") == REGISTRY:
        if not FIRST_REGISTRY_YEAR <= year < cycle_year:
            add(
                found,
                "intake_year",
                "intake_year_registry",
                value=year,
                first=FIRST_REGISTRY_YEAR,
                last=cycle_year - 1,
            )
    elif year != cycle_year:
        add(found, "intake_year", "intake_year_intake", value=year, year=cycle_year)


def _judge_live_enrollment(live: Mapping[str, Any] | None, found: Problems) -> None:
    if not live:
        return
    code = "already_here" if live["is_same_base"] else "live_elsewhere"
    add(
        found, "id_number", code, base=live["base_name"], year=live["intake_year"], status=live["status_name"]
    )


def problems_of_rows(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[int, Problems]:
    """What rows of one file say against each other, by the row number Excel shows.

    A person met twice is an error of the later row; one mobile number on several rows is a warning on each later row,
    since the login is the ID number (docs/fields.md#account). Takes (row number, clean values).
    """
    found: dict[int, Problems] = {}
    person_rows: dict[str, int] = {}
    mobile_rows: dict[str, int] = {}
    for row, values in rows:
        number, mobile = values.get("id_number"), values.get("mobile")
        first = person_rows.setdefault(number, row) if number else row
        if first != row:
            add(found.setdefault(row, {}), "id_number", "duplicate_in_file", row=first)
        first = mobile_rows.setdefault(mobile, row) if mobile else row
        if first != row:
            add(found.setdefault(row, {}), "mobile", "mobile_repeated", row=first)
    return found


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """The columns still without a value; all five are needed (BR-43)."""
    return missing_fields(FIELDS, values, context)
