"""Identity numbers, mobiles and organisation codes (docs/fields.md#formats, PAIN-01, PAIN-10, PAIN-11)."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.catalogue.catalogue import Invalid
from residents.rules import account, identity
from residents.rules.identity import (
    clean_id_number,
    clean_mobile,
    clean_phone,
    clean_uscc,
    derived_birth_date,
    derived_sex,
    id_number_problems,
    normal_id_number,
    normalise_login,
    uscc_problems,
)
from residents.rules.verdict import judge

TODAY = date(2019, 10, 20)
ROW = {"intake_year": "2019", "full_name": "张三", "mobile": "13800138000"}
# The worked examples of GB 11643-1999.
STANDARD_EXAMPLES = ("11010519491231002X", "440524188001010014")
provinces = st.sampled_from(["11", "15", "32", "44", "54", "65"])
dates = st.dates(date(1950, 1, 1), date(2001, 12, 31))


def test_check_digits_are_those_of_the_standards():
    """The library's digits against the standards' own words: GB 11643 (ISO 7064, MOD 11-2) and GB 32100 (MOD 31)."""
    draw = random.Random(1)
    for _ in range(5000):
        first_17 = "".join(draw.choices("0123456789", k=17))
        total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first_17))
        assert identity.check_digit(first_17) == "10X98765432"[total % 11]
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for _ in range(5000):
        first_17 = "".join(draw.choices(signs, k=17))
        total = sum(signs.index(sign) * pow(3, place, 31) for place, sign in enumerate(first_17))
        code = first_17 + signs[-total % 31]
        assert clean_uscc(code) == code
        with pytest.raises(Invalid):
            clean_uscc(first_17 + signs[(1 - total) % 31])


def numbers() -> st.SearchStrategy[str]:
    """Valid 18-digit numbers, built from their parts."""
    parts = st.tuples(provinces, st.integers(0, 9999), dates, st.integers(0, 999))
    first_17 = parts.map(lambda part: f"{part[0]}{part[1]:04}{part[2]:%Y%m%d}{part[3]:03}")
    return first_17.map(lambda digits: digits + identity.check_digit(digits))


def codes(id_type: str, number: str) -> list[str]:
    return [problem.code for problem in id_number_problems(id_type, number, today=TODAY)]


@pytest.mark.parametrize("number", STANDARD_EXAMPLES)
def test_examples_of_the_standard_are_accepted(number):
    assert codes("01", number) == []


@given(numbers())
def test_any_well_formed_number_is_accepted_and_tells_birth_date_and_sex(number):
    assert codes("01", number) == []
    assert derived_birth_date("01", number) == date.fromisoformat(number[6:14])
    assert derived_sex("01", number) == ("1" if number[16] in "13579" else "2")


@given(numbers(), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_refused(number, place, step):
    """The check digit finds every single wrong digit."""
    digit = number[place]
    other = str((int(digit) + step) % 10) if digit != "X" else str(step)
    assert codes("01", number[:place] + other + number[place + 1 :]) != []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("110105194912310021", "id_check_digit"),
        ("320106199001012000", "id_tail_lost"),
        ("110105201912310020", "id_date"),
        ("110105199902290021", "id_date"),
        ("990105194912310021", "id_region"),
        ("11010519491231002", "id_length"),
        ("1101051949123100211", "id_length"),
        ("1101051949123100X1", "id_characters"),
        ("11010519491231002Х", "id_characters"),
        ("H12345678", "id_other_type"),
        ("E12345678", "id_other_type"),
        ("830000199201300022", "id_other_type"),
        ("110105491331002", "id_date"),
        ("990105491231002", "id_region"),
    ],
)
def test_resident_id_is_refused(number, code):
    assert codes("01", number) == [code]


def test_hong_kong_prefix_under_resident_id_is_a_warning_only():
    """81 and 82 are codes of docs/codes.md#provinces, so the number is not provably wrong (PAIN-25)."""
    (problem,) = id_number_problems("01", "810000199408230021", today=TODAY)
    assert (problem.code, problem.is_warning) == ("id_looks_like_permit", True)


def test_15_digits_are_accepted_with_the_conversion_shown():
    """docs/fields.md#formats: accept, convert to 18, show the conversion before saving."""
    (problem,) = id_number_problems("01", "110105491231002", today=TODAY)
    assert (problem.code, problem.is_warning) == ("id_converted", True)
    assert "11010519491231002X" in problem.text
    assert normal_id_number("01", "110105491231002") == "11010519491231002X"


