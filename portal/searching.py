"""Searches by a number of a person leave no number in the address, the history or a log (TRUST-52).

A search form is posted; a text with the digits of a number is kept here under a random mark, and the list's address
carries the mark. Texts without digits are in the address as they are, so that such a list can be passed on.
"""

import re
import secrets
from typing import Any

from django import forms
from django.core.cache import cache
from django.http import QueryDict

_HAS_NUMBER = re.compile(r"[0-9０-９]{6}")
_MARK = re.compile(r"~[0-9a-f]{24}")
# The boxes of search forms into which a number may be typed.
SEARCHED = ("q", "who", "record")
# As long as somebody may work on a list of results.
KEPT_SECONDS = 12 * 3600


def address_of(path: str, fields: QueryDict) -> str:
    """The list's address for the posted fields: empty ones left out, a number replaced by its mark."""
    query = QueryDict(mutable=True)
    for name, values in fields.lists():
        kept = [_marked(value) if name in SEARCHED else value for value in values if value]
        if kept:
            query.setlist(name, kept)
    return f"{path}?{query.urlencode()}" if query else path


def text_of(value: str) -> str:
    """What was searched for: the text behind a mark; any other text as it is.

    A forgotten mark stays what it is and finds nobody: an action over "all results" must not reach the whole list.
    """
    return (_MARK.fullmatch(value) and cache.get(f"search:{value}")) or value


def _marked(text: str) -> str:
    if not _HAS_NUMBER.search(text):
        return text
    mark = f"~{secrets.token_hex(12)}"
    cache.set(f"search:{mark}", text[:60], KEPT_SECONDS)
    return mark


class SearchField(forms.CharField):
    """The box of a list's search: takes a text or its mark, displays the text."""

    def clean(self, value: Any) -> str:
        return super().clean(text_of(value or ""))

    def bound_data(self, data: Any, initial: Any) -> Any:
        text = text_of(data or "")
        return "" if _MARK.fullmatch(text) else text
