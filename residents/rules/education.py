"""学习经历: one row per level of study (docs/fields.md#education), judged alone and together; highest education is
derived (PAIN-24).

Context: `today`, `birth_date`, `trainee_type`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from residents.codes import OTHER_MAJOR, OTHER_SCHOOL
from residents.codes.number_shapes import NUMBER_SHAPES
from residents.codes.study import (
    BACHELOR,
    COLLEGE,
    DEGREE_CODE,
    DEGREE_TYPE,
    DOCTOR,
    EDUCATION_CODE,
    EDUCATION_LEVEL,
    MASTER,
    NO_DEGREE,
    PROFESSIONAL_DEGREES,
    SECONDARY,
)
from residents.rules import scans
from residents.rules.dates import add_years
from residents.rules.fields import (
    Field,
    Narrowed,
    Problems,
    Proposal,
    add,
    missing_fields,
    unlisted,
    without_empty,
)

MOST_ROWS = 5
PROFESSIONAL_MASTER = "4"
PROFESSIONAL, ACADEMIC = "1", "2"
_FINISHED = (("is_enrolled", (False,)),)
_WITH_DIPLOMA = (*_FINISHED, ("has_diploma", (True,)))
_WITH_DEGREE = (*_FINISHED, ("has_degree", (True,)))

_EDUCATION_OF_LEVEL = {
    SECONDARY: {"40", "41", "42", "43", "44", "45", "46", "47", "48", "49"},
    COLLEGE: {"30", "31", "32", "33"},
    BACHELOR: {"20", "21", "22", "23", "28"},
    MASTER: {"10", "14", "15", "16", "17", "18", "19"},
    DOCTOR: {"10", "11", "12", "13"},
}
_OTHER_EDUCATION = "90"
_DEGREE_DIGIT_OF_LEVEL = {BACHELOR: "4", MASTER: "3", DOCTOR: "2"}
_ANY_LEVEL_DEGREES = (NO_DEGREE, "999")
# Who finished a level mostly has these; the words of the certificate count.
_GRADUATED = {SECONDARY: "41", COLLEGE: "31", BACHELOR: "21", MASTER: "14", DOCTOR: "11"}
_USUAL_DEGREE = {BACHELOR: "410"}
_OFFERED_EDUCATION = Narrowed(
    "level", {level: (*sorted(codes), _OTHER_EDUCATION) for level, codes in _EDUCATION_OF_LEVEL.items()}
)
_OFFERED_DEGREES = Narrowed(
    "level",
    {
        level: [code for code in DEGREE_CODE.items if code[0] == digit or code in _ANY_LEVEL_DEGREES]
        for level, digit in _DEGREE_DIGIT_OF_LEVEL.items()
    },
)

FIELDS: tuple[Field, ...] = (
    Field("level", "学历层次", "code", codes="education_level", required=True),
    Field("is_integrated_program", "是否长学制（七/八年制、5+3一体化）", "bool"),
    Field("is_full_time", "是否全日制", "bool", required=True),
    Field("is_enrolled", "是否在读", "bool", required=True),
    Field(
        "enrolled_level",
        "在读学历",
        "code",
        codes="education_level",
        asked=(("is_enrolled", (True,)),),
        owner="auto",
        help="与学历层次相同，由系统填写。",
    ),
    Field(
        "expected_graduation",
        "预计毕业时间",
        "date",
        required=True,
        asked=(("is_enrolled", (True,)),),
        allows_month=True,
    ),
    Field(
        "school",
        "毕业（在读）院校",
        "text",
        max_length=100,
        required=True,
        suggestions="school",
        help="院校全称；列表中没有的可直接填写。",
    ),
    Field(
        "school_other",
        "其他毕业院校",
        "text",
        max_length=100,
        required=True,
        asked=(("school", (OTHER_SCHOOL,)),),
    ),
    Field(
        "major",
        "毕业（在读）专业",
        "text",
        max_length=100,
        required=True,
        suggestions="major",
        help="列表中没有的可直接填写。",
    ),
    Field(
        "major_other",
        "其他毕业专业",
        "text",
        max_length=100,
        required=True,
        asked=(("major", (OTHER_MAJOR,)),),
    ),
    Field("graduation_date", "毕业时间", "date", required=True, asked=_FINISHED, allows_month=True),
    Field(
        "education_code",
        "学历",
        "code",
        codes="education_code",
        required=True,
        asked=_FINISHED,
        proposed=Proposal("level", values=_GRADUATED),
        narrowed=_OFFERED_EDUCATION,
    ),
    Field("has_diploma", "是否获得毕业证书", "bool", required=True, asked=_FINISHED),
    Field(
        "diploma_no",
        "学历证书编号",
        "text",
        max_length=30,
        required=True,
        asked=_WITH_DIPLOMA,
        is_number_text=True,
    ),
    Field(
        "diploma_date",
        "学历证书取得时间",
        "date",
        required=True,
        asked=_WITH_DIPLOMA,
        proposed=Proposal("graduation_date"),
    ),
    Field("has_degree", "是否获得学位证书", "bool", required=True, asked=_FINISHED),
    Field(
        "degree_code",
        "学位",
        "code",
        codes="degree_code",
        required=True,
        asked=_WITH_DEGREE,
        proposed=Proposal("level", values=_USUAL_DEGREE),
        narrowed=_OFFERED_DEGREES,
    ),
    Field(
        "degree_type",
        "学位类型",
        "code",
        codes="degree_type",
        required=True,
        asked=(("level", (MASTER, DOCTOR)),),
    ),
    Field(
        "degree_no",
        "学位证书编号",
        "text",
        max_length=30,
        required=True,
        asked=_WITH_DEGREE,
        is_number_text=True,
    ),
    Field(
        "degree_date",
        "学位证书取得时间",
        "date",
        required=True,
        asked=_WITH_DEGREE,
        proposed=Proposal("graduation_date"),
    ),
    Field(
        "overseas_cert_no",
        "留学认证书编号",
        "text",
        max_length=30,
        is_number_text=True,
        help="国外或港澳台院校毕业的填写。",
    ),
    Field("scan", "证书照片", "file", help=scans.HELP),
)
_FIELD = {field.name: field for field in FIELDS}


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of one row by itself; blanks are no fault of a save (BR-53)."""
    found: Problems = {}
    values = without_empty(values)
    for name in ("school", "major"):
        if warnings := unlisted(_FIELD[name], values.get(name)):
            found[name] = warnings
    _judge_dates(values, context, found)
    _judge_codes(values, found)
    _judge_numbers(values, found)
    return found


