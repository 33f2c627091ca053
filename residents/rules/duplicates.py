"""Rows of one file that are about one person: the later is one too many; where they differ, which is right stands
nowhere, and neither goes in before somebody has told (AM-35)."""

from collections.abc import Iterable, Mapping
from typing import Any

from residents.rules.fields import Field, Problems, add
from residents.rules.text import name_key

DUPLICATE = "duplicate_in_file"
DIFFERS = "duplicate_differs"


def differing(fields: Iterable[Field], one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The labels of those fields that both rows fill in and fill in differently; a blank contradicts nothing, nor does
    a dot or blank within a name."""
    return [
        field.label
        for field in fields
        if _told(field, one) and _told(field, other) and _told(field, one) != _told(field, other)
    ]


def _told(field: Field, values: Mapping[str, Any]) -> Any:
    value = values.get(field.name)
    return name_key(value) if field.kind == "name" and value else "" if value is None else value


def judge_pair(found: dict[int, Problems], first: int, row: int, labels: list[str]) -> None:
    """Add that `row` repeats the person of `first`, an earlier row, and to that one that it differs in these fields."""
    add(found.setdefault(row, {}), "id_number", DUPLICATE, row=first)
    told = found.get(first, {}).get("id_number", [])
    if labels and not any(each.code == DIFFERS for each in told):
        add(found.setdefault(first, {}), "id_number", DIFFERS, row=row, columns="、".join(labels))
