"""The one way in for what an address or a form names outside a form class: keys, years, marks, choices, moments.

Nobody types these by hand; what cannot be meant counts as not given, and each page says what it does without. Where
several values are sent and one is due, the last counts, as in forms. Digits are 0 to 9 only: other digits are digits to
Python's isdigit, and int() refuses some of them.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.http import QueryDict

from portal.characters import LARGEST, number_of, one_line_end, storable


def text(parameters: Mapping[str, Any], name: str, longest: int = 1000) -> str:
    """The text sent under this name, without what cannot be stored, cut at `longest`; "" where none was."""
    value = parameters.get(name)
    return storable(one_line_end(value))[:longest] if isinstance(value, str) else ""


def texts(parameters: Mapping[str, Any], name: str) -> list[str]:
    """All texts sent under this name, in their order."""
    # A form filled by a program may stand on a plain mapping, which holds one value under a name.
    found = parameters.getlist(name) if isinstance(parameters, QueryDict) else [parameters.get(name)]
    return [storable(one_line_end(value)) for value in found if isinstance(value, str)]


def whole_number(parameters: Mapping[str, Any], name: str, least: int = 0, most: int = LARGEST) -> int | None:
    """The whole number sent under this name, between the bounds; None for anything else."""
    return number_of(text(parameters, name), least, most)


def key(parameters: Mapping[str, Any], name: str) -> int:
    """The key of a row; 0, which no row has, for anything that cannot be one."""
    return whole_number(parameters, name) or 0


def numbers_of(texts: Iterable[str]) -> list[int]:
    """The whole numbers in texts like "12" or "12,13"; anything else is passed over."""
    found = (number_of(part) for text in texts for part in text.split(","))
    return [number for number in found if number is not None]


def those(parameters: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """The texts sent under these names, without the empty ones."""
    return {name: value for name in names if (value := text(parameters, name))}


def digits_in(text: str) -> str:
    """The digits of a typed text, full width and other scripts included, as 0 to 9."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


def choice(parameters: Mapping[str, Any], name: str, allowed: Collection[str], otherwise: str = "") -> str:
    """The one of the allowed values that was sent, else `otherwise`."""
    value = text(parameters, name)
    return value if value in allowed else otherwise


def is_on(parameters: Mapping[str, Any], name: str, value: str = "1") -> bool:
    """Whether exactly this mark was sent."""
    return text(parameters, name) == value


def moment_of(text: str) -> datetime | None:
    """The moment with its time zone that this text is; None for any other text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Nothing of ours happens near the ends of the calendar, where a day more or another zone is no date.
    return found if found.tzinfo and 1900 <= found.year <= 2100 else None


def moment(parameters: Mapping[str, Any], name: str) -> datetime | None:
    """The moment sent under this name; None for anything else, a moment without a time zone included."""
    return moment_of(text(parameters, name))
