"""Whether a new password could be guessed by someone who knows the person (TRUST-08, PAIN-14).

The list of the 10,000 commonest passwords is checked elsewhere.
"""

import re
from collections.abc import Iterator
from datetime import date

from residents.catalogue.catalogue import Problem, Verbatim, problem

SHORTEST = 8
INITIAL = "000000"
_SEPARATORS = re.compile(r"[\s\-_./\\,;:]+")
# A shorter syllable turns up inside ordinary words.
_SHORTEST_PINYIN_TO_SEARCH = 5


def weak_password_problem(
    password: str,
    *,
    id_number: str | None = None,
    mobile: str | None = None,
    birth_date: date | None = None,
    full_name_pinyin: str | None = None,
    base_name: str | None = None,
    username: str | None = None,
    is_staff: bool = False,
) -> Problem | None:
    """The first reason to refuse a new password, or None.

    Refused: fewer than 8 characters, the printed default 000000, digits only, and anything that holds the ID number,
    its last 6 or 8 characters, the birth date, the mobile number, the name's pinyin, the base's name or the login.
    Staff also need three of four character classes.
    """
    if len(password) < SHORTEST:
        return problem("password_short")
    if INITIAL in password:
        return problem("password_initial")
    if password.isdigit():
        return problem("password_digits")
    plain = _SEPARATORS.sub("", password).casefold()
    for what, part in _personal_parts(id_number, mobile, birth_date, base_name, username):
        if part in plain:
            return problem("password_personal", what=Verbatim(what))
    if _holds_pinyin(plain, full_name_pinyin):
        return problem("password_personal", what=Verbatim("姓名拼音"))
    if is_staff and _character_classes(password) < 3:
        return problem("password_classes")
    return None


def _personal_parts(
    id_number: str | None,
    mobile: str | None,
    birth_date: date | None,
    base_name: str | None,
    username: str | None,
) -> Iterator[tuple[str, str]]:
    """(what it is, the text to look for); the last 6 of the ID cover its last 8 and the whole."""
    for number in (id_number, username):
        tail = _SEPARATORS.sub("", number or "").casefold()[-6:]
        if len(tail) >= 4:
            yield ("证件号或其后6位" if number is id_number else "登录账号"), tail
    if birth_date is not None:
        yield "出生日期", f"{birth_date:%Y%m%d}"
        yield "出生日期", f"{birth_date:%y%m%d}"
        yield "出生日期", f"{birth_date.year}{birth_date.month}{birth_date.day}"
    if mobile:
        yield "手机号", mobile[-8:]
    base = _SEPARATORS.sub("", base_name or "").casefold()
    if len(base) >= 2:
        yield "培训基地名称", base


def _holds_pinyin(plain: str, pinyin: str | None) -> bool:
    name = re.sub(r"[^a-z]", "", (pinyin or "").casefold())
    if not name or name not in plain:
        return False
    rest = plain.replace(name, "")
    return len(name) >= _SHORTEST_PINYIN_TO_SEARCH or not any(character.isalpha() for character in rest)


def _character_classes(password: str) -> int:
    return sum(
        (
            any(character.isupper() for character in password),
            any(character.islower() for character in password),
            any(character.isdigit() for character in password),
            any(not character.isalnum() for character in password),
        )
    )
