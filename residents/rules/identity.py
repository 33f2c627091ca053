"""Identity, mobile and organisation numbers: normal forms, check digits, what follows (docs/fields.md#formats)."""

import re
from datetime import date
from functools import lru_cache
from typing import Any

from stdnum.cn import ric, uscc

from portal.shared_logins import SHARED_LOGIN
from residents.catalogue.catalogue import Invalid, Problem, Verbatim, invalid, problem
from residents.codes.people import ID_TYPE
from residents.codes.places import HUKOU_PROVINCE
from residents.rules.text import clean_number_text, codepoint, squeezed

RESIDENT_ID, PASSPORT, OFFICER, HONG_KONG_MACAO_PASS, TAIWAN_PASS = "01", "03", "04", "06", "07"
HONG_KONG_MACAO_PERMIT, TAIWAN_PERMIT, FOREIGN_PERMANENT, OTHER = "08", "09", "10", "99"
# Types whose 18-character number holds birth date, sex and check digit of GB 11643.
NUMBERED_LIKE_RESIDENT_ID = (RESIDENT_ID, HONG_KONG_MACAO_PERMIT, TAIWAN_PERMIT)
LONGEST_LOGIN = 40

_SHAPE_18 = re.compile(r"[0-9]{17}[0-9X]")
_SHAPE_15 = re.compile(r"[0-9]{15}")
_PERMIT_PREFIXES = {
    "810000": HONG_KONG_MACAO_PERMIT,
    "820000": HONG_KONG_MACAO_PERMIT,
    "830000": TAIWAN_PERMIT,
}

# type: (shape, how to describe it)
_SHAPES: dict[str, tuple[re.Pattern, str]] = {
    PASSPORT: (re.compile(r"[A-Z0-9]{5,17}"), "5至17位字母或数字"),
    OFFICER: (
        re.compile(r"[\u4e00-\u9fff]{1,4}字第[0-9A-Z]{4,10}号?|[0-9A-Z]{6,20}"),
        "“×字第××××号”，或6至20位字母或数字",
    ),
    HONG_KONG_MACAO_PASS: (re.compile(r"[HM][0-9]{8}([0-9]{2})?"), "H 或 M 加8位或10位数字"),
    TAIWAN_PASS: (re.compile(r"[0-9]{8}|[A-Z0-9]{10,12}"), "8位数字，或10至12位字母或数字"),
    FOREIGN_PERMANENT: (
        re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]"),
        "3个字母加12位数字，或以9开头的18位",
    ),
    OTHER: (re.compile(r"[0-9A-Z\u4e00-\u9fff()\-/]{1,20}"), "1至20位字母、数字或汉字"),
}
_LOOKS = (
    (HONG_KONG_MACAO_PASS, re.compile(r"[HM][0-9]{8}([0-9]{2})?")),
    (FOREIGN_PERMANENT, re.compile(r"[A-Z]{3}[0-9]{12}")),
    (PASSPORT, re.compile(r"[A-Z]{1,2}[0-9]{7,8}")),
)

# As passes of Hong Kong, Macao and Taiwan print it: H12345678(01), 0123456701(B).
_PRINTED_SERIAL = re.compile(r"([HM][0-9]{8}|[0-9]{8,10})\(([0-9A-Z]{1,2})\)")

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
# E.164: at most 15 digits, the country first.
_ABROAD = re.compile(r"\+[1-9][0-9]{6,14}")
_MOBILE_NOISE = re.compile(r"[-().]")

_USCC = re.compile("[0-9A-HJ-NPQRTUWXY]{18}")
_USCC_LEGACY = re.compile(r"[0-9A-Z]{15}")


# Of a person whose number was found not to be his: nobody can sign in with it by chance (AM-35).
STAND_IN = "待更正"


def stand_in(resident_id: int) -> str:
    """What stands for the number until his base has his own corrected."""
    return f"{STAND_IN}{resident_id}"


