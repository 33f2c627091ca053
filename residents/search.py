"""Finding records by a piece of a name or the beginning of an ID number, as every list of records offers it."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, QuerySet, TextField, Value

from residents.models import Enrollment, Resident
from residents.rules.catalogue import Invalid
from residents.rules.identity import normalise_login
from residents.rules.text import clean_name, clean_text


def by_name_or_number(records: QuerySet[Enrollment], text: str) -> QuerySet[Enrollment]:
    """The records whose person's name contains the text, or whose ID number begins with it if it holds a digit.

    Both read an index: pieces of one or two characters through name_grams, numbers through the account name, which
    is the normalised ID number (a 15-digit one is found by its 18-digit form). A blank text filters nothing.
    """
    text = clean_text(text)
    if not text:
        return records
    people = _by_number(text) if any(sign.isdigit() for sign in text) else _by_name(text)
    return records.filter(resident__in=people)


def _by_number(text: str) -> QuerySet[Resident]:
    return Resident.objects.filter(user__username__startswith=normalise_login(text))


def _by_name(text: str) -> QuerySet[Resident]:
    try:
        name = clean_name(text)
    except Invalid:
        # A piece of a name need not be a name, such as a single letter or "·".
        name = text
    return Resident.objects.alias(grams=_grams("full_name")).filter(
        grams__contains=_grams(Value(name)), full_name__contains=name
    )


def _grams(source: str | Value) -> Func:
    return Func(source, function="name_grams", output_field=ArrayField(TextField()))