@given(numbers().filter(lambda number: number[6:8] == "19"))
def test_15_digits_become_the_number_they_came_from(number):
    assert normal_id_number("01", identity.to_15_digits(number)) == number


def test_15_digits_of_another_type_are_not_converted():
    assert normal_id_number("99", "110105491231002") == "110105491231002"


def test_abolished_county_is_not_looked_up():
    """docs/fields.md#formats: abolished counties are on valid cards."""
    first_17 = "32099919900101123"
    assert codes("01", first_17 + identity.check_digit(first_17)) == []


@pytest.mark.parametrize(
    ("id_type", "number"),
    [
        ("03", "E12345678"),
        ("03", "EA1234567"),
        ("03", "AB12345"),
        ("04", "军字第1234567号"),
        ("04", "海军字第20191234号"),
        ("04", "12345678"),
        ("06", "H12345678"),
        ("06", "M1234567801"),
        ("07", "12345678"),
        ("07", "0123456789A"),
        ("08", "810000199408230021"),
        ("09", "830000199201300022"),
        ("10", "AUS110195212310"),
        ("10", "911124198108030024"),
    ],
)
def test_numbers_of_other_types_are_accepted(id_type, number):
    assert codes(id_type, number) == []


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        ("03", "E123", "id_format"),
        ("03", "E1234567890123456789", "id_format"),
        ("03", "11010519491231002X", "id_other_type"),
        ("04", "军12", "id_format"),
        ("06", "12345678", "id_format"),
        ("07", "H12345678", "id_other_type"),
        ("08", "810000199408230022", "id_check_digit"),
        ("08", "830000199201300022", "id_other_type"),
        ("08", "110105194912310021", "id_format"),
        ("09", "83000019920130002", "id_length"),
        ("10", "AUS1101952", "id_format"),
        ("99", "一" * 21, "id_format"),
    ],
)
def test_numbers_of_other_types_are_refused(id_type, number, code):
    assert codes(id_type, number) == [code]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("911124198108030025", "id_check_digit"),
        ("911124198113030024", "id_date"),
        ("911124299908030024", "id_date"),
        ("91112419810803002A", "id_format"),
    ],
)
def test_permanent_residence_card_is_held_to_its_inner_rules(number, code):
    """docs/fields.md#formats: check digit of GB 11643 and a real date, as of a resident ID."""
    assert codes("10", number) == [code]


def test_permanent_residence_card_typed_as_resident_id_is_named_as_what_it_is():
    (problem,) = id_number_problems("01", "911124198108030024", today=TODAY)
    assert problem.code == "id_other_type"
    assert "外国人永久居留身份证" in problem.text


@pytest.mark.parametrize(
    ("id_type", "printed", "stored"),
    [
        ("06", "H12345678(01)", "H1234567801"),
        ("06", "m12345678（02）", "M1234567802"),
        ("07", "0123456701(B)", "0123456701B"),
        ("07", "01234567(01)", "0123456701"),
    ],
)
def test_serial_in_brackets_joins_the_number_and_is_told(id_type, printed, stored):
    """docs/fields.md#formats: as printed on the pass; the removal is shown, and sign-in takes both writings."""
    verdict = judge(account, ROW | {"id_type": id_type, "id_number": printed}, {"today": TODAY})
    assert verdict.values["id_number"] == stored
    assert [each.code for each in verdict.problems["id_number"]] == ["id_serial_joined"]
    assert normalise_login(printed) == normalise_login(stored) == stored


def test_brackets_of_another_document_stay():
    assert normal_id_number("99", "H12345678(01)") == "H12345678(01)"


def test_other_document_is_warned_about_and_a_resident_id_under_it_too():
    """docs/codes.md#identity-types: 99 is offered with a warning."""
    assert codes("99", "学生证12") == ["id_unusual_type"]
    assert codes("99", "11010519491231002X") == ["id_unusual_type", "id_looks_like_resident_id"]


def test_message_names_the_length_that_was_typed():
    (problem,) = id_number_problems("01", "11010519491231002", today=TODAY)
    assert problem.text == "居民身份证号码应为18位，现在是17位。"


@pytest.mark.parametrize(
    "raw",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２ｘ",
        " 110105 19491231 002X\u00a0",
        "\u202d11010519491231002X\u202c",
        "'11010519491231002X",
        "\ufeff11010519491231002X\u200b",
    ],
)
def test_every_spelling_of_a_number_has_one_form_on_import_and_at_login(raw):
    """PAIN-11 and TRUST-07: normalise at login as on import."""
    assert clean_id_number(raw) == "11010519491231002X"
    assert normalise_login(raw) == "11010519491231002X"