def is_stand_in(number: str | None) -> bool:
    return (number or "").startswith(STAND_IN)


def check_digit(first_17: str) -> str:
    """The 18th character of a resident ID number (GB 11643-1999)."""
    # The library takes the number with its check digit. Its `validate` must stay out: it knows some counties only.
    return ric.calc_check_digit(first_17 + "0")


def to_18_digits(number: str) -> str:
    """A first-generation 15-digit number in its 18-digit form: the century and the check digit are added."""
    first_17 = f"{number[:6]}19{number[6:]}"
    return first_17 + check_digit(first_17)


def to_15_digits(number: str) -> str:
    """The first-generation form of an 18-digit number, as older certificates quote it."""
    return number[:6] + number[8:17]


def clean_id_number(raw: Any) -> str:
    """Any writing of an identity number without blanks, in half width and upper case; empty for nothing.

    Says nothing about its type (see id_number_problems). Raises Invalid for a numeric cell of more than 15 digits,
    even where the damaged number happens to pass the check digit (PAIN-01).
    """
    return clean_number_text(raw).upper()


def normal_id_number(id_type: str | None, number: str) -> str:
    """The one form that is stored and compared: a sound 15-digit resident ID number becomes its 18-digit form, the
    serial that passes show in brackets joins the number."""
    if id_type == RESIDENT_ID and _is_sound_15(number):
        return to_18_digits(number)
    return _with_serial(number) if id_type in (HONG_KONG_MACAO_PASS, TAIWAN_PASS) else number


def told_by(number: str) -> str:
    """The message that tells of the change `normal_id_number` has made to a number."""
    return "id_serial_joined" if _PRINTED_SERIAL.fullmatch(number) else "id_converted"


def _with_serial(number: str) -> str:
    printed = _PRINTED_SERIAL.fullmatch(number)
    return printed[1] + printed[2] if printed else number


def normalise_login(raw: str) -> str:
    """What a resident typed as account, in the form of the login name; never raises (PAIN-11, TRUST-07).

    Blanks, invisible marks and controls go, x becomes X, full width becomes half, 15 digits that make a sound resident
    ID become 18, and the brackets around the serial of a pass go. The account name is this function's value of the
    stored number, so every spelling finds it.
    """
    number = squeezed(str(raw)[: 5 * LONGEST_LOGIN]).upper().lstrip("'")
    return to_18_digits(number) if _is_sound_15(number) else _with_serial(number)[:LONGEST_LOGIN]


def login_beside(login: str, id_type: str) -> str:
    """The account name of a person whose number is another account's name: sign-in asks him for the type (AM-35)."""
    return f"{login[: LONGEST_LOGIN - 3]}{SHARED_LOGIN}{id_type}"


def login_kinds() -> list[tuple[str, str]]:
    """The ID types by which people who share a number tell themselves apart at sign-in (AM-35)."""
    return list(ID_TYPE.items.items())


def _is_sound_15(number: str) -> bool:
    return bool(
        len(number) == 15
        and _SHAPE_15.fullmatch(number)
        and number[:2] in HUKOU_PROVINCE.items
        and _real_date("19" + number[6:12])
    )


@lru_cache(maxsize=65536)
def _real_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def id_number_problems(id_type: str | None, number: str, *, today: date | None = None) -> list[Problem]:
    """What is wrong with a cleaned number of the given type (code of 3.1): at most one error, else warnings.

    The six-digit address is not looked up: counties that were abolished are still on valid cards
    (docs/fields.md#formats).
    """
    if id_type is None:
        return [problem("id_number_missing_type")]
    if id_type == RESIDENT_ID:
        return _resident_id_problems(number, today)
    if id_type in (HONG_KONG_MACAO_PERMIT, TAIWAN_PERMIT):
        return _permit_problems(id_type, number, today)
    if id_type == FOREIGN_PERMANENT and _is_permanent_18(number):
        return _date_or_check_problem(id_type, number, today)
    shape, expected = _SHAPES[id_type]
    if not shape.fullmatch(number):
        return [_wrong_shape(id_type, number, Verbatim(expected))]
    warnings = [problem("id_unusual_type")] if id_type == OTHER else []
    if id_type != FOREIGN_PERMANENT and not _numbered_problems(RESIDENT_ID, number, today):
        warnings.append(problem("id_looks_like_resident_id", value=number, type=ID_TYPE.items[id_type]))
    return warnings


