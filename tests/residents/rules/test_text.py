"""Normal forms of texts and names (PAIN-08, PAIN-09, PAIN-11, PAIN-30, TRUST-34)."""

import unicodedata
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.catalogue.catalogue import Invalid
from residents.rules.text import clean_name, clean_number_text, clean_text, is_blank, name_key, name_problems


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (None, ""),
        ("  北京 \u3000\u00a0", "北京"),
        ("\ufeff北京\u200b市\u202d", "北京市"),
        ("北京\u00a0市", "北京 市"),
        ("'0123", "0123"),
        ("甲\r\n乙", "甲 乙"),
        (13800138000.0, "13800138000"),
        (12, "12"),
        (1.5, "1.5"),
        (True, "是"),
        (datetime.fromisoformat("2019-09-01"), "2019-09-01"),
        (date(2019, 9, 1), "2019-09-01"),
        ("\ud842\udfb7", "𠮷"),
        ("葛\U000e0100", "葛\U000e0100"),
        ("﨑", "﨑"),
        ("=1+1", "=1+1"),
    ],
)
def test_clean_text_gives(raw, clean):
    assert clean_text(raw) == clean


def test_clean_text_keeps_lines_where_the_field_does():
    assert clean_text(" 甲\r\n乙\r丙 ", keeps_lines=True) == "甲\n乙\n丙"


@pytest.mark.parametrize(
    ("raw", "code", "position"),
    [
        ("张\x00三", "control_character", 2),
        ("张三\x1f", "control_character", 3),
        ("\x85张三", "control_character", 1),
        ("张\ud842", "broken_character", 2),
        ("张\ufffd三", "broken_character", 2),
        ("张\uffff", "broken_character", 2),
    ],
)
def test_clean_text_refuses_what_cannot_be_stored(raw, code, position):
    """TRUST-34: a NUL from _x0000_ is a 500 in PostgreSQL unless caught."""
    with pytest.raises(Invalid) as refusal:
        clean_text(raw)
    assert refusal.value.problem.code == code
    assert f"第{position}个字符" in refusal.value.problem.text


@given(st.text(alphabet=st.characters()))
def test_clean_text_is_stable_and_storable(raw):
    try:
        clean = clean_text(raw)
    except Invalid:
        return
    assert clean_text(clean) == clean or clean.startswith("'")
    assert "\x00" not in clean
    clean.encode("utf-8")


@given(st.text(alphabet=st.characters()))
def test_is_blank_agrees_with_clean_text(raw):
    try:
        assert is_blank(raw) == (clean_text(raw) == "")
    except Invalid:
        assert not is_blank(raw)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("张三", "张三"),
        (" 张三\u3000", "张三"),
        ("张\u200b三", "张三"),
        ("'张三", "张三"),
        ("古丽米热•艾比布力", "古丽米热·艾比布力"),
        ("古丽米热‧艾比布力", "古丽米热·艾比布力"),
        ("古丽米热．艾比布力", "古丽米热·艾比布力"),
        ("古丽米热.艾比布力", "古丽米热·艾比布力"),
        ("古丽米热﹒艾比布力", "古丽米热·艾比布力"),
        ("古丽米热・艾比布力", "古丽米热·艾比布力"),
        ("古丽米热 · 艾比布力", "古丽米热·艾比布力"),
        ("𠮷野", "𠮷野"),
        ("王\U00030edd", "王\U00030edd"),
        ("王\U000323af", "王\U000323af"),
        ("李〇", "李〇"),
        ("﨑山", "﨑山"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("王葛\U000e0100", "王葛\U000e0100"),
        ("O'Neil  Mary-Ann", "O'Neil Mary-Ann"),
        ("O’Neil", "O'Neil"),
        ("Ｊｏｈｎ Smith", "John Smith"),
        ("张\ue000", "张\ue000"),
        ("长" * 50, "长" * 50),
        ("\U00020000" * 50, "\U00020000" * 50),
    ],
)
def test_clean_name_gives(raw, name):
    """PAIN-08 and PAIN-09: dots become U+00B7, 4-byte characters and variation selectors survive, length in
    characters."""
    assert clean_name(raw) == name


