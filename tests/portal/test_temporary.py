"""Copies of uploads die with their process: the next one to start removes the folder of a killed one (TRUST-38)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portal import temporary

ROOT = Path(__file__).resolve().parents[2]
LINE = (
    "import tempfile, time; from portal.temporary import take_own_folder; print(take_own_folder()); "
    "file = tempfile.NamedTemporaryFile(prefix='workbook-'); print(file.name, flush=True); time.sleep({})"
)


@pytest.fixture
def started(tmp_path):
    """A function: a process that sleeps so long in a folder of its own, with a copy in it."""
    running = []

    def start(seconds: int) -> tuple[subprocess.Popen, Path, Path]:
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-c", LINE.format(seconds)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        running.append(process)
        folder, copy = (Path(process.stdout.readline().strip()) for _ in range(2))
        return process, folder, copy

    yield start
    for process in running:
        process.kill()
        process.wait(10)
        process.stdout.close()


def test_a_killed_process_leaves_a_folder_that_the_next_removes(started, tmp_path, monkeypatch):
    dead, left, copy = started(600)
    assert copy.parent == left
    _, living, _ = started(600)
    dead.send_signal(signal.SIGKILL)
    dead.wait(10)
    assert copy.exists()
    # One that was made this moment may not be locked yet.
    assert temporary.remove_ownerless(tmp_path) == 0
    monkeypatch.setattr(temporary, "YOUNG_SECONDS", 0)
    assert temporary.remove_ownerless(tmp_path) == 1
    assert (left.exists(), living.exists()) == (False, True)


def test_one_that_ends_takes_its_folder_along(started):
    process, folder, _ = started(0)
    process.wait(10)
    assert not folder.exists()
