"""Search of training records by a person's name or ID number, as typed into one box."""

import re
from typing import Any

from django.db.models import CharField, Lookup, Q, QuerySet

from residents.rules.catalogue import Invalid
from residents.rules.identity import normalise_login
from residents.rules.text import clean_name, clean_text

_HAS_DIGITS = re.compile(r"[0-9]{2}")
# Below this a number is taken for its beginning only; from here on people paste the whole of it.
WHOLE_NUMBER = 15


def by_name_or_number(records: QuerySet, text: str) -> QuerySet:
    """Enrollments whose person bears this text anywhere in the name, or this ID number (whole or its beginning).

    The text is normalised as names and numbers are on import (P-08, P-11); an empty one filters nothing, one that
    holds control characters finds nothing.
    """
    try:
        wanted = clean_text(text)
    except Invalid:
        return records.none()
    if not wanted:
        return records
    if _HAS_DIGITS.search(number := normalise_login(wanted)):
        exact = len(number) >= WHOLE_NUMBER
        return records.filter(**{f"resident__id_number{'' if exact else '__startswith'}": number})
    return records.filter(_any_spelling(_as_name(wanted)))


@CharField.register_lookup
class Holds(Lookup):
    """`name__holds=text`: the text anywhere in a name, through the index of residents/migrations/0002.

    The index holds every one and two characters of a name, so a text of one or two is found by it alone; of a longer
    one it finds the candidates, and the comparison keeps those that have its characters in this order. The pairs are
    taken apart here: the database would do it while planning, which takes longer than the search.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        name, parameters = self.process_lhs(compiler, connection)
        text = str(self.rhs)
        grams = [text] if len(text) == 1 else [text[at : at + 2] for at in range(len(text) - 1)]
        condition, values = f"name_grams({name}) @> %s::text[]", [*parameters, grams]
        if len(text) > 2:
            condition = f"({condition} AND {name} LIKE %s)"
            values += [*parameters, f"%{connection.ops.prep_for_like_query(text)}%"]
        return condition, values


def _as_name(text: str) -> str:
    """The text with dots and letters as stored names have them; as it is where it is no whole name ("陈")."""
    try:
        return clean_name(text)
    except Invalid:
        return text


def _any_spelling(name: str) -> Q:
    """Latin names stand in the table as their owners write them: all capitals, or capitals first."""
    spellings = {name, name.upper(), name.title()} if name.isascii() else {name}
    condition = Q()
    for spelling in sorted(spellings):
        condition |= Q(resident__full_name__holds=spelling)
    return condition
