"""One record as one line of a wide file: a column a field of the dictionary, so that a field added there is in every
such file without further code (GOAL-N5, GOAL-B19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from residents.codes import CODE_LISTS
from residents.rules.fields import Field
from residents.words import BLOCKS, Block, in_words

_WIDE = frozenset({"id_number", "text", "uscc", "email"})
# What the first columns name already.
_NAMED_ABOVE = frozenset({("training", "province"), ("training", "training_base")})


@dataclass(frozen=True, slots=True)
class Part:
    """The columns of one block, of 学习经历 those of one level of study."""

    block: Block
    fields: tuple[Field, ...]
    level: str = ""

    @property
    def headers(self) -> list[str]:
        place = CODE_LISTS["education_level"].label(self.level) if self.level else self.block.label
        return [f"{place}：{field.label}" for field in self.fields]

    @property
    def widths(self) -> list[int]:
        return [24 if field.kind in _WIDE else 14 for field in self.fields]

    def values(self, snapshot: Mapping[str, Any], masked: bool) -> list[Any]:
        content = snapshot.get(self.block.key)
        if not content:
            return [None] * len(self.fields)
        if not self.level:
            return [_value(field, content.get(field.name), masked) for field in self.fields]
        rows = [row for row in content if row.get("level") == self.level]
        return [_of_rows(field, rows, masked) for field in self.fields]


def _of_rows(field: Field, rows: list[Mapping[str, Any]], masked: bool) -> Any:
    """One value; of two studies of one level both, in their order."""
    values = [value for row in rows if (value := _value(field, row.get(field.name), masked)) is not None]
    return values[0] if len(values) == 1 else "；".join(str(value) for value in values) or None


def _value(field: Field, value: Any, masked: bool) -> Any:
    """Numbers and days as such, everything else in words; None where nothing was given."""
    if value is None or value == "":
        return None
    if field.kind == "int":
        return value
    if field.kind == "date":
        return date.fromisoformat(value)
    return in_words(field, value, masked=masked)


def parts_of_a_record() -> list[Part]:
    """Made for each file: the association may rename or add levels of study while the portal runs."""
    found = []
    for block in BLOCKS:
        fields = tuple(field for field in block.fields if (block.key, field.name) not in _NAMED_ABOVE)
        if block.key != "education":
            found.append(Part(block, fields))
            continue
        fields = tuple(field for field in fields if field.name != "level")
        found += [Part(block, fields, level) for level, _ in CODE_LISTS["education_level"].choices]
    return found
