"""Where a comment stands: "block.field" or a whole "block", and in a repeated block the row too (GOAL-R3, GOAL-B14,
GOAL-P4).

A living row of 学习经历 is named by its key, "education.school#17": it stays the same row whatever is changed in it. In
a snapshot, which knows no keys, it is named by its level, "education.school@3", the second of one level "@3-2". A
path without a row speaks of every row of its block.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from residents.codes import CODE_LISTS
from residents.models import Enrollment

LIVING, FROZEN = "#", "@"
REPEATED = "education"
# No code of 学历层次: the rows whose level is not chosen yet.
_NO_LEVEL = "0"


def living(path: str, pk: int) -> str:
    return f"{path}{LIVING}{pk}"


def frozen(path: str, name: str) -> str:
    return f"{path}{FROZEN}{name}"


def split(path: str) -> tuple[str, str]:
    """The place without its row, and the row's key or name; the row is empty where none is named."""
    for mark in (LIVING, FROZEN):
        place, found, row = path.partition(mark)
        if found:
            return place, row
    return path, ""


def names_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The name of each row of 学习经历 in a snapshot, in the same order."""
    seen: dict[str, int] = {}
    names = []
    for row in rows:
        level = row.get("level") or _NO_LEVEL
        seen[level] = seen.get(level, 0) + 1
        names.append(level if seen[level] == 1 else f"{level}-{seen[level]}")
    return names


def name_in_words(name: str) -> str:
    """The row of this name as people call it."""
    level, _, number = name.partition("-")
    label = CODE_LISTS["education_level"].label(level) if level != _NO_LEVEL else ""
    return (label or "未选层次") + (f"（{number}）" if number else "")


def living_names(enrollment: Enrollment) -> dict[str, str]:
    """The rows of a person's 学习经历 now: key → name, in the order of a snapshot."""
    rows = enrollment.resident.levels_of_study
    return dict(
        zip((str(row.pk) for row in rows), names_of([{"level": row.level} for row in rows]), strict=True)
    )
