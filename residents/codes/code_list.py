"""A code list: codes with their Chinese names, and finding a code from what people write."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from residents.rules.catalogue import LONGEST_QUOTE, Invalid, Problem, Verbatim, invalid, problem

# Full-width ASCII and the ideographic space as their ordinary twins; applied to code texts only, never to names.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_IGNORED = re.compile("[\\s'‘’\u00a0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]+")
_CODE_AND_NAME = re.compile(r"([0-9a-z]{1,4}?)[-—–_.:、,|]*([^0-9a-z].*)")
# Longer lists are shown in the template's second sheet, not in the message.
MOST_OPTIONS_SHOWN = 12


def fold(text: str) -> str:
    """The spelling under which two writings of one name are the same: half-width, no blanks, lower case."""
    return _IGNORED.sub("", text.translate(_HALF_WIDTH)).casefold()


class CodeList:
    """One list of DOMAIN §3: `items` (code -> name, in order) and the subset `offered` in forms and templates.

    Codes outside `offered` are still understood and shown: older records hold them.
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
        self.items = dict(items)
        hidden = frozenset(hidden)
        self.offered = {code: name for code, name in self.items.items() if code not in hidden}
        self._width = len(next(iter(self.items)))
        self._ambiguous = {fold(name): question for name, question in (ambiguous or {}).items()}
        self._index = self._spellings(synonyms or {}, tuple(suffixes))
        self._refusal = lru_cache(maxsize=1024)(self._describe_refusal)

    def _spellings(self, synonyms: Mapping[str, str], suffixes: tuple[str, ...]) -> dict[str, str]:
        index = {fold(code): code for code in self.items} | {code: code for code in self.items}
        for code, name in self.items.items():
            index[fold(name)] = code
            index.setdefault(name, code)
        for name, code in synonyms.items():
            index[fold(name)] = code
        for code, name in self.items.items():
            for suffix in suffixes:
                if name.endswith(suffix) and len(name) > len(suffix):
                    index.setdefault(fold(name.removesuffix(suffix)), code)
        return index

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(code, name) of what forms offer, in order."""
        return list(self.offered.items())

    def label(self, code: str | None) -> str:
        """The name of a code; an empty text for none, and the code itself when the list does not know it."""
        return self.items.get(code, code) if code else ""

    def find(self, raw: Any) -> str:
        """The code meant by a code, name, synonym or "code name" in any width and case (P-12).

        A number stands for its digits, with the leading zeros a spreadsheet has dropped. Raises Invalid, which names
        the nearest value, or asks back where a name means two things.
        """
        if type(raw) is str:
            code = self._index.get(raw)
            if code is not None:
                return code
        elif isinstance(raw, float) and raw.is_integer():
            raw = int(raw)
        text = "" if isinstance(raw, bool) else fold(str(raw))
        code = self._index.get(text) or self._from_digits(text) or self._from_code_and_name(text)
        if code is not None:
            return code
        raise Invalid(self._refusal(str(raw), text))

    def _from_digits(self, text: str) -> str | None:
        text = text.removesuffix(".0")
        if not (text.isascii() and text.isdigit()):
            return None
        return self._index.get(text.lstrip("0").zfill(self._width))

    def _from_code_and_name(self, text: str) -> str | None:
        """The code of "0100 内科" and "01-居民身份证", provided both halves mean the same."""
        match = _CODE_AND_NAME.fullmatch(text)
        if match is None or match[1] not in self._index:
            return None
        code, named = self._index[match[1]], self._index.get(match[2])
        if named is not None and named != code:
            raise invalid("code_mismatch", value=text)
        return named

    def _describe_refusal(self, raw: str, text: str) -> Problem:
        if text in self._ambiguous:
            return problem("code_ambiguous", value=raw, options=self._ambiguous[text])
        # A wrong number is near to other numbers by accident only.
        nearest = (
            difflib.get_close_matches(text, self._index, n=1, cutoff=0.5)
            if len(text) <= LONGEST_QUOTE and not text.isdigit()
            else []
        )
        if nearest:
            return problem(
                "code_nearest", value=raw, list=self.title, nearest=self.label(self._index[nearest[0]])
            )
        if len(self.offered) <= MOST_OPTIONS_SHOWN:
            return problem(
                "code_options", value=raw, list=self.title, options=Verbatim("、".join(self.offered.values()))
            )
        return problem("code_unknown", value=raw, list=self.title)
