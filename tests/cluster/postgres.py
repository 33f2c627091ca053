"""PostgreSQL servers of a test's own: alone, or one that follows another, set up as docs/deploy.md says."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from portal.bootstrap import binaries
from portal.bootstrap.account import server_account
from tests.deploy.machine import DEPLOY, ROOT, free_port

MANAGE_SECONDS = 3600
_READ_WRITE = "target_session_attrs=read-write"
# What deploy/postgresql-primary.conf calls the replica.
REPLICA = "portal_replica"


class Server:
    """One, as the account that a server may run under; it listens on a socket in its folder, and on the port if any.

    Its administrator is `owner`, who needs no password on the socket.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder, self.data, self.port = folder, folder / "data", port
        found = binaries.found()[0]
        self.programs, self.major, self.account = found.folder, found.major, server_account()
        for each in (folder, folder / "archive", folder / "archive" / "wal"):
            each.mkdir(parents=True, exist_ok=True)
            self.account.own(each)

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.account.switch,
        )
        assert done.returncode == 0, done.stderr

    def make(self) -> None:
        auth = ("--auth-local=trust", "--auth-host=scram-sha-256")
        self.run(
            "initdb",
            "--pgdata",
            str(self.data),
            "--username=owner",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *auth,
        )

    def follow(self, primary: "Server") -> None:
        """The data folder as a streaming replica of the other one, which must be up."""
        place = ("-h", str(primary.folder), "-p", str(primary.port or 5432), "-U", "owner")
        line = f"host={primary.folder} port={primary.port or 5432} user=owner application_name={REPLICA}"
        slot = ("--write-recovery-conf", "--create-slot", f"--slot={REPLICA}")
        self.run("pg_basebackup", *place, "-d", line, "-D", str(self.data), "--checkpoint=fast", *slot)
        self.include("postgresql-replica.conf")

    def include(self, name: str, **changed: str) -> None:
        text = (DEPLOY / name).read_text().replace("/mnt/archive", str(self.folder / "archive"))
        for before, after in changed.items():
            assert before in text
            text = text.replace(before, after)
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"\n{text}")

    def start(self) -> None:
        listens = "127.0.0.1" if self.port else ""
        options = f"-k {self.folder} -c listen_addresses={listens} -c port={self.port or 5432}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", log, "-o", options)

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-m", how, "-D", str(self.data))

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-t", "60", "-D", str(self.data))

    def end(self) -> None:
        """Whatever state it is in."""
        subprocess.run(
            [str(self.programs / "pg_ctl"), "stop", "-m", "immediate", "-D", str(self.data)],
            cwd=self.folder,
            capture_output=True,
            check=False,
            **self.account.switch,
        )

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

    def ask(self, *statements: str, database: str = "postgres") -> list[tuple]:
        """What the last of the statements answers to the administrator; each is a transaction of its own."""
        line = psycopg2.connect(
            host=str(self.folder), port=self.port or 5432, user="owner", dbname=database, connect_timeout=10
        )
        try:
            line.autocommit = True
            with line.cursor() as cursor:
                for each in statements:
                    cursor.execute(each)
                return cursor.fetchall() if cursor.description else []
        finally:
            line.close()


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary with the portal's two logins and its database, and a replica that follows it. `password` is both
    logins'."""

    primary: Server
    replica: Server
    password: str

    @property
    def both(self) -> str:
        """Whichever of the two can be written to: libpq tries one after the other."""
        return f"{self._at('127.0.0.1,127.0.0.1', f'{self.primary.port},{self.replica.port}')}&{_READ_WRITE}"

    def url(self, server: Server, login: str = "portal_runtime") -> str:
        return self._at("127.0.0.1", str(server.port), login)

    def _at(self, hosts: str, ports: str, login: str = "portal_runtime") -> str:
        return f"postgresql://{login}:{self.password}@/portal?host={hosts}&port={ports}"

    def manage(self, *command: str, **environment: str) -> str:
        """A command of manage.py on the primary, in DEBUG, with the owner's address beside; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=os.environ
            | {
                "DATABASE_URL": self.url(self.primary),
                "DATABASE_OWNER_URL": self.url(self.primary, "portal"),
                "DEBUG": "1",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=MANAGE_SECONDS,
        )
        assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout


@contextmanager
def pair(folder: Path, *commands: Sequence[str]) -> Iterator[Pair]:
    """Both at work, migrated, with what these commands of manage.py put in. The replica is made before the primary
    waits for it."""
    primary, replica = Server(folder / "primary", free_port()), Server(folder / "replica", free_port())
    made = Pair(primary, replica, secrets.token_urlsafe(12))
    primary.make()
    try:
        primary.start()
        # As in docs/deploy.md.
        primary.ask(
            f"CREATE ROLE portal LOGIN PASSWORD '{made.password}'",
            f"CREATE ROLE portal_runtime LOGIN PASSWORD '{made.password}'",
            "CREATE DATABASE portal OWNER portal",
        )
        if primary.major < 15:
            primary.ask(
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                "GRANT CREATE ON SCHEMA public TO portal",
                database="portal",
            )
        for command in (("migrate", "--noinput", "--verbosity", "0"), *commands):
            made.manage(*command)
        replica.follow(primary)
        replica.start()
        primary.include("postgresql-primary.conf")
        primary.run("pg_ctl", "reload", "-D", str(primary.data))
        yield made
    finally:
        replica.end()
        primary.end()