def _judge_dates(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    today, born = context.get("today"), context.get("birth_date")
    if today is not None:
        for name in ("graduation_date", "diploma_date", "degree_date"):
            if values.get(name) is not None and values[name] > today:
                add(found, name, "date_in_future")
        expected = values.get("expected_graduation")
        if expected is not None and expected <= today:
            add(found, "expected_graduation", "expected_graduation_past")
    graduated, certified = values.get("graduation_date"), values.get("diploma_date")
    if graduated is not None and born is not None and graduated < add_years(born, 16).replace(day=1):
        add(found, "graduation_date", "too_young")
    if graduated is not None and certified is not None and certified < graduated - timedelta(days=90):
        add(found, "diploma_date", "diploma_before_graduation")


def _judge_codes(values: Mapping[str, Any], found: Problems) -> None:
    level, education, degree = values.get("level"), values.get("education_code"), values.get("degree_code")
    if level and education and education != _OTHER_EDUCATION and education not in _EDUCATION_OF_LEVEL[level]:
        add(
            found,
            "education_code",
            "education_level_mismatch",
            value=EDUCATION_CODE.label(education),
            level=EDUCATION_LEVEL.label(level),
        )
    if not degree:
        return
    if values.get("has_degree") and degree == NO_DEGREE:
        add(found, "degree_code", "degree_contradiction")
    if level and degree not in _ANY_LEVEL_DEGREES and degree[0] != _DEGREE_DIGIT_OF_LEVEL.get(level):
        add(
            found,
            "degree_code",
            "degree_level_mismatch",
            value=DEGREE_CODE.label(degree),
            level=EDUCATION_LEVEL.label(level),
        )
    usual = PROFESSIONAL if degree in PROFESSIONAL_DEGREES else ACADEMIC
    if degree not in _ANY_LEVEL_DEGREES and values.get("degree_type") not in (None, usual):
        add(
            found,
            "degree_type",
            "degree_type_mismatch",
            value=DEGREE_CODE.label(degree),
            expected=DEGREE_TYPE.label(usual),
        )


def _judge_numbers(values: Mapping[str, Any], found: Problems) -> None:
    """Foreign, older and military certificates differ from the usual shapes: warnings only (PAIN-25)."""
    for name, shapes in NUMBER_SHAPES.items():
        number = values.get(name)
        if number and not shapes.fit(number):
            add(found, name, f"{name}_shape", value=number)


def problems_of_rows(
    rows: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> dict[int | None, Problems]:
    """What the rows say against each other, by index of the row; None is the block as a whole."""
    found: dict[int | None, Problems] = {}
    rows = [without_empty(row) for row in rows]
    if len(rows) > MOST_ROWS:
        add(found.setdefault(None, {}), "", "education_too_many", count=len(rows))
    _judge_repeated_levels(rows, found)
    levels = [row["level"] for row in rows if row.get("level")]
    for index, row in enumerate(rows):
        if row.get("is_enrolled") and row.get("level") and row["level"] < max(levels):
            add(found.setdefault(index, {}), "is_enrolled", "enrolled_not_highest")
        is_part_time_master = row.get("level") == MASTER and row.get("is_full_time") is False
        if is_part_time_master and context.get("trainee_type") == PROFESSIONAL_MASTER:
            add(found.setdefault(index, {}), "is_full_time", "master_full_time")
    _judge_order(rows, found)
    return found


def _judge_repeated_levels(rows: Sequence[Mapping[str, Any]], found: dict[int | None, Problems]) -> None:
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        level = row.get("level")
        if not level:
            continue
        seen[level] = seen.get(level, 0) + 1
        if level == BACHELOR and seen[level] == 2:
            add(found.setdefault(index, {}), "level", "second_bachelor")
        elif seen[level] > 1:
            add(
                found.setdefault(index, {}),
                "level",
                "education_level_repeated",
                level=EDUCATION_LEVEL.label(level),
            )


def _judge_order(rows: Sequence[Mapping[str, Any]], found: dict[int | None, Problems]) -> None:
    """Graduation months ascend with the level; equal ones occur in integrated programmes, days may be unknown."""
    dated = sorted(
        (row["level"], row["graduation_date"].replace(day=1), index)
        for index, row in enumerate(rows)
        if row.get("level") and row.get("graduation_date") is not None
    )
    for level, graduated, index in dated:
        if any(lower < level and earlier > graduated for lower, earlier, _ in dated):
            add(
                found.setdefault(index, {}),
                "graduation_date",
                "graduation_order",
                level=EDUCATION_LEVEL.label(level),
            )


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Fields of one row a report still needs (BR-46)."""
    return missing_fields(FIELDS, values, context)


def missing_of_rows(
    rows: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> list[tuple[int | None, str]]:
    """Everything the block still needs: (index of the row, field), and (None, "level") while no row is a 本科.

    A row of a long programme (长学制) at 硕士 or 博士 stands for its 本科 (docs/fields.md#education).
    """
    needed: list[tuple[int | None, str]] = [
        (index, name) for index, row in enumerate(rows) for name in missing(row, context)
    ]
    has_bachelor = any(
        row.get("level") == BACHELOR
        or (row.get("level") in (MASTER, DOCTOR) and row.get("is_integrated_program"))
        for row in rows
    )
    return needed if has_bachelor else [(None, "level"), *needed]


def default_row(context: Mapping[str, Any], levels: Collection[str]) -> dict[str, Any]:
    """What a new row starts with, beside rows of these levels; proposed, not stored (GOAL-R10, PAIN-24).

    A degree student is still enrolled full-time in his master's programme; otherwise the lowest level that is missing,
    finished full-time with both certificates.
    """
    if context.get("trainee_type") == PROFESSIONAL_MASTER and MASTER not in levels:
        return {"level": MASTER, "is_full_time": True, "is_enrolled": True, "degree_type": PROFESSIONAL}
    level = next((each for each in (BACHELOR, MASTER, DOCTOR) if each not in levels), "")
    if not level:
        return {}
    finished = {"is_full_time": True, "is_enrolled": False, "has_diploma": True, "has_degree": True}
    return finished | {
        "level": level,
        "education_code": _GRADUATED[level],
        "degree_code": _USUAL_DEGREE.get(level),
    }


# What `derived` reads of a row.
DERIVED_FROM = (
    "level",
    "is_enrolled",
    "education_code",
    "has_degree",
    "degree_code",
    "degree_type",
    "graduation_date",
)


def derived(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """最高学历, 最高学位 and what other blocks need to know of the rows; None where the rows do not say (PAIN-24).

    Keys: `highest_level`, `highest_education_code`, `highest_degree_code`, `current_degree` (a code of that list),
    `highest_graduation_date` and `bachelor_graduation_date`. Rows still in progress count for nothing.
    """
    rows = [without_empty(row) for row in rows]
    finished = sorted(
        (row for row in rows if row.get("level") and not row.get("is_enrolled")), key=lambda row: row["level"]
    )
    highest = finished[-1] if finished else {}
    with_degree = [
        row for row in finished if row.get("has_degree") and row.get("degree_code") not in (None, NO_DEGREE)
    ]
    return {
        "highest_level": highest.get("level"),
        "highest_education_code": highest.get("education_code"),
        "highest_degree_code": with_degree[-1]["degree_code"] if with_degree else None,
        "current_degree": _current_degree(with_degree[-1]) if with_degree else ("0" if finished else None),
        "highest_graduation_date": highest.get("graduation_date"),
        "bachelor_graduation_date": _earliest_bachelor(finished),
    }


def _current_degree(row: Mapping[str, Any]) -> str | None:
    """当前学位类别: 1 学士, 2/3 academic or professional master, 4/5 doctor."""
    if row["level"] == BACHELOR:
        return "1"
    is_professional = row["degree_code"] in PROFESSIONAL_DEGREES or row.get("degree_type") == PROFESSIONAL
    return {MASTER: ("2", "3"), DOCTOR: ("4", "5")}.get(row["level"], (None, None))[is_professional]


def _earliest_bachelor(finished: Sequence[Mapping[str, Any]]) -> date | None:
    dates = [
        row["graduation_date"] for row in finished if row["level"] == BACHELOR and row.get("graduation_date")
    ]
    return min(dates) if dates else None
