"""What may be read from a replica, and what never is. tests/cluster/test_replica.py looks at a real one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.test import override_settings

from portal import checks, replica
from portal.bootstrap.failure import Failure
from portal.models import User
from portal.replica import ALIAS, OLDEST, State
from portal.settings import replica_from_url

MOMENT = datetime(2026, 12, 1, 9, 30, 15, tzinfo=UTC)


@pytest.fixture
def says(monkeypatch):
    """A replica that says so much of itself; its line must not be used, since there is none."""
    monkeypatch.setitem(connections.settings, ALIAS, connections.settings[DEFAULT_DB_ALIAS])
    monkeypatch.setattr(replica, "_left_alone_until", float("-inf"))

    def say(**changed) -> None:
        told = {"is_replica": True, "is_of_this_primary": True, "moment": MOMENT, "age": timedelta(seconds=2)}
        monkeypatch.setattr(replica, "state", lambda: State(**(told | changed)))

    say()
    with override_settings(DATABASE_ROUTERS=["portal.replica.Router"]):
        yield say


def read_from() -> str:
    return User.objects.all().db


def test_a_question_is_asked_of_the_replica_and_its_moment_told(says):
    assert replica.read(read_from) == (ALIAS, MOMENT)
    assert read_from() == DEFAULT_DB_ALIAS


@pytest.mark.parametrize(
    "changed",
    [
        {"age": OLDEST + timedelta(seconds=1)},
        {"age": None, "moment": None},
        {"is_replica": False},
        {"is_of_this_primary": False},
    ],
    ids=["too old", "nothing replayed", "promoted", "of another primary"],
)
def test_one_that_cannot_be_trusted_is_not_asked(says, changed):
    says(**changed)
    assert replica.read(read_from) == (DEFAULT_DB_ALIAS, None)
    assert replica.read_as_of_now(read_from) == DEFAULT_DB_ALIAS


def test_one_that_does_not_reach_the_moment_asked_of_is_not_asked(says):
    assert replica.read(read_from, until=MOMENT) == (ALIAS, MOMENT)
    assert replica.read(read_from, until=MOMENT + timedelta(seconds=1)) == (DEFAULT_DB_ALIAS, None)


def test_what_is_written_or_locked_is_the_primary_s(says):
    def locked() -> str:
        return User.objects.select_for_update().db

    assert replica.read(locked)[0] == DEFAULT_DB_ALIAS
    assert replica.Router().db_for_write(User) == DEFAULT_DB_ALIAS
    assert not replica.Router().allow_migrate(ALIAS, "portal")


def test_one_that_fails_in_the_middle_is_left_alone_and_the_primary_asked(says):
    asked = []

    def question() -> str:
        asked.append(replica.alias())
        if replica.alias() == ALIAS:
            raise OperationalError("canceling statement due to conflict with recovery")
        return "found"

    assert replica.read(question) == ("found", None)
    assert replica.read(question) == ("found", None)
    assert asked == [ALIAS, DEFAULT_DB_ALIAS, DEFAULT_DB_ALIAS]


def test_one_that_does_not_answer_is_not_tried_at_each_page(says, monkeypatch):
    tried = []

    def no_answer() -> State:
        tried.append(1)
        raise OperationalError("timeout expired")

    monkeypatch.setattr(replica, "state", no_answer)
    assert [replica.read(read_from) for _ in range(3)] == [(DEFAULT_DB_ALIAS, None)] * 3
    assert len(tried) == 1


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:p@h/another-database", "mysql://u:p@h/portal", "h:5432"],
    ids=["name", "kind", "none"],
)
def test_only_a_replica_of_the_same_database_can_be_set(url):
    with pytest.raises(Failure, match="DATABASE_REPLICA_URL"):
        replica_from_url(url)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"age": timedelta(minutes=2)}, ["portal.W002"]),
        ({"is_replica": False}, ["portal.E007"]),
        ({"is_of_this_primary": False}, ["portal.E007"]),
    ],
)
def test_check_tells_of_a_replica_that_is_none(says, changed, found):
    says(**changed)
    assert [each.id for each in checks.replica_follows()] == found


def test_nothing_is_checked_where_none_is_set():
    assert checks.replica_follows() == []
