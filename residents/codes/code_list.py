"""A code list: codes with their Chinese names, and finding a code from what people write."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from residents.catalogue.catalogue import LONGEST_QUOTE, Invalid, Problem, Verbatim, invalid, problem

# Full-width ASCII and the ideographic space as their ordinary twins; applied to code texts only, never to names.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_IGNORED = re.compile("[\\s'‘’\u00a0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]+")
_CODE_AND_NAME = re.compile(r"([0-9a-z]{1,4}?)[-—–_.:、,|]*([^0-9a-z].*)")
_editions = count(1)
_edition = 0
# Longer lists are in the template's second sheet, not in the message.
MOST_OPTIONS_SHOWN = 12


def edition() -> int:
    """A number that grows whenever a list takes over a change: the key for what is made from the lists and kept."""
    return _edition


def fold(text: str) -> str:
    """The spelling under which two writings of one name are the same: half-width, no blanks, lower case."""
    return _IGNORED.sub("", text.translate(_HALF_WIDTH)).casefold()


@dataclass(frozen=True, slots=True)
class Change:
    """What the association has changed of one code, or a code it has added (docs/codes.md#edited); `is_offered` as in
    forms."""

    code: str
    label: str
    is_offered: bool = True
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Content:
    items: dict[str, str]
    offered: dict[str, str]
    index: dict[str, str]
    refusal: Any


class CodeList:
    """One list of docs/codes.md: `items` (code -> name, in order) and the subset `offered` in forms and templates.

    Codes outside `offered` are understood and displayed: older records hold them. `take_over` replaces the content
    as a whole, so a list must be asked each time and never be copied when a module is loaded.
    """

    def __init__(
        self,
        title: str,
        items: Mapping[str, str],
        *,
        hidden: Iterable[str] = (),
        synonyms: Mapping[str, str] | None = None,
        ambiguous: Mapping[str, str] | None = None,
        suffixes: Iterable[str] = (),
    ):
        self.title = title
        self._built_in = dict(items)
        self._hidden = frozenset(hidden)
        self._synonyms = dict(synonyms or {})
        self._suffixes = tuple(suffixes)
        self.width = len(next(iter(self._built_in)))
        self._ambiguous = {fold(name): question for name, question in (ambiguous or {}).items()}
        self.take_over(())

    def take_over(self, changes: Iterable[Change]) -> None:
        """Make the content anew from the built-in list and these changes of it, at one stroke for all threads.

        A renamed code is still found by its built-in name: workbooks made before hold it. Added codes are placed where
        they belong.
        """
        global _edition
        changes = tuple(changes)
        items = dict(self._built_in)
        synonyms = dict(self._synonyms)
        hidden = set(self._hidden)
        for change in changes:
            if change.code in self._built_in:
                synonyms[self._built_in[change.code]] = change.code
            items[change.code] = change.label
            synonyms |= dict.fromkeys(change.synonyms, change.code)
            (hidden.discard if change.is_offered else hidden.add)(change.code)
        if items.keys() != self._built_in.keys():
            items = dict(sorted(items.items()))
        self._content = _Content(
            items,
            {code: name for code, name in items.items() if code not in hidden},
            self._spellings(items, synonyms),
            lru_cache(maxsize=1024)(self._describe_refusal),
        )
        _edition = next(_editions)

    @property
    def items(self) -> dict[str, str]:
        return self._content.items

    @property
    def offered(self) -> dict[str, str]:
        return self._content.offered

    def _spellings(self, items: Mapping[str, str], synonyms: Mapping[str, str]) -> dict[str, str]:
        index = {fold(code): code for code in items} | {code: code for code in items}
        for name, code in synonyms.items():
            index[fold(name)] = code
        for code, name in items.items():
            index[fold(name)] = code
            index.setdefault(name, code)
        for code, name in items.items():
            for suffix in self._suffixes:
                if name.endswith(suffix) and len(name) > len(suffix):
                    index.setdefault(fold(name.removesuffix(suffix)), code)
        return index

    def meant_by(self, text: str) -> str | None:
        """The code that has exactly this spelling, "" where it means two things, None where it is free."""
        return "" if fold(text) in self._ambiguous else self._content.index.get(fold(text))

    def synonyms_of(self, code: str) -> list[str]:
        """The built-in other spellings of a code."""
        return [name for name, meant in self._synonyms.items() if meant == code]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(code, name) of what forms offer, in order."""
        return list(self.offered.items())

    def label(self, code: str | None) -> str:
        """The name of a code; an empty text for none, and the code itself when the list does not know it."""
        return self.items.get(code, code) if code else ""

    def find(self, raw: Any) -> str:
        """The code meant by a code, name, synonym or "code name" in any width and case (PAIN-12).

        A number is taken for its digits, with the leading zeros a spreadsheet has dropped. Raises Invalid, which names
        the nearest value, or asks back where a name means two things.
        """
        content = self._content
        if type(raw) is str:
            code = content.index.get(raw)
            if code is not None:
                return code
        elif isinstance(raw, float) and raw.is_integer():
            raw = int(raw)
        text = "" if isinstance(raw, bool) else fold(str(raw))
        code = content.index.get(text) or self._from_digits(text) or self._from_code_and_name(text)
        if code is not None:
            return code
        raise Invalid(content.refusal(str(raw), text))

    def _from_digits(self, text: str) -> str | None:
        text = text.removesuffix(".0")
        if not (text.isascii() and text.isdigit()):
            return None
        return self._content.index.get(text.lstrip("0").zfill(self.width))

    def _from_code_and_name(self, text: str) -> str | None:
        """The code of "0100 内科" and "01-居民身份证", provided both halves mean the same."""
        match = _CODE_AND_NAME.fullmatch(text)
        if match is None or match[1] not in self._content.index:
            return None
        code, named = self._content.index[match[1]], self._content.index.get(match[2])
        if named is not None and named != code:
            raise invalid("code_mismatch", value=text)
        return named

    def refusal_among(self, raw: Any, codes: Collection[str]) -> Problem:
        """Why a text that `find` refuses is none of the list, where only these codes may stand: no other is named."""
        offered = {code: name for code, name in self.offered.items() if code in codes}
        index = {spelling: code for spelling, code in self._content.index.items() if code in offered}
        return self._describe(str(raw), fold(str(raw)), index, offered)

    def _describe_refusal(self, raw: str, text: str) -> Problem:
        if text in self._ambiguous:
            return problem("code_ambiguous", value=raw, options=self._ambiguous[text])
        return self._describe(raw, text, self._content.index, self.offered)

    def _describe(self, raw: str, text: str, index: Mapping[str, str], offered: Mapping[str, str]) -> Problem:
        # A wrong number is near to other numbers by accident only.
        nearest = (
            difflib.get_close_matches(text, index, n=1, cutoff=0.5)
            if len(text) <= LONGEST_QUOTE and not text.isdigit()
            else []
        )
        if nearest:
            return problem(
                "code_nearest",
                value=raw,
                list=self.title,
                nearest=self.label(index[nearest[0]]),
            )
        if len(offered) <= MOST_OPTIONS_SHOWN:
            return problem(
                "code_options", value=raw, list=self.title, options=Verbatim("、".join(offered.values()))
            )
        return problem("code_unknown", value=raw, list=self.title)
