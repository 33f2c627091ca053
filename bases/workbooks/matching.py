"""Columns whose headers nobody knows, matched to those that are missing by what their cells look like (GOAL-B20)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bases.workbooks.resource import WorkbookResource
from portal.masking import mask
from residents.catalogue.catalogue import Invalid
from residents.rules.fields import Field, clean_value

_LOOKS: dict[str, re.Pattern[str]] = {
    "id_number": re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]|[A-Za-z]{1,3}[0-9]{7,12}"),
    "mobile": re.compile(r"(?:\+?86)?[ -]?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"),
    "name": re.compile(r"[㐀-鿿\U00020000-\U000323af·\s]{2,15}|[A-Za-z][A-Za-z .'-]{3,49}"),
}
# What can hardly be mistaken is matched first.
_ORDER = ("id_number", "mobile", "code", "bool", "int", "date", "month", "email", "uscc", "name", "text")
_MOST = 0.6
_SECRET = re.compile(r"[0-9A-Za-z]{7,}")


def columns_to_match(resource: type[WorkbookResource], columns: Mapping[str, Any]) -> dict[str, Any]:
    """What a batch keeps of the columns of a refused file: the `missing` headers, the `unknown` columns with a masked
    example, and a `guess` {missing header: unknown one}."""
    unknown: Sequence[tuple[str, str, list[str]]] = columns["unknown"]
    return {
        "missing": columns["missing"],
        "unknown": [
            {
                "column": letters,
                "header": text,
                "example": _SECRET.sub(lambda found: mask(found[0]), samples[0]),
            }
            for letters, text, samples in unknown
            if samples
        ],
        "guess": _guess(resource, columns["missing"], {text: samples for _, text, samples in unknown}),
    }


def _guess(
    resource: type[WorkbookResource], missing: Sequence[str], samples: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    fields = [field for field in resource.rule_fields() if field.label in missing]
    free, found = dict(samples), {}
    for field in sorted(
        fields, key=lambda each: _ORDER.index(each.kind) if each.kind in _ORDER else len(_ORDER)
    ):
        fits = {text: _share(field, cells) for text, cells in free.items()}
        best = max(fits, key=lambda text: fits[text], default=None)
        if best is not None and fits[best] >= _MOST:
            found[field.label] = best
            del free[best]
    return found


def _share(field: Field, cells: Sequence[str]) -> float:
    """How many of a column's cells could be this field's."""
    if not cells or field.kind == "text":
        return 0
    looks = _LOOKS.get(field.kind)
    is_one: Callable[[str], bool] = (
        (lambda cell: looks.fullmatch(cell.strip()) is not None)
        if looks
        else (lambda cell: _is_read(field, cell))
    )
    return sum(map(is_one, cells)) / len(cells)


def _is_read(field: Field, cell: str) -> bool:
    try:
        return clean_value(field, cell) is not None
    except Invalid:
        return False
