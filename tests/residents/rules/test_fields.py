"""Reading values, asking, clearing and missing fields: what every block shares."""

from datetime import date
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.catalogue.catalogue import Invalid, Problem
from residents.codes import CODE_LISTS, SUGGESTIONS
from residents.rules import (
    account,
    basic,
    certificate,
    completion,
    education,
    status,
    switch,
    training,
    work,
)
from residents.rules.fields import (
    Field,
    clean_value,
    is_asked,
    missing_fields,
    normalise,
    read_values,
    require,
)
from residents.rules.verdict import judge

BLOCKS = (account, basic, education, work, certificate, training, status, completion, switch)
ALL_FIELDS = [(block.__name__.rpartition(".")[2], field) for block in BLOCKS for field in block.FIELDS]
KINDS = {
    "text",
    "code",
    "bool",
    "date",
    "month",
    "int",
    "mobile",
    "phone",
    "email",
    "name",
    "id_number",
    "uscc",
    "file",
}
CONTEXT_NAMES = {"trainee_type"}


@pytest.mark.parametrize(
    ("block", "field"), ALL_FIELDS, ids=[f"{block}.{field.name}" for block, field in ALL_FIELDS]
)
def test_field_is_well_formed(block, field):
    assert field.kind in KINDS
    assert (field.codes in CODE_LISTS) == (field.kind == "code")
    assert field.owner in {"resident", "base", "locked", "auto"}
    assert field.suggestions is None or field.suggestions in SUGGESTIONS
    assert (field.pattern is None) == (field.hint == "")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__.rpartition(".")[2])
def test_fields_stand_after_the_fields_they_depend_on(block):
    """normalise() clears chains in one pass, so the order matters."""
    names = [field.name for field in block.FIELDS]
    assert len(names) == len(set(names))
    for place, field in enumerate(block.FIELDS):
        for name, allowed in chain(field.asked, field.needed):
            assert name in names[:place] or name in CONTEXT_NAMES
            codes = next((other.codes for other in block.FIELDS if other.name == name), None)
            if codes:
                assert {value for value in allowed if value is not None} <= set(CODE_LISTS[codes].items)


@pytest.mark.parametrize(
    ("block", "field"), ALL_FIELDS, ids=[f"{block}.{field.name}" for block, field in ALL_FIELDS]
)
@pytest.mark.parametrize("raw", [None, "", "   ", "\u3000\u00a0", "\u200b\ufeff", "'"])
def test_blank_of_every_kind_is_none(block, field, raw):
    """PAIN-04, PAIN-11: a cell that shows nothing holds nothing."""
    assert clean_value(field, raw) is None


scalars = st.one_of(
    st.text(st.characters()),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
)


def outcome(field, raw):
    """The value, or the problem it was refused with."""
    try:
        return clean_value(field, raw)
    except Invalid as refusal:
        return refusal.problem


@pytest.mark.parametrize("kind", sorted(KINDS - {"code", "file"}))
def test_any_scalar_is_read_or_refused(kind):
    """TRUST-34: accept or error at the cell, never anything else."""
    field = Field("x", "试", kind, max_length=20, minimum=1, maximum=9)
    types = {"bool": bool, "int": int, "date": date, "month": date}

    @given(scalars)
    def judged(raw):
        assert isinstance(outcome(field, raw), Problem | types.get(kind, str) | None)

    judged()


@pytest.mark.parametrize("name", CODE_LISTS)
def test_any_scalar_is_found_in_a_list_or_refused(name):
    field = Field("x", "试", "code", codes=name)

    @given(scalars)
    def judged(raw):
        found = outcome(field, raw)
        assert isinstance(found, Problem) or found in (None, *CODE_LISTS[name].items)

    judged()


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("是", True),
        ("否", False),
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        (1.0, True),
        (0.0, False),
    ]
    + [
        ("有", True),
        ("无", False),
        ("应届生", True),
        ("往届", False),
        ("Y", True),
        ("no", False),
        ("√", True),
    ]
    + [("ＹＥＳ", True), (" 是\u3000", True)],
)
def test_bool_is_read(raw, value):
    assert clean_value(Field("x", "试", "bool"), raw) is value


@pytest.mark.parametrize(
    ("raw", "value"),
    [("2019", 2019), (2019, 2019), (2019.0, 2019), ("2019.0", 2019), ("２０１９年", 2019), ("2019级", 2019)],
)
def test_int_is_read(raw, value):
    assert clean_value(account.INTAKE_YEAR, raw) == value


def test_repair_of_a_number_fits_its_column():
    """GOAL-B4: a year is not "e.g. 2100"; a mobile number is not sent to a column no workbook has; text is no
    number."""
    years = next(field for field in training.FIELDS if field.name == "approved_years")
    faults = {}
    for field, raw in ((account.INTAKE_YEAR, "今年"), (years, "几年"), (account.MOBILE, "0571-1")):
        with pytest.raises(Invalid) as caught:
            clean_value(field, raw)
        faults[field.name] = caught.value.problem.repair
    assert faults["intake_year"] == "请填写2000至2100之间的整数，只写数字。"
    assert faults["approved_years"] == "请填写1至3之间的整数，只写数字。"
    assert "固定电话" not in faults["mobile"]
    with pytest.raises(Invalid) as caught:
        clean_value(account.ID_NUMBER, "1.1E+17")
    assert "此格是数值格式" not in caught.value.problem.text


