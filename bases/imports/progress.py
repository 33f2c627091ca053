"""How far the worker is with a batch, and whether it is alive (GOAL-B8).

Kept in the shared cache: the apply is one transaction, so the batch's own row says nothing while it runs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from bases.imports.batch import State
from bases.models import ImportBatch
from bases.workbooks.signs import Board, Stage, listening

_SECONDS_BETWEEN_SIGNS = 1
_SILENT = timedelta(seconds=30)
_LONGEST = 24 * 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the worker is, by what it last reported: `percent` and `seconds` left are None while they are not known;
    `ahead` batches wait before this one. `is_silent`: nothing was heard of a worker for half a minute; `can_cancel`: it
    is not writing."""

    words: str
    percent: int | None = None
    seconds: int | None = None
    done: int = 0
    total: int = 0
    ahead: int = 0
    is_silent: bool = False
    can_cancel: bool = True


# --- what the worker says --------------------------------------------------------------------------------------------


@contextmanager
def at_work(batch_id: int) -> Iterator[None]:
    """The worker is busy with the batch while the block runs, and says every second what it does.

    By a thread with a connection of its own: what the block writes is seen by nobody before its transaction ends.
    """
    begin(batch_id)
    done = threading.Event()
    with listening() as board:
        signs = threading.Thread(target=_give_signs, args=(batch_id, board, done), daemon=True)
        signs.start()
        try:
            yield
        finally:
            done.set()
            signs.join()
            cache.delete(_key("begun", batch_id))


def begin(batch_id: int) -> None:
    """Note that the worker takes up the batch now."""
    cache.set(_key("begun", batch_id), timezone.now(), _LONGEST)
    cache.delete(_key("waits", batch_id))


def _give_signs(batch_id: int, board: Board, done: threading.Event) -> None:
    try:
        while not done.wait(_SECONDS_BETWEEN_SIGNS):
            write_sign(batch_id, board.stage)
    finally:
        connection.close()


def write_sign(batch_id: int, stage: Stage | None) -> None:
    """A sign of life of the worker that has the batch, and what it does."""
    # A key that nobody else writes: a row that an open transaction holds would be waited for.
    cache.set(_key("sign", batch_id), (timezone.now(), stage), _LONGEST)


def begins_to_wait(batch_id: int) -> None:
    """The batch was queued; queued again, it has waited since the first time."""
    cache.add(_key("waits", batch_id), timezone.now(), _LONGEST)


def _key(what: str, batch_id: int) -> str:
    return f"import-{what}:{batch_id}"


# --- what the page says ----------------------------------------------------------------------------------------------


def progress_of(batch: ImportBatch) -> Progress:
    """What the waiting page says."""
    begun: datetime | None = cache.get(_key("begun", batch.pk))
    if begun is None or batch.state == State.UPLOADED:
        return _waiting(batch)
    at, stage = cache.get(_key("sign", batch.pk), (begun, None))
    # A report from an earlier time that the worker had the batch means nothing now.
    at, stage = (at, stage) if at >= begun else (begun, None)
    if _is_long_ago(at):
        return _silence(0)
    is_writing = batch.state == State.APPLYING
    if stage is None:
        return Progress("正在导入" if is_writing else "正在读取文件", can_cancel=not is_writing)
    return Progress(
        stage.words,
        min(stage.done * 100 // stage.total, 99) if stage.total else None,
        _seconds_left(stage, at),
        stage.done,
        stage.total,
        can_cancel=not is_writing,
    )


def _seconds_left(stage: Stage, at: datetime) -> int | None:
    """By the rows done and the time they took; None where no row is done or the time is up."""
    if not stage.done:
        return None
    now = timezone.now()
    left = (stage.total - stage.done) * (at - stage.since) / stage.done - (now - at)
    return max(ceil(left.total_seconds()), 0) or None


def _waiting(batch: ImportBatch) -> Progress:
    ahead = _ahead(batch)
    since = cache.get(_key("waits", batch.pk), batch.uploaded_at)
    if _is_long_ago(since) and not _is_anybody_at_work(ahead):
        return _silence(len(ahead))
    words = {State.UPLOADED: "等待检查", State.APPLYING: "等待导入"}.get(State(batch.state), "等待继续")
    return Progress(words, ahead=len(ahead))


def _silence(ahead: int) -> Progress:
    return Progress("后台任务暂未响应", ahead=ahead, is_silent=True)


def _is_long_ago(moment: datetime) -> bool:
    return timezone.now() - moment > _SILENT


def _is_anybody_at_work(batch_ids: list[int]) -> bool:
    begun = cache.get_many([_key("begun", each) for each in batch_ids])
    signs = cache.get_many([_key("sign", each) for each in batch_ids])
    return any(not _is_long_ago(at) for at in (*begun.values(), *(at for at, _ in signs.values())))


def _ahead(batch: ImportBatch) -> list[int]:
    ahead = ImportBatch.objects.filter(
        state__in=[State.UPLOADED, State.CHECKING, State.APPLYING],
        worked_at__lt=batch.worked_at,
        worked_at__gt=timezone.now() - timedelta(hours=1),
    )
    return list(ahead.values_list("pk", flat=True))
