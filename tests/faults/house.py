"""`make run` in a house of its own: its processes, what can be done to them, and what its database says."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import requests

ROOT = Path(__file__).resolve().parents[2]
# What is killed: by a part of the command line.
PARTS = {
    "web": "-m portal.server ",
    "worker": "run_worker --lane worker",
    "outside": "run_worker --lane outside",
    "clock": "run_clock",
}


@dataclass
class House:
    home: Path
    port: int
    process: subprocess.Popen

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.home / "postgres" / "data"

    def processes(self, part: str) -> list[int]:
        """The process numbers of one part below this house's own keeper."""
        return [pid for pid in _descendants(self.process.pid) if PARTS[part] in f"{_command(pid)} "]

    def postmaster(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, IndexError, ValueError):
            return None

    def kill(self, part: str) -> int:
        """kill -9 of one process of the part; the number of processes killed."""
        if part == "database":
            pid = self.postmaster()
            pids = [pid] if pid else []
        else:
            pids = self.processes(part)
            if part == "web":
                # One of those that serve, or the one that keeps them.
                pids = random.sample(pids, min(1, len(pids)))
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return 0
        return len(pids)

    def seconds_until_well(self, longest: float) -> float:
        """How long until it can write again and every process has shown itself; Raises AssertionError after that."""
        began = time.monotonic()
        while time.monotonic() - began < longest and self.process.poll() is None:
            try:
                answer = requests.get(f"{self.address}/health/", timeout=5)
                if answer.status_code == 200 and all(self.processes(part) for part in PARTS):
                    return time.monotonic() - began
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not well after {longest} seconds: {_tail(self.home / 'run.log')}")

    def ask(self, *statements: str) -> list[tuple]:
        """What the last of the statements answers; each is a transaction of its own."""
        url = subprocess.run(
            [sys.executable, "-m", "portal.bootstrap.postgres", "owner-url"],
            cwd=ROOT,
            env=self.environment(self.home),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        line = psycopg2.connect(url)
        try:
            line.autocommit = True
            with line.cursor() as cursor:
                for each in statements:
                    cursor.execute(each)
                return cursor.fetchall() if cursor.description else []
        finally:
            line.close()

    @staticmethod
    def environment(home: Path) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "PGHOST", "PGUSER")
        }
        return kept | {
            "PORTAL_POSTGRES_HOME": str(home / "postgres"),
            "PRIVATE_ROOT": str(home / "private"),
            "DEBUG": "1",
            "LOG_LEVEL": "WARNING",
        }


@contextmanager
def house() -> Iterator[House]:
    """One that runs, with the demo in it, in a folder that the database's own account may enter: that of pytest is
    closed again by every other run."""
    with tempfile.TemporaryDirectory(prefix="portal-house-", ignore_cleanup_errors=True) as folder:
        for each in (Path(folder), Path(folder) / "postgres"):
            each.mkdir(exist_ok=True)
            each.chmod(0o711)
        with _running(Path(folder)) as made:
            yield made


@contextmanager
def _running(home: Path) -> Iterator[House]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home / "run.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.bootstrap.run", "serve"],
            cwd=ROOT,
            env=House.environment(home) | {"PORT": str(port), "HOST": "127.0.0.1"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    made = House(home, port, process)
    try:
        made.seconds_until_well(600)
        yield made
    finally:
        process.terminate()
        process.wait(120)


def _descendants(pid: int) -> list[int]:
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


def _command(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-25:])
