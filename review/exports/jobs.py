"""Exports of lists: a short one at once, a long one by the worker, to be fetched within a week (GOAL-N5; TRUST-33).

Every export is logged when it is asked for and when it is fetched. Its file belongs to the one who asked.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django_tasks import task

from bases.reveal import demand, may_see, reveal
from portal import audit, jobs, replica
from portal.lanes import LONG
from portal.messages import services as messages
from portal.models import AuditEvent, Job, User
from portal.service import will_pass
from portal.sheets.streaming import stream_csv, stream_xlsx
from residents.models import Disclosure
from residents.services.disclosures import disclose
from residents.services.states import StateMoved
from review.exports.sheets import Sheet
from review.models import Export

KIND = "export"
# What streams in about a second is handed out at once.
MOST_AT_ONCE = 5_000
MOST_IN_FULL_AT_ONCE = 500
_ROWS_BETWEEN_SIGNS = 2_000
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class ListKind:
    """A list that can be exported: its title, its rows for a user and filters, and the filters in words."""

    title: str
    sheet: Callable[..., Sheet]
    words: Callable[[Mapping[str, str]], list[str]] = lambda asked: []
    is_wide: bool = False
    # What makes the bytes where it is no single sheet: always the worker's.
    archive: Callable[..., Iterator[bytes]] | None = None

    @property
    def most_at_once(self) -> int:
        """Rows that are handed out at once; more of them are the worker's."""
        if self.archive:
            return -1
        return MOST_IN_FULL_AT_ONCE if self.is_wide else MOST_AT_ONCE


# Filled by review/export_kinds.py: the rooms of the lists are above this one, which knows none of them.
KINDS: dict[str, ListKind] = {}


def ask(
    user: User,
    kind: str,
    asked: Mapping[str, str],
    *,
    file_format: str = "xlsx",
    unmasked: bool = False,
    purpose: str = "",
) -> Export:
    """A new export under these filters, logged; a long one is queued (`job`), a short one waits to be streamed.

    Full numbers pass bases/reveal.py: raises what it raises.
    """
    if unmasked:
        demand(user)
    count = KINDS[kind].sheet(user, asked, unmasked=unmasked).count()
    with transaction.atomic():
        export = Export.objects.create(
            requested_by=user,
            kind=kind,
            filters=dict(asked),
            file_format=file_format,
            is_masked=not unmasked,
            purpose=purpose,
            rows=count,
        )
        if unmasked:
            # Whose numbers they are is put down when the rows are read.
            reveal("export", None, by=user, at=None, target=export, purpose=purpose, rows=count, masked=False)
        else:
            audit.record("export", by=user, target=export, rows=count, masked=True, purpose=purpose)
        if count > KINDS[kind].most_at_once:
            export.job = jobs.start(KIND, by=user, total=count, enqueue=_enqueue)
            export.save(update_fields=["job"])
    return export


def _enqueue(job: Job) -> None:
    make_export.enqueue(job.pk, turn=jobs.turn_of(job))


def content(export: Export) -> Iterator[bytes]:
    """The bytes of a short export, as its rows come from the database."""
    # Outside a transaction the cursor would have to outlive its statement, and so collect every row before the first.
    sheet = _sheet(export)
    _put_down(export, sheet)
    # Whoever breaks the download off leaves the cursor open: it is closed before its transaction ends.
    with transaction.atomic(), closing(sheet.rows):
        yield from _stream(export, sheet, lambda rows: rows)


def _sheet(export: Export) -> Sheet:
    """The rights are those of now: what was taken away since it was asked for is not in it."""
    unmasked = not export.is_masked and may_see(export.requested_by)
    return KINDS[export.kind].sheet(export.requested_by, export.filters, unmasked=unmasked)


def _put_down(export: Export, sheet: Sheet) -> None:
    """Whose full numbers are in it, under the line of the log that says who asked for it and why (GOAL-R7)."""
    if sheet.people is None:
        return
    event = AuditEvent.objects.filter(
        action="export", target_type=Export._meta.label, target_id=str(export.pk)
    ).first()
    if event is not None and not Disclosure.objects.filter(event=event).exists():
        disclose(event, sheet.people.iterator(chunk_size=10_000))


def _stream(
    export: Export, sheet: Sheet, watch: Callable[[Iterator[list]], Iterator[list]]
) -> Iterator[bytes]:
    if archive := KINDS[export.kind].archive:
        return archive(export, unmasked=sheet.people is not None)
    if export.file_format == "csv":
        return stream_csv(sheet.headers, watch(sheet.rows))
    title = KINDS[export.kind].title
    rows = watch(sheet.rows)
    return stream_xlsx(sheet.headers, rows, sheet_name=title, widths=sheet.widths, above=sheet.above)


