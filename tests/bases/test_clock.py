"""The clock: what time asks for once a minute, each chore by itself."""

import pytest
from django.core.management import call_command

RUNG = []


def broken() -> None:
    raise RuntimeError("out of order")


def ring() -> None:
    RUNG.append("rung")


@pytest.mark.django_db
def test_a_failing_chore_holds_up_no_other(settings, caplog):
    settings.CLOCK_CHORES = [f"{__name__}.broken", f"{__name__}.ring"]
    RUNG.clear()
    call_command("run_clock", "--once")
    assert RUNG == ["rung"]
    assert [line.getMessage() for line in caplog.records if line.levelname == "ERROR"] == [
        "The clock's broken failed"
    ]
