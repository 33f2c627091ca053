"""Sealing, round by round, and the copies of each root outside the database: file, log and, if wanted, mail."""

import json
import logging
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection, transaction
from django.utils import timezone

from portal.models import SealedBatch

ANCHORS = "history.jsonl"
# Room for many lines, so that the last whole one is among them.
_TAIL = 64 * 1024
logger = logging.getLogger(__name__)


def seal_history() -> int | None:
    """A chore of the clock: seal what finished transactions wrote, then copy outside what is not there yet.

    Returns the batch's number, None where there was nothing to seal.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT history_seal()")
        (number,) = cursor.fetchone()
    transaction.on_commit(anchor)
    return number


def anchor() -> None:
    """Append to the file of anchors every batch that it does not hold, and tell log and mail of it.

    What the file holds already is compared with the chain's end: a chain that does not follow from it is told at once.
    """
    path = anchors_file()
    last = _last(path)
    start = last["number"] + 1 if last else 1
    recovery = (
        last
        and SealedBatch.objects.filter(kind=SealedBatch.Kind.RECOVERY, sealed_at__gt=last["sealed_at"])
        .order_by("number")
        .first()
    )
    if recovery:
        # Written anew from here: what the file says beyond is of a time that the database no longer knows.
        start = recovery.number
    elif last and not SealedBatch.objects.filter(number=start - 1, root=bytes.fromhex(last["root"])).exists():
        logger.error("History does not follow from anchor %s in %s: run verify_history.", start - 1, path)
    new = [entry_of(batch) for batch in SealedBatch.objects.filter(number__gte=start).order_by("number")]
    if not new:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a", encoding="utf-8") as file:
        for entry in new:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    for entry in new:
        logger.info("History sealed: batch %(number)s, %(rows)s rows, root %(root)s", entry)
    if settings.HISTORY_ANCHOR_MAIL and _begins_a_day(last, new[-1]):
        _mail(new[-1])


def entry_of(batch: SealedBatch) -> dict[str, Any]:
    """What is kept of a batch outside."""
    return {
        "number": batch.number,
        "kind": batch.kind,
        "sealed_at": batch.sealed_at.isoformat(),
        "rows": batch.rows,
        "root": bytes(batch.root).hex(),
    }


def anchors_file() -> Path:
    return Path(settings.HISTORY_ANCHOR_FOLDER) / ANCHORS


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The anchors of a file, in their order; none where there is no file."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        yield from _anchors_in(file)


def _last(path: Path) -> dict[str, Any] | None:
    """The last anchor of a file, however long it is."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _TAIL, 0))
            return next(iter(deque(_anchors_in(file), maxlen=1)), None)
    except FileNotFoundError:
        return None


def _anchors_in(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """A line that was cut off where a disk was full is no anchor, and is left out."""
    for line in lines:
        try:
            entry = json.loads(line)
            bytes.fromhex(entry["root"])
            yield {**entry, "number": int(entry["number"]), "sealed_at": str(entry["sealed_at"])}
        except (ValueError, KeyError, TypeError):
            continue


def _begins_a_day(last: dict[str, Any] | None, new: dict[str, Any]) -> bool:
    return last is None or _day(last) != _day(new)


def _day(entry: dict[str, Any]) -> date:
    return timezone.localdate(datetime.fromisoformat(entry["sealed_at"]))


def _mail(entry: dict[str, Any]) -> None:
    """One mail a day; a mail server that fails holds up no sealing."""
    try:
        send_mail(
            f"历史封存锚点 第 {entry['number']} 批",
            json.dumps(entry, ensure_ascii=False),
            None,
            settings.HISTORY_ANCHOR_MAIL,
        )
    except OSError:
        logger.exception("The mail with anchor %s was not sent", entry["number"])
