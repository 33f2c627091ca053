"""All of it on loopback from the files of deploy/: two PostgreSQL, PgBouncer, nginx, two web nodes, two workers, clock.

Every process is a unit that comes back a second after its end, as systemd brings back those of deploy/.
"""

import contextlib
import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from portal.bootstrap.account import server_account
from tests.cluster.postgres import Pair, pair
from tests.deploy.machine import DEPLOY, NAME, PLACES, POOLED, ROOT, free_port, nginx, pgbouncer

NODES = WORKERS = 2
# What is told together.
PARTS = {"long": "worker", "outside": "worker", "clock": "worker"}
RESTART_SECONDS = 1
START_SECONDS, END_SECONDS = 120, 30
_PROBE_SECONDS, _PROBE_ANSWER_SECONDS = 0.1, 2.0


def command_of(unit: str) -> list[str]:
    """ExecStart of a unit of deploy/, with the Python of this one."""
    text = (DEPLOY / f"portal-{unit}.service").read_text()
    assert "Restart=always" in text
    assert f"RestartSec={RESTART_SECONDS}\n" in text
    (found,) = re.findall(r"^ExecStart=/opt/portal/.venv/bin/python (.+)$", text, re.M)
    return [sys.executable, *found.split()]


@dataclass
class Unit:
    """One process with all below it, started again whenever it has ended; `switch` as subprocess takes it."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    switch: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    _ends: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._run()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def kill(self) -> None:
        """kill -9 of the process and of all below it, as a machine that is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        self._ends.set()
        self._keeper.join()
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait(END_SECONDS)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _run(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT if not self.switch else "/",
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.switch,
            )

    def _keep(self) -> None:
        while not self._ends.is_set():
            if self.process is not None and self.process.poll() is not None:
                self._ends.wait(RESTART_SECONDS)
                if not self._ends.is_set():
                    self._run()
            self._ends.wait(0.05)


class Probe:
    """Writes a row from outside again and again, and keeps when it was told that it could."""

    def __init__(self, port: int) -> None:
        self._port, self._stop = port, threading.Event()
        self._written: list[float] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def longest_pause(self, since: float, until: float) -> float:
        """Between two answers that said so, with what was left of the time at both ends."""
        inside = [at for at in self._written if since <= at <= until]
        return max(after - before for before, after in pairwise([since, *inside, until]))

    def _run(self) -> None:
        while not self._stop.wait(_PROBE_SECONDS):
            if status(self._port, "/health/write") == http.client.OK:
                self._written.append(time.monotonic())


