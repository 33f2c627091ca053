"""Keeps processes alive: one that ends, however it ended, is started again by itself, the others go on undisturbed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from portal.bootstrap import values
from portal.bootstrap.failure import Failure

# After a quick end the next start waits, longer each time, so that a fault in the code does not eat the processor.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
STEADY_SECONDS = 10
# Longer than any request or chore needs to come to an end of its own.
GRACE_SECONDS = 20
LOOK_SECONDS = 0.1
KEEPER = "PORTAL_KEEPER"


@dataclass(slots=True)
class Child:
    """One process that is to be there: what starts it, and how often it had to be."""

    name: str
    command: list[str]
    process: subprocess.Popen | None = None
    started_at: float = 0
    due_at: float = 0
    pause: float = SHORTEST_PAUSE
    pass_fds: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Keeper:
    """The processes of one folder. `run` returns when it was told to end and all are gone.

    `tend` is called between looks: what else must be there (the database) and comes back by it. A Failure of it is
    told and tried again. `names_lines`: each line of a child is printed with its name; else it writes its own.
    """

    def __init__(
        self,
        children: list[Child],
        *,
        folder: str,
        tend: Callable[[], object] | None = None,
        names_lines: bool = True,
    ) -> None:
        self.children, self.folder, self.tend, self.names_lines = children, folder, tend, names_lines
        self._stop = threading.Event()

    def end(self, *_: object) -> None:
        """Let `run` end the processes and return; fit for a handler of signals."""
        self._stop.set()

    def run(self) -> int:
        is_main = threading.current_thread() is threading.main_thread()
        ends = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if is_main else ()
        old = {each: signal.signal(each, self.end) for each in ends}
        try:
            while not self._stop.is_set():
                self._tend()
                for child in self.children:
                    self._look_after(child)
                # A signal does not wake Event.wait on every platform; the pause is short.
                self._stop.wait(LOOK_SECONDS)
        finally:
            self._end_all()
            for each, handler in old.items():
                signal.signal(each, handler)
        return 0

    def _tend(self) -> None:
        if self.tend is not None:
            try:
                self.tend()
            except Failure as failure:
                say("keeper", str(failure))
                self._stop.wait(LONGEST_PAUSE)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            if now - child.started_at > STEADY_SECONDS:
                child.pause = SHORTEST_PAUSE
            return
        child.process = None
        child.due_at, child.pause = now + child.pause, min(child.pause * 2, LONGEST_PAUSE)
        say("keeper", f"{child.name} ended ({code}); it is started again")

    def _start(self, child: Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            cwd=self.folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", KEEPER: str(os.getpid()), **child.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self.names_lines else None,
            stderr=subprocess.STDOUT if self.names_lines else None,
            pass_fds=child.pass_fds,
            # Of a group of its own: the terminal's Ctrl-C comes to the keeper alone, which ends all in order.
            start_new_session=True,
        )
        if child.process.stdout is not None:
            lines = (child.name, child.process.stdout)
            threading.Thread(target=_print_lines, args=lines, daemon=True).start()

    def _end_all(self) -> None:
        alive = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in alive:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # With all that it started: reading of workbooks runs in children.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def end_with_keeper() -> None:
    """Called by a kept process: it ends when its keeper is gone, so that none of a killed one stays behind and holds
    the port. Does nothing where no Keeper started it."""
    keeper = values.number(KEEPER, 0, 0, 999_999_999)
    if not keeper:
        return

    def watch() -> None:
        while os.getppid() == keeper:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="keeper", daemon=True).start()


def say(name: str, text: str) -> None:
    print(f"{name:<8}| {text}", flush=True)


def _print_lines(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            sys.stdout.buffer.write(f"{name:<8}| ".encode() + line)
            sys.stdout.buffer.flush()
