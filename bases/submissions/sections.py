"""One record in words, block by block, with the comments on its fields (BR-45, BR-54; GOAL-R3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from bases.models import Submission
from residents.models import EducationRecord, Enrollment, PersonalReturn
from residents.places import REPEATED, frozen, living, living_names, name_in_words, names_of, split
from residents.services.personal import has_section
from residents.snapshot import snapshot_of
from residents.words import BLOCKS, Block, in_words, place_in_words, row_in_words

# What a comment may speak of beside single fields.
WHOLE_BLOCK, WHOLE_ROW = "整个部分", "整条经历"


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote at a field or at the whole record; `by` is his role."""

    text: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One field: `path` is its place (residents/places.py), the key of comments; `row` counts the levels of study from
    0."""

    path: str
    label: str
    text: str
    is_file: bool = False
    row: int = 0
    comments: list[Comment] = field(default_factory=list)

    @property
    def name(self) -> str:
        return split(self.path)[0].partition(".")[2]


@dataclass(frozen=True, slots=True)
class Section:
    """One block of a record, education one a level, with the comments on the whole of it; `is_empty` where nothing is
    filled in yet."""

    key: str
    label: str
    lines: list[Line]
    comments: list[Comment] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not any(line.text for line in self.lines)


def sections(
    snapshot: Mapping[str, Any],
    *,
    masked: bool = True,
    comments: Mapping[str, list[Comment]] | None = None,
    without: Iterable[str] = (),
) -> list[Section]:
    """The snapshot in words. A block without any value stays, empty: that it is empty is what the base must see."""
    found = []
    for block in BLOCKS:
        if block.key in without or block.key not in snapshot:
            continue
        content = snapshot[block.key]
        if isinstance(content, Mapping):
            lines = _lines(block, content, 0, masked, comments)
            found.append(Section(block.key, block.label, lines, _notes(comments, block.key)))
            continue
        for row, (name, values) in enumerate(zip(names_of(content), content, strict=True)):
            lines = _lines(block, values, row, masked, comments, name=name)
            notes = _notes(comments, frozen(block.key, name), block.key)
            found.append(Section(block.key, f"{block.label}：{name_in_words(name)}", lines, notes))
        if not content:
            found.append(Section(block.key, block.label, [], _notes(comments, block.key)))
    return found


def _lines(
    block: Block,
    values: Mapping[str, Any],
    row: int,
    masked: bool,
    comments: Mapping[str, list[Comment]] | None,
    *,
    name: str = "",
) -> list[Line]:
    found = []
    for each in block.fields:
        place = f"{block.key}.{each.name}"
        path = frozen(place, name) if name else place
        notes = _notes(comments, path, place)
        text = in_words(each, values.get(each.name), masked=masked)
        # Fields that are not asked are many; the ones that say something or are commented on appear.
        if text or notes:
            found.append(Line(path, each.label, text, each.kind == "file", row, notes))
    return found


def _notes(comments: Mapping[str, list[Comment]] | None, *places: str) -> list[Comment]:
    return [note for at in dict.fromkeys(places) for note in (comments or {}).get(at, [])]


def comments_of(returned: Submission | None, returns: Iterable[PersonalReturn]) -> dict[str, list[Comment]]:
    """Comments by their places in a snapshot: those of the province's last return and those of open returns to the
    resident."""
    found: dict[str, list[Comment]] = {}
    if returned is not None:
        for path, text in returned.field_comments.items():
            found.setdefault(path, []).append(Comment(text, "省级", returned.decided_at))
    for each in returns:
        if each.field:
            comment = Comment(each.comment, "本基地", each.returned_at)
            found.setdefault(_in_snapshot(each), []).append(comment)
    return found


def _in_snapshot(returned: PersonalReturn) -> str:
    place, row = split(returned.field)
    name = living_names(returned.enrollment).get(row) if row else None
    return frozen(place, name) if name else returned.field


def place_of(returned: PersonalReturn) -> str:
    """What a comment to the resident speaks of, in words; empty for the whole record."""
    place, row = split(returned.field)
    if not row:
        return place_in_words(place)
    name = living_names(returned.enrollment).get(row)
    return row_in_words(place, name) if name else f"已删除的学习经历：{place_in_words(place)}"


def personal_fields(enrollment: Enrollment) -> list[Section]:
    """What a return to the resident may speak of: each block as a whole and the fields he writes, with their present
    values, empty ones too, of 学习经历 each row and those of each row."""
    snapshot = snapshot_of(enrollment)
    found = []
    for block in BLOCKS:
        if not has_section(enrollment, block.key):
            continue
        content = snapshot[block.key]
        if block.key != REPEATED or not content:
            found.append(Section(block.key, block.label, _own_lines(block, content or {})))
            continue
        for (pk, name), values in zip(living_names(enrollment).items(), content, strict=True):
            label = f"{block.label}（{name_in_words(name)}）"
            found.append(Section(block.key, label, _own_lines(block, values, pk=int(pk))))
        found.append(Section(block.key, block.label, [Line(block.key, WHOLE_BLOCK, "")]))
    return found


def _own_lines(block: Block, values: Mapping[str, Any], *, pk: int = 0) -> list[Line]:
    whole = living(block.key, pk) if pk else block.key
    lines = [Line(whole, WHOLE_ROW if pk else WHOLE_BLOCK, "")]
    for each in block.fields:
        if each.owner == "resident":
            place = f"{block.key}.{each.name}"
            path = living(place, pk) if pk else place
            lines.append(Line(path, each.label, in_words(each, values.get(each.name))))
    return lines


def common_fields(records: QuerySet[Enrollment]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a return of several records may speak of: (place, label) by block, of the blocks that all have, of 学习经历
    by the levels that all have. Constant queries, and nothing of a person is loaded but his levels."""
    # Each kind once: whether a record has a block hangs on its module alone.
    kinds = [
        Enrollment(registered_at=at)
        for at in (None, timezone.now())
        if records.filter(registered_at__isnull=at is None).exists()
    ]
    found = []
    for block in BLOCKS:
        if not all(has_section(kind, block.key) for kind in kinds):
            continue
        own = [(f"{block.key}.{each.name}", each.label) for each in block.fields if each.owner == "resident"]
        all_of_it = [(block.key, WHOLE_BLOCK), *own]
        names = _common_names(records) if block.key == REPEATED else []
        if not names:
            found.append((block.label, all_of_it))
        for name in names:
            places = [(frozen(place, name), label) for place, label in [(block.key, WHOLE_ROW), *own]]
            found.append((f"{block.label}（{name_in_words(name)}）", places))
    return found


def _common_names(records: QuerySet[Enrollment]) -> list[str]:
    levels: dict[int, list[str]] = {pk: [] for pk in records.order_by().values_list("resident_id", flat=True)}
    rows = EducationRecord.objects.filter(resident__in=records.order_by().values("resident"))
    for resident, level in rows.order_by("level", "pk").values_list("resident_id", "level"):
        levels[resident].append(level)
    each_has = {tuple(names_of([{"level": level} for level in own])) for own in levels.values()}
    return sorted(set.intersection(*map(set, each_has))) if each_has else []
