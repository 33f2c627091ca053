"""New passwords that someone who knows the person could guess (TRUST-08, PAIN-14)."""

from datetime import date

import pytest

from residents.rules.passwords import weak_password_problem

PERSON = {
    "id_number": "11010519491231002X",
    "mobile": "13800138000",
    "birth_date": date(1990, 12, 31),
    "full_name_pinyin": "zhang san",
    "base_name": "某某医院",
    "username": "11010519491231002X",
}


def code(password, **more):
    found = weak_password_problem(password, **{**PERSON, **more})
    return found.code if found else None


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("", "password_short"),
        ("000000", "password_short"),
        ("a1b2c3d", "password_short"),
        ("ab000000", "password_initial"),
        ("48151623", "password_digits"),
        ("４８１５１６２３", "password_digits"),
        ("11010519491231002X", "password_personal"),
        ("11010519491231002x", "password_personal"),
        ("my31002xpw", "password_personal"),
        ("31-002-x.pw", "password_personal"),
        ("a19901231b", "password_personal"),
        ("a1990-12-31", "password_personal"),
        ("wang901231", "password_personal"),
        ("1990年12月31日ab", "password_personal"),
        ("31121990-ab", "password_personal"),
        ("12/31/1990ab", "password_personal"),
        ("ab110105cd", "password_personal"),
        ("ab138001xy", "password_personal"),
        ("a13800138000", "password_personal"),
        ("ZhangSan2019", "password_personal"),
        ("某某医院2019a", "password_personal"),
        ("wandering-fox", None),
        ("bluesky4815", None),
        ("汉字也是可以的密码", None),
    ],
)
def test_password_is_judged(password, refused):
    assert code(password) == refused


def test_message_names_what_was_found():
    assert (
        weak_password_problem("a19901231b", **PERSON).text == "密码中含有出生日期，知道您信息的人容易猜出。"
    )


def test_short_pinyin_inside_a_longer_word_is_no_name():
    assert code("delilight77", full_name_pinyin="li li") is None
    assert code("lili20192019", full_name_pinyin="li li") == "password_personal"


def test_staff_need_three_character_classes():
    assert code("wandering-fox", is_staff=True) == "password_classes"
    assert code("Wandering-fox", is_staff=True) is None
    assert code("wandering-fox7", is_staff=True) is None


def test_nothing_known_still_leaves_length_digits_and_the_default():
    assert [weak_password_problem(password) is None for password in ("abcdefgh", "12345678", "short")] == [
        True,
        False,
        False,
    ]
