"""Figures read from a streaming replica (DATABASE_REPLICA_URL), never older than the page says.

`read` is for figures that tell their moment, `read_as_of_now` for files that tell none. Without the setting, and where
the replica is away, too far behind or none any more, both ask the primary. Nothing is ever written here: the router
sends each write to the primary, and the replica's lines are read-only by themselves.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import Model
from django.utils import timezone

ALIAS = "replica"
# Workers show a sign of life every five seconds, so that one at work is seldom further behind.
OLDEST = timedelta(seconds=30)
# So long a replica that did not answer is left alone: each try may cost a page connect_timeout.
PAUSE_SECONDS = 30
# How long a file waits for the replica to hold all that the primary holds.
_CATCH_UP_SECONDS, _LOOK_SECONDS = 5, 0.1
_STATE = (
    "SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp(), clock_timestamp(), system_identifier"
    " FROM pg_control_system()"
)
_moment: ContextVar[datetime | None] = ContextVar("replica_moment", default=None)
_left_alone_until = float("-inf")
log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class State:
    """What both servers say. `moment`: everything that anybody was told as done before it is on the replica, by the
    clock of the primary: a commit takes its time before it is written to the log, and is told after."""

    is_replica: bool
    is_of_this_primary: bool
    moment: datetime | None
    age: timedelta | None

    @property
    def is_fresh(self) -> bool:
        return self.is_replica and self.is_of_this_primary and self.age is not None and self.age <= OLDEST


class Router:
    """Inside `read` and `read_as_of_now` rows come from the replica, whatever asks for them."""

    def db_for_read(self, model: type[Model], **_: Any) -> str:
        return alias()

    def db_for_write(self, model: type[Model], **_: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, *_: Any, **__: Any) -> bool:
        return True

    def allow_migrate(self, db: str, *_: Any, **__: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


def is_set() -> bool:
    return ALIAS in connections


def alias() -> str:
    """Where rows are read just now."""
    return DEFAULT_DB_ALIAS if _moment.get() is None else ALIAS


def now() -> datetime:
    """Up to when what is read just now is complete: of the primary that is now."""
    return _moment.get() or timezone.now()


def state() -> State:
    """Asks both servers. Raises DatabaseError where one does not answer."""
    with connections[ALIAS].cursor() as cursor:
        # Before the figures and in a statement of its own: a snapshot taken first could be older than this.
        cursor.execute(_STATE)
        is_replica, replayed, _, cluster = cursor.fetchone()
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_STATE)
        _, _, now, own_cluster = cursor.fetchone()
    return State(is_replica, cluster == own_cluster, replayed, now - replayed if replayed else None)


def read(question: Callable[[], Answer], *, until: datetime | None = None) -> tuple[Answer, datetime | None]:
    """What `question` answers, and up to when the replica it was read from is complete; None where the primary was.

    `until`: the moment that is asked of; a replica that does not reach it is not asked. The question may be asked twice
    and must change nothing.
    """
    return _from(_fresh_moment(until), question)


def read_as_of_now(question: Callable[[], Answer]) -> Answer:
    """What `question` answers from a replica that holds all that the primary holds now, else from the primary."""
    return _from(_caught_up(), question)[0]


def _from(moment: datetime | None, question: Callable[[], Answer]) -> tuple[Answer, datetime | None]:
    if moment is not None:
        token = _moment.set(moment)
        try:
            return question(), moment
        except DatabaseError as error:
            # It went away, or what it replays stood in the way of a long question.
            _leave_alone(error)
        finally:
            _moment.reset(token)
    return question(), None


def _fresh_moment(until: datetime | None) -> datetime | None:
    if (found := _state_if_fresh()) is None or found.moment is None:
        return None
    return found.moment if until is None or until <= found.moment else None


def _caught_up() -> datetime | None:
    if _state_if_fresh() is None:
        return None
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_flush_lsn(), clock_timestamp()")
            place, now = cursor.fetchone()
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        while True:
            with connections[ALIAS].cursor() as cursor:
                cursor.execute(
                    "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn", [place]
                )
                if cursor.fetchone()[0]:
                    return now
            if time.monotonic() > deadline:
                return None
            time.sleep(_LOOK_SECONDS)
    except DatabaseError as error:
        _leave_alone(error)
        return None


def _state_if_fresh() -> State | None:
    if not is_set() or time.monotonic() < _left_alone_until:
        return None
    try:
        found = state()
    except DatabaseError as error:
        _leave_alone(error)
        return None
    return found if found.is_fresh else None


def _leave_alone(error: DatabaseError) -> None:
    global _left_alone_until
    _left_alone_until = time.monotonic() + PAUSE_SECONDS
    log.warning("The replica is left alone for %s s: %s", PAUSE_SECONDS, type(error).__name__)
    connections[ALIAS].close()
