"""A wrong clock lapses nobody: after a jump what cannot be taken back waits for the association."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from portal import clock_trust
from portal.models import AuditEvent, ClockState, Message
from portal.roles import Role
from tests import factories

START = clock_trust.Reading(
    wall=datetime(2026, 11, 30, 8, tzinfo=UTC),
    monotonic=1000.0,
    boot="one",
    database=datetime(2026, 11, 30, 8, tzinfo=UTC),
)
MINUTE, YEAR = timedelta(minutes=1), timedelta(days=365)


def later(
    reading: clock_trust.Reading, passed: timedelta, *, wall: timedelta | None = None, **changes
) -> clock_trust.Reading:
    """After so long; `wall`: what the wall clock says instead. The database follows the truth unless told."""
    told = {
        "wall": reading.wall + (passed if wall is None else wall),
        "monotonic": reading.monotonic + passed.total_seconds(),
        "database": reading.database + passed,
    }
    return replace(reading, **(told | changes))


@pytest.fixture
def national(db):
    return factories.UserFactory(role=Role.CMDA)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "reading",
    [
        later(START, MINUTE, wall=YEAR),
        # The database of the same machine jumps with it: the machine's own counting tells.
        later(START, MINUTE, wall=YEAR, database=START.database + YEAR),
        later(START, MINUTE, wall=-HOUR, database=START.database - HOUR),
        later(START, MINUTE, wall=timedelta(minutes=3)),
        # Started anew meanwhile: nothing to count by.
        later(START, MINUTE, wall=YEAR, database=START.database + YEAR, boot="two", monotonic=5.0),
        later(START, MINUTE, wall=-HOUR, database=START.database - HOUR, boot="two", monotonic=5.0),
        later(START, timedelta(days=3)),
        later(START, timedelta(days=3), boot="two", monotonic=5.0),
    ],
)
def test_what_makes_the_time_doubtful(national, reading):
    assert clock_trust.is_trusted(START)
    assert not clock_trust.is_trusted(reading)
    # It stays so, however the clock goes on, until somebody has looked.
    assert not clock_trust.is_trusted(later(reading, MINUTE))
    assert Message.objects.filter(recipient=national).count() == 1
    assert AuditEvent.objects.filter(action="clock_doubted").count() == 1
    assert clock_trust.confirm(by=national)
    assert not clock_trust.confirm(by=national)
    if abs(reading.wall - reading.database) < MINUTE:
        assert clock_trust.is_trusted(later(reading, 3 * MINUTE))
    assert AuditEvent.objects.filter(action="clock_confirmed", actor=national).count() == 1


@pytest.mark.parametrize(
    "reading",
    [
        later(START, MINUTE),
        later(START, MINUTE, wall=timedelta(seconds=59)),
        later(START, timedelta(hours=20)),
        later(START, timedelta(hours=2), boot="two", monotonic=5.0),
    ],
)
def test_what_does_not(db, reading):
    assert clock_trust.is_trusted(START)
    assert clock_trust.is_trusted(reading)


rung: list[str] = []


def final() -> None:
    rung.append("final")


def harmless() -> None:
    rung.append("harmless")


def test_final_chores_wait_and_come_after_the_confirmation(national, settings, monkeypatch):
    here = "tests.portal.test_clock_trust"
    settings.CLOCK_CHORES, settings.FINAL_CLOCK_CHORES = [f"{here}.harmless"], [f"{here}.final"]
    rung.clear()
    call_command("run_clock", "--once")
    assert rung == ["harmless", "final"]

    real = clock_trust.read()
    monkeypatch.setattr(clock_trust, "read", lambda: replace(real, wall=real.wall + YEAR))
    call_command("run_clock", "--once")
    assert rung == ["harmless", "final", "harmless"]

    monkeypatch.setattr(clock_trust, "read", lambda: real)
    ClockState.objects.update(round_at=real.wall, monotonic=real.monotonic)
    call_command("run_clock", "--once")
    assert rung[3:] == ["harmless"]
    clock_trust.confirm(by=national)
    call_command("run_clock", "--once")
    assert rung[4:] == ["harmless", "final"]
