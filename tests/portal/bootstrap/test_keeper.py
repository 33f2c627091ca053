"""What is killed or fails comes back by itself; the others go on, and all end together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.bootstrap.failure import Failure
from portal.bootstrap.keeper import Child, Keeper

ROOT = Path(__file__).resolve().parents[3]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def kept():
    """A keeper at work in a thread, ended with the test."""
    made = []

    def keep(*children: Child, tend=None) -> Keeper:
        keeper = Keeper(list(children), folder="/", tend=tend)
        thread = threading.Thread(target=keeper.run)
        thread.start()
        made.append((keeper, thread))
        until(lambda: all(child.process for child in children))
        return keeper

    yield keep
    for keeper, thread in made:
        keeper.end()
        thread.join(30)
        assert all(child.process is None or child.process.poll() is not None for child in keeper.children)


def test_a_killed_process_comes_back_and_the_others_stay(kept):
    one, other = Child("one", SLEEPER), Child("other", SLEEPER)
    kept(one, other)
    first, stays = one.process.pid, other.process.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: one.process is not None and one.process.pid != first)
    assert other.process.pid == stays


def test_a_process_that_fails_at_once_is_tried_at_growing_pauses(kept, tmp_path):
    mark = tmp_path / "starts"
    line = f"open({str(mark)!r}, 'a').write('x'); raise SystemExit(1)"
    kept(Child("broken", [sys.executable, "-c", line]))
    until(lambda: mark.exists() and len(mark.read_text()) >= 3)


def test_what_else_must_be_there_is_tended_and_its_failure_ends_nothing(monkeypatch, kept):
    monkeypatch.setattr("portal.bootstrap.keeper.LONGEST_PAUSE", 0.05)
    calls = []

    def tend() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise Failure("the database did not start")

    child = Child("one", SLEEPER)
    kept(child, tend=tend)
    until(lambda: len(calls) > 2)
    assert child.process.poll() is None


def test_one_that_does_not_end_is_killed_with_its_children(monkeypatch, kept):
    monkeypatch.setattr("portal.bootstrap.keeper.GRACE_SECONDS", 0.3)
    line = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    )
    kept(Child("deaf", [sys.executable, "-c", line]))
    time.sleep(0.5)


def test_what_is_kept_ends_with_a_killed_keeper(tmp_path):
    """Orphans of a killed keeper held the port, so that its successor never came up."""
    mark = tmp_path / "pid"
    kept_line = (
        "import os, time; from portal.bootstrap.keeper import end_with_keeper; end_with_keeper(); "
        f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    keeper_line = (
        "import sys; from portal.bootstrap.keeper import Child, Keeper; "
        f"Keeper([Child('one', [sys.executable, '-c', {kept_line!r}])], folder='.').run()"
    )
    keeper = subprocess.Popen([sys.executable, "-c", keeper_line], cwd=ROOT)
    until(lambda: mark.exists() and mark.read_text() != "")
    orphan = int(mark.read_text())
    keeper.kill()
    keeper.wait()

    def is_gone() -> bool:
        try:
            os.kill(orphan, 0)
        except ProcessLookupError:
            return True
        return "Z" in Path(f"/proc/{orphan}/stat").read_text().rsplit(")", 1)[1]

    until(is_gone)
