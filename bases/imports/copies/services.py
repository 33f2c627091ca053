"""The annotated copy of a file: asked for in the page, made by the worker, told by a message (GOAL-B5, GOAL-B8).

A wide sheet takes openpyxl twenty seconds, which no web process may spend.
"""

from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django_tasks import task

from bases.imports.batch import locked
from bases.imports.copies.content import annotated_copy
from bases.imports.offers import has_annotated_copy
from bases.models import ImportBatch
from portal import jobs
from portal.lanes import LONG
from portal.messages import services as messages
from portal.models import Job, User
from portal.service import will_pass
from portal.sheets.reading import SheetRefused

KIND = "annotated_copy"


def is_ready(batch: ImportBatch) -> bool:
    """Is there a copy that shows the rows as they are now?"""
    return bool(batch.copy) and batch.copy_of == batch.worked_at


def is_in_work(batch: ImportBatch) -> bool:
    """Whether the worker is still to make the copy, or at it (GOAL-B8)."""
    return batch.copy_job is not None and batch.copy_job.state in jobs.OPEN


def ask(batch: ImportBatch, *, by: User) -> None:
    """Have the worker make the copy, unless it is there or in the making."""
    with transaction.atomic():
        batch = locked(batch.pk)
        if has_annotated_copy(batch) and not is_ready(batch) and not is_in_work(batch):
            batch.copy_job = jobs.start(KIND, by=by, total=batch.rows_total, enqueue=_enqueue)
            batch.save(update_fields=["copy_job"])


def _enqueue(job: Job) -> None:
    make_copy.enqueue(job.pk, turn=jobs.turn_of(job))


@task(queue_name=LONG)
def make_copy(job_id: int, turn: str = "") -> None:
    """What the worker is handed; `turn` is whose (run_worker)."""
    make(job_id)


def make(job_id: int) -> None:
    """Write the copy of a queued job and tell who asked for it; safe to repeat."""
    if not jobs.take(job_id):
        return
    batch = ImportBatch.objects.select_related("copy_job__requested_by").get(copy_job=job_id)
    try:
        content = annotated_copy(batch)
        jobs.report(job_id, batch.rows_total)
        before = batch.copy.name
        batch.copy.save("", ContentFile(content), save=False)
    except jobs.Cancelled:
        jobs.finish(job_id, jobs.State.CANCELLED)
        return
    except SheetRefused as refusal:
        jobs.finish(job_id, jobs.State.FAILED)
        _tell(batch, "没有生成带标注的文件", refusal.text + refusal.repair)
        return
    except Exception as error:
        # Else it stays 进行中; the clock queues it again, three times at most.
        if not will_pass(error):
            why = jobs.why_failed(error)
            jobs.fail(job_id, why)
            _tell(batch, "没有生成带标注的文件", f"{why}请在批次页面中重新生成。")
        raise
    batch.copy_of = batch.worked_at
    # Nothing else of the row: a correction may have been saved meanwhile.
    batch.save(update_fields=["copy", "copy_of"])
    if before:
        batch.copy.storage.delete(before)
    jobs.finish(job_id, jobs.State.DONE, done=batch.rows_total)
    _tell(batch, "标注了检查结果的文件已生成，请下载", "")


def _tell(batch: ImportBatch, what: str, body: str) -> None:
    subject = f"“{batch.file_name[:60]}”{what}"
    link = reverse("bases:import-batch", args=[batch.pk])
    if batch.copy_job:
        messages.send([batch.copy_job.requested_by], kind="import", subject=subject, body=body, link=link)


def look_after_copies(now: datetime | None = None) -> int:
    """The clock's part: copies whose worker was lost are queued again; returns how many."""
    lost = jobs.abandoned(KIND, now, give_up=_given_up)
    for job in lost:
        _enqueue(job)
    return len(lost)


def _given_up(job: Job) -> None:
    batch = ImportBatch.objects.select_related("copy_job__requested_by").get(copy_job=job)
    _tell(batch, "没有生成带标注的文件", f"{job.result['why']}请在批次页面中重新生成。")


def again(job_id: int) -> bool:
    """Try a failed copy once more; False where it has not failed."""
    return jobs.repeat(job_id, enqueue=_enqueue)
