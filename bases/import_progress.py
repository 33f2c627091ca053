"""How far the worker is with a batch, and whether it is alive (GOALS B8).

Kept in the shared cache: the apply is one transaction, so the batch's own row tells nothing while it runs.
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

from bases.import_work import State
from bases.models import ImportBatch

# Rows written a second on a slow machine: only for the time told to a person who waits.
_SPEED = 500
# Opening the transaction, before the first row.
_START_SECONDS = 2
# What is estimated never looks finished.
_MOST_ESTIMATED = 95
_SECONDS_BETWEEN_SIGNS = 2
_SILENT = timedelta(seconds=30)
_LONGEST = 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the worker is: `percent` and `seconds` left are None while they cannot be told; `ahead` batches wait
    before this one. `is_silent`: nothing was heard of the worker for half a minute; `can_cancel`: it is not writing."""

    words: str
    percent: int | None = None
    seconds: int | None = None
    ahead: int = 0
    is_silent: bool = False
    can_cancel: bool = True


@contextmanager
def at_work(batch_id: int) -> Iterator[None]:
    """The worker is busy with the batch while the block runs, and says so every two seconds.

    By a thread with a connection of its own: what the block writes is seen by nobody before its transaction ends.
    """
    begin(batch_id)
    done = threading.Event()
    signs = threading.Thread(target=_give_signs, args=(batch_id, done), daemon=True)
    signs.start()
    try:
        yield
    finally:
        done.set()
        signs.join()
        cache.delete(_key("begun", batch_id))


def begin(batch_id: int) -> None:
    """Note that the worker begins a step with the batch now."""
    cache.set(_key("begun", batch_id), timezone.now(), _LONGEST)


def _give_signs(batch_id: int, done: threading.Event) -> None:
    # A key that nobody else writes: a row that an open transaction holds would be waited for.
    try:
        while not done.wait(_SECONDS_BETWEEN_SIGNS):
            cache.set(_key("alive", batch_id), timezone.now(), _LONGEST)
    finally:
        connection.close()


def _key(what: str, batch_id: int) -> str:
    return f"import-{what}:{batch_id}"


def progress_of(batch: ImportBatch) -> Progress:
    """What the waiting page says."""
    begun: datetime | None = cache.get(_key("begun", batch.pk))
    if begun is None or batch.state == State.UPLOADED:
        return _waiting(batch)
    if timezone.now() - max(begun, cache.get(_key("alive", batch.pk), begun)) > _SILENT:
        return Progress("后台任务暂未响应", is_silent=True)
    gone = (timezone.now() - begun).total_seconds()
    return _checking(batch, gone) if batch.state == State.CHECKING else _applying(batch, gone)


def _waiting(batch: ImportBatch) -> Progress:
    ahead = _ahead(batch)
    if batch.state == State.UPLOADED and not ahead and timezone.now() - batch.uploaded_at > _SILENT:
        return Progress("后台任务暂未响应", is_silent=True)
    words = {State.UPLOADED: "等待检查", State.APPLYING: "等待导入"}.get(State(batch.state), "等待继续")
    return Progress(words, ahead=ahead)


def _checking(batch: ImportBatch, gone: float) -> Progress:
    """By the rows judged, and the time they took so far."""
    if not batch.progress:
        return Progress("正在检查" if batch.rows_total else "正在读取文件")
    left = batch.rows_total - batch.progress
    return Progress(
        "正在检查",
        min(batch.progress * 100 // batch.rows_total, 99),
        ceil(left * gone / batch.progress) or None,
    )


def _applying(batch: ImportBatch, gone: float) -> Progress:
    """By the clock, as long as the worker lives: nobody can look into its transaction."""
    whole = _START_SECONDS + (batch.rows_created + batch.rows_updated) / _SPEED
    seconds = ceil(whole - gone) if gone < whole else None
    return Progress("正在导入", min(int(gone * 100 / whole), _MOST_ESTIMATED), seconds, can_cancel=False)


def _ahead(batch: ImportBatch) -> int:
    return ImportBatch.objects.filter(
        state__in=[State.UPLOADED, State.CHECKING, State.APPLYING],
        worked_at__lt=batch.worked_at,
        worked_at__gt=timezone.now() - timedelta(hours=1),
    ).count()
