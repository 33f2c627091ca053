"""证书信息 (docs/fields.md#certificate)."""

from datetime import date

import pytest

from residents.rules import certificate
from residents.rules.fields import normalise

ID_NUMBER = "110105199012310027"
CONTEXT = {
    "today": date(2019, 10, 20),
    "id_type": "01",
    "id_number": ID_NUMBER,
    "military_status": "0",
    "specialty": "0100",
    "bachelor_graduation_date": date(2018, 6, 30),
}
LICENSED = {
    "passed_qualification_exam": True,
    "exam_pass_date": date(2018, 11, 1),
    "has_qualification_cert": True,
    "qualification_date": date(2018, 12, 20),
    "qualification_level": "1",
    "qualification_class": "10",
    "qualification_no": f"201832110{ID_NUMBER}",
    "has_license": True,
    "license_date": date(2019, 3, 1),
    "practice_class": "10",
    "practice_scope": "1001",
    "license_no": "110320100001234",
}


def codes(values, **context):
    found = certificate.problems({**LICENSED, **values}, {**CONTEXT, **context})
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


def warnings(values, **context):
    found = certificate.problems({**LICENSED, **values}, {**CONTEXT, **context})
    return [problem.is_warning for problems in found.values() for problem in problems]


def test_complete_block_has_no_problem_and_misses_nothing():
    assert codes({}) == {}
    assert certificate.missing(LICENSED, CONTEXT) == []


def test_no_exam_clears_all_below():
    """docs/fields.md#certificate: 否 ⇒ all below cleared."""
    cleared = normalise(certificate.FIELDS, {**LICENSED, "passed_qualification_exam": False})
    assert {value for name, value in cleared.items() if name != "passed_qualification_exam"} == {None}
    assert certificate.missing(cleared, CONTEXT) == []


@pytest.mark.parametrize(
    ("answers", "needed"),
    [
        ({}, ["passed_qualification_exam"]),
        ({"passed_qualification_exam": True}, ["exam_pass_date", "has_qualification_cert"]),
        (
            {"passed_qualification_exam": True, "has_qualification_cert": False},
            ["exam_pass_date", "score_report_type", "score_report_scan"],
        ),
        (
            {**LICENSED, "has_license": False, "license_no": None, "practice_scope": None},
            [],
        ),
    ],
)
def test_missing_follows_the_answers(answers, needed):
    assert certificate.missing(answers, CONTEXT) == needed


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"exam_pass_date": date(2017, 5, 1)}, {"exam_pass_date": ["exam_before_graduation"]}),
        ({"exam_pass_date": date(2017, 6, 1)}, {}),
        ({"qualification_date": date(2018, 10, 31)}, {"qualification_date": ["before_exam"]}),
        ({"license_date": date(2018, 12, 19)}, {"license_date": ["license_before_qualification"]}),
        ({"license_date": date(2019, 10, 21)}, {"license_date": ["date_in_future"]}),
        ({"practice_class": "20", "practice_scope": "2001"}, {"practice_class": ["practice_class_mismatch"]}),
        ({"practice_scope": "2001"}, {"practice_scope": ["practice_scope_mismatch"]}),
        ({"qualification_no": f"201832210{ID_NUMBER}"}, {"qualification_no": ["qualification_no_level"]}),
        ({"qualification_no": f"201832120{ID_NUMBER}"}, {"qualification_no": ["qualification_no_class"]}),
        (
            {"qualification_no": "201832110" + "1" * 18},
            {"qualification_no": ["qualification_no_other_person"]},
        ),
        ({"qualification_no": "201832110110105901231002"}, {}),
        ({"qualification_no": "2018"}, {"qualification_no": ["qualification_no_shape"]}),
        ({"license_no": "11032010000123"}, {"license_no": ["license_no_shape"]}),
    ],
)
def test_values_are_judged(changed, found):
    assert codes(changed) == found


@pytest.mark.parametrize("place", ["level", "class", "tail"])
def test_parts_of_the_qualification_number_only_warn(place):
    """docs/fields.md#certificate: tail ≠ own ID, or level or class mismatch ⇒ warning."""
    number = {
        "level": f"201832210{ID_NUMBER}",
        "class": f"201832120{ID_NUMBER}",
        "tail": "201832110" + "1" * 18,
    }[place]
    assert warnings({"qualification_no": number}) == [True]


@pytest.mark.parametrize("context", [{"id_type": "03"}, {"military_status": "1"}])
def test_number_shapes_only_warn_for_foreigners_and_the_military(context):
    """PAIN-25."""
    assert warnings({"qualification_no": "2018", "license_no": "1"}, **context) == [True, True]


@pytest.mark.parametrize(
    ("specialty", "found"),
    [
        ("2800", {"qualification_class": ["qualification_class_unusual"]}),
        ("3400", {"qualification_class": ["qualification_class_unusual"]}),
        ("2700", {"qualification_class": ["qualification_class_unusual"]}),
        ("0900", {}),
        (None, {}),
    ],
)
def test_class_against_the_specialty_is_a_warning(specialty, found):
    assert codes({}, specialty=specialty) == found


def test_kinds_of_chinese_medicine_are_one_class():
    """docs/codes.md#qualification: 40 中医 (41–46)."""
    number = f"201832141{ID_NUMBER}"
    values = {
        "qualification_class": "41",
        "practice_class": "40",
        "practice_scope": "4001",
        "qualification_no": number,
    }
    assert codes(values) == {}
