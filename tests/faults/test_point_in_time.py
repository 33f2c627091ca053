"""A destroyed database comes back as it was at a second between two acts, with the very files of deploy/ (TRUST-56)."""

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg2
import pytest

from portal.bootstrap import binaries
from portal.bootstrap.account import server_account

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
pytestmark = pytest.mark.long


class Server:
    """A PostgreSQL of the test's own, as the account that a server may run under."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.programs, self.account = binaries.found()[0].folder, server_account()
        for each in (folder, folder / "archive" / "wal"):
            each.mkdir(parents=True, exist_ok=True)
        for each in (folder, folder / "archive", folder / "archive" / "wal"):
            self.account.own(each)

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            **self.account.switch,
        )
        assert done.returncode == 0, done.stderr

    def make(self) -> None:
        self.run("initdb", "--pgdata", str(self.data), "--username=owner", "--auth=trust")

    def include(self, name: str, **changed: str) -> None:
        text = (DEPLOY / name).read_text().replace("/mnt/archive", str(self.folder / "archive"))
        for before, after in changed.items():
            assert before in text
            text = text.replace(before, after)
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"\n{text}")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses="
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", log, "-o", options)

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-m", how, "-D", str(self.data))

    def bring_back(self, base: Path, second: str) -> None:
        """The data folder anew from the base backup, to be started as it was at that second."""
        shutil.rmtree(self.data)
        shutil.copytree(base, self.data)
        for path in (self.data, *self.data.rglob("*")):
            self.account.own(path)
        self.data.chmod(0o700)
        self.include("postgresql-recovery.conf", **{"2026-11-29 10:15:00+08": second})
        signal = self.data / "recovery.signal"
        signal.touch()
        self.account.own(signal)

    def ask(self, sql: str) -> list[tuple]:
        line = psycopg2.connect(host=str(self.folder), user="owner", dbname="postgres")
        try:
            line.autocommit = True
            with line.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            line.close()


@pytest.fixture
def server(reachable_path):
    made = Server(reachable_path / "pg")
    made.make()
    yield made
    subprocess.run(
        [str(made.programs / "pg_ctl"), "stop", "-m", "immediate", "-D", str(made.data)],
        cwd=made.folder,
        capture_output=True,
        check=False,
        **made.account.switch,
    )


def test_a_destroyed_database_comes_back_to_the_second_between_two_acts(server):
    server.include("postgresql-archive.conf")
    server.start()
    server.ask("CREATE TABLE act (name text)")
    base = server.folder / "archive" / "base"
    server.run(
        "pg_basebackup",
        "-h",
        str(server.folder),
        "-U",
        "owner",
        "-D",
        str(base),
        "-c",
        "fast",
        "-X",
        "stream",
    )
    server.run("pg_verifybackup", str(base))
    server.ask("SELECT pg_switch_wal()")
    deadline = time.monotonic() + 60
    while server.ask("SELECT last_archived_wal IS NOT NULL AND failed_count = 0 FROM pg_stat_archiver") != [
        (True,)
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    server.ask("INSERT INTO act VALUES ('first')")
    time.sleep(1.1)
    second = server.ask("SELECT clock_timestamp()::text")[0][0]
    time.sleep(1.1)
    server.ask("INSERT INTO act VALUES ('second')")

    # Both acts lie in the last piece of the log, which is not archived yet: what is left of pg_wal is kept.
    server.stop("immediate")
    left = server.folder / "left"
    shutil.copytree(server.data / "pg_wal", left)
    server.bring_back(base, second)
    # It may have answered for a moment, read-only, before it gave up.
    with contextlib.suppress(AssertionError):
        server.start()
    deadline, short = time.monotonic() + 60, "recovery ended before configured recovery target was reached"
    while short not in (server.folder / "log").read_text() or (server.data / "postmaster.pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for piece in left.iterdir():
        kept = server.folder / "archive" / "wal" / piece.name
        if piece.is_file() and not kept.exists():
            shutil.copy(piece, kept)
            server.account.own(kept)
    server.bring_back(base, second)
    server.start()
    deadline = time.monotonic() + 60
    while server.ask("SELECT pg_is_in_recovery()") != [(False,)]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert server.ask("SELECT name FROM act") == [("first",)]
