"""What changed between two reported snapshots, field by field and in words (GOAL-P2). Pure functions over plain dicts.

A snapshot is the JSON of bases.models.Submission: blocks of field identifiers, codes and ISO dates.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from residents.places import name_in_words, names_of, split
from residents.words import BLOCKS, Block, in_words, place_in_words


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. `entry` names the row of a repeated block (the level of study), else it is empty."""

    block: str
    block_label: str
    entry: str
    field: str
    label: str
    old: str
    new: str

    @property
    def path(self) -> str:
        """ "block.field", the key of a field comment."""
        return f"{self.block}.{self.field}"


def changes(old: Mapping[str, Any] | None, new: Mapping[str, Any], *, masked: bool = True) -> list[Change]:
    """Every field that differs between two snapshots, in the order of the forms; all filled ones without an old."""
    found: list[Change] = []
    for block in BLOCKS:
        before, after = (_entries(block, snapshot or {}) for snapshot in (old, new))
        for entry in dict.fromkeys([*before, *after]):
            found += _changes_of_entry(block, entry, before.get(entry, {}), after.get(entry, {}), masked)
    return found


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The "block.field" of every field that differs between two snapshots, each once, in the order of the forms."""
    return list(dict.fromkeys(change.path for change in changes(old, new)))


@cache
def field_labels() -> dict[str, str]:
    """ "block.field" → "block: field" in Chinese, for whatever may be commented."""
    return {
        f"{block.key}.{field.name}": f"{block.label}：{field.label}"
        for block in BLOCKS
        for field in block.fields
    }


def label_at(path: str) -> str:
    """The place of a comment on a snapshot in words: block, row and field."""
    place, row = split(path)
    label = field_labels().get(place) or place_in_words(place) or place
    block, colon, name = label.partition("：")
    return f"{block}（{name_in_words(row)}）{colon}{name}" if row else label


def _entries(block: Block, snapshot: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The rows of a block by their name: levels of study for education, one nameless row for the others."""
    content = snapshot.get(block.key) or {}
    if isinstance(content, Mapping):
        return {"": content}
    return dict(_named_rows(content))


def _named_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = list(rows)
    for name, row in zip(names_of(rows), rows, strict=True):
        yield name_in_words(name), row


def _changes_of_entry(
    block: Block, entry: str, before: Mapping[str, Any], after: Mapping[str, Any], masked: bool
) -> Iterator[Change]:
    for field in block.fields:
        old, new = (
            None if value == "" else value for value in (before.get(field.name), after.get(field.name))
        )
        if old == new:
            continue
        words = [in_words(field, value, masked=masked) for value in (old, new)]
        if words[0] == words[1]:
            words[1] = "已更换" if field.kind == "file" else f"{words[1]}（隐去部分有变化）"
        yield Change(block.key, block.label, entry, field.name, field.label, *words)
