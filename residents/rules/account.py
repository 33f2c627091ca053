"""账号模板: the five columns that create accounts (docs/fields.md#account, BR-43), and rows judged against each other.

Context: `cycle_year` (the year of the cycle the row is brought into), `doors` (what each year with a cycle takes now),
`module` ("intake" or "registry"), `today`, and, where the database knows a live enrollment of
the person, `live_enrollment` (see problems).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from residents.codes.training import REGISTRY
from residents.rules import identity
from residents.rules.duplicates import differing, judge_pair
from residents.rules.fields import Field, Problems, add, missing_fields, require, without_empty
from residents.rules.text import LONGEST_NAME, name_key, name_problems

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


@dataclass(frozen=True, slots=True)
class Door:
    """What becomes of a recruit of one year at one base now (AM-31, AM-42); moments to come are in words."""

    intake_is_open: bool = False
    registry_takes: bool = False
    intake_opens: str | None = None
    registry_opens: str | None = None


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of one row of the account template; an account is never created incomplete.

    `context["live_enrollment"]` is None or a mapping with `is_same_base`, `base_name`, `intake_year`, `status_name` and
    perhaps `is_recruit` and `has_ended`: elsewhere it refuses the row (BR-49, BR-71, AM-28), at the same base it is
    a notice only (AM-11).
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
    """Which of the two modules takes this person as one of this year (BR-69, AM-31, AM-48).

    `kept_year` and `has_original` tell of the person, `doors` of the base now.
    """
    cycle_year = context.get("cycle_year")
    if year is None or cycle_year is None:
        return
    doors: Mapping[int, Door] = context.get("doors", {})
    door = doors.get(year)
    kept_year, is_registrys = context.get("kept_year"), context.get("has_original")
    if context.get("module") != REGISTRY:
        if kept_year is not None:
            add(found, "intake_year", "year_of_transfer", year=kept_year)
        elif year != cycle_year:
            is_taken = is_registrys or (
                door.registry_takes if door else FIRST_REGISTRY_YEAR <= year < max([cycle_year, *doors])
            )
            _refuse_other_year(year, cycle_year, door, found, is_taken=bool(is_taken))
        elif is_registrys and not context.get("live_enrollment"):
            add(found, "intake_year", "intake_original_exists", year=year)
    elif kept_year is not None:
        if year != kept_year:
            add(found, "intake_year", "year_kept", value=year, year=kept_year)
    elif door is not None:
        # Whoever is held somewhere is told of that alone: no module takes him.
        if not (door.registry_takes or is_registrys or context.get("live_enrollment")):
            _name_the_door(year, door, doors, found)
    elif not FIRST_REGISTRY_YEAR <= year < max([cycle_year, *doors]):
        _refuse_year(year, doors, cycle_year, found)


def _refuse_other_year(
    year: int, cycle_year: int, door: Door | None, found: Problems, *, is_taken: bool
) -> None:
    """An intake's own year is another: the message names the door that is open now, `is_taken` that of the registry, or
    the day on which one will be (AM-31)."""
    years: dict[str, Any] = {"value": year, "year": cycle_year}
    if door and door.intake_is_open:
        add(found, "intake_year", "intake_year_other_open", **years)
    elif is_taken:
        add(found, "intake_year", "intake_year_intake", **years)
    elif door and (opens := door.intake_opens):
        add(found, "intake_year", "intake_year_other_later", **years, opens=opens)
    elif door and (opens := door.registry_opens):
        add(found, "intake_year", "intake_year_other_locks", **years, opens=opens)
    elif year > cycle_year:
        add(found, "intake_year", "intake_year_ahead", **years)
    else:
        add(found, "intake_year", "intake_year_nowhere", **years)


def _name_the_door(year: int, door: Door, doors: Mapping[int, Door], found: Problems) -> None:
    """Not taken yet: the message names the door that is open now, or the day on which this one opens (AM-31)."""
    if door.intake_is_open:
        add(found, "intake_year", "intake_year_still_open", value=year)
    elif opens := door.intake_opens:
        add(found, "intake_year", "intake_year_not_open_yet", value=year, opens=opens)
    elif opens := door.registry_opens:
        add(found, "intake_year", "intake_year_before_lock", value=year, opens=opens)
    else:
        _refuse_year(year, doors, year, found)


def _refuse_year(year: int, doors: Mapping[int, Door], cycle_year: int, found: Problems) -> None:
    last = min((each for each, door in doors.items() if not door.registry_takes), default=None)
    last = max(doors, default=cycle_year - 1) if last is None else last - 1
    add(found, "intake_year", "intake_year_registry", value=year, first=FIRST_REGISTRY_YEAR, last=last)


def _judge_live_enrollment(live: Mapping[str, Any] | None, found: Problems) -> None:
    if not live:
        return
    facts = {"base": live["base_name"], "year": live["intake_year"], "status": live["status_name"]}
    add(found, "id_number", live_code(live), **facts)


# What is said of a person whose identity the platform knows otherwise (AM-35), by residents.standing.Known.
WHO_IS_WHO = {
    "name_differs": "identity_name_differs",
    "type_differs": "identity_type_differs",
    "overtaken": "identity_busy",
    "not_told": "whereabouts_limit",
}
# What is told of a row that goes in, or of one that there is no need to bring: not beside an error.
OF_GOOD_ROWS = frozenset(
    (
        "already_here",
        "already_here_differs",
        "account_reused",
        "account_other_name",
        "account_needs_code",
        "year_kept",
        "mobile_kept",
    )
)
# The warning that is confirmed with a reason (AM-36).
TWO_TYPES = "same_person_other_type"
# Those that 提交核实 answers.
DOUBTED = ("identity_name_differs", "identity_type_differs")
# The messages about a person whom another base holds, which 请求转出 answers.
HELD_ELSEWHERE = ("live_elsewhere", "recruit_elsewhere", "ended_elsewhere")


def live_code(live: Mapping[str, Any]) -> str:
    """The message about a live enrollment: each state has the way that leads out of it (BR-49, AM-11)."""
    if live["is_same_base"]:
        return "already_here"
    if live.get("has_ended"):
        return "ended_elsewhere"
    return "recruit_elsewhere" if live.get("is_recruit") else "live_elsewhere"


def problems_of_rows(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[int, Problems]:
    """What rows of one file say against each other, by the row number Excel shows.

    A person met twice is an error of the later row, and of both where they differ: the same number under one type or
    one name (AM-35). One mobile number on several rows is a warning on each later row, since the login is the ID number
    (docs/fields.md#account). Takes (row number, clean values).
    """
    found: dict[int, Problems] = {}
    people: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    mobile_rows: dict[str, int] = {}
    for row, values in rows:
        number, mobile = values.get("id_number"), values.get("mobile")
        before = people.setdefault(number, []) if number else []
        for earlier, told in before:
            if _is_one_person(told, values):
                judge_pair(found, earlier, row, differing(FIELDS, told, values))
                break
        before.append((row, values))
        first = mobile_rows.setdefault(mobile, row) if mobile else row
        if first != row:
            add(found.setdefault(row, {}), "mobile", "mobile_repeated", row=first)
    return found


def _is_one_person(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Of two rows with the same number; what could not be read tells nothing against it."""
    types = {one.get("id_type"), other.get("id_type")}
    names = {name_key(each.get("full_name") or "") for each in (one, other)}
    return None in types or "" in names or len(types) == 1 or len(names) == 1


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """The columns still without a value; all five are needed (BR-43)."""
    return missing_fields(FIELDS, values, context)
