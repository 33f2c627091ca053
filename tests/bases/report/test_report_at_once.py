"""上报 under double clicks, two tabs and two officers, over real connections: PAIN-23, GOAL-B15, TRUST-44, TRUST-46."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from bases.models import Submission
from bases.report.services import report
from bases.report.withdrawal import withdraw
from residents.models import Enrollment
from residents.services.personal import save_block
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import complete, reported, state

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, act) -> list:
    """The answers of `act(number)` called so many times at the same moment, each in its own connection."""
    start = threading.Barrier(count)

    def run(number: int):
        try:
            start.wait()
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def browser(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_twenty_posts_at_once_make_one_submission(complete_enrollment, base, base_officer):
    """TRUST-44: 20 × the same POST from two officers' tabs → one report."""
    colleague = factories.UserFactory(full_name="沈洁")
    factories.grant(colleague, base)
    clients = [browser(base_officer if number % 2 else colleague) for number in range(20)]
    form = {"ids": str(complete_enrollment.pk), "declared": "on", "next": "/base/"}
    answers = at_once(20, lambda number: clients[number].post("/base/report/", form).status_code)
    assert answers == [302] * 20
    assert list(Submission.objects.values_list("number", "outcome")) == [(1, "pending")]
    assert state(complete_enrollment) == ("1", "1")


def test_overlapping_bulk_reports_report_each_record_once(base, cycle, base_officer):
    """Rows are locked in one order, so reports that cross each other neither deadlock nor double."""
    ids = [complete(base, cycle.year).pk for _ in range(12)]

    def act(number: int):
        mine = ids if number % 2 else list(reversed(ids[:8]))
        return report(mine, by=base_officer, declared=True)

    results = at_once(6, act)
    reported_by = Counter(pk for result in results for pk in result.reported)
    assert reported_by == Counter(ids)
    assert all(len(r.reported) + len(r.already) == (12 if n % 2 else 8) for n, r in enumerate(results))
    assert Submission.objects.count() == 12


def test_report_beside_a_save_of_the_resident_freezes_one_whole_state(base, cycle, base_officer):
    """TRUST-46: the snapshot holds all of the save or nothing of it, and the base is told of the rest (AM-14)."""
    for turn in range(5):
        record = complete(base, cycle.year)
        email = f"turn{turn}@example.com"

        def act(number: int, record: Enrollment = record, email: str = email):
            if number == 0:
                return report([record.pk], by=base_officer, declared=True).reported
            values = {"email": email, "emergency_name": email[:5]}
            return save_block(record, "basic", values, by=record.resident.user).changed

        at_once(2, act)
        record.refresh_from_db()
        basic = record.submissions.get().snapshot["basic"]
        frozen = (basic["email"] == email, basic["emergency_name"] == email[:5])
        assert frozen in {(True, True), (False, False)}
        assert record.has_unreported_update is (frozen == (False, False))


def test_withdraw_ten_times_at_once_withdraws_once(complete_enrollment, base_officer):
    """AM-15."""
    record = reported(complete_enrollment, base_officer)

    def act(_: int):
        try:
            withdraw(record.pk, by=base_officer)
            return "withdrawn"
        except StateMoved:
            return "moved"

    assert Counter(at_once(10, act)) == Counter(withdrawn=1, moved=9)
    assert Submission.objects.get().outcome == "withdrawn"
    assert state(record) == ("0", "0")
