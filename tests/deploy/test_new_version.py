"""A new version comes in one order, and no web process starts over collected files of another (TRUST-58)."""

import subprocess
from types import SimpleNamespace

import pytest

from portal import checks
from portal.bootstrap import run
from portal.bootstrap.failure import Failure

STEPS = ["portal.bootstrap.frontend", "check", "collectstatic", "migrate"]


@pytest.mark.parametrize("failing", [*STEPS, None])
def test_upgrade_goes_step_by_step_and_stops_where_one_fails(monkeypatch, failing):
    begun = []

    def instead(command, **_):
        begun.append(command[2])
        return subprocess.CompletedProcess(command, int(command[2] == failing))

    monkeypatch.setattr(run.subprocess, "run", instead)
    if failing is None:
        assert run.upgrade() == 0
        assert begun == STEPS
    else:
        with pytest.raises(Failure, match="旧版本可以继续运行"):
            run.upgrade()
        assert begun == STEPS[: STEPS.index(failing) + 1]


def test_static_files_of_another_version_stop_the_start(monkeypatch, settings):
    """New code over old files answered 500 page by page."""
    settings.DEBUG = False
    monkeypatch.setattr(checks, "staticfiles_storage", SimpleNamespace(hashed_files={}))
    wanted = checks.stale_files()
    assert "portal.css" in wanted
    with pytest.raises(Failure, match="bootstrap.run upgrade"):
        checks.refuse_stale_files()
    monkeypatch.setattr(
        checks, "staticfiles_storage", SimpleNamespace(hashed_files=dict.fromkeys(wanted, "x"))
    )
    checks.refuse_stale_files()
