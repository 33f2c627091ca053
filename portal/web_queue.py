"""The queue before the threads of a web process: who is served first, how many may hash at once, and who has waited so
long that he is asked to come again (portal/service.py answers him).

It orders what is waiting, and so changes nothing while a thread is free.
"""

import logging
import threading
import time
from collections import deque
from enum import IntEnum
from typing import Any

from django.conf import settings
from waitress.task import ThreadedTaskDispatcher

# Of the threads of a process so many may be at a sign-in at once: the others stay for those who are in.
MOST_ENTERING = 2
# What takes a password, and so a slow hash.
ENTRANCES = ("/sign-in/resident/", "/sign-in/staff/", "/activate/")
# What portal/service.py finds as a header.
LATE = "PORTAL_LATE"


class Rank(IntEnum):
    """Who comes before whom."""

    PROBE = 0
    SAVE = 1
    PAGE = 2
    VISITOR = 3
    ENTRANCE = 4


# Seconds after which the answer is a 503 in place of work that nobody may be waiting for any more. Two hundred who sign
# in at the same instant are through in five.
PATIENCE = {Rank.PROBE: 30, Rank.SAVE: 10, Rank.PAGE: 5, Rank.VISITOR: 5, Rank.ENTRANCE: 15}


def rank_of(request: Any) -> Rank:
    """By first line and headers alone, as waitress has read them. A cookie that is nobody's gains a place in the
    queue and nothing else."""
    path = request.path
    if request.error or path.startswith("/health/"):
        return Rank.PROBE
    if request.command == "POST" and path in ENTRANCES:
        return Rank.ENTRANCE
    if f"{settings.SESSION_COOKIE_NAME}=" not in request.headers.get("COOKIE", ""):
        return Rank.VISITOR
    return Rank.PAGE if request.command in ("GET", "HEAD") else Rank.SAVE


class Turn:
    """One request on its way to a thread."""

    def __init__(self, channel: Any, queue: "WebQueue") -> None:
        self.channel, self.queue = channel, queue
        self.rank = rank_of(channel.requests[0])
        self.since = time.monotonic()

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.since > PATIENCE[self.rank]

    def service(self) -> None:
        try:
            self.channel.service()
        finally:
            self.queue.left(self)

    def cancel(self) -> None:
        self.channel.cancel()


class WebQueue:
    """What waitress has as a deque. All but `left` is called under the lock of its dispatcher, which is given here."""

    def __init__(self, lock: threading.Lock) -> None:
        self.lock = lock
        self.waiting: dict[Rank, deque[Turn]] = {rank: deque() for rank in Rank}
        self.entering = 0

    def append(self, channel: Any) -> None:
        turn = Turn(channel, self)
        self.waiting[turn.rank].append(turn)

    def __len__(self) -> int:
        """How many a free thread may take: those beyond MOST_ENTERING are taken by the thread that lets one go."""
        ready = sum(len(turns) for rank, turns in self.waiting.items() if rank != Rank.ENTRANCE)
        return ready + min(len(self.waiting[Rank.ENTRANCE]), max(0, MOST_ENTERING - self.entering))

    def popleft(self) -> Turn:
        """Those first who are told to come again, which takes a moment; else by rank, then by time."""
        firsts = [turns[0] for rank, turns in self.waiting.items() if turns and self._may_go(rank)]
        turn = next((each for each in firsts if each.is_late), firsts[0])
        self.waiting[turn.rank].popleft()
        # Always said, so that no client says it.
        turn.channel.requests[0].headers[LATE] = "1" if turn.is_late else "0"
        self.entering += turn.rank == Rank.ENTRANCE
        return turn

    def _may_go(self, rank: Rank) -> bool:
        return rank != Rank.ENTRANCE or self.entering < MOST_ENTERING

    def left(self, turn: Turn) -> None:
        with self.lock:
            self.entering -= turn.rank == Rank.ENTRANCE


def dispatcher(threads: int) -> ThreadedTaskDispatcher:
    """The threads of a web process over this queue."""
    made = ThreadedTaskDispatcher()
    made.queue = WebQueue(made.lock)
    # A line for each request that waits would fill the log just when there is most to do.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    made.set_thread_count(threads)
    return made
