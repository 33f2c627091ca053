"""Characters that no table, workbook or answer can hold, line ends, and digits; plain Python, for rules, sheets and
pages alike."""

import re

# What XML 1.0 or PostgreSQL cannot hold: controls but tab and line ends, and noncharacters.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef]")
# What was broken on the way: lone surrogates, the sign of bytes that were no text, the two ends of the plane.
BROKEN = re.compile("[\ud800-\udfff\ufffd-\uffff]")
LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029\x0b\x0c]")
# What a column of keys surely holds; eighteen digits.
LARGEST = 10**18 - 1
_DIGITS = re.compile("[0-9]{1,18}")
_UNSTORABLE = re.compile(f"{CONTROL.pattern}|{BROKEN.pattern}")


def one_line_end(text: str) -> str:
    """The text with every line ended by one character, as the page counts it; a browser sends two."""
    return LINE_ENDS.sub("\n", text)


def storable(text: str) -> str:
    """The text without the characters that cannot be stored, for what nobody types by hand."""
    return _UNSTORABLE.sub("", text)


def first_unstorable(text: str) -> tuple[int, str] | None:
    """Place, counted from 1, and name (U+FFFE) of the first character that cannot be stored."""
    found = _UNSTORABLE.search(text)
    return (found.start() + 1, f"U+{ord(found[0]):04X}") if found else None


def number_of(text: str, least: int = 0, most: int = LARGEST) -> int | None:
    """The whole number this text is, between the bounds; None for any other text."""
    number = int(text) if _DIGITS.fullmatch(text) else None
    return number if number is not None and least <= number <= most else None
