"""How far the worker is with a batch (GOALS B8).

Kept in the shared cache: the apply is one transaction, so the batch's own row tells nothing while it runs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.core.cache import cache
from django.utils import timezone

from bases.import_work import State
from bases.models import ImportBatch

# Rows a second, by state and on a slow machine: only for the time told to a person who waits.
_SPEED = {State.CHECKING: 800, State.APPLYING: 500}
# Reading the file, or opening the transaction, before the first row.
_START_SECONDS = 2
_LONGEST = 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the worker is: `percent` and `seconds` left are None while they cannot be told; `ahead` batches wait
    before this one."""

    words: str
    percent: int | None = None
    seconds: int | None = None
    ahead: int = 0


def begin(batch_id: int) -> None:
    """Note that the worker begins a step with the batch now."""
    cache.set(_key("begun", batch_id), timezone.now(), _LONGEST)


def end(batch_id: int) -> None:
    cache.delete(_key("begun", batch_id))


def _key(what: str, batch_id: int) -> str:
    return f"import-{what}:{batch_id}"


def progress_of(batch: ImportBatch) -> Progress:
    """What the waiting page says."""
    begun: datetime | None = cache.get(_key("begun", batch.pk))
    if begun is None or batch.state == State.UPLOADED:
        words = "等待检查" if batch.state == State.UPLOADED else "等待继续"
        return Progress("等待导入" if batch.state == State.APPLYING else words, ahead=_ahead(batch))
    rows = batch.rows_total if batch.state == State.CHECKING else batch.rows_created + batch.rows_updated
    whole = _START_SECONDS + rows / _SPEED[State(batch.state)]
    gone = (timezone.now() - begun).total_seconds()
    words = "正在检查" if batch.state == State.CHECKING else "正在导入"
    if not rows:
        return Progress(words)
    percent = int(gone * 100 / whole)
    if batch.state == State.CHECKING:
        percent = max(percent, batch.progress * 100 // rows)
    return Progress(words, min(percent, 99), ceil(whole - gone) if gone < whole else None)


def _ahead(batch: ImportBatch) -> int:
    return ImportBatch.objects.filter(
        state__in=[State.UPLOADED, State.CHECKING, State.APPLYING],
        worked_at__lt=batch.worked_at,
        worked_at__gt=timezone.now() - timedelta(hours=1),
    ).count()
