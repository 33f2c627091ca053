"""工作信息 (docs/fields.md#work, AM-06)."""

from datetime import date

import pytest

from residents.rules import work
from residents.rules.fields import normalise

CONTEXT = {
    "today": date(2019, 10, 20),
    "birth_date": date(1995, 3, 15),
    "module": "registry",
    "trainee_type": "2",
}
HOSPITAL = {
    "employer_name": "某县人民医院",
    "employer_uscc": "91350100M000100Y43",
    "employer_is_military": False,
    "employer_kind": "1",
    "hospital_category": "1",
    "hospital_level": "2",
    "hospital_grade": "1",
    "affiliation": "5",
}


def codes(values):
    found = work.problems(values, CONTEXT)
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


def test_complete_block_has_no_problem_and_misses_nothing():
    assert codes(HOSPITAL) == {}
    assert work.missing(HOSPITAL, CONTEXT) == []


def test_work_is_not_needed_for_a_report_in_intake():
    """AM-06."""
    assert work.missing({}, {**CONTEXT, "module": "intake"}) == []


@pytest.mark.parametrize(
    ("trainee_type", "needed"),
    [
        ("1", ["employer_name", "employer_kind"]),
        ("2", ["employer_name", "employer_uscc", "employer_is_military", "employer_kind"]),
        ("3", []),
        ("4", []),
        ("9", []),
    ],
)
def test_employer_is_asked_by_trainee_type(trainee_type, needed):
    assert work.missing({}, {**CONTEXT, "trainee_type": trainee_type}) == needed


def test_employer_of_someone_without_one_is_cleared():
    """docs/fields.md#work: hidden and cleared otherwise."""
    cleared = normalise(work.FIELDS, HOSPITAL, {**CONTEXT, "trainee_type": "3"})
    assert {cleared[name] for name in HOSPITAL} == {None}


def test_primary_care_asks_its_own_kind():
    clinic = {**HOSPITAL, "employer_kind": "2"}
    assert work.missing(clinic, CONTEXT) == ["primary_care_kind"]
    assert work.missing({**HOSPITAL, "employer_kind": "3", "hospital_level": None}, CONTEXT) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"hospital_level": "4", "hospital_grade": "1"}, {"hospital_grade": ["grade_without_level"]}),
        ({"hospital_level": "4", "hospital_grade": "4"}, {}),
        ({"employer_uscc": "350100100000001"}, {"employer_uscc": ["uscc_legacy"]}),
        ({"work_start_date": date(2011, 2, 1)}, {"work_start_date": ["too_young"]}),
        ({"work_start_date": date(2011, 3, 1)}, {}),
        ({"work_start_date": date(2019, 11, 1)}, {"work_start_date": ["date_in_future"]}),
        ({"title": "1", "title_date": date(2019, 11, 1)}, {"title_date": ["date_in_future"]}),
    ],
)
def test_values_are_judged(changed, found):
    assert codes({**HOSPITAL, **changed}) == found


def test_what_the_base_knows_is_offered():
    """AM-06: prefilled from the base's sponsor fields."""
    sponsor = {
        "sponsor_name": "某县人民医院",
        "sponsor_uscc": "91350100M000100Y43",
        "sponsor_is_military": False,
    }
    assert work.prefill({"trainee_type": "2", **sponsor}, "某某医院") == {
        "employer_name": "某县人民医院",
        "employer_uscc": "91350100M000100Y43",
        "employer_is_military": False,
    }
    assert work.prefill({"trainee_type": "1"}, "某某医院") == {
        "employer_name": "某某医院",
        "employer_kind": "1",
    }
    assert work.prefill({"trainee_type": "3"}, "某某医院") == {}
