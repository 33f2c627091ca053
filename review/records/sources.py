"""Who wrote each change that a reviewer sees, when and through which channel (GOAL-P2).

The comparison knows only two snapshots; the history knows every event between them.
"""

from collections.abc import Sequence
from datetime import datetime

from bases.submissions.differences import Change
from residents.history import Entry

# What the history calls the block and the field behind a change of status, whatever else of the status changed with it.
_STATUS = ("培训信息", "培训状态")


def sources(
    changes: Sequence[Change],
    history: Sequence[Entry],
    *,
    since: datetime,
    until: datetime | None,
) -> list[Entry | None]:
    """The last event behind each change between two reports; None where the history has none (no event was kept).

    `history` is newest first. An event that wrote the very value reported is preferred: of several levels of study it
    is the right one.
    """
    exact: dict[tuple[str, str, str], Entry] = {}
    any_value: dict[tuple[str, str], Entry] = {}
    for entry in history:
        if entry.at <= since or (until is not None and entry.at > until):
            continue
        for change in entry.changes:
            exact.setdefault((entry.block, change.label, change.new), entry)
            any_value.setdefault((entry.block, change.label), entry)
    return [_source(change, exact, any_value) for change in changes]


def _source(change: Change, exact: dict, any_value: dict) -> Entry | None:
    place = _STATUS if change.block == "status" else (change.block_label, change.label)
    return exact.get((*place, change.new)) or any_value.get(place)