def _resident_id_problems(number: str, today: date | None) -> list[Problem]:
    if _is_sound_15(number):
        return [problem("id_converted", value=number, converted=to_18_digits(number))]
    if len(number) == 15 and _SHAPE_15.fullmatch(number):
        return [_region_or_date_problem(RESIDENT_ID, number[:2], "19" + number[6:12], today)]
    if _is_permanent_18(number) and not _date_or_check_problem(FOREIGN_PERMANENT, number, today):
        # No region begins with 9: it is sound as what it is.
        return [_wrong_shape(RESIDENT_ID, number, Verbatim("18位"))]
    faults = _numbered_problems(RESIDENT_ID, number, today)
    permit = _PERMIT_PREFIXES.get(number[:6])
    if faults or permit is None:
        return faults
    if number[:2] not in HUKOU_PROVINCE.items:
        return [_wrong_shape(RESIDENT_ID, number, Verbatim("18位"))]
    return [problem("id_looks_like_permit", value=number, prefix=number[:6], other=ID_TYPE.items[permit])]


def _permit_problems(id_type: str, number: str, today: date | None) -> list[Problem]:
    if len(number) == 18 and _PERMIT_PREFIXES.get(number[:6]) != id_type:
        prefixes = "或".join(prefix for prefix, owner in _PERMIT_PREFIXES.items() if owner == id_type)
        return [_wrong_shape(id_type, number, Verbatim(f"以{prefixes}开头的18位"))]
    return _numbered_problems(id_type, number, today)


def _numbered_problems(id_type: str, number: str, today: date | None) -> list[Problem]:
    """At most one error of an 18-character number: shape, region, date, check digit, in this order."""
    if not _SHAPE_18.fullmatch(number):
        return [_wrong_shape(id_type, number, Verbatim("18位"))]
    if number[:2] not in HUKOU_PROVINCE.items and number[:6] not in _PERMIT_PREFIXES:
        return [_region_or_date_problem(id_type, number[:2], number[6:14], today)]
    return _date_or_check_problem(id_type, number, today)


def _is_permanent_18(number: str) -> bool:
    """The number of a foreigner's permanent-residence card issued since December 2023."""
    return number.startswith("9") and bool(_SHAPE_18.fullmatch(number))


def _date_or_check_problem(id_type: str, number: str, today: date | None) -> list[Problem]:
    born = _real_date(number[6:14])
    if born is None or (today is not None and born > today):
        return [problem("id_date", type=ID_TYPE.items[id_type], value=number[6:14])]
    if check_digit(number[:17]) != number[17]:
        code = "id_tail_lost" if number.endswith("000") else "id_check_digit"
        return [problem(code, type=ID_TYPE.items[id_type])]
    return []


def _region_or_date_problem(id_type: str, region: str, digits: str, today: date | None) -> Problem:
    if region not in HUKOU_PROVINCE.items:
        return problem("id_region", type=ID_TYPE.items[id_type], region=region)
    return problem("id_date", type=ID_TYPE.items[id_type], value=digits)


