"""Nobody waits for somebody else: lanes and turns in the worker, ranks in front of the threads of web (GOAL-S10)."""

import pytest
from django_tasks_db.models import DBTaskResult

from bases.imports.tasks import work_on_batch
from portal import lanes
from portal.deeds import carry_out_deed
from portal.management.commands.run_worker import FairWorker
from review.exports.jobs import make_export


@pytest.fixture
def queued(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}


def worker(lane: str) -> FairWorker:
    return FairWorker(
        queue_names=lanes.LANES[lane],
        interval=0,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=f"{lane}@here",
        excluded_queue_names=[],
    )


def taken(lane: str) -> list:
    by = worker(lane)
    found = []
    while (task := by.take()) is not None:
        assert task.worker_ids == [by.worker_id]
        found.append(task.args_kwargs["args"][0])
    return found


def test_bases_take_turns_whatever_one_has_sent(db, queued):
    """GOAL-S10: one base's many files stand before no other's first."""
    for number in range(5):
        work_on_batch.enqueue(number, turn="base:1")
    for number in (10, 11):
        work_on_batch.enqueue(number, turn="base:2")
    work_on_batch.enqueue(20, turn="base:3")
    assert taken("worker") == [0, 10, 20, 1, 11, 2, 3, 4]


def test_who_comes_later_waits_for_one_task_and_not_for_fifty(db, queued):
    by = worker("worker")
    for number in range(4):
        work_on_batch.enqueue(number, turn="base:1")
    assert by.take().args_kwargs["args"] == [0]
    work_on_batch.enqueue(10, turn="base:2")
    assert by.take().args_kwargs["args"] == [10]
    assert by.take().args_kwargs["args"] == [1]


def test_what_matters_more_comes_before_turns(db, queued):
    work_on_batch.enqueue(1, turn="base:1")
    work_on_batch.using(priority=10).enqueue(2, turn="base:1")
    assert taken("worker") == [2, 1]


def test_an_export_takes_another_lane_than_a_check(db, queued):
    """GOAL-S10."""
    make_export.enqueue(1, turn="user:1")
    work_on_batch.enqueue(2, turn="base:1")
    carry_out_deed.enqueue(3, turn="user:1")
    assert taken("worker") == [2, 3]
    assert taken("long") == [1]


def test_a_task_that_another_worker_has_taken_is_taken_once(db, queued):
    work_on_batch.enqueue(1, turn="base:1")
    first, second = worker("all"), worker("worker")
    assert first.take() is not None
    assert second.take() is None
    assert DBTaskResult.objects.get().worker_ids == [first.worker_id]


def test_tasks_of_the_version_before_have_no_turn_and_are_taken(db, queued):
    work_on_batch.enqueue(1)
    work_on_batch.enqueue(2)
    assert taken("worker") == [1, 2]
