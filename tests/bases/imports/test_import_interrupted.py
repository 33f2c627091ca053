"""An import cut off in the middle leaves nothing; afterwards each row is applied once (GOAL-B9, TRUST-48)."""

import threading

import psycopg2
import pytest
from django.db import connection, connections

from bases.imports import row_fixing
from bases.imports import services as imports
from bases.imports.worker import apply_batch
from bases.models import ImportBatch
from residents.models import Enrollment, Resident, StatusChange
from tests import factories
from tests.bases.conftest import account_line, counts

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

MOMENTS = 10


def terminate(pid: int) -> None:
    """End the server's side of a connection, as a database that goes down does."""
    settings = connection.settings_dict
    own = psycopg2.connect(
        dbname=settings["NAME"],
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
    )
    own.autocommit = True
    own.cursor().execute("SELECT pg_terminate_backend(%s)", [pid])
    own.close()


class Interrupt:
    """Calls `act` before the statement with this number; counts them all."""

    def __init__(self, moment: int | None, act) -> None:
        self.seen = 0
        self.moment = moment
        self.act = act

    def __call__(self, execute, sql, params, many, context):
        self.seen += 1
        if self.seen == self.moment:
            self.act(context["connection"])
        return execute(sql, params, many, context)


def apply_in_thread(batch: ImportBatch, interrupt: Interrupt) -> list[Exception]:
    """Apply with a connection of its own; returns what came out of it."""
    raised = []

    def run() -> None:
        try:
            connection.ensure_connection()
            with connection.execute_wrapper(interrupt):
                apply_batch(batch.pk)
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised


def lose_connection(lost) -> None:
    terminate(lost.connection.info.backend_pid)


def fail(_) -> None:
    raise RuntimeError("out of order")


@pytest.fixture
def confirmed(checked, other_base):
    """A function: a batch with two new persons, one who was elsewhere before, one here already and one bad row."""

    def make() -> ImportBatch:
        old = factories.EnrollmentFactory(base=other_base, status="5").resident
        lines = [
            account_line(),
            account_line(mobile="13900000001"),
            account_line(id_number=old.id_number, full_name=old.full_name, mobile=old.mobile),
            account_line(mobile="1"),
        ]
        batch = checked(lines)
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
        return batch

    return make


def moments(confirmed) -> list[int]:
    """Ten statements spread over the whole apply."""
    whole = Interrupt(None, None)
    assert apply_in_thread(confirmed(), whole) == []
    assert whole.seen > MOMENTS
    return sorted({1 + whole.seen * n // MOMENTS for n in range(MOMENTS)})


def assert_once(batch: ImportBatch) -> None:
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (4, 3, 0, 1))
    made = Enrollment.objects.filter(import_batch=batch)
    assert made.count() == 3
    assert StatusChange.objects.filter(enrollment__in=made).count() == 3
    assert Resident.objects.count() == Resident.objects.values("id_number").distinct().count()


def test_connection_lost_at_ten_moments_and_each_row_applied_once(confirmed, settings):
    for moment in moments(confirmed):
        settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}
        batch = confirmed()
        assert len(apply_in_thread(batch, Interrupt(moment, lose_connection))) == 1
        batch.refresh_from_db()
        assert batch.state == "applying"
        assert Enrollment.objects.filter(import_batch=batch).count() == 0

        ImportBatch.objects.filter(pk=batch.pk).update(
            worked_at=batch.worked_at - 2 * imports.ABANDONED_AFTER
        )
        settings.TASKS = {
            "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
        }
        assert imports.requeue_abandoned() == 1
        assert_once(batch)


def test_failure_at_ten_moments_writes_nothing_and_the_batch_can_be_confirmed_again(confirmed):
    """Our own fault: the batch says so and waits; the second confirmation applies each row once."""
    for moment in moments(confirmed):
        batch = confirmed()
        assert apply_in_thread(batch, Interrupt(moment, fail)) == []
        batch.refresh_from_db()
        assert (batch.state, batch.refusal["code"]) == ("checked", "failure")
        assert Enrollment.objects.filter(import_batch=batch).count() == 0
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
        apply_batch(batch.pk)
        assert_once(batch)


def test_second_apply_cut_off_leaves_the_first_and_enters_once(confirmed):
    """GOAL-B7 and GOAL-B9: the rows corrected later enter once, those imported before stay once."""
    batch = confirmed()
    apply_batch(batch.pk)
    bad = batch.rows.get(verdict="refused")
    row_fixing.correct(batch, {5: bad.raw | {"手机号": "13900000005"}}, by=batch.uploaded_by)
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    assert apply_in_thread(batch, Interrupt(8, fail)) == []
    batch.refresh_from_db()
    assert (batch.state, batch.rows.waiting().count()) == ("applied", 1)
    assert Enrollment.objects.filter(import_batch=batch).count() == 3
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (4, 4, 0, 0))
    assert Enrollment.objects.filter(import_batch=batch).count() == 4
