"""What the association sees of the running portal, and what it may do: repeat what was set aside."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from bases.imports import services as imports
from bases.imports.batch import FAILURE, SET_ASIDE
from bases.imports.copies import services as copies
from bases.models import ImportBatch, SpecialtyBase, TrainingBase
from portal import audit, deeds, jobs
from portal.models import CycleWindow, Job, User
from portal.roles import Role
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


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a new installation needs before the first base can work: what, where, and whether it is there."""

    words: str
    address: str
    is_done: bool


def first_steps() -> list[Step]:
    """From an empty database to the first base at work, in order; empty once everything is there. Five queries."""
    directory = reverse("review:directory-upload", args=["bases"])
    people = reverse("review:directory-upload", args=["staff"])
    has_people = {
        role: User.objects.filter(role=role, is_active=True).exists() for role in (Role.PROVINCE, Role.BASE)
    }
    steps = [
        Step("导入机构名录：培训基地", directory, TrainingBase.objects.filter(is_active=True).exists()),
        Step("在机构名录中登记各基地的培训专业", directory, SpecialtyBase.objects.exists()),
        Step("批量新增省级人员", people, has_people[Role.PROVINCE]),
        Step("批量新增基地人员（省级也可以办理）", people, has_people[Role.BASE]),
        Step("建立采集周期并设置开放时间", reverse("review:windows"), CycleWindow.objects.exists()),
    ]
    return [] if all(step.is_done for step in steps) else steps


def waiting_tasks() -> int:
    """How many tasks no worker has begun yet, of all lanes."""
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