def test_login_with_the_15_digit_number_finds_the_18_digit_account():
    assert normalise_login("110105491231002") == "11010519491231002X"


def test_officer_number_keeps_its_chinese_characters():
    assert clean_id_number("军字第 1234567 号") == "军字第1234567号"


@given(st.text(alphabet=st.characters(), max_size=300))
def test_login_normalisation_takes_anything_and_is_stable(raw):
    login = normalise_login(raw)
    assert normalise_login(login) == login
    assert "\x00" not in login
    login.encode("utf-8")


@pytest.mark.parametrize("raw", [110105194912310020, 1.1010519491231e17, "1.10105E+17"])
def test_numeric_cell_of_18_digits_is_refused_whatever_its_check_digit(raw):
    """PAIN-01: once in eleven dates the damaged number is another valid person."""
    with pytest.raises(Invalid) as refusal:
        clean_id_number(raw)
    assert refusal.value.problem.code == "number_damaged"


def test_short_number_in_a_numeric_cell_is_taken():
    assert clean_id_number(110105491231002.0) == "110105491231002"
    assert clean_id_number(12345678) == "12345678"


def test_residence_permits_tell_birth_date_and_sex_and_passports_do_not():
    assert derived_birth_date("08", "810000199408230021") == date(1994, 8, 23)
    assert derived_sex("08", "810000199408230021") == "2"
    assert derived_birth_date("01", "110105491231002") == date(1949, 12, 31)
    assert derived_birth_date("03", "E12345678") is None
    assert derived_sex("03", None) is None


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        13800138000,
        13800138000.0,
        "13800138000.0",
        "+86 138-0013-8000",
        "0086 13800138000",
        "8613800138000",
        "(+86)13800138000",
        "１３８００１３８０００",
        " 138 0013 8000\u3000",
        "'13800138000",
    ],
)
def test_mobile_is_taken_in_every_spelling(raw):
    assert clean_mobile(raw) == "13800138000"


@pytest.mark.parametrize("raw", ["16612345678", "17012345678", "19912345678", "14512345678"])
def test_mobile_prefixes_of_all_years_are_taken(raw):
    """PAIN-10: a narrow prefix list refuses 166, 17x and 19x."""
    assert clean_mobile(raw) == raw


@pytest.mark.parametrize(
    "raw", ["1380013800", "138001380001", "12800138000", "010-63313903", "a", "1.38E+10", True]
)
def test_mobile_is_refused(raw):
    with pytest.raises(Invalid):
        clean_mobile(raw)


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("138-0013-8000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("+852 9123 4567", "+85291234567"),
        ("00852-91234567", "+85291234567"),
        ("＋886 912 345 678", "+886912345678"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("+853 6612 3456", "+85366123456"),
    ],
)
def test_phone_of_a_family_anywhere_in_the_world_is_taken(raw, stored):
    assert clean_phone(raw) == clean_phone(stored) == stored


@pytest.mark.parametrize(
    "raw", ["91234567", "+86 91234567", "+852", "+0123456789", "+1234567890123456", "+852 abc"]
)
def test_phone_without_country_or_of_no_length_is_refused_with_the_way_out(raw):
    with pytest.raises(Invalid) as refused:
        clean_phone(raw)
    assert "香港 +852" in str(refused.value.problem)


def test_uscc_example_of_the_standard_is_accepted():
    """GB 32100-2015, its own example."""
    assert clean_uscc(" 91350100m000100y43 ") == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("91350100M000100Y44", "uscc_check_digit"),
        ("91350100M00O100Y43", "uscc_format"),
        ("91350100M000100Y4", "uscc_format"),
        (913501001234567890, "number_damaged"),
    ],
)
def test_uscc_is_refused(raw, code):
    with pytest.raises(Invalid) as refusal:
        clean_uscc(raw)
    assert refusal.value.problem.code == code


def test_legacy_code_of_15_digits_is_tolerated_with_a_warning():
    """docs/fields.md#work."""
    assert clean_uscc("350100100000001") == "350100100000001"
    assert [problem.code for problem in uscc_problems("350100100000001")] == ["uscc_legacy"]
    assert uscc_problems("91350100M000100Y43") == []
