"""Imports that meet each other or die, in real connections (GOAL-B9, AM-27, TRUST-44, TRUST-45, TRUST-48)."""

import os
import signal
import subprocess
import sys
import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from bases.imports import services as imports
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from residents.models import Enrollment, Resident, StatusChange
from tests import factories
from tests.bases.conftest import account_line, counts, workbook

pytestmark = pytest.mark.django_db(transaction=True)
# Two are enough to notice; the others wait for `make long`.
ATTEMPTS = [0, 1, *(pytest.param(each, marks=pytest.mark.long) for each in range(2, 20))]


def at_once(*jobs) -> list:
    """Run the jobs in threads with their own connections, started together; returns what they raised."""
    start = threading.Barrier(len(jobs))
    raised = []

    def run(job) -> None:
        try:
            start.wait()
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_two_bases_import_the_same_new_person_at_one_moment(attempt, checked, other_base, other_base_officer):
    """AM-27, TRUST-45: exactly one wins, the other gets the words of BR-49 in that row; nobody gets an exception."""
    shared, own, foreign = (
        account_line(),
        account_line(mobile="13900000001"),
        account_line(mobile="13900000002"),
    )
    first = checked([shared, own])
    second = checked([foreign, shared], by=other_base_officer, at=other_base)
    for batch in (first, second):
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)

    assert at_once(lambda: apply_batch(first.pk), lambda: apply_batch(second.pk)) == []

    first.refresh_from_db()
    second.refresh_from_db()
    assert sorted([counts(first), counts(second)]) == [(2, 1, 0, 1), (2, 2, 0, 0)]
    loser, winner = (first, second) if first.rows_refused else (second, first)
    held = Enrollment.objects.get(resident__id_number=shared["id_number"])
    assert held.base == winner.base
    (row,) = loser.rows.filter(verdict="refused")
    assert row.problems[-1]["text"] == (
        f"此人已在“{winner.base.name}”（{held.intake_year}年招收，培训状态：在培），不能重复导入。"
    )
    assert Enrollment.objects.count() == StatusChange.objects.count() == Resident.objects.count() == 3


@pytest.mark.parametrize("attempt", ATTEMPTS[:5])
def test_two_bases_import_the_same_free_person_at_one_moment(
    attempt, checked, base, other_base, other_base_officer
):
    """A person of a third base who left by 退培: the partial unique constraint lets one in."""
    old = factories.EnrollmentFactory(status="5")
    line = account_line(id_number=old.resident.id_number, full_name=old.resident.full_name)
    first, second = checked([line]), checked([line], by=other_base_officer, at=other_base)
    for batch in (first, second):
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    assert at_once(lambda: apply_batch(first.pk), lambda: apply_batch(second.pk)) == []
    first.refresh_from_db()
    second.refresh_from_db()
    assert sorted([counts(first), counts(second)]) == [(1, 0, 0, 1), (1, 1, 0, 0)]
    assert old.resident.enrollments.count() == 2


def test_same_persons_in_opposite_order_do_not_deadlock(checked, other_base, other_base_officer):
    """Everyone inserts in the order of the number; each person ends in exactly one base."""
    lines = [account_line(mobile=f"139{n:08d}") for n in range(300)]
    first = checked(lines)
    second = checked(lines[::-1], by=other_base_officer, at=other_base)
    for batch in (first, second):
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    assert at_once(lambda: apply_batch(first.pk), lambda: apply_batch(second.pk)) == []
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.rows_created + second.rows_created == 300 == Enrollment.objects.count()
    assert {first.state, second.state} == {"applied"}


def test_one_batch_applied_by_two_workers_at_once(checked):
    """TRUST-48: exactly once, even if the task runs twice at the same time."""
    batch = checked([account_line(), account_line(mobile="13900000001")])
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    assert at_once(*[lambda: apply_batch(batch.pk)] * 4) == []
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (2, 2, 0, 0))
    assert Enrollment.objects.count() == 2


def test_one_batch_checked_by_two_workers_at_once(upload):
    batch = upload([account_line(), account_line(mobile="13900000001")])
    assert at_once(*[lambda: check_batch(batch.pk)] * 3) == []
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("checked", (2, 2, 0, 0))
    assert batch.rows.count() == 2


def test_double_click_on_upload_in_two_requests(base, base_officer, cycle):
    """PAIN-23: the token's unique constraint decides."""
    token = uuid.uuid4()
    content = workbook([list(account_line(intake_year=str(cycle.year)).values())])

    def click() -> None:
        imports.store_upload(
            SimpleUploadedFile("名单.xlsx", content),
            kind="accounts",
            module="intake",
            base=base,
            by=base_officer,
            token=token,
        )

    assert at_once(*[click] * 5) == []
    assert ImportBatch.objects.count() == 1


KILLED_WORKER = """
import os, sys
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.STORAGES["default"]["OPTIONS"]["location"] = sys.argv[2]
from django.db import connection
from residents.services import accounts
whole = accounts._Entrance._insert_enrollments
def die(self):
    whole(self)
    print("written", flush=True)
    sys.stdin.read()
accounts._Entrance._insert_enrollments = die
from bases.imports.worker import apply_batch
apply_batch(int(sys.argv[3]))
"""


def test_worker_killed_in_mid_apply_leaves_nothing_and_the_rest_is_done_once(checked, settings):
    """GOAL-B9, TRUST-48: SIGKILL after the rows are written and before they are committed."""
    batch = checked([account_line(), account_line(mobile="13900000001")])
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            KILLED_WORKER,
            connection.settings_dict["NAME"],
            settings.STORAGES["default"]["OPTIONS"]["location"],
            str(batch.pk),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
    )
    assert worker.stdout.readline() == b"written\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    assert Enrollment.objects.count() == 0

    ImportBatch.objects.update(worked_at=batch.uploaded_at - 2 * imports.ABANDONED_AFTER)
    settings.TASKS = {
        "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    }
    assert imports.requeue_abandoned() == 1
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (2, 2, 0, 0))
    assert Enrollment.objects.count() == 2
    assert imports.requeue_abandoned() == 0
