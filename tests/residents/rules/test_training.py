"""培训信息 (docs/fields.md#training)."""

from datetime import date

import pytest

from residents.rules import training
from residents.rules.fields import normalise

CONTEXT = {
    "today": date(2019, 10, 20),
    "intake_year": 2019,
    "full_name": "张三",
    "accredited": dict.fromkeys(("0100", "0700", "0900")),
    "base_province": "32",
    "current_degree": "1",
    "highest_graduation_date": date(2019, 6, 30),
}
COMPLETE = {
    "specialty": "0100",
    "trainee_type": "3",
    "is_fresh_graduate": True,
    "is_rural_oriented": False,
    "approved_years": 3,
    "actual_start_date": date(2019, 9, 1),
    "at_partner_unit": False,
    "is_western_support": False,
}


def codes(values, **context):
    found = training.problems({**COMPLETE, **values}, {**CONTEXT, **context})
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


def test_complete_block_has_no_problem_and_misses_nothing():
    assert codes({}) == {}
    assert training.missing(COMPLETE, CONTEXT) == []


def test_empty_block_misses_the_required_fields():
    """BR-46: 上报 needs complete training information."""
    assert training.missing({}, CONTEXT) == list(COMPLETE)


@pytest.mark.parametrize(
    ("changed", "needed"),
    [
        ({"trainee_type": "9"}, ["trainee_type_other"]),
        ({"trainee_type": "4"}, ["degree_school"]),
        ({"trainee_type": "2"}, ["sponsor_name", "sponsor_uscc", "sponsor_is_military"]),
        ({"approved_years": 2}, ["reduction_reason"]),
        ({"at_partner_unit": True}, ["partner_unit", "partner_level", "partner_grade", "partner_category"]),
        (
            {"is_western_support": True},
            ["ws_from_province", "ws_from_unit", "ws_from_military", "ws_from_uscc"],
        ),
    ],
)
def test_conditional_fields_are_needed(changed, needed):
    assert training.missing({**COMPLETE, **changed}, CONTEXT) == needed


def test_fields_of_an_earlier_answer_are_cleared():
    values = {**COMPLETE, "trainee_type": "3", "sponsor_name": "某院", "reduction_reason": "1"}
    cleared = normalise(training.FIELDS, values)
    assert (cleared["sponsor_name"], cleared["reduction_reason"]) == (None, None)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"specialty": "0200"}, {"specialty": ["specialty_not_accredited"]}),
        ({"specialty": "3700"}, {"specialty": ["specialty_inactive"]}),
        ({"is_rural_oriented": True}, {"specialty": ["rural_not_general_practice"]}),
        ({"is_rural_oriented": True, "specialty": "0700"}, {}),
        ({"actual_start_date": date(2018, 11, 1)}, {}),
        ({"actual_start_date": date(2018, 10, 31)}, {"actual_start_date": ["start_unusual"]}),
        ({"actual_start_date": date(2019, 11, 1)}, {"actual_start_date": ["start_unusual"]}),
        ({"actual_start_date": date(2020, 4, 20)}, {"actual_start_date": ["start_unusual"]}),
        ({"actual_start_date": date(2020, 4, 21)}, {"actual_start_date": ["start_too_late"]}),
        ({"planned_end_date": date(2019, 9, 1)}, {"planned_end_date": ["end_before_start"]}),
        ({"planned_end_date": date(2025, 12, 31)}, {}),
        ({"planned_end_date": date(2026, 1, 1)}, {"planned_end_date": ["end_too_late"]}),
        ({"approved_years": 2}, {"approved_years": ["approved_years_unusual"]}),
        ({"is_fresh_graduate": False}, {"is_fresh_graduate": ["earlier_but_fresh_graduation"]}),
        ({"trainee_type": "4", "current_degree": "3"}, {"current_degree": ["professional_master_degree"]}),
        ({"partner_level": "4", "partner_grade": "1"}, {"partner_grade": ["grade_without_level"]}),
        ({"sponsor_uscc": "350100100000001"}, {"sponsor_uscc": ["uscc_legacy"]}),
        ({"ws_from_province": "32"}, {"ws_from_province": ["western_support_same_province"]}),
        ({"ws_from_province": "65"}, {}),
    ],
)
def test_values_are_judged(changed, found):
    assert codes(changed) == found


