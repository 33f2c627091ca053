"""A transaction is begun again after a deadlock, three times at the most, and after nothing else."""

import pytest
from django.db import OperationalError
from psycopg2 import errorcodes

from portal import deadlocks

pytestmark = pytest.mark.django_db


class Refusal(Exception):
    """What PostgreSQL's driver raises, with its code."""

    def __init__(self, pgcode: str) -> None:
        super().__init__(pgcode)
        self.pgcode = pgcode


@pytest.fixture
def work(monkeypatch):
    """A function: work that is refused with these codes, one a call, and then succeeds; its calls are counted."""
    monkeypatch.setattr(deadlocks.time, "sleep", lambda seconds: None)

    def make(*codes: str):
        left, calls = list(codes), []

        def run() -> str:
            calls.append(1)
            if left:
                raise OperationalError from Refusal(left.pop(0))
            return "done"

        return run, calls

    return make


@pytest.mark.parametrize("refusals", [0, 1, 2])
def test_deadlock_is_survived_twice(work, refusals):
    run, calls = work(*[errorcodes.DEADLOCK_DETECTED] * refusals)
    assert deadlocks.begun_again(run) == "done"
    assert len(calls) == refusals + 1


def test_third_deadlock_is_told(work):
    run, calls = work(*[errorcodes.DEADLOCK_DETECTED] * 3)
    with pytest.raises(OperationalError):
        deadlocks.begun_again(run)
    assert len(calls) == 3


def test_anything_else_is_told_at_once(work):
    run, calls = work(errorcodes.LOCK_NOT_AVAILABLE)
    with pytest.raises(OperationalError) as told:
        deadlocks.begun_again(run)
    assert deadlocks.code_of(told.value) == errorcodes.LOCK_NOT_AVAILABLE
    assert len(calls) == 1
