"""One record in words, block by block, with the comments on its fields (BR-45, BR-54; GOAL-R3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bases.models import Submission
from residents.codes import CODE_LISTS
from residents.models import Enrollment, PersonalReturn
from residents.services.personal import has_section
from residents.snapshot import snapshot_of
from residents.words import BLOCKS, Block, in_words


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote at a field or at the whole record; `by` is his role."""

    text: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One field: `path` is "block.field", the key of comments; `row` counts the levels of study from 0."""

    path: str
    label: str
    text: str
    is_file: bool = False
    row: int = 0
    comments: list[Comment] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Section:
    """One block of a record, education one a level; `is_empty` where nothing is filled in yet."""

    key: str
    label: str
    lines: list[Line]

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
            found.append(Section(block.key, block.label, _lines(block, content, 0, masked, comments)))
            continue
        for row, values in enumerate(content):
            level = CODE_LISTS["education_level"].label(values.get("level")) or "未选层次"
            lines = _lines(block, values, row, masked, comments)
            found.append(Section(block.key, f"{block.label}：{level}", lines))
        if not content:
            found.append(Section(block.key, block.label, []))
    return found


def _lines(
    block: Block,
    values: Mapping[str, Any],
    row: int,
    masked: bool,
    comments: Mapping[str, list[Comment]] | None,
) -> list[Line]:
    found = []
    for each in block.fields:
        path = f"{block.key}.{each.name}"
        notes = (comments or {}).get(path, [])
        text = in_words(each, values.get(each.name), masked=masked)
        # Fields that are not asked are many; the ones that say something or are commented on appear.
        if text or notes:
            found.append(Line(path, each.label, text, each.kind == "file", row, notes))
    return found


def comments_of(returned: Submission | None, returns: Iterable[PersonalReturn]) -> dict[str, list[Comment]]:
    """Comments by field: those of the province's last return and those of open returns to the resident."""
    found: dict[str, list[Comment]] = {}
    if returned is not None:
        for path, text in returned.field_comments.items():
            found.setdefault(path, []).append(Comment(text, "省级", returned.decided_at))
    for each in returns:
        if each.field:
            found.setdefault(each.field, []).append(Comment(each.comment, "本基地", each.returned_at))
    return found


def personal_fields(enrollment: Enrollment) -> list[Section]:
    """What a return to the resident may speak of: the fields he writes, with their present values, empty ones too.

    Levels of study share their fields: a comment names the field, its words name the level.
    """
    snapshot = snapshot_of(enrollment)
    found = []
    for block in BLOCKS:
        if not has_section(enrollment, block.key):
            continue
        content = snapshot[block.key]
        rows = content if isinstance(content, list) else [content]
        lines = []
        for each in block.fields:
            if each.owner == "resident":
                texts = [in_words(each, row.get(each.name)) for row in rows]
                lines.append(
                    Line(f"{block.key}.{each.name}", each.label, "；".join(text for text in texts if text))
                )
        found.append(Section(block.key, block.label, lines))
    return found


def common_fields(enrollments: Collection[Enrollment]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a return of several records may speak of: ("block.field", label) by block, of the blocks that all have."""
    return [
        (
            block.label,
            [(f"{block.key}.{each.name}", each.label) for each in block.fields if each.owner == "resident"],
        )
        for block in BLOCKS
        if all(has_section(enrollment, block.key) for enrollment in enrollments)
    ]
