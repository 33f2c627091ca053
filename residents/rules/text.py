"""Texts as people and spreadsheets send them: invisible characters, widths, names and their dots.

Implements PAIN-01, PAIN-08, PAIN-09, PAIN-11 and PAIN-30.

Nothing here applies NFKC: it would turn rare characters of names into others.
"""

import re
import unicodedata
from datetime import date, datetime, time
from typing import Any

from portal.characters import BROKEN, CONTROL, LINE_ENDS, one_line_end
from residents.catalogue.catalogue import Invalid, Problem, invalid, problem

# Invisible marks nobody types on purpose: soft hyphen, zero width, bidirectional marks, byte order mark.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}]+")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BLANKS = re.compile("[ \t\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_INNER_BLANK = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_EDGE = (
    " \t\n\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)

# Excel keeps 15 significant digits: a longer number in a numeric cell has lost its tail (PAIN-01).
FIRST_DAMAGED_NUMBER = 10**15
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]{1,3}|[0-9]\.[0-9]+[eE][0-9]{1,3}")
_SHORT_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?(0?[0-9]|1[0-4])")

_WIDE_LETTERS = {code: code - 0xFEE0 for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-")
_HALF_WIDTH = _WIDE | _DASHES
_NAME_LETTERS = _WIDE_LETTERS | _DASHES | dict.fromkeys(map(ord, "’‘＇`´"), "'")

# U+2E80–2FDF (radicals) are kept apart: they look like characters of a name and are not (see name_radical).
_HAN = "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RADICAL = "\u2e80-\u2fdf"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_VARIATION = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_ACCENTED = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_LETTER = f"{_HAN}{_RADICAL}{_PRIVATE}{_ACCENTED}A-Za-z"
_LOOKALIKE_DOTS = "·•‧．.﹒・･∙⋅●"
_DOT_BETWEEN_HAN = re.compile(
    f"(?<=[{_HAN}{_RADICAL}{_PRIVATE}{_VARIATION}]) ?[{_LOOKALIKE_DOTS}](?: ?[{_LOOKALIKE_DOTS}])* ?"
    f"(?=[{_HAN}{_RADICAL}{_PRIVATE}])"
)
# "张　三", "王 小 明": blanks that only make names of two and three characters equally wide.
_BLANK_BETWEEN_HAN = re.compile(
    f"(?<=[{_HAN}{_RADICAL}{_PRIVATE}{_VARIATION}]) (?=[{_HAN}{_RADICAL}{_PRIVATE}])"
)
_COMMON_NAME = re.compile("[\u4e00-\u9fff]{2,50}")
_NOT_OF_A_NAME = re.compile(f"[^{_LETTER}{_VARIATION}· '-]")
_NAME_EDGE = re.compile(f"[{_LETTER}]")
_REMARKABLE = re.compile(f"(?P<private>[{_PRIVATE}])|(?P<radical>[{_RADICAL}])|(?P<accent>[{_ACCENTED}])")
_TRAILING_VARIATION = re.compile(f"[{_VARIATION}]+$")
_UNCOMPARED = re.compile(f"[ {_LOOKALIKE_DOTS}'\u0300-\u036f{_VARIATION}-]+")
LONGEST_NAME = 50


def codepoint(character: str) -> str:
    return f"U+{ord(character):04X}"


def is_blank(text: str) -> bool:
    """Whether a text holds nothing but blanks, invisible marks or Excel's lone apostrophe."""
    if text.isascii():
        # Not bare strip(): it would also drop the controls U+001C–U+001F, which are refused.
        return text.strip(" \t\n\r\x0b\x0c") in ("", "'")
    return one_line_end(_INVISIBLE_RUN.sub("", text)).strip(_EDGE) in ("", "'")


def clean_text(raw: Any, *, keeps_lines: bool = False) -> str:
    """The text without invisible marks and outer blanks; an empty text for nothing.

    A leading apostrophe (Excel's mark for text) goes; inner blanks of any width become spaces. Raises Invalid for
    control characters (NUL cannot be stored) and for characters broken on the way (lone surrogates, U+FFFD).
    """
    if raw is None:
        return ""
    text = raw if type(raw) is str else _written(raw)
    if text.isascii() and text.isprintable():
        return text.strip().removeprefix("'").strip()
    text = one_line_end(_INVISIBLE_RUN.sub("", _joined_surrogates(text)))
    text = text.strip(_EDGE).removeprefix("'").strip(_EDGE)
    if found := CONTROL.search(text):
        raise invalid("control_character", position=found.start() + 1)
    if found := BROKEN.search(text):
        raise invalid("broken_character", position=found.start() + 1)
    text = _INNER_BLANK.sub(" ", text)
    return text if keeps_lines else text.replace("\n", " ")


def _written(raw: Any) -> str:
    """A number, date or truth value of a cell as its author saw it."""
    if isinstance(raw, bool):
        return "是" if raw else "否"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < FIRST_DAMAGED_NUMBER:
        return str(int(raw))
    if isinstance(raw, datetime):
        return f"{raw:%Y-%m-%d}" if raw.time() == time.min else f"{raw:%Y-%m-%d %H:%M:%S}"
    return raw.isoformat() if isinstance(raw, date | time) else str(raw)


def _joined_surrogates(text: str) -> str:
    """Two surrogate halves as the one character they mean; lone halves stay for the caller to refuse."""
    if not _SURROGATE_PAIR.search(text):
        return text
    return _SURROGATE_PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def clean_number_text(raw: Any) -> str:
    """A text made of digits and letters (numbers of documents): half-width, no blanks anywhere.

    Raises Invalid for a numeric cell of more than 15 digits, whatever its digits look like (PAIN-01), and for a long
    number that came as 3.2E+17.
    """
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if not abs(raw) < FIRST_DAMAGED_NUMBER:
            raise invalid("number_damaged", value=raw)
        return clean_text(raw)
    text = clean_text(raw)
    if not (text.isascii() and text.isalnum()):
        text = _BLANKS.sub("", text.translate(_HALF_WIDTH)).removeprefix("'")
        if _SCIENTIFIC.fullmatch(text):
            raise Invalid(number_lost(text))
    return text


def number_lost(value: str) -> Problem:
    """What happened to a number of which only `value` is left: cut off after 15 digits, or a shorter one that was
    written as 1.99E+10 into a file that holds but what is shown (PAIN-01)."""
    is_short = _SHORT_SCIENTIFIC.fullmatch(half_width(value))
    return problem("number_rounded" if is_short else "number_damaged", value=value)


def squeezed(text: str) -> str:
    """The text half-width, without blanks and without anything that cannot be displayed or stored; never raises."""
    text = BROKEN.sub("", CONTROL.sub("", _joined_surrogates(text)))
    return _BLANKS.sub("", LINE_ENDS.sub("", _INVISIBLE_RUN.sub("", text)).translate(_HALF_WIDTH))


def half_width(text: str) -> str:
    """Full-width ASCII and typographic dashes as their plain twins; for mail addresses and dates, never for names."""
    return text.translate(_HALF_WIDTH)


def clean_name(raw: Any) -> str:
    """A person's name as it is stored: between Han characters look-alike dots become U+00B7 and blanks go; nothing is
    NFKC'd.

    Han of all planes, private-use characters, Latin letters, "·", space, "-" and "'" are allowed
    (docs/fields.md#formats); anything else, a text shorter than 2 or longer than 50 characters and a leading "=" raise
    Invalid.
    """
    if type(raw) is str and _COMMON_NAME.fullmatch(raw):
        return raw
    text = clean_text(raw)
    text = _BLANKS.sub(" ", text.translate(_NAME_LETTERS))
    text = _BLANK_BETWEEN_HAN.sub("", _DOT_BETWEEN_HAN.sub("·", text))
    if not text:
        return ""
    if found := _NOT_OF_A_NAME.search(text):
        character = found[0]
        raise invalid(
            "name_character", position=found.start() + 1, character=character, codepoint=codepoint(character)
        )
    for edge in (text[0], _TRAILING_VARIATION.sub("", text)[-1:] or text[0]):
        if not _NAME_EDGE.match(edge):
            raise invalid("name_edge", character=edge)
    if len(text) < 2:
        raise invalid("name_too_short", value=text)
    if len(text) > LONGEST_NAME:
        raise invalid("name_too_long", length=len(text))
    return text


def name_problems(name: str) -> list[Problem]:
    """Warnings about characters that are allowed in a name but go wrong elsewhere (PAIN-09)."""
    if _COMMON_NAME.fullmatch(name):
        return []
    return [_name_warning(found) for found in _REMARKABLE.finditer(name)]


def _name_warning(found: re.Match) -> Problem:
    position, character = found.start() + 1, found[0]
    if found.lastgroup == "private":
        return problem("name_private_character", position=position, codepoint=codepoint(character))
    if found.lastgroup == "radical":
        return problem("name_radical", position=position, character=character, codepoint=codepoint(character))
    return problem("name_accent", position=position, character=character)


def name_key(name: str) -> str:
    """The form under which two writings of one name are compared and found: no blanks, dots, hyphens, apostrophes or
    accents, no case, no variation selectors. The database's name_search_key does the same."""
    return _UNCOMPARED.sub("", unicodedata.normalize("NFD", name)).lower()
