"""脱敏: how an ID number or a mobile number is displayed where nobody has asked for the whole of it."""

import re

# More of a long number would only help whoever guesses.
_FRONT, _BACK = 3, 4
# What may be an ID number or a mobile number wherever it was typed: in a wrong column, in a reason.
_NUMBER = re.compile(
    r"[A-Za-z]{1,3}[0-9]{6,12}|[0-9][0-9 ]{9,20}[0-9Xx]|(?<![0-9])1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
)


def displayed(length: int) -> tuple[int, int]:
    """How many characters in front and behind are left of a number so long: at least half is hidden (TRUST-51)."""
    left = min(length // 2, _FRONT + _BACK)
    front = left // 2
    return front, left - front


def mask(text: str) -> str:
    """A number with its middle hidden: of a long one three characters in front and four behind are left, of a short
    one fewer."""
    front, back = displayed(len(text))
    return f"{text[:front]}{'*' * (len(text) - front - back)}{text[len(text) - back :]}"


def mask_numbers(text: str) -> str:
    """A text as it was typed, with whatever may be a person's number in it masked."""
    return _NUMBER.sub(lambda found: mask(found[0]), text)
