"""Nobody waits for somebody else: lanes and turns in the worker, ranks in front of the threads of web (GOAL-S10)."""

import threading
import time
from types import SimpleNamespace

import pytest
from django_tasks_db.models import DBTaskResult

from bases.imports.tasks import work_on_batch
from portal import lanes
from portal.deeds import carry_out_deed
from portal.management.commands.run_worker import FairWorker
from portal.web_queue import LATE, MOST_ENTERING, PATIENCE, Rank, WebQueue, dispatcher
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


# --- in front of the threads of web ----------------------------------------------------------------------------------


class Channel:
    """One request as waitress hands it over; `service` waits until it is let go."""

    def __init__(self, command: str, path: str, *, cookie: str = "", **headers: str) -> None:
        known = {"COOKIE": cookie} | headers
        self.requests = [SimpleNamespace(command=command, path=path, headers=known, error=None)]
        self.began, self.may_end = threading.Event(), threading.Event()

    def service(self) -> None:
        self.began.set()
        assert self.may_end.wait(10)

    @property
    def late(self) -> str:
        return self.requests[0].headers[LATE]


IN = "csrftoken=a; sessionid=b"


def entering() -> Channel:
    return Channel("POST", "/sign-in/resident/", cookie="csrftoken=a")


def test_saves_come_before_lists_and_those_who_are_in_before_those_who_come():
    """GOAL-S10."""
    sign_in, visitor = entering(), Channel("GET", "/sign-in/")
    listed, saved = Channel("GET", "/base/", cookie=IN), Channel("POST", "/resident/basic/", cookie=IN)
    probe, program = Channel("GET", "/health/ready"), Channel("POST", "/api/v1/records", AUTHORIZATION="x")
    waiting = WebQueue(threading.Lock())
    for each in (sign_in, visitor, program, listed, saved, probe):
        waiting.append(each)
    assert len(waiting) == 6
    order = [waiting.popleft().channel for _ in range(6)]
    assert order == [probe, saved, listed, visitor, program, sign_in]
    assert {each.late for each in order} == {"0"}


def test_many_who_sign_in_leave_threads_to_those_who_are_in():
    """GOAL-S10: a slow hash holds a few threads, never all."""
    threads = dispatcher(MOST_ENTERING + 1)
    crowd, page = [entering() for _ in range(20)], Channel("GET", "/desk/", cookie=IN)
    try:
        for each in crowd:
            threads.add_task(each)
        assert all(each.began.wait(10) for each in crowd[:MOST_ENTERING])
        threads.add_task(page)
        assert page.began.wait(10)
        assert sum(each.began.is_set() for each in crowd) == MOST_ENTERING
        # The rest follows as these end.
        for each in (page, *crowd):
            each.may_end.set()
        assert all(each.began.wait(10) for each in crowd)
    finally:
        for each in crowd:
            each.may_end.set()
        threads.shutdown()


def test_who_waited_too_long_is_told_so_at_once_whatever_he_says_himself(monkeypatch):
    waiting = WebQueue(threading.Lock())
    now = time.monotonic()
    old, new = Channel("GET", "/base/", cookie=IN), Channel("POST", "/base/", cookie=IN, PORTAL_LATE="1")
    waiting.append(old)
    monkeypatch.setattr(time, "monotonic", lambda: now + PATIENCE[Rank.PAGE] + 1)
    waiting.append(new)
    assert [waiting.popleft().channel for _ in range(2)] == [old, new]
    assert (old.late, new.late) == ("1", "0")


def test_what_is_shed_is_calm_and_brings_the_form_back(db, client, caplog):
    """GOAL-S10, TRUST-49."""
    late = {"HTTP_PORTAL_LATE": "1"}
    answer = client.post("/resident/basic/", {"full_name": "陈雨桐", "password": "geheim"}, **late)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
    page = answer.content.decode()
    assert "平台繁忙" in page
    assert 'name="full_name" value="陈雨桐"' in page
    assert "geheim" not in page
    answer = client.get("/api/v1/records", **late)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert client.get("/health/live", **late).status_code == 200
