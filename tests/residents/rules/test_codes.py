"""Code lists of docs/codes.md and what they understand (PAIN-12)."""

import pytest

from residents.catalogue.catalogue import Invalid
from residents.codes import (
    CODE_LISTS,
    MAJORS,
    REASONS_OF_STATUS,
    SCHOOLS,
    SPECIALTIES,
    CodeList,
    scopes_of_class,
)


@pytest.mark.parametrize("name", CODE_LISTS)
def test_find_understands_every_code_and_label_of_the_list(name):
    codes = CODE_LISTS[name]
    assert {label: codes.label(codes.find(label)) for label in codes.items.values()} == {
        label: label for label in codes.items.values()
    }
    assert {code: codes.find(code) for code in codes.items} == {code: code for code in codes.items}


@pytest.mark.parametrize("name", CODE_LISTS)
def test_codes_of_one_list_have_one_width(name):
    """Leading zeros that a spreadsheet dropped are restored by width."""
    assert len({len(code) for code in CODE_LISTS[name].items}) == 1


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("id_type", 9),
        ("trainee_type", 5),
        ("ethnicity", 58),
        ("province", 32),
        ("hukou_province", 35),
        ("nationality", 249),
        ("status", 5),
        ("reason", 23),
    ],
)
def test_lists_are_complete(name, size):
    assert len(CODE_LISTS[name].items) == size


def test_specialties_of_2019_are_34_without_critical_care():
    """docs/codes.md#specialties: 34 active specialties in 2019; 3700 came later, 3500 and 3600 are TCM."""
    active = [code for code, _, _, is_active in SPECIALTIES if is_active]
    assert active == [f"{number}00" for number in map("{:02d}".format, range(1, 35))]
    assert list(CODE_LISTS["specialty"].offered) == active
    assert CODE_LISTS["specialty"].label("3700") == "重症医学科"


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("id_type", "身份证", "01"),
        ("id_type", "台湾居民来往内地通行证", "07"),
        ("id_type", "台湾居民来往大陆通行证", "07"),
        ("id_type", 1, "01"),
        ("id_type", 1.0, "01"),
        ("id_type", "1", "01"),
        ("id_type", "０１", "01"),
        ("id_type", "01-居民身份证", "01"),
        ("specialty", 100.0, "0100"),
        ("specialty", "0100 内科", "0100"),
        ("specialty", "外科(神经外科方向)", "1000"),
        ("specialty", "康复科", "0800"),
        ("specialty", " 口腔 外科 ", "3000"),
        ("ethnicity", "维吾尔", "05"),
        ("ethnicity", "汉", "01"),
        ("ethnicity", "柯尔克孜", "29"),
        ("province", "内蒙古", "15"),
        ("province", "兵团", "66"),
        ("province", "320000", "32"),
        ("hukou_province", "香港", "81"),
        ("nationality", "chn", "CHN"),
        ("nationality", "中国香港", "HKG"),
        ("trainee_type", "四证合一", "4"),
        ("sex", "女\u200b", "2"),
        ("english_level", "CET-6", "3"),
    ],
)
def test_find_understands_synonyms_widths_and_dropped_zeros(name, raw, code):
    """PAIN-12: code, name and synonym are accepted, so are 维吾尔 without 族 and a code that became a number."""
    assert CODE_LISTS[name].find(raw) == code


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("trainee_type", "单位人", "code_ambiguous"),
        ("id_type", "身份", "code_nearest"),
        ("id_type", "02", "code_options"),
        ("id_type", True, "code_options"),
        ("specialty", "3500", "code_unknown"),
        ("specialty", "0100 外科", "code_mismatch"),
        ("province", "台湾省", "code_unknown"),
        ("sex", "", "code_options"),
        ("nationality", "x" * 5000, "code_unknown"),
    ],
)
def test_find_refuses_what_the_list_does_not_hold(name, raw, problem):
    with pytest.raises(Invalid) as refusal:
        CODE_LISTS[name].find(raw)
    assert refusal.value.problem.code == problem


def test_find_names_the_nearest_value_and_keeps_what_was_typed():
    """PAIN-12: "…的值与字典不符，请重输！" helped nobody."""
    with pytest.raises(Invalid) as refusal:
        CODE_LISTS["specialty"].find("精申科")
    assert str(refusal.value) == (
        "“精申科”不是“培训专业”的可选值。最接近的可选值是“精神科”，如果是它请照此填写，否则请从下拉列表中选择。"
    )


def test_ambiguous_trainee_type_is_asked_back():
    """docs/codes.md#trainee-types: 单位人 alone may be an own or a sponsored employee."""
    with pytest.raises(Invalid) as refusal:
        CODE_LISTS["trainee_type"].find("单位人")
    assert "“本单位住院医师”或“外单位委托培养住院医师”" in refusal.value.problem.text


def test_hidden_codes_are_understood_and_shown_but_not_offered():
    """docs/codes.md#education: only some 学历 are offered."""
    education = CODE_LISTS["education_code"]
    assert list(education.offered) == ["11", "12", "14", "15", "21", "22", "31", "41", "90"]
    assert education.find("28") == "28"
    assert education.label("28") == "大学普通班毕业"


def test_label_of_nothing_is_empty_and_of_an_unknown_code_the_code():
    assert CODE_LISTS["sex"].label(None) == ""
    assert CODE_LISTS["sex"].label("7") == "7"


def test_choices_follow_the_order_of_the_list():
    codes = CodeList("试", {"2": "乙", "1": "甲", "3": "丙"}, hidden=["3"])
    assert codes.choices == [("2", "乙"), ("1", "甲")]


def test_reasons_belong_to_one_status_each_and_transfers_have_their_own():
    """docs/codes.md#status: else every transfer is counted as a drop-out."""
    assert {status: list(reasons) for status, reasons in REASONS_OF_STATUS.items()} == {
        "1": [],
        "2": ["21", "22", "23", "24", "29"],
        "3": ["31", "32", "33", "34", "39"],
        "4": ["41", "42", "43", "49"],
        "5": ["11", "12", "13", "14", "15", "16", "17", "18", "19"],
    }
    assert REASONS_OF_STATUS["5"]["11"] == "转换培训基地"


def test_practice_scopes_follow_the_class():
    """docs/fields.md#certificate: 执业范围 depends on 执业类别; 41 is a kind of 40 中医."""
    assert len(scopes_of_class("10")) == 16
    assert scopes_of_class("20") == {"2001": "口腔"}
    assert scopes_of_class("41") == scopes_of_class("40")
    assert scopes_of_class(None) == {}


def test_suggested_schools_and_majors_end_with_other_and_repeat_nothing():
    assert SCHOOLS[-1] == "其他院校"
    assert MAJORS[-1] == "其他专业"
    assert len(SCHOOLS) == len(set(SCHOOLS))
    assert len(MAJORS) == len(set(MAJORS))
    assert {"北京协和医学院", "石河子大学", "海军军医大学"} <= set(SCHOOLS)
