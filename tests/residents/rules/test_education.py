"""学习经历 (docs/fields.md#education): rows alone, rows together, and what is derived."""

from datetime import date

import pytest

from residents.rules import education
from residents.rules.fields import normalise

CONTEXT = {"today": date(2019, 10, 20), "birth_date": date(1995, 3, 1)}
BACHELOR = {
    "level": "3",
    "is_full_time": True,
    "is_enrolled": False,
    "school": "南京医科大学",
    "major": "临床医学",
    "graduation_date": date(2018, 6, 30),
    "education_code": "21",
    "has_diploma": True,
    "diploma_no": "103121201805001234",
    "diploma_date": date(2018, 6, 30),
    "has_degree": True,
    "degree_code": "410",
    "degree_no": "1031242018001234",
    "degree_date": date(2018, 6, 30),
}
MASTER = {
    **BACHELOR,
    "level": "4",
    "graduation_date": date(2019, 6, 30),
    "education_code": "14",
    "degree_code": "345",
    "degree_type": "1",
    "degree_date": date(2019, 6, 30),
    "diploma_date": date(2019, 6, 30),
}


def codes(values, **context):
    found = education.problems(values, {**CONTEXT, **context})
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


def codes_of_rows(rows, **context):
    found = education.problems_of_rows(rows, {**CONTEXT, **context})
    return {
        index: {name: [problem.code for problem in listed] for name, listed in problems.items()}
        for index, problems in found.items()
    }


@pytest.mark.parametrize("row", [BACHELOR, MASTER])
def test_complete_row_has_no_problem_and_misses_nothing(row):
    assert codes(row) == {}
    assert education.missing(row, CONTEXT) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"graduation_date": date(2011, 2, 1)}, {"graduation_date": ["too_young"]}),
        ({"graduation_date": date(2011, 3, 1)}, {}),
        (
            {"graduation_date": date(2019, 10, 21)},
            {"graduation_date": ["date_in_future"], "diploma_date": ["diploma_before_graduation"]},
        ),
        ({"diploma_date": date(2018, 4, 1)}, {}),
        ({"diploma_date": date(2018, 3, 31)}, {"diploma_date": ["diploma_before_graduation"]}),
        ({"degree_date": date(2019, 10, 21)}, {"degree_date": ["date_in_future"]}),
        ({"education_code": "14"}, {"education_code": ["education_level_mismatch"]}),
        ({"education_code": "90"}, {}),
        ({"degree_code": "310"}, {"degree_code": ["degree_level_mismatch"]}),
        ({"degree_code": "999"}, {}),
        ({"degree_code": "998"}, {"degree_code": ["degree_contradiction"]}),
        ({"school": "某某大学"}, {"school": ["not_suggested"]}),
        ({"major": "其他专业"}, {}),
        ({"diploma_no": "1234"}, {"diploma_no": ["diploma_no_shape"]}),
        ({"degree_no": "1234"}, {"degree_no": ["degree_no_shape"]}),
    ],
)
def test_row_is_judged(changed, found):
    assert codes({**BACHELOR, **changed}) == found


def test_number_shapes_and_lists_only_warn():
    """PAIN-25: foreign, older and military certificates differ."""
    found = education.problems({"school": "某", "diploma_no": "A1", "degree_no": "A1"}, CONTEXT)
    assert [problem.is_warning for problems in found.values() for problem in problems] == [True, True, True]


def test_degree_type_against_the_degree_is_a_warning():
    (problem,) = education.problems({**MASTER, "degree_type": "2"}, CONTEXT)["degree_type"]
    assert (problem.code, problem.is_warning) == ("degree_type_mismatch", True)


def test_expected_graduation_lies_in_the_future():
    row = {"level": "4", "is_enrolled": True}
    assert codes({**row, "expected_graduation": date(2019, 10, 20)}) == {
        "expected_graduation": ["expected_graduation_past"]
    }
    assert codes({**row, "expected_graduation": date(2019, 10, 21)}) == {}


def test_certificate_fields_are_not_asked_of_the_enrolled():
    """docs/fields.md#education: a typed certificate of somebody who turns out to be enrolled is cleared."""
    row = normalise(education.FIELDS, {**MASTER, "is_enrolled": True})
    assert {name for name in MASTER if row[name] is None} == {
        "graduation_date",
        "education_code",
        "has_diploma",
        "diploma_no",
        "diploma_date",
        "has_degree",
        "degree_code",
        "degree_no",
        "degree_date",
    }
    assert education.missing(row, CONTEXT) == ["expected_graduation"]


def test_other_school_and_major_ask_for_their_names():
    row = {**BACHELOR, "school": "其他院校", "major": "其他专业"}
    assert education.missing(row, CONTEXT) == ["school_other", "major_other"]