def test_whoever_changed_base_or_specialty_may_begin_in_any_season():
    """AM-48: he keeps his first intake year, so the new training begins after its season."""
    begun = {**COMPLETE, "actual_start_date": date(2020, 4, 20), "planned_end_date": date(2023, 4, 20)}
    assert "actual_start_date" in training.problems(begun, CONTEXT)
    assert "actual_start_date" not in training.problems(begun, {**CONTEXT, "has_moved": True})


@pytest.mark.parametrize(
    ("degree", "years"), [("0", 3), ("1", 3), ("2", None), ("3", 2), ("4", None), ("5", 1), (None, None)]
)
def test_usual_years_follow_the_degree(degree, years):
    """docs/fields.md#training: academic degrees are assessed by the base, so nothing is unusual there."""
    assert training.usual_years("3", degree) == years
    assert training.usual_years("4", degree) == 3


def test_deviation_from_custom_only_warns():
    """PAIN-25: 核定年限, the season of the start and 应届 are judged by the base."""
    changed = {"approved_years": 1, "actual_start_date": date(2018, 10, 31), "is_fresh_graduate": False}
    found = training.problems({**COMPLETE, **changed}, CONTEXT)
    assert [problem.is_warning for problems in found.values() for problem in problems] == [True, True, True]


def test_graduation_of_another_year_is_flagged_but_the_base_s_value_stays():
    """AM-08."""
    assert codes({}, highest_graduation_date=date(2017, 6, 30)) == {
        "is_fresh_graduate": ["fresh_but_earlier_graduation"]
    }
    assert codes({}, highest_graduation_date=None) == {}


def test_locked_specialty_cannot_change_but_stays_valid_without_accreditation():
    """BR-81: year, base and specialty are locked in the registry."""
    locked = {"specialty_locked": True, "specialty": "0200"}
    assert codes({"specialty": "0100"}, **locked) == {"specialty": ["specialty_locked"]}
    assert codes({"specialty": "0200"}, **locked) == {}


def test_specialty_opened_later_is_taken_in_later_years():
    """docs/codes.md#specialties: 3700 is inactive in 2019; the portal's own list of the year decides where it is
    given."""
    later = {"intake_year": 2021, "accredited": None, "highest_graduation_date": None}
    assert "specialty" not in codes({"specialty": "3700"}, **later)
    assert codes({"specialty": "0100"}, active_specialties={"0700"}) == {"specialty": ["specialty_inactive"]}


def test_row_for_another_person_or_year_is_refused():
    """docs/fields.md#training: name mismatch and a differing year are row errors (BR-56)."""
    assert codes({"full_name": "张叁", "intake_year": 2018}) == {
        "full_name": ["name_mismatch"],
        "intake_year": ["intake_year_locked"],
    }
    assert codes({"full_name": "张三", "intake_year": 2019}) == {}


def test_row_without_an_enrollment_at_this_base_has_this_one_error():
    assert codes({"specialty": "0200"}, enrollment_found=False) == {"id_number": ["no_enrollment_here"]}


def test_end_is_derived_from_start_and_years():
    assert training.derived(COMPLETE) == {"planned_end_date": date(2022, 9, 1)}
    assert training.derived({}) == {}


def test_template_columns_are_match_keys_and_everything_a_base_types():
    """BR-29: no files, nothing the system writes itself."""
    names = [field.name for field in training.TEMPLATE_FIELDS]
    assert names[:5] == ["full_name", "id_type", "id_number", "intake_year", "specialty"]
    assert {"reduction_proof", "province", "training_base", "program_type"} & set(names) == set()
    assert len(names) == len(set(names)) == 29
