"""`make run` in a house of its own: its processes, what can be done to them, and what its database says.

Each wait has its own limit: what does not come says so instead of hanging.
"""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import requests

from portal.bootstrap import cluster as clusters

ROOT = Path(__file__).resolve().parents[2]
# What is killed, by its command line: what serves, what keeps those that serve, and those that work behind.
PARTS = {
    "web": r"-m portal\.server \d+$",
    "keeper": r"-m portal\.server$",
    "worker": r"run_worker --lane worker$",
    "long": r"run_worker --lane long$",
    "outside": r"run_worker --lane outside$",
    "clock": r"run_clock$",
}
# Likewise one line to the database, which makes PostgreSQL end all others, and PostgreSQL itself.
KINDS = (*PARTS, "backend", "database")
WEB_WORKERS = 2
# How long one question to the platform or its database may take.
ANSWER_SECONDS = 20
START_SECONDS, END_SECONDS = 600, 60


@dataclass
class House:
    home: Path
    port: int
    process: subprocess.Popen = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """Beside the files: no folder of the platform may hold another."""
        return self.home / "database"

    def start(self) -> None:
        with (self.home / "run.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.bootstrap.run", "serve"],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def end(self) -> None:
        """In order; what does not end so is killed with all below it, so that no test waits for it."""
        pids = [self.process.pid, *descendants(self.process.pid)]
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in [*pids, self.postmaster()]:
                _kill(pid)
            self.process.wait(END_SECONDS)
            raise

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "PG"))}
        return kept | {
            "PORTAL_POSTGRES_HOME": str(self.database),
            "PRIVATE_ROOT": str(self.home / "private"),
            "HISTORY_ANCHOR_FOLDER": str(self.home / "anchors"),
            "DEBUG": "1",
            # As in production: nobody asks each second what time it is.
            "CLOCK_CAN_MOVE": "0",
            "LOG_LEVEL": "WARNING",
            "HOST": "127.0.0.1",
            "WEB_WORKERS": str(WEB_WORKERS),
            "PORT": str(self.port),
        }

    # --- what is there ---------------------------------------------------------------------------------------------

    def processes(self, kind: str) -> list[int]:
        """The process numbers of one kind of this house."""
        postmaster = self.postmaster()
        if kind == "database":
            return [postmaster] if postmaster else []
        if kind == "backend":
            below = descendants(postmaster) if postmaster else []
            return [pid for pid in below if command(pid).startswith(f"postgres: {clusters.RUNTIME} ")]
        return [pid for pid in descendants(self.process.pid) if re.search(PARTS[kind], command(pid))]

    def postmaster(self) -> int | None:
        try:
            pid = int((self.database / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, IndexError, ValueError):
            return None
        # What a killed one leaves names a number that is nobody's.
        return pid if command(pid) else None

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.address}{path}", timeout=ANSWER_SECONDS)

    def ask(self, *statements: str) -> list[tuple]:
        """What the last of the statements answers to the owner; each is a transaction of its own."""
        known = clusters.load(self.database)
        assert known is not None
        limits = f"-c statement_timeout={ANSWER_SECONDS}s -c lock_timeout={ANSWER_SECONDS}s"
        line = psycopg2.connect(known.owner_url, connect_timeout=ANSWER_SECONDS, options=limits)
        try:
            line.autocommit = True
            with line.cursor() as cursor:
                for each in statements:
                    cursor.execute(each)
                return cursor.fetchall() if cursor.description else []
        finally:
            line.close()

    # --- what is done to it ----------------------------------------------------------------------------------------

    def kill(self, kind: str) -> int:
        """kill -9 of one process of this kind; its number, 0 where there is none just now."""
        pids = self.processes(kind)
        return _kill(random.choice(pids)) if pids else 0

    def cut_lines(self) -> None:
        """Every line to the database ends, as when an administrator ends it; the next ones are new."""
        for pid in self.processes("backend"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def seconds_until_well(self, longest: float, *, without: int = 0) -> float:
        """How long until pages and writing work, each kind of process is there without that one, and those behind
        have shown a sign of life since. Raises AssertionError after so many seconds."""
        began = time.monotonic()
        missing = "no answer"
        while (passed := time.monotonic() - began) < longest:
            missing = self._missing(passed, without)
            if not missing:
                return passed
            if self.process.poll() is not None:
                missing = f"ended with {self.process.returncode}"
                break
            time.sleep(0.1)
        raise AssertionError(f"not well within {longest} seconds: {missing}\n{self.tail()}")

    def _missing(self, passed: float, without: int) -> str:
        gone = [part for part in PARTS if len(self.processes(part)) < (WEB_WORKERS if part == "web" else 1)]
        if gone or (without and command(without)):
            return f"no process: {gone or without}"
        try:
            answer = requests.get(f"{self.address}/health/", timeout=5)
            page = requests.get(f"{self.address}/privacy/", timeout=5)
        except requests.RequestException as error:
            return type(error).__name__
        if (answer.status_code, page.status_code) != (200, 200):
            return f"{answer.text} {page.status_code}"
        late = {kind: age for kind, age in answer.json()["seconds_since"].items() if age > passed + 1}
        return f"no sign of life: {late}" if late else ""

    def tail(self) -> str:
        lines = (self.home / "run.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-25:])


@contextmanager
def house(*disks: str) -> Iterator[House]:
    """One that runs, with the demo in it, in a folder that the database's own account may enter: that of pytest is
    closed again by every other run. `disks`: "name=megabytes" of its folders that are file systems of that size."""
    with ExitStack() as made:
        folder = made.enter_context(
            tempfile.TemporaryDirectory(prefix="portal-house-", ignore_cleanup_errors=True)
        )
        home = Path(folder)
        for each in (home, home / "database"):
            each.mkdir(exist_ok=True)
            each.chmod(0o711)
        for disk in disks:
            name, _, size = disk.partition("=")
            made.enter_context(_small_disk(home / name, int(size)))
        yield made.enter_context(_running(home))


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own of that size; making one needs root, as in .ci/run."""
    folder.mkdir(exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(folder)]
    subprocess.run(["mount", *options], check=True, timeout=30)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


@contextmanager
def _running(home: Path) -> Iterator[House]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = House(home, port)
    try:
        made.seconds_until_well(START_SECONDS)
        yield made
    finally:
        made.end()


def until(question: Callable[[], object], longest: float) -> None:
    """Raises AssertionError where the answer is not true within so many seconds."""
    deadline = time.monotonic() + longest
    while True:
        with contextlib.suppress(requests.RequestException, psycopg2.Error):
            if question():
                return
        assert time.monotonic() < deadline, f"not within {longest} seconds"
        time.sleep(0.2)


def descendants(pid: int) -> list[int]:
    """Every process below this one, by the machine's own list."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        parents.setdefault(parent, []).append(int(each.name))
    found, open_ones = [], [pid]
    while open_ones:
        below = parents.get(open_ones.pop(), [])
        found += below
        open_ones += below
    return found


def command(pid: int) -> str:
    """Its command line; "" for one that is gone, or dead and not yet taken leave of."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def _kill(pid: int | None) -> int:
    if pid is None:
        return 0
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return pid
