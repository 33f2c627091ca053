"""What the worker does with a batch this moment, reported from inside its open transaction (GOAL-B8).

Whoever works reports; bases/imports/progress.py carries it out of the transaction. Without a listener nothing happens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Stage:
    """What is done since when; of how many rows how many are done, where rows are done one by one."""

    words: str
    since: datetime
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class Board:
    """Where the work in hand is noted down for another thread to read."""

    stage: Stage | None = None


_board: ContextVar[Board | None] = ContextVar("import_board", default=None)


def tell(words: str, done: int = 0, total: int = 0) -> None:
    """The worker does this now."""
    board = _board.get()
    if board is None:
        return
    before = board.stage
    since = before.since if before is not None and before.words == words else timezone.now()
    board.stage = Stage(words, since, done, total)


@contextmanager
def listening() -> Iterator[Board]:
    """What is reported in this block is noted on the board."""
    board = Board()
    mark = _board.set(board)
    try:
        yield board
    finally:
        _board.reset(mark)
