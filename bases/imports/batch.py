"""The import batch (导入批次) itself: locked, moved from state to state, counted, its file read again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from bases.models import ImportBatch, ImportRow
from bases.workbooks.kinds import opening_of, workbook_of
from portal.sheets.reading import Table, read_table

State = ImportBatch.State
Verdict = ImportRow.Verdict


# The code of a batch that an error of ours stopped.
FAILURE = "failure"
# The code of a batch that its workers could not finish: the file itself may be what stops them.
SET_ASIDE = "set_aside"


class BatchMoved(Exception):
    """The batch is no longer in the state the page showed; the text says what it is now."""


def locked(batch_id: int) -> ImportBatch:
    return (
        ImportBatch.objects.select_for_update(of=("self",))
        .select_related("base__province", "province", "cycle", "confirmed_by", "copy_job")
        .get(pk=batch_id)
    )


def move(batch: ImportBatch, state: str, **values: object) -> None:
    for name, value in {"state": state, "worked_at": timezone.now(), **values}.items():
        setattr(batch, name, value)
    batch.save()


def count_rows(batch: ImportBatch) -> None:
    """Count the rows by verdict anew, from the rows themselves (the sum line is always true)."""
    per_verdict = {
        f"rows_{name}": Count("pk", filter=Q(verdict=verdict))
        for name, verdict in (
            ("created", Verdict.CREATE),
            ("updated", Verdict.UPDATE),
            ("unchanged", Verdict.UNCHANGED),
            ("refused", Verdict.REFUSED),
        )
    }
    per_verdict["rows_warned"] = Count("pk", filter=Q(problems__contains=[{"is_warning": True}]))
    for name, count in batch.rows.aggregate(**per_verdict).items():
        setattr(batch, name, count)


def _counts(batch: ImportBatch) -> dict[str, Any]:
    return {
        name: getattr(batch, f"rows_{name}")
        for name in ("total", "created", "updated", "unchanged", "refused")
    }


def require_open(batch: ImportBatch) -> None:
    """Raises BatchMoved where the window is closed for this kind of workbook."""
    state = opening_of(batch)
    if not state.is_open:
        raise BatchMoved(state.reason)


def read_batch(batch: ImportBatch) -> Table:
    """The table of the stored file, of the sheet that the user chose, read in a limited child process. Raises
    SheetRefused."""
    with local_copy(batch) as path:
        return read_copy(batch, path)


def read_copy(batch: ImportBatch, path: str) -> Table:
    """As read_batch, of a copy that is here already."""
    resource = workbook_of(batch).resource
    optional = resource.optional_headers()
    return read_table(
        path,
        expected_headers=[header for header in resource.headers() if header not in optional],
        optional_headers=optional,
        aliases=remembered_headers(batch) | resource.synonyms(),
        max_rows=settings.WORKBOOK_MAX_ROWS,
        sheet=batch.choices.get("sheet"),
    )


def remembered_headers(batch: ImportBatch) -> dict[str, str]:
    """{other word: header} as the base or province has matched them for this kind of workbook, the last time last
    (GOAL-B20)."""
    earlier = ImportBatch.objects.filter(
        base=batch.base_id, province=batch.province_id, kind=batch.kind, choices__has_key="headers"
    )
    known: dict[str, str] = {}
    for choices in earlier.order_by("pk").values_list("choices", flat=True):
        known |= choices["headers"]
    return known


@contextmanager
def local_copy(batch: ImportBatch) -> Iterator[str]:
    """The path of the batch's file on this machine while the block runs; the storage may be anywhere."""
    with tempfile.NamedTemporaryFile(prefix="workbook-") as copy, batch.file.open("rb") as stored:
        for chunk in stored.chunks():
            copy.write(chunk)
        copy.flush()
        yield copy.name
