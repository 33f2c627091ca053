"""Whether a new password could be guessed by someone who knows the person (TRUST-08, PAIN-14).

The list of the 10,000 commonest passwords is checked elsewhere.
"""

import re
from collections.abc import Iterator
from datetime import date

from residents.catalogue.catalogue import Problem, Verbatim, problem

SHORTEST = 8
INITIAL = "000000"
_SEPARATORS = re.compile(r"[\s\-_./\\,;:年月日]+")
# Of a number that a list prints, any stretch so long is known to whoever has the list.
_STRETCH = 6
_SHORTEST_LOGIN = 4
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
    six characters of it in a row, the birth date in any order, the mobile number, the name's pinyin, the base's name or
    the login.
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
    """(what it is, the text to look for)."""
    if birth_date is not None:
        year, month, day = f"{birth_date:%Y}", f"{birth_date:%m}", f"{birth_date:%d}"
        for written in (
            *(year + month + day, month + day + year, day + month + year, year[2:] + month + day),
            f"{birth_date.year}{birth_date.month}{birth_date.day}",
        ):
            yield "出生日期", written
    for what, number in (("证件号或其中6位", id_number), ("手机号", mobile), ("登录账号", username)):
        plain = _SEPARATORS.sub("", number or "").casefold()
        if len(plain) >= _SHORTEST_LOGIN:
            for start in range(max(1, len(plain) - _STRETCH + 1)):
                yield what, plain[start : start + _STRETCH]
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
