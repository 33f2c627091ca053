"""The worker's process is killed in the middle; afterwards each row is applied once (GOAL-B9, TRUST-48).

A real `manage.py db_worker` gets SIGKILL at ten moments of an import, drawn with seed 48 over the time an undisturbed
one takes. Each time the clock queues what was left and another worker, started meanwhile, goes on.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django_tasks_db.models import DBTaskResult

from bases.imports import services as imports
from bases.models import ImportBatch
from residents.models import Enrollment, Resident, StatusChange
from tests import factories
from tests.bases.conftest import account_line, counts

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

SEED, KILLS = 48, 10
GOOD, BAD = 300, 3
PATIENCE = 60
PROJECT = Path(__file__).parents[3]


@pytest.fixture
def start(settings):
    """A function that starts a worker on the test's database and files; those left over are killed at the end."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}
    own = connection.settings_dict
    host, port = quote(own["HOST"] or "", safe=""), own["PORT"] or 5432
    login = f"{quote(own['USER'] or '')}:{quote(own['PASSWORD'] or '', safe='')}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{login}@/{own['NAME']}?host={host}&port={port}",
        "PRIVATE_ROOT": settings.STORAGES["default"]["OPTIONS"]["location"],
        "DEBUG": "1",
    }
    workers: dict[str, subprocess.Popen] = {}

    def start() -> None:
        name = f"worker{len(workers)}"
        command = [sys.executable, "manage.py", "db_worker", "--no-startup-delay", "--no-reload"]
        workers[name] = subprocess.Popen(
            [*command, "--interval", "0.05", "--worker-id", name],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    start.workers = workers
    # The tests before may have left a connection of this very process.
    there = clients()
    yield start
    for process in workers.values():
        process.kill()
        process.wait()
    wait_until(lambda: clients() <= there)


def clients() -> set[int]:
    """The connections of others to this database, until the server has noticed that they are gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def _tasks() -> str:
    """What became of the tasks and what the server waits for, for whoever reads a failure."""
    tasks = DBTaskResult.objects.order_by("enqueued_at").values_list("status", "worker_ids", "traceback")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, wait_event, query FROM pg_stat_activity WHERE datname = current_database()"
        )
        return f"{list(tasks)} {cursor.fetchall()}"


def wait_until(is_so: Callable[[], bool]) -> None:
    latest = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < latest, _tasks()
        time.sleep(0.01)


def newest_task() -> DBTaskResult:
    return DBTaskResult.objects.filter(task_path="bases.imports.tasks.work_on_batch").latest("enqueued_at")


def claimed(start) -> str:
    """The worker that has taken the newest import task; as a supervisor does, one that died by itself is replaced."""

    def is_claimed() -> bool:
        if all(process.poll() is not None for process in start.workers.values()):
            start()
        return bool(newest_task().worker_ids)

    wait_until(is_claimed)
    return newest_task().worker_ids[-1]


def applied_rows(batch: ImportBatch) -> tuple[str, int]:
    """(state, records made) in one statement, so from one moment."""
    made = Enrollment.objects.filter(import_batch=OuterRef("pk")).order_by().values("import_batch")
    made = Coalesce(Subquery(made.annotate(n=Count("pk")).values("n")), 0)
    return ImportBatch.objects.annotate(made=made).values_list("state", "made").get(pk=batch.pk)


def go_on(batch: ImportBatch) -> None:
    """What the sender and the clock do: confirm a checked batch, queue one that was left, ask again for one that was
    set aside because its worker died three times."""
    batch.refresh_from_db()
    if batch.state == "checked":
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    elif imports.can_be_processed_again(batch):
        imports.process_again(batch, by=batch.uploaded_by)
    elif batch.state != "applied":
        long_ago = F("worked_at") - 2 * imports.ABANDONED_AFTER - timedelta(seconds=1)
        ImportBatch.objects.filter(pk=batch.pk).update(worked_at=long_ago)
        call_command("run_clock", "--once")


def finish(batch: ImportBatch, start) -> None:
    """Let living workers bring the batch to its end."""

    def is_applied() -> bool:
        claimed(start)
        batch.refresh_from_db()
        if batch.state in ("checked", "refused") or newest_task().status == "FAILED":
            go_on(batch)
        return batch.state == "applied"

    wait_until(is_applied)


def let_go(batch: ImportBatch) -> None:
    """Wait until the server has noticed that the killed worker is gone and has undone what it had not finished."""
    with transaction.atomic():
        ImportBatch.objects.select_for_update().get(pk=batch.pk)


def test_worker_killed_at_ten_random_moments_and_each_row_applied_once(upload, start, other_base):
    def new_batch() -> ImportBatch:
        held = factories.EnrollmentFactory(base=other_base).resident
        lines = [account_line(mobile=f"139{n:08d}") for n in range(GOOD)]
        lines += [account_line(mobile="1") for _ in range(BAD - 1)]
        lines += [account_line(id_number=held.id_number, full_name=held.full_name)]
        return upload(lines)

    batches = [new_batch()]
    claimed(start)
    begun = time.monotonic()
    finish(batches[0], start)
    whole = time.monotonic() - begun

    moments, killed, found = random.Random(SEED), set(), []
    batches.append(new_batch())
    for _ in range(KILLS):
        start()
        name = claimed(start)
        time.sleep(moments.uniform(0, whole))
        start.workers[name].send_signal(signal.SIGKILL)
        assert start.workers[name].wait() == -signal.SIGKILL
        killed.add(name)
        let_go(batches[-1])
        state, made = applied_rows(batches[-1])
        found.append((state, made == (GOOD if state == "applied" else 0)))
        if state == "applied":
            batches.append(new_batch())
        go_on(batches[-1])

    assert len(killed) == KILLS
    assert [is_whole for _, is_whole in found] == [True] * KILLS, found
    finish(batches[-1], start)
    for batch in batches:
        batch.refresh_from_db()
        assert (batch.state, counts(batch)) == ("applied", (GOOD + BAD, GOOD, 0, BAD))
        made = Enrollment.objects.filter(import_batch=batch)
        assert made.count() == made.values("resident").distinct().count() == GOOD
        assert StatusChange.objects.filter(enrollment__in=made).count() == GOOD
        assert batch.rows.count() == batch.rows.values("sheet_row").distinct().count() == GOOD + BAD
    assert Resident.objects.count() == Resident.objects.values("id_number").distinct().count()
    assert {state for state, _ in found} & {"uploaded", "checking", "applying"}
