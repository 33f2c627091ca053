"""Long work of the worker as people see it: queued, how far, cancelled, how it ended, taken up again after a crash."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from portal.models import Job, User
from portal.service import trouble_of

State = Job.State
OPEN = (State.WAITING, State.RUNNING)
# A job without a sign of life for this long has lost its worker.
ABANDONED_AFTER = timedelta(minutes=2)
# After so many starts it is given up: the work itself kills its worker.
MOST_STARTS = 3


class Cancelled(Exception):
    """The one who asked for the job has called it off."""


def start(kind: str, *, by: User, total: int, enqueue: Callable[[Job], object]) -> Job:
    """A new job, handed to the worker by `enqueue` once this transaction is committed."""
    job = Job.objects.create(kind=kind, requested_by=by, total=total)
    transaction.on_commit(lambda: enqueue(job))
    return job


def turn_of(job: Job) -> str:
    """Whose task it is where tasks take turns (run_worker)."""
    return f"user:{job.requested_by_id}"


def take(job_id: int) -> bool:
    """Whether the caller may work on it now; False where it has ended, was called off before it began, or another
    worker shows signs of life."""
    job = Job.objects.select_for_update().filter(pk=job_id)
    with transaction.atomic():
        found = job.get()
        is_worked_on = found.state == State.RUNNING and found.worked_at > timezone.now() - ABANDONED_AFTER
        if found.state not in OPEN or is_worked_on:
            return False
        if found.cancel_requested:
            job.update(state=State.CANCELLED, finished_at=timezone.now())
            return False
        starts = found.result.get("starts", 0) + 1
        job.update(
            state=State.RUNNING,
            done=0,
            started_at=timezone.now(),
            worked_at=timezone.now(),
            result={"starts": starts},
        )
    return True


def report(job_id: int, done: int) -> None:
    """A sign of life. Raises Cancelled once it is called off or somebody else has ended it."""
    running = Job.objects.filter(pk=job_id, state=State.RUNNING, cancel_requested=False)
    if not running.update(done=done, worked_at=timezone.now()):
        raise Cancelled


def finish(job_id: int, state: str, *, done: int | None = None) -> None:
    """RUNNING → how it ended."""
    values = {"state": state, "finished_at": timezone.now()}
    if done is not None:
        values |= {"done": done, "total": done}
    Job.objects.filter(pk=job_id, state=State.RUNNING).update(**values)


def fail(job_id: int, why: str) -> None:
    """RUNNING → 失败, with the reason that its owner and the association read."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, state=State.RUNNING).first()
        if job is not None:
            job.state, job.finished_at, job.result = State.FAILED, timezone.now(), job.result | {"why": why}
            job.save(update_fields=["state", "finished_at", "result"])


def repeat(job_id: int, *, enqueue: Callable[[Job], object]) -> bool:
    """失败 → 排队中 with all its starts anew; False where it did not fail or is at work again already."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, state=State.FAILED).first()
        if job is None:
            return False
        job.state, job.result, job.done = State.WAITING, {}, 0
        job.cancel_requested, job.finished_at, job.worked_at = False, None, timezone.now()
        job.save()
        transaction.on_commit(lambda: enqueue(job))
    return True


def why_failed(error: Exception) -> str:
    """What stopped a job, for the one who waits for it."""
    trouble = trouble_of(error)
    return f"{trouble.title}。" if trouble else "处理时出错，已记录。"


def cancel(job_id: int) -> None:
    """Call a job off: at once where it waits, at the worker's next sign of life where it runs."""
    now = timezone.now()
    Job.objects.filter(pk=job_id, state=State.WAITING).update(state=State.CANCELLED, finished_at=now)
    Job.objects.filter(pk=job_id, state=State.RUNNING).update(cancel_requested=True)


def abandoned(
    kind: str, now: datetime | None = None, *, give_up: Callable[[Job], object] | None = None
) -> list[Job]:
    """Jobs of one kind whose worker died or whose task was lost, marked as queued again; those that were started too
    often have failed instead, which `give_up` may tell of."""
    now = now or timezone.now()
    with transaction.atomic():
        silent = Job.objects.select_for_update(skip_locked=True).filter(
            kind=kind, state__in=OPEN, worked_at__lt=now - ABANDONED_AFTER
        )
        lost = list(silent)
        again = [job for job in lost if job.result.get("starts", 0) < MOST_STARTS]
        Job.objects.filter(pk__in=[job.pk for job in again]).update(state=State.WAITING, worked_at=now)
        for job in lost:
            if job not in again:
                job.state, job.finished_at = State.FAILED, now
                job.result |= {"why": f"处理它的程序中断了 {MOST_STARTS} 次，已停止再试。"}
                job.save(update_fields=["state", "finished_at", "result"])
                if give_up is not None:
                    give_up(job)
    return again
