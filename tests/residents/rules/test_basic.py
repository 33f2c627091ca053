"""基本信息 (docs/fields.md#basic)."""

from datetime import date

import pytest

from residents.rules import basic

CONTEXT = {
    "today": date(2019, 10, 20),
    "id_type": "01",
    "id_number": "110105199012310027",
    "full_name": "张三",
    "mobile": "13800138000",
    "intake_year": 2019,
}
# 110105 1990-12-31, an even order number: 女.
COMPLETE = {
    "sex": "2",
    "birth_date": date(1990, 12, 31),
    "nationality": "CHN",
    "ethnicity": "01",
    "hukou_province": "11",
    "email": "name@example.com",
    "emergency_name": "李四",
    "emergency_mobile": "13900139000",
    "military_status": "0",
}


def codes(values, **context):
    found = basic.problems(values, {**CONTEXT, **context})
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


def test_complete_block_has_no_problem_and_misses_nothing():
    assert codes(COMPLETE) == {}
    assert basic.missing(COMPLETE, CONTEXT) == []


def test_empty_block_may_be_saved_but_not_reported():
    """BR-53 against BR-46."""
    assert codes({}) == {}
    assert basic.missing({}, CONTEXT) == [
        "sex",
        "birth_date",
        "nationality",
        "email",
        "emergency_name",
        "emergency_mobile",
        "military_status",
    ]


def test_empty_texts_of_a_table_row_are_blanks():
    assert codes(dict.fromkeys(COMPLETE, "")) == {}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"sex": "1"}, {"sex": ["sex_contradicts_id"]}),
        ({"birth_date": date(1990, 12, 30)}, {"birth_date": ["birth_date_contradicts_id"]}),
        (
            {"nationality": "USA"},
            {"nationality": ["nationality_not_chinese"], "ethnicity": ["ethnicity_of_foreigner"]},
        ),
        ({"emergency_name": " 张 三"}, {"emergency_name": ["emergency_is_self"]}),
        ({"emergency_mobile": "13800138000"}, {"emergency_mobile": ["emergency_mobile_is_own"]}),
        ({"language_cert_date": date(2019, 10, 21)}, {"language_cert_date": ["date_in_future"]}),
    ],
)
def test_contradiction_is_found(changed, found):
    assert codes({**COMPLETE, **changed}) == found


def test_own_mobile_as_emergency_number_is_a_warning_and_own_name_an_error():
    found = basic.problems({**COMPLETE, "emergency_name": "张三", "emergency_mobile": "13800138000"}, CONTEXT)
    assert [problem.is_warning for problem in found["emergency_name"]] == [False]
    assert [problem.is_warning for problem in found["emergency_mobile"]] == [True]


def test_birth_date_and_sex_come_from_the_id_number():
    """PAIN-24: derived, not asked."""
    assert basic.derived("01", "110105199012310027") == {"birth_date": date(1990, 12, 31), "sex": "2"}
    assert basic.derived("03", "E12345678") == {}


@pytest.mark.parametrize(
    ("born", "start", "found"),
    [
        (date(2001, 9, 1), date(2019, 9, 1), {}),
        (date(2001, 9, 2), date(2019, 9, 1), {"birth_date": ["age_unusual"]}),
        (date(1953, 9, 2), date(2019, 9, 1), {}),
        (date(1953, 9, 1), date(2019, 9, 1), {"birth_date": ["age_unusual"]}),
        (date(2001, 9, 2), None, {"birth_date": ["age_unusual"]}),
        (date(2019, 10, 21), None, {"birth_date": ["date_in_future"]}),
    ],
)
def test_age_at_the_start_of_training_is_18_to_65_or_warned_about(born, start, found):
    passport = {"id_type": "03", "id_number": "E12345678", "actual_start_date": start}
    assert codes({"birth_date": born}, **passport) == found


@pytest.mark.parametrize(
    ("id_type", "nationality", "ethnicity", "found"),
    [
        ("03", "CHN", "01", {"nationality": ["nationality_not_foreign"]}),
        ("03", "USA", None, {}),
        ("03", "USA", "98", {}),
        ("03", "USA", "01", {"ethnicity": ["ethnicity_of_foreigner"]}),
        ("06", "HKG", "01", {}),
    ],
)
def test_nationality_fits_document_and_ethnicity(id_type, nationality, ethnicity, found):
    values = {"nationality": nationality, "ethnicity": ethnicity}
    assert codes(values, id_type=id_type, id_number=None) == found


def test_ethnicity_and_hukou_are_needed_of_chinese_with_a_resident_id():
    chinese = {**COMPLETE, "ethnicity": None, "hukou_province": None}
    assert basic.missing(chinese, CONTEXT) == ["ethnicity", "hukou_province"]
    foreign = {**chinese, "nationality": "USA"}
    assert basic.missing(foreign, {**CONTEXT, "id_type": "03"}) == []
    assert basic.missing(chinese, {**CONTEXT, "id_type": "04"}) == ["ethnicity"]


def test_officer_cannot_be_a_civilian():
    assert codes({"military_status": "0"}, id_type="04", id_number="12345678") == {
        "military_status": ["military_needed"]
    }
    assert codes({"military_status": "2"}, id_type="04", id_number="12345678") == {}


@pytest.mark.parametrize(
    ("language", "needed"),
    [
        ({}, []),
        ({"language_exam_type": "5"}, []),
        ({"language_exam_type": "4"}, ["language_other", "language_cert_no", "language_cert_date"]),
        ({"language_exam_type": "1", "english_level": "1"}, []),
        ({"language_exam_type": "1", "english_level": "3"}, ["language_cert_no", "language_cert_date"]),
        ({"language_exam_type": "3"}, ["english_level", "language_cert_no", "language_cert_date"]),
    ],
)
def test_language_fields_follow_the_exam_type(language, needed):
    """docs/fields.md#basic: 5 hides all, 4 asks the language, 1–3 the level; 未通过 has no certificate."""
    assert basic.missing({**COMPLETE, **language}, CONTEXT) == needed


def test_shared_values_are_not_owned_here():
    """AM-08: 应届 and 订单定向 are stored once, with the base."""
    assert {"is_fresh_graduate", "is_rural_oriented"} & {field.name for field in basic.FIELDS} == set()


def test_identity_is_locked_and_the_name_is_the_base_s():
    """BR-52, AM-07."""
    owners = {field.name: field.owner for field in basic.FIELDS}
    assert {name: owners[name] for name in ("id_type", "id_number", "full_name", "mobile", "email")} == {
        "id_type": "locked",
        "id_number": "locked",
        "full_name": "base",
        "mobile": "resident",
        "email": "resident",
    }
