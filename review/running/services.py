"""What the association sees of the running portal, and what it may do: repeat what was set aside."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from bases.imports import services as imports
from bases.imports.batch import FAILURE, SET_ASIDE
from bases.imports.copies import services as copies
from bases.models import ImportBatch
from portal import audit, deeds, jobs
from portal.models import Job, User
from review.exports import jobs as exports

# The kinds of jobs: what they are called, and how one is tried once more.
KINDS = {
    exports.KIND: ("导出", exports.again),
    copies.KIND: ("带标注的文件", copies.again),
    deeds.KIND: ("批量办理", deeds.again),
}
DAYS = 30
MOST = 50


def failed_jobs() -> QuerySet[Job]:
    """Of the last DAYS, newest first."""
    since = timezone.now() - timedelta(days=DAYS)
    failed = Job.objects.filter(state=jobs.State.FAILED, created_at__gte=since, kind__in=KINDS)
    return failed.select_related("requested_by").order_by("-created_at")


def stopped_batches() -> QuerySet[ImportBatch]:
    """Batches that an error of ours or a dying worker stopped, newest first."""
    since = timezone.now() - timedelta(days=DAYS)
    stopped = ImportBatch.objects.filter(refusal__code__in=[FAILURE, SET_ASIDE], uploaded_at__gte=since)
    return stopped.select_related("base", "province", "uploaded_by").order_by("-uploaded_at")


def waiting_tasks() -> int:
    return DBTaskResult.objects.ready().count()


def job_again(job: Job, *, by: User) -> bool:
    """False where it has not failed, or is at work again already."""
    with transaction.atomic():
        done = job.kind in KINDS and KINDS[job.kind][1](job.pk)
        if done:
            audit.record("job_again", by=by, target=job)
    return done


def batch_again(batch: ImportBatch, *, by: User) -> None:
    """Raises BatchMoved where it cannot be checked again."""
    imports.process_again(batch, by=by)