def test_degree_type_is_asked_of_masters_and_doctors_only():
    assert education.missing({**MASTER, "degree_type": None}, CONTEXT) == ["degree_type"]
    assert education.missing({**BACHELOR, "degree_type": None}, CONTEXT) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], {}),
        ([BACHELOR, MASTER], {}),
        ([MASTER, BACHELOR], {}),
        ([BACHELOR, BACHELOR], {1: {"level": ["second_bachelor"]}}),
        (
            [BACHELOR, BACHELOR, BACHELOR],
            {1: {"level": ["second_bachelor"]}, 2: {"level": ["education_level_repeated"]}},
        ),
        ([MASTER, MASTER], {1: {"level": ["education_level_repeated"]}}),
        (
            [{**BACHELOR, "is_enrolled": True, "graduation_date": None}, MASTER],
            {0: {"is_enrolled": ["enrolled_not_highest"]}},
        ),
        (
            [BACHELOR, {**MASTER, "graduation_date": date(2017, 6, 30)}],
            {1: {"graduation_date": ["graduation_order"]}},
        ),
        ([BACHELOR, {**MASTER, "graduation_date": date(2018, 6, 1)}], {}),
    ],
)
def test_rows_are_judged_together(rows, found):
    assert codes_of_rows(rows) == found


def test_more_than_five_rows_are_refused_as_a_block():
    rows = [{"level": ""}] * 6
    assert codes_of_rows(rows) == {None: {"": ["education_too_many"]}}


def test_second_bachelor_is_a_warning_and_a_second_master_an_error():
    found = education.problems_of_rows([BACHELOR, BACHELOR, MASTER, MASTER], CONTEXT)
    assert {index: [p.is_warning for p in problems["level"]] for index, problems in found.items()} == {
        1: [True],
        3: [False],
    }


def test_degree_student_s_master_row_is_full_time():
    rows = [BACHELOR, {**MASTER, "is_full_time": False}]
    assert codes_of_rows(rows, trainee_type="4") == {1: {"is_full_time": ["master_full_time"]}}
    assert codes_of_rows(rows, trainee_type="3") == {}


@pytest.mark.parametrize(
    ("rows", "needed"),
    [
        ([], [(None, "level")]),
        ([BACHELOR], []),
        ([MASTER], [(None, "level")]),
        ([{**MASTER, "is_integrated_program": True}], []),
        ([{**BACHELOR, "school": None}, MASTER], [(0, "school")]),
    ],
)
def test_report_needs_a_bachelor_row_or_a_long_programme(rows, needed):
    assert education.missing_of_rows(rows, CONTEXT) == needed


def test_derived_values_come_from_the_finished_rows():
    """PAIN-24: 最高学历 and 最高学位 are never typed."""
    assert education.derived([MASTER, BACHELOR]) == {
        "highest_level": "4",
        "highest_education_code": "14",
        "highest_degree_code": "345",
        "current_degree": "3",
        "highest_graduation_date": date(2019, 6, 30),
        "bachelor_graduation_date": date(2018, 6, 30),
    }
    enrolled = {"level": "4", "is_enrolled": True, "degree_code": "", "graduation_date": None}
    assert education.derived([BACHELOR, enrolled])["highest_degree_code"] == "410"
    assert education.derived([BACHELOR, enrolled])["current_degree"] == "1"
    assert education.derived([{**BACHELOR, "has_degree": False, "degree_code": ""}])["current_degree"] == "0"
    assert set(education.derived([]).values()) == {None}


def test_degree_student_s_new_row_starts_enrolled():
    """docs/fields.md#education: professional_master is 在读 by default."""
    assert education.default_row({"trainee_type": "4"}, [])["is_enrolled"] is True
    assert education.default_row({"trainee_type": "4"}, ["4"])["is_enrolled"] is False


@pytest.mark.parametrize(
    ("levels", "level", "education_code", "degree_code"),
    [([], "3", "21", "410"), (["3"], "4", "14", None), (["2", "3", "4"], "5", "11", None)],
)
def test_new_row_proposes_the_level_that_is_missing(levels, level, education_code, degree_code):
    """PAIN-24: nothing is asked that follows."""
    row = education.default_row({"trainee_type": "1"}, levels)
    assert (row["level"], row["education_code"], row["degree_code"]) == (level, education_code, degree_code)
    assert (row["is_enrolled"], row["has_diploma"], row["has_degree"]) == (False, True, True)
    assert education.default_row({"trainee_type": "1"}, ["3", "4", "5"]) == {}


def test_what_a_level_proposes_and_offers_is_what_the_rules_take():
    """PAIN-24: no proposal that the save refuses, no list without the code that fits."""
    fields = {field.name: field for field in education.FIELDS}
    for name in ("education_code", "degree_code"):
        for level, code in fields[name].proposed.values.items():
            assert code in fields[name].narrowed.offered[level]
        for level, codes in fields[name].narrowed.offered.items():
            for code in codes:
                row = {"level": level, "is_enrolled": False, "has_degree": code != "998", name: code}
                assert name not in education.problems(row, {})
