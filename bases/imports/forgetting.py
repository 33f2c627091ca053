"""What of an import goes with time: its file, the full numbers in its rows, a batch that nobody confirms (PAIN-26;
portal/retention.py says when)."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from bases.imports.batch import BatchMoved, State
from bases.imports.services import cancel
from bases.models import ImportBatch, ImportRow
from portal import audit, retention
from portal.masking import mask

CHUNK = 500
# A number of an ID card, also of 15 digits, and a mobile number, wherever in a row they were typed.
_NUMBERS = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|1\d{10})(?!\d)")
_SECRET = ("id_number", "mobile", "emergency_mobile")


def forget_old_files(now: datetime | None = None) -> int:
    """Delete uploaded workbooks after UPLOAD_RETENTION_DAYS with the full numbers of their rows (PAIN-26); rows and
    counts stay. Returns how many."""
    old = list(ImportBatch.objects.filter(uploaded_at__lt=retention.until("uploads", now)).exclude(file=""))
    for batch in old:
        forget(batch)
    return len(old)


def end_unconfirmed(now: datetime | None = None) -> int:
    """Cancel what was checked and never confirmed, and forget it at once; returns how many."""
    waiting = ImportBatch.objects.filter(
        state=State.CHECKED, uploaded_at__lt=retention.until("unconfirmed", now)
    )
    ended = 0
    for batch in waiting:
        try:
            with transaction.atomic():
                cancel(batch)
                audit.record("import_expired", by=None, target=batch)
        except BatchMoved:
            continue
        batch.refresh_from_db()
        forget(batch)
        ended += 1
    return ended


def forget(batch: ImportBatch) -> None:
    """Let file, copy and full numbers of one batch go. Twice is the same as once."""
    for start in range(0, batch.rows.count(), CHUNK):
        rows = list(batch.rows.order_by("pk")[start : start + CHUNK])
        for row in rows:
            _forget_numbers(row)
        ImportRow.objects.bulk_update(rows, ["raw", "typed", "values", "problems", "before", "corrected_at"])
    for name in ("file", "copy"):
        if file := getattr(batch, name):
            file.delete(save=False)
    batch.file = batch.copy = ""
    batch.facts, batch.choices = {}, {}
    batch.save(update_fields=["file", "copy", "facts", "choices"])


def _forget_numbers(row: ImportRow) -> None:
    known = {str(row.values[name]) for name in _SECRET if row.values.get(name)}
    # As it was typed, too: with blanks, or of a document without a shape.
    known |= {text for header, text in row.raw.items() if "证件号" in header or "手机" in header}

    def hide(text: str) -> str:
        for number in sorted(filter(None, known), key=len, reverse=True):
            text = text.replace(number, mask(number))
        return _NUMBERS.sub(lambda found: mask(found.group()), text)

    row.raw, row.values = _each_text(row.raw, hide), _each_text(row.values, hide)
    row.problems, row.before = _each_text(row.problems, hide), _each_text(row.before, hide)
    # The cells as the file held them, and what waits to be written once more: both are nothing without the file.
    row.typed = row.corrected_at = None


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON with every text of it changed."""
    match value:
        case str():
            return change(value)
        case list():
            return [_each_text(each, change) for each in value]
        case dict():
            return {key: _each_text(each, change) for key, each in value.items()}
    return value
