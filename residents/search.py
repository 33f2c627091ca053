"""Search of training records by a person's name or ID number, as typed into one box."""

import re
from typing import Any

from django.db.models import CharField, Lookup, Q, QuerySet

from portal.masking import displayed
from residents.catalogue.catalogue import Invalid
from residents.rules.identity import normalise_login
from residents.rules.text import clean_name, clean_text, name_key
from residents.standing import bearers

_HAS_DIGITS = re.compile(r"[0-9]{2}")
# What a list displays of a number: some characters, stars, some characters; people type the last four.
_END = 4
_MASKED = re.compile(r"([0-9A-Z]{1,3})\*+([0-9A-Z]{2,4})")
_LONGEST = 40


def by_name_or_number(records: QuerySet, text: str, *, by_end: bool = False) -> QuerySet:
    """Enrollments whose person bears this text anywhere in the name, or this whole ID number, a former one too.

    `by_end`: also by the number's last four characters, or as lists display it with stars. No index helps there: only
    for the few thousand records of one base. Other parts find nobody: whoever may read a number masked would guess the
    rest of it character by character (TRUST-51).

    The text is normalised as names and numbers are on import (PAIN-08, PAIN-11); an empty one filters nothing, one that
    holds control characters finds nothing.
    """
    try:
        wanted = clean_text(text)
    except Invalid:
        return records.none()
    if not wanted:
        return records
    if _HAS_DIGITS.search(number := normalise_login(wanted)):
        return records.filter(_number(number, by_end))
    return records.filter(_named(wanted))


def _number(number: str, by_end: bool) -> Q:
    if by_end and (masked := _MASKED.fullmatch(number)):
        return _displayed(*masked.groups())
    found = Q(resident__in=[person.pk for person in bearers([number]).get(number, [])])
    return found | _displayed("", number) if by_end and len(number) == _END else found


def _displayed(begin: str, end: str) -> Q:
    """Numbers that a list displays with at least this beginning and end: of a short one less is displayed."""
    shortest = next(
        (n for n in range(_LONGEST) if displayed(n)[0] >= len(begin) and displayed(n)[1] >= len(end)),
        _LONGEST,
    )
    return Q(
        resident__id_number__startswith=begin,
        resident__id_number__endswith=end,
        resident__id_number__regex=f"^.{{{shortest}}}",
    )


@CharField.register_lookup
class Holds(Lookup):
    """`name__holds=key`: the key of residents.rules.text.name_key anywhere in that of a name, through an index.

    The index holds every one and two characters of a key, so a text of one or two is found by it alone; of a longer
    one it finds the candidates, and the comparison keeps those that have its characters in this order. The pairs are
    taken apart here: the database would do it while planning, which takes longer than the search.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        name, parameters = self.process_lhs(compiler, connection)
        text = str(self.rhs)
        grams = [text] if len(text) == 1 else [text[at : at + 2] for at in range(len(text) - 1)]
        condition, values = f"name_grams(name_search_key({name})) @> %s::text[]", [*parameters, grams]
        if len(text) > 2:
            condition = f"({condition} AND name_search_key({name}) LIKE %s)"
            values += [*parameters, f"%{connection.ops.prep_for_like_query(text)}%"]
        return condition, tuple(values)


@CharField.register_lookup
class Begins(Lookup):
    """`pinyin__begins=key`: a pinyin that begins with the key, whatever blanks stand in it, through an index."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        pinyin, parameters = self.process_lhs(compiler, connection)
        wanted = f"{connection.ops.prep_for_like_query(str(self.rhs))}%"
        return f"name_search_key({pinyin}) LIKE %s", (*parameters, wanted)


def _named(text: str) -> Q:
    """Names that hold the text in any spelling; of letters also those whose pinyin begins with it."""
    key = name_key(_as_name(text))
    if not key:
        return Q(pk__in=[])
    found = Q(resident__full_name__holds=key)
    return found | Q(resident__name_key__begins=key) if key.isascii() else found


def _as_name(text: str) -> str:
    """The text with dots and letters as stored names have them; as it is where it is no whole name ("陈")."""
    try:
        return clean_name(text)
    except Invalid:
        return text
