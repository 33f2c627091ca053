"""Signs of life: who is silent, who is told, what becomes of the tasks of the dead."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portal import jobs, processes
from portal.models import Job, Message, ProcessSign
from portal.roles import Role
from tests import factories


@pytest.fixture
def national(db):
    return factories.UserFactory(role=Role.CMDA)


def sign(kind: str, seconds: float) -> str:
    name = processes.new_name(kind)
    processes.beat(name, kind)
    seen = timezone.now() - timedelta(seconds=seconds)
    ProcessSign.objects.filter(name=name).update(seen_at=seen)
    return name


def test_the_youngest_sign_of_a_kind_counts(db):
    sign("worker", 500)
    sign("worker", 1)
    sign("clock", processes.SILENT_SECONDS + 5)
    assert set(processes.silent()) == {"clock", "long", "outside"}
    assert processes.ages()["outside"] is None


def test_the_association_is_told_once_of_a_process_that_fell_silent(national):
    sign("worker", processes.TELL_SECONDS + 60)
    sign("clock", 1)
    assert processes.tell_of_silent() == 1
    assert processes.tell_of_silent() == 0
    assert "后台处理已停止 4 分钟" in Message.objects.get().subject


def task_of(worker: str, seconds: float) -> DBTaskResult:
    return DBTaskResult.objects.create(
        status=TaskResultStatus.RUNNING,
        args_kwargs={"args": [], "kwargs": {}},
        task_path="portal.messages.tasks.send_due_messages",
        backend_name="default",
        run_after=timezone.now(),
        started_at=timezone.now() - timedelta(seconds=seconds),
        worker_ids=["earlier", worker],
    )


def test_tasks_of_the_dead_are_reaped_and_those_of_the_living_are_not(db):
    living = task_of(sign("worker", 1), 500)
    dead = task_of(sign("worker", 500), 500)
    unknown = task_of("nobody", 500)
    young = task_of("nobody", 1)
    assert processes.reap() == 2
    states = dict(DBTaskResult.objects.values_list("pk", "status"))
    assert (states[living.pk], states[young.pk]) == ("RUNNING", "RUNNING")
    assert (states[dead.pk], states[unknown.pk]) == ("FAILED", "FAILED")


def test_a_job_is_tried_three_times_then_told_and_can_be_repeated(national):
    job = Job.objects.create(kind="x", requested_by=national)
    told = []
    for start in range(1, jobs.MOST_STARTS + 1):
        assert jobs.take(job.pk)
        Job.objects.update(worked_at=timezone.now() - jobs.ABANDONED_AFTER * 2)
        again = jobs.abandoned("x", give_up=told.append)
        assert bool(again) == (start < jobs.MOST_STARTS)
    job.refresh_from_db()
    assert (job.state, [each.pk for each in told]) == (Job.State.FAILED, [job.pk])
    assert "中断了 3 次" in job.result["why"]

    assert jobs.repeat(job.pk, enqueue=told.append)
    assert not jobs.repeat(job.pk, enqueue=told.append)
    job.refresh_from_db()
    assert (job.state, job.result) == (Job.State.WAITING, {})
    assert jobs.take(job.pk)