def _wrong_shape(id_type: str, number: str, expected: Verbatim) -> Problem:
    name = ID_TYPE.items[id_type]
    if other := _looks_like(id_type, number):
        return problem("id_other_type", value=number, type=name, other=ID_TYPE.items[other])
    if id_type in NUMBERED_LIKE_RESIDENT_ID:
        strange = re.search("[^0-9X]", number) or re.search("X(?!$)", number)
        if strange:
            return problem(
                "id_characters",
                position=strange.start() + 1,
                character=strange[0],
                codepoint=codepoint(strange[0]),
                type=name,
            )
        if len(number) != 18:
            return problem("id_length", type=name, expected=expected, length=len(number))
    return problem("id_format", value=number, type=name, expected=expected)


def _looks_like(id_type: str, number: str) -> str | None:
    """Another type that the number plainly belongs to, so that the message can name it."""
    if _SHAPE_18.fullmatch(number) and check_digit(number[:17]) == number[17]:
        likely = _PERMIT_PREFIXES.get(number[:6], FOREIGN_PERMANENT if number[0] == "9" else RESIDENT_ID)
        return likely if likely != id_type else None
    return next((other for other, shape in _LOOKS if other != id_type and shape.fullmatch(number)), None)


def derived_birth_date(id_type: str | None, number: str | None) -> date | None:
    """The birth date in a resident ID number or a residence permit of either length; None for other types."""
    full = _full_number(id_type, number)
    return _real_date(full[6:14]) if full else None


def derived_sex(id_type: str | None, number: str | None) -> str | None:
    """ "1" (男) for an odd 17th digit, "2" (女) for an even one; None for numbers that do not say."""
    full = _full_number(id_type, number)
    return ("2", "1")[int(full[16]) % 2] if full else None


def _full_number(id_type: str | None, number: str | None) -> str | None:
    if id_type not in NUMBERED_LIKE_RESIDENT_ID or not number:
        return None
    full = normal_id_number(id_type, number)
    return full if _SHAPE_18.fullmatch(full) else None


def clean_mobile(raw: Any) -> str:
    """An 11-digit mobile number without +86, blanks and dashes; empty for nothing. Raises Invalid (PAIN-10)."""
    if type(raw) is str and _MOBILE.fullmatch(raw):
        return raw
    text = clean_number_text(raw)
    if not text:
        return ""
    number = _MOBILE_NOISE.sub("", text.removesuffix(".0"))
    for prefix in ("+86", "0086", "86"):
        if number.startswith(prefix) and len(number) == len(prefix) + 11:
            number = number.removeprefix(prefix)
    if not _MOBILE.fullmatch(number):
        raise invalid("mobile_format", value=text)
    return number


def clean_phone(raw: Any) -> str:
    """A telephone number of anybody in the world: 11 digits as clean_mobile has them, else "+", country and number
    without blanks and dashes (a family may live in Hong Kong or abroad). Raises Invalid."""
    text = clean_number_text(raw)
    number = _MOBILE_NOISE.sub("", text.removesuffix(".0"))
    abroad = "+" + number.removeprefix("+").removeprefix("00")
    if number.startswith(("+", "00")) and not abroad.startswith("+86"):
        if not _ABROAD.fullmatch(abroad):
            raise invalid("phone_abroad_format", value=text)
        return abroad
    try:
        return clean_mobile(raw)
    except Invalid as refused:
        raise invalid("phone_format", value=text) from refused


def clean_uscc(raw: Any) -> str:
    """A unified social credit code (GB 32100) with its check character verified, or a 15-character legacy code.

    Empty for nothing. Raises Invalid; for legacy codes see uscc_problems.
    """
    text = clean_number_text(raw).upper().replace("-", "")
    if not text or _USCC_LEGACY.fullmatch(text):
        return text
    if not _USCC.fullmatch(text):
        raise invalid("uscc_format", value=text)
    if uscc.calc_check_digit(text) != text[17]:
        raise invalid("uscc_check_digit", value=text)
    return text


def uscc_problems(code: str) -> list[Problem]:
    """A warning for a 15-character legacy code, which is tolerated (docs/fields.md#work)."""
    return [problem("uscc_legacy", value=code)] if len(code) == 15 else []