def test_clean_name_never_applies_nfkc():
    """TRUST-34: NFKC changes compatibility characters into other characters."""
    assert unicodedata.normalize("NFKC", "王\ufa19") != "王\ufa19"
    assert clean_name("王\ufa19") == "王\ufa19"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("=张三", "name_character"),
        ("@张三", "name_character"),
        ("+张三", "name_character"),
        ("-张三", "name_edge"),
        ("·张三", "name_edge"),
        ("张三·", "name_edge"),
        ("张三1", "name_character"),
        ("张Х", "name_character"),
        ("张三（内科）", "name_character"),
        ("张?", "name_character"),
        ("张", "name_too_short"),
        ("长" * 51, "name_too_long"),
        (12345, "name_character"),
        ("张\x00三", "control_character"),
    ],
)
def test_clean_name_refuses(raw, code):
    """PAIN-30: a leading = + - @ is no part of a name; a Cyrillic Х is not X."""
    with pytest.raises(Invalid) as refusal:
        clean_name(raw)
    assert refusal.value.problem.code == code


def test_refused_character_is_shown_with_its_place_and_number():
    with pytest.raises(Invalid) as refusal:
        clean_name("张Х")
    assert refusal.value.problem.text == "姓名第2个字符“Х”（U+0425）不能用于姓名。"


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("张三", []),
        ("𠮷野", []),
        ("张\ue863", ["name_private_character"]),
        ("张\U000f0001", ["name_private_character"]),
        ("⼤山", ["name_radical"]),
        ("José", ["name_accent"]),
    ],
)
def test_name_problems_warn_about_risky_characters(name, codes):
    """PAIN-09: a private-use twin of a rare character is warned about, not refused."""
    found = name_problems(name)
    assert [problem.code for problem in found] == codes
    assert all(problem.is_warning for problem in found)


@given(st.text(alphabet=st.characters(), max_size=60))
def test_clean_name_is_stable(raw):
    try:
        name = clean_name(raw)
    except Invalid:
        return
    assert clean_name(name) == name
    assert name == "" or 2 <= len(name) <= 50


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John  Smith", "JOHN SMITH"),
        ("葛\U000e0100城", "葛城"),
        ("张\ufe00三", "张三"),
        ("José Núñez", "jose nunez"),
        ("古丽·艾", "古丽艾"),
        ("O'Neil-Ray", "oneil ray"),
        ("张 三", "张三"),
    ],
)
def test_name_key_is_one_for_all_spellings(one, other):
    """PAIN-08, PAIN-09: compared without blanks, dots, accents, case and variation selectors."""
    assert name_key(one) == name_key(other)


def test_name_key_tells_characters_apart():
    assert name_key("张三") != name_key("张叁")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("张　三", "张三"),
        ("王 小 明", "王小明"),
        (" 李\u3000\u3000四 ", "李四"),
        ("葛\U000e0100 城", "葛\U000e0100城"),
        ("古丽 · 艾 山", "古丽·艾山"),
        ("陈 Anna", "陈 Anna"),
        ("Anna  Maria", "Anna Maria"),
        ("𠮷 野", "𠮷野"),
    ],
)
def test_blanks_in_a_name_of_characters_go(raw, clean):
    """PAIN-08: one stored form, however wide the list was to look; between words of letters they stay."""
    assert clean_name(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (" 1234 5678 ", "12345678"),
        ("１２３４", "1234"),
        ("12－34", "12-34"),
        (12345, "12345"),
        (999_999_999_999_999, "999999999999999"),
        (0.0, "0"),
        (None, ""),
    ],
)
def test_clean_number_text_gives(raw, clean):
    assert clean_number_text(raw) == clean


@pytest.mark.parametrize(
    "raw",
    [
        10**15,
        320106199001011238,
        3.20106199001011e17,
        "3.20106E+17",
        "３.２Ｅ＋１７",
        float("nan"),
        float("inf"),
    ],
)
def test_number_of_more_than_15_digits_is_damaged(raw):
    """PAIN-01: Excel keeps 15 digits, and a damaged number may even pass the check digit."""
    with pytest.raises(Invalid) as refusal:
        clean_number_text(raw)
    assert refusal.value.problem.code == "number_damaged"
