"""The one list of messages: what is wrong with a value and how to repair it, in Chinese.

Pages, workbooks, the interface and the manual take their words from here, so nobody meets two wordings of one fault.
"""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from residents.catalogue import blocks as catalogue_blocks
from residents.catalogue import shapes as catalogue_shapes
from residents.catalogue import training as catalogue_training

# Longer quotations of what was typed would bury the message.
LONGEST_QUOTE = 40
# Surrogates, controls and the marks that turn the reading direction would break the page, the workbook or the database.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


class Verbatim(str):
    """A text of our own among the params: printed in full, where what people typed is cut short."""


class Entry(NamedTuple):
    """One kind of fault: a title to group by, the two templates, and whether it only warns (PAIN-25)."""

    title: str
    text: str
    repair: str
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one value. `code` is its key in CATALOGUE; str() gives both sentences.

    An error stops the value from being stored; a warning is displayed and may be acknowledged (PAIN-25).
    """

    code: str
    text: str
    repair: str
    is_warning: bool = False

    def __str__(self) -> str:
        return self.text + self.repair

    @property
    def title(self) -> str:
        return CATALOGUE[self.code].title


class Invalid(ValueError):
    """Raised for a value that cannot be read; `problem` says why and how to repair it."""

    def __init__(self, problem: Problem):
        super().__init__(str(problem))
        self.problem = problem


def _catalogue() -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for part in (catalogue_shapes, catalogue_blocks, catalogue_training):
        for code, words in part.ERRORS.items():
            entries[code] = Entry(words[0], words[1], words[2], is_warning=False)
        for code, words in part.WARNINGS.items():
            entries[code] = Entry(words[0], words[1], words[2], is_warning=True)
    return entries


CATALOGUE: dict[str, Entry] = _catalogue()


def quoted(value: Any) -> str:
    """What was typed, safe to show: unprintable characters become □ and long text is cut."""
    if isinstance(value, Verbatim):
        return value
    text = _UNPRINTABLE.sub("□", str(value))
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def problem(code: str, **params: Any) -> Problem:
    """The catalogued problem with its templates filled in. Raises KeyError for an unknown code or a missing param."""
    entry = CATALOGUE[code]
    if params:
        shown = {key: quoted(value) for key, value in params.items()}
        return Problem(code, entry.text.format_map(shown), entry.repair.format_map(shown), entry.is_warning)
    return Problem(code, entry.text, entry.repair, entry.is_warning)


def invalid(code: str, **params: Any) -> Invalid:
    """The exception for a catalogued problem, to be raised by the caller."""
    return Invalid(problem(code, **params))