def test_years_in_words_are_read():
    years = next(field for field in training.FIELDS if field.name == "approved_years")
    assert [clean_value(years, raw) for raw in ("三年", "2年", "一", 1.0)] == [3, 2, 1, 1]


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("int", "2.5", "number_expected"),
        ("int", "很多", "number_expected"),
        ("int", True, "number_expected"),
        ("int", 10, "number_range"),
        ("bool", "也许", "bool_expected"),
        ("bool", 2, "bool_expected"),
        ("email", "a@b", "email_format"),
        ("email", "张三@qq.com", "email_format"),
        ("email", "a b@qq.com", "email_format"),
        ("text", "一" * 21, "text_too_long"),
    ],
)
def test_value_is_refused(kind, raw, code):
    with pytest.raises(Invalid) as refusal:
        clean_value(Field("x", "试", kind, max_length=20, minimum=1, maximum=9), raw)
    assert refusal.value.problem.code == code


def test_length_counts_characters_not_utf16_units():
    """PAIN-09."""
    field = Field("x", "试", "text", max_length=20)
    assert clean_value(field, "\U00020000" * 20) == "\U00020000" * 20


@pytest.mark.parametrize("raw", ["name@example.com", " ｎａｍｅ＠example.com ", "a.b-c@mail.hospital.edu.cn"])
def test_email_is_read(raw):
    assert clean_value(Field("x", "试", "email", max_length=100), raw).count("@") == 1


def test_month_is_stored_as_its_first_day():
    assert clean_value(Field("x", "试", "month"), "2019-09-15") == date(2019, 9, 1)
    assert clean_value(Field("x", "试", "month"), "2019年9月") == date(2019, 9, 1)


def test_date_serial_of_a_1904_workbook_is_refused():
    with pytest.raises(Invalid) as refusal:
        clean_value(Field("x", "试", "date"), 42247, is_1904=True)
    assert refusal.value.problem.code == "date_1904"


CHAIN = (
    Field("first", "一", "bool", required=True),
    Field("second", "二", "bool", required=True, asked=(("first", (True,)),)),
    Field("third", "三", "text", required=True, asked=(("second", (True,)),)),
    Field("outside", "四", "text", required=True, asked=(("trainee_type", ("1", "2")),)),
    Field("sometimes", "五", "text", required=True, needed=(("first", (True,)),)),
)


def test_fields_not_asked_are_cleared_along_a_chain():
    """docs/fields.md#asked: hidden and cleared."""
    assert normalise(CHAIN, {"first": False, "second": True, "third": "甲"}) == {
        "first": False,
        "second": None,
        "third": None,
    }


def test_field_whose_condition_is_unknown_is_kept():
    """A partial update must not clear by ignorance."""
    assert normalise(CHAIN, {"outside": "甲", "third": "乙"}) == {"outside": "甲", "third": "乙"}
    assert normalise(CHAIN, {"outside": "甲"}, {"trainee_type": "3"})["outside"] is None


def test_is_asked_needs_every_condition():
    assert is_asked(CHAIN[0], {})
    assert is_asked(CHAIN[1], {"first": True})
    assert not is_asked(CHAIN[1], {"first": None})
    assert not is_asked(CHAIN[1], {})


def test_missing_fields_are_the_asked_and_required_ones():
    assert missing_fields(CHAIN, {}) == ["first"]
    assert missing_fields(CHAIN, {"first": True}) == ["second", "sometimes"]
    assert missing_fields(CHAIN, {"first": False}) == []
    assert missing_fields(CHAIN, {"first": True, "second": True, "third": "", "sometimes": "甲"}) == ["third"]
    assert missing_fields(CHAIN, {"first": False}, {"trainee_type": "1"}) == ["outside"]


def test_a_false_answer_is_an_answer():
    assert missing_fields(CHAIN[:1], {"first": False}) == []


def test_required_error_is_only_for_blanks_that_were_sent():
    """A value that could not be read has its own message."""
    problems = {}
    require(CHAIN[:2], {"first": None}, problems)
    require(CHAIN[:2], {"first": True}, problems)
    require(CHAIN[:2], {"second": None}, problems)
    assert {name: [problem.code for problem in found] for name, found in problems.items()} == {
        "first": ["required"]
    }


def test_read_values_reports_every_fault_and_leaves_out_what_it_could_not_read():
    """PAIN-02: all errors at once, not the first."""
    values, problems = read_values(
        account.FIELDS,
        {
            "intake_year": "今年",
            "full_name": "张三",
            "id_type": "身份",
            "id_number": 1e17,
            "mobile": "1",
            "other": "甲",
        },
    )
    assert values == {"full_name": "张三"}
    assert {name: [problem.code for problem in found] for name, found in problems.items()} == {
        "intake_year": ["number_expected"],
        "id_type": ["code_nearest"],
        "id_number": ["number_damaged"],
        "mobile": ["mobile_format"],
    }


def test_read_values_converts_15_digits_of_a_resident_id_and_says_so():
    raw = {"id_type": "身份证", "id_number": "110105491231002"}
    values, problems = read_values(account.FIELDS, raw)
    assert values["id_number"] == "11010519491231002X"
    assert [problem.code for problem in problems["id_number"]] == ["id_converted"]


def test_judge_reads_clears_and_checks_in_one_call():
    """The three doors make this one call (docs/architecture.md#three-doors)."""
    raw = {
        "passed_qualification_exam": "否",
        "has_qualification_cert": "是",
        "qualification_no": "不是编码",
    }
    verdict = judge(certificate, raw, {"today": date(2019, 10, 20)})
    assert verdict.values["passed_qualification_exam"] is False
    assert verdict.values["has_qualification_cert"] is None
    assert [problem.code for problem in verdict.problems["qualification_no"]] == ["text_pattern"]
    assert verdict.has_errors
    assert verdict.missing == []


def test_verdict_with_warnings_only_has_no_errors():
    """PAIN-25."""
    verdict = judge(education, {"level": "3", "school": "某某大学"}, {})
    assert [problem.code for problem in verdict.problems["school"]] == ["not_suggested"]
    assert not verdict.has_errors
