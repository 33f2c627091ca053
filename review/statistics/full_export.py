"""完整采集信息: all that was collected of each approved record, one line a person (GOAL-N5).

The columns come from the dictionary of fields, so a field added there is in the file without further code. The values
are those of the snapshot the province approved, as the list of the same number.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from bases.models import Source, Submission
from portal.calendar import wall_clock
from portal.models import User
from residents.codes import CODE_LISTS
from residents.rules.fields import Field
from residents.words import BLOCKS, Block, in_words
from review.exports.sheets import ROWS_AT_ONCE, Sheet
from review.statistics import frozen
from review.statistics.cross_table import counted, deleted_later
from review.statistics.export import of_export

_ABOUT = (("省份", 14), ("培训基地", 30), ("上报时间", 20), ("审核通过时间", 20))
# Of an approved original only (AM-32).
_DELETED_LATER = ("后来删除", 20)
_WIDE = frozenset({"id_number", "text", "uscc", "email"})
# What the first columns name already.
_NAMED_ABOVE = frozenset({("training", "province"), ("training", "training_base")})


@dataclass(frozen=True, slots=True)
class _Part:
    """The columns of one block, of 学习经历 those of one level of study."""

    block: Block
    fields: tuple[Field, ...]
    level: str = ""

    @property
    def headers(self) -> list[str]:
        place = CODE_LISTS["education_level"].label(self.level) if self.level else self.block.label
        return [f"{place}：{field.label}" for field in self.fields]

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


def _parts() -> list[_Part]:
    """Made for each file: the association may rename or add levels of study while the portal runs."""
    found = []
    for block in BLOCKS:
        fields = tuple(field for field in block.fields if (block.key, field.name) not in _NAMED_ABOVE)
        if block.key != "education":
            found.append(_Part(block, fields))
            continue
        fields = tuple(field for field in fields if field.name != "level")
        found += [_Part(block, fields, level) for level, _ in CODE_LISTS["education_level"].choices]
    return found


def record_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """As many lines as the list of the same filters has."""
    source, filters, as_of = of_export(asked)
    is_frozen = "edition" in asked
    found = frozen.submissions(user, asked) if is_frozen else counted(user, source, filters, as_of)
    found = found.annotate(deleted_later=deleted_later(as_of))
    about = (*_ABOUT, _DELETED_LATER) if source == Source.INTAKE else _ABOUT
    parts = _parts()
    fields = [field for part in parts for field in part.fields]
    return Sheet(
        headers=[header for header, _ in about] + [header for part in parts for header in part.headers],
        widths=[width for _, width in about] + [24 if field.kind in _WIDE else 14 for field in fields],
        count=found.count,
        rows=_rows(found, parts, len(about), masked=not unmasked),
        people=found.order_by().values_list("enrollment__resident", flat=True) if unmasked else None,
    )


def _rows(found: QuerySet[Submission], parts: list[_Part], about: int, *, masked: bool) -> Generator[list]:
    columns = (
        "province__name",
        "base__name",
        "reported_at",
        "decided_at",
        "deleted_later",
        "snapshot",
    )
    rows = found.order_by("pk").values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE // 10)
    for province, base, *moments, snapshot in rows:
        line = [province, base, *(moment and wall_clock(moment) for moment in moments)][:about]
        for part in parts:
            line += part.values(snapshot, masked)
        yield line