def status(port: int, path: str, *, secure: bool = True) -> int:
    """The status of one answer on a new line; 0 where there is none."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    place, limit = f"127.0.0.1:{port}", _PROBE_ANSWER_SECONDS
    line = (
        http.client.HTTPSConnection(place, timeout=limit, context=trusting)
        if secure
        else http.client.HTTPConnection(place, timeout=limit)
    )
    try:
        line.request("GET", path, headers={"Host": NAME})
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()


@dataclass
class Cluster:
    folder: Path
    pair: Pair
    secure: int = field(default_factory=free_port)
    pool: int = field(default_factory=free_port)
    nodes: list[int] = field(default_factory=lambda: [free_port() for _ in range(NODES)])
    units: dict[str, Unit] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"https://{NAME}@127.0.0.1:{self.secure}"

    def ask(self, *statements: str) -> list[tuple]:
        """The server that can be written to."""
        for server in (self.pair.primary, self.pair.replica):
            with contextlib.suppress(Exception):
                if server.ask("SELECT pg_is_in_recovery()") == [(False,)]:
                    return server.ask(*statements, database="portal")
        raise AssertionError("no server can be written to")

    def environment(self, *, pooled: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "PG"))}
        pool = f"postgresql://portal_runtime:{self.pair.password}@127.0.0.1:{self.pool}/portal"
        return kept | {
            "DATABASE_URL": pool if pooled else self.pair.both,
            "DATABASE_DIRECT_URL": self.pair.both if pooled else "",
            "DATABASE_REPLICA_URL": self.pair.url(self.pair.replica),
            "DEBUG": "0",
            "SECRET_KEY": "k" * 50,
            "SECOND_FACTOR_REQUIRED": "0",
            "ALLOWED_HOSTS": NAME,
            "TRUSTED_PROXY_COUNT": "1",
            "STATIC_ROOT": str(self.folder / "static"),
            "PRIVATE_ROOT": str(self.folder / "private"),
            "HISTORY_ANCHOR_FOLDER": str(self.folder / "anchors"),
            "LOG_LEVEL": "WARNING",
            "WEB_WORKERS": "2",
        }

    def start(self) -> None:
        """What stays the same whether web goes through the pool or not."""
        given = self.environment(pooled=True)
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(collect, cwd=ROOT, env=given, check=True, timeout=300)
        pool = pgbouncer(
            self.folder, self.pool, self._server(self.pair.primary.port), "portal_runtime", self.pair.password
        )
        self._add("pgbouncer", pool, {"PATH": PLACES}, server_account().switch)
        self._add(
            "nginx", nginx(self.folder, self.secure, [f"127.0.0.1:{port}" for port in self.nodes]), given
        )
        for number in range(1, WORKERS + 1):
            self._add(f"worker {number}", command_of("worker"), given)
        for name in ("long", "outside", "clock"):
            self._add(name, command_of(name), given)

    def serve(self, *, pooled: bool) -> None:
        """Web nodes anew, through the pool or without it; comes back once a page can be written."""
        for number, port in enumerate(self.nodes, 1):
            if (old := self.units.pop(f"web {number}", None)) is not None:
                old.end()
            given = self.environment(pooled=pooled) | {"BIND": f"127.0.0.1:{port}"}
            self._add(f"web {number}", command_of("web"), given)
        until(lambda: all(self.serves(each) for each in range(1, NODES + 1)), START_SECONDS)
        until(lambda: status(self.secure, "/health/") == http.client.OK, START_SECONDS)

    def serves(self, node: int) -> bool:
        return status(self.nodes[node - 1], "/health/ready", secure=False) == http.client.OK

    def follow_promotion(self) -> None:
        """What docs/scaling.md asks for: the replica is promoted, and the pool told where the primary is."""
        self.pair.replica.promote()
        file = self.folder / "pool" / "pgbouncer.ini"
        text = file.read_text()
        before, after = self._server(self.pair.primary.port), self._server(self.pair.replica.port)
        assert before in text
        file.write_text(text.replace(before, after))
        self.units["pgbouncer"].signal(signal.SIGHUP)

    def manage(self, *command: str) -> str:
        """A command as an operator runs it, wherever the primary is; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment(pooled=True),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def cpu_seconds(self) -> dict[str, float]:
        """What each part has used since it started, processes that have ended below it included."""
        found: dict[str, float] = {}
        for name, unit in self.units.items():
            assert unit.process is not None
            part = PARTS.get(name.split()[0], name.split()[0])
            found[part] = found.get(part, 0.0) + _cpu_seconds(unit.process.pid)
        for name, server in (("PostgreSQL", self.pair.primary), ("replica", self.pair.replica)):
            found[name] = _cpu_seconds(int((server.data / "postmaster.pid").read_text().split()[0]))
        return found | {"load": _cpu_seconds(os.getpid(), with_children=False)}

    def end(self) -> None:
        for unit in reversed(self.units.values()):
            unit.end()

    def _server(self, port: int) -> str:
        return POOLED.replace("port=5432", f"port={port}")

    def _add(
        self, name: str, command: list[str], given: Mapping[str, str], switch: dict[str, Any] | None = None
    ) -> None:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        self.units[name] = Unit(name, command, given, log, switch or {})
        self.units[name].start()


def _cpu_seconds(pid: int, *, with_children: bool = True) -> float:
    used = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (process, *(process.children(recursive=True) if with_children else ())):
            with contextlib.suppress(psutil.NoSuchProcess):
                taken = each.cpu_times()
                used += taken.user + taken.system
                if with_children:
                    used += taken.children_user + taken.children_system
    return used


def until(question: Callable[[], bool], longest: float) -> float:
    """How many seconds it took. Raises AssertionError where it does not come true in time."""
    began = time.monotonic()
    while not question():
        assert time.monotonic() - began < longest, f"not within {longest} seconds"
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def cluster(people: int) -> Iterator[Cluster]:
    """All of it at work with the demo and a nation of so many, in a folder that other accounts may enter."""
    with tempfile.TemporaryDirectory(prefix="portal-cluster-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        nation = ("load_nation", "--residents", str(people))
        with pair(folder, ["load_demo"], nation) as servers:
            made = Cluster(folder, servers)
            try:
                made.start()
                yield made
            finally:
                made.end()