# --- the worker ------------------------------------------------------------------------------------------------------


@task(queue_name=LONG)
def make_export(job_id: int, turn: str = "") -> None:
    """What the worker is handed; `turn` is whose (run_worker)."""
    make(job_id)


def make(job_id: int) -> None:
    """Write the file of a queued export; safe to repeat, a second worker leaves it alone."""
    if not jobs.take(job_id):
        return
    export = Export.objects.select_related("requested_by").get(job=job_id)
    written = 0

    def watch(rows: Iterator[list]) -> Iterator[list]:
        nonlocal written
        for row in rows:
            written += 1
            if written % _ROWS_BETWEEN_SIGNS == 0:
                jobs.report(job_id, written)
            yield row

    try:
        _put_down(export, _sheet(export))
        with tempfile.TemporaryFile(prefix="export-") as file:

            def write() -> None:
                nonlocal written
                written = 0
                file.seek(0)
                file.truncate()
                for piece in _stream(export, _sheet(export), watch):
                    file.write(piece)

            # An archive may read what it has just written down.
            write() if KINDS[export.kind].archive else replica.read_as_of_now(write)
            jobs.report(job_id, written)
            file.seek(0)
            export.file.save("", File(file), save=False)
    except jobs.Cancelled:
        jobs.finish(job_id, jobs.State.CANCELLED)
        return
    except Exception as error:
        # Else it stays 进行中, and the clock queues it again.
        if not will_pass(error):
            _give_up(export, jobs.why_failed(error))
        raise
    # An archive reads its rows itself: they are as many as were counted.
    written = export.rows if KINDS[export.kind].archive else written
    export.rows, export.expires_at = written, timezone.now() + timedelta(days=settings.EXPORT_DAYS)
    export.save(update_fields=["file", "rows", "expires_at"])
    jobs.finish(job_id, jobs.State.DONE, done=written)
    subject = f"“{KINDS[export.kind].title}”已导出，共 {written} 行，请在 {settings.EXPORT_DAYS} 天内下载"
    messages.send([export.requested_by], kind=KIND, subject=subject, link=reverse("review:exports"))


def _give_up(export: Export, why: str) -> None:
    jobs.fail(cast(int, export.job_id), why)
    _tell_failed(export, why)


def _tell_failed(export: Export, why: str) -> None:
    subject = f"“{KINDS[export.kind].title}”没有导出成功"
    body = f"{why}请在“我的导出”中点“重试”；仍不成功的，请联系技术支持。"
    messages.send(
        [export.requested_by], kind=KIND, subject=subject, body=body, link=reverse("review:exports")
    )


def _given_up(job: Job) -> None:
    _tell_failed(Export.objects.select_related("requested_by").get(job=job), job.result["why"])


def again(job_id: int) -> bool:
    """Try a failed export once more; False where it has not failed."""
    return jobs.repeat(job_id, enqueue=_enqueue)


def look_after(now: datetime | None = None) -> None:
    """For the clock: work that lost its worker is queued again."""
    for job in jobs.abandoned(KIND, now, give_up=_given_up):
        _enqueue(job)


def forget_expired(now: datetime | None = None) -> None:
    """For the clock: files that have expired go."""
    now = now or timezone.now()
    for export in Export.objects.filter(expires_at__lt=now).exclude(file=""):
        export.file.delete(save=False)
        export.file = ""
        export.save(update_fields=["file"])


# --- the one who asked -----------------------------------------------------------------------------------------------


def own(user: User) -> QuerySet[Export]:
    return Export.objects.filter(requested_by=user).select_related("job")


def fetch(export: Export, *, by: User, request: HttpRequest) -> Any:
    """The open file of a finished export; logged. Raises StateMoved where there is none, or none any more,
    SecondFactorNeeded where full numbers are in it."""
    if not export.file or (export.expires_at and export.expires_at <= timezone.now()):
        raise StateMoved("这份导出已过期或尚未完成，请重新导出。")
    if not export.is_masked and not may_see(by):
        raise StateMoved("您已没有查看完整号码的权限，请重新导出。")
    told: dict[str, Any] = {"by": by, "target": export, "request": request}
    told |= {"rows": export.rows, "masked": export.is_masked}
    with transaction.atomic():
        export.downloaded_at = timezone.now()
        export.save(update_fields=["downloaded_at"])
        if export.is_masked:
            audit.record("download", **told)
        else:
            # Its persons stand under the line of the export itself.
            reveal("download", None, at=None, purpose=export.purpose, **told)
    return export.file.open("rb")
