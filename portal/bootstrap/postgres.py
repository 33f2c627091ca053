"""The PostgreSQL of this project: `python -m portal.bootstrap.postgres start|stop|status|url|owner-url|exec`.

Only used where no DATABASE_URL is given. One server a project folder, on a private unix socket, without TCP.
Whoever needs it holds a shared lock; the last one to let go stops it, unless it was started by hand.
"""

import argparse
import fcntl
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from portal.bootstrap import cluster as clusters
from portal.bootstrap import values
from portal.bootstrap.cluster import Cluster
from portal.bootstrap.failure import Failure, exit_code_of

# After a kill -9 the old backends need a moment to notice; until then a start is refused.
RETRY_SECONDS = 10
# Recovery of a crashed cluster replays its log first; a start that is still alive is waited for this long.
READY_SECONDS = 120
STOP_SECONDS = 60
LOG_KEPT_BYTES = 10 * 1024 * 1024
PROCESSES = Path("/proc")


class Addresses(NamedTuple):
    """Where the database is, for the runtime login and for its owner; a given DATABASE_URL may come without owner."""

    runtime: str
    owner: str | None

    @property
    def environment(self) -> dict[str, str]:
        owner = {"DATABASE_OWNER_URL": self.owner} if self.owner else {}
        return {"DATABASE_URL": self.runtime, **owner}


def start(home: Path) -> Cluster:
    """The running cluster of this home folder: made and started as needed, again after any crash."""
    with _locked(home):
        cluster = clusters.load(home) or clusters.make(home)
        cluster = clusters.with_sockets(cluster)
        if is_running(cluster):
            if not cluster.runtime_password:
                raise Failure(
                    "数据库由旧版本启动，正在运行。请先停止它（make run 按 Ctrl-C，或运行下面的命令），再启动。\n"
                    "A former version's database is running; stop it first: "
                    "python -m portal.bootstrap.postgres stop"
                )
        else:
            _remove_stale_locks(cluster)
            cluster = clusters.with_runtime_login(cluster)
            _start_until(cluster, time.monotonic() + RETRY_SECONDS)
        return cluster


def stop(home: Path) -> None:
    """Stop the server if it runs: open transactions are rolled back, everything committed is on disk."""
    with _locked(home):
        if (cluster := clusters.load(home)) is not None and (pid := _server_pid(cluster)) is not None:
            _end(pid, cluster.data)
            clusters.leave_sockets(cluster)


def is_running(cluster: Cluster) -> bool:
    """Whether the server of this very data folder accepts connections."""
    if _server_pid(cluster) is None or not _says_ready(cluster):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(f"{cluster.sockets}{clusters.SOCKET_NAME}") == 0


def revive() -> None:
    """Start our own server again where it has ended by itself; returns at once while it runs. Raises Failure."""
    home = clusters.home_folder()
    cluster = clusters.load(home)
    if cluster is not None and not is_running(cluster):
        start(home)


@contextmanager
def database() -> Iterator[Addresses]:
    """Addresses for as long as the block runs; given ones untouched, else those of our own server."""
    if given := values.given("DATABASE_URL"):
        yield Addresses(given, values.given("DATABASE_OWNER_URL"))
        return
    home = clusters.home_folder()
    users = _open_lock(home / "users")
    try:
        fcntl.flock(users, fcntl.LOCK_SH)
        cluster = start(home)
        try:
            yield Addresses(cluster.url, cluster.owner_url)
        finally:
            _stop_if_last(home, users)
    finally:
        os.close(users)


def _stop_if_last(home: Path, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if not (home / "keep").exists():
        stop(home)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One starter or stopper at a time."""
    lock = _open_lock(home / "lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _open_lock(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise clusters.not_ours(path.parent) from error
    except OSError as error:
        raise clusters.no_folder(path.parent, error) from error


def _start_until(cluster: Cluster, deadline: float) -> None:
    while True:
        _remove_stale_locks(cluster)
        if _start_once(cluster) and is_running(cluster):
            return
        if time.monotonic() > deadline:
            raise Failure(
                f"数据库没有启动。日志 / the database did not start, see {cluster.log}:\n{_tail(cluster.log)}"
            )
        time.sleep(0.5)


def _start_once(cluster: Cluster) -> bool:
    """Let pg_ctl start the server out of this terminal's group and wait until it is ready.

    Ctrl-C must reach the web server first and the database last.
    """
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_KEPT_BYTES:
        cluster.log.replace(cluster.log.with_name("log.old"))
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "fsync": "on",
    }
    if sys.platform == "linux":
        # Before recovery from a crash: one call in place of one for each file, which took six of ten seconds.
        settings["recovery_init_sync_method"] = "syncfs"
    # pg_ctl hands them to a shell.
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    command = ["start", "--silent", "--wait", f"--timeout={READY_SECONDS}", "--pgdata", str(cluster.data)]
    with open(cluster.log, "a") as log:
        done = subprocess.run(
            [str(cluster.binaries.folder / "pg_ctl"), *command, "--options", options],
            cwd=cluster.data.parent,
            # Nothing of the caller's environment: PG… variables would steer the server.
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            **cluster.account.switch,
        )
    return done.returncode == 0


def _remove_stale_locks(cluster: Cluster) -> None:
    """Clear lock files that belong to no server of ours.

    PostgreSQL compares only process numbers: after a restart of a container or machine the number of the dead
    server is often some other process's, and it would refuse to start for ever.
    """
    if _has_processes(cluster.data):
        return
    for path in (
        cluster.data / "postmaster.pid",
        Path(f"{cluster.sockets}{clusters.SOCKET_NAME}.lock"),
        Path(f"{cluster.sockets}{clusters.SOCKET_NAME}"),
    ):
        path.unlink(missing_ok=True)


def _has_processes(data: Path) -> bool:
    """Whether any process works in the data folder (every PostgreSQL process does); True where nobody can say."""
    if not PROCESSES.exists():
        return True
    return any(_works_in(int(each.name), data) for each in PROCESSES.glob("[0-9]*"))


def _works_in(pid: int, data: Path) -> bool:
    """Whether the process lives and serves this data folder; a number reused by another and a zombie do not."""
    if not PROCESSES.exists():
        return _is_alive(pid)
    try:
        return Path(os.readlink(PROCESSES / str(pid) / "cwd")) == data
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False


def _server_pid(cluster: Cluster) -> int | None:
    """The postmaster's process number, None where it is dead."""
    pid = _pid_in(cluster.data / "postmaster.pid")
    return pid if pid is not None and _works_in(pid, cluster.data) else None


def _pid_in(lock_file: Path) -> int | None:
    try:
        return int(lock_file.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _says_ready(cluster: Cluster) -> bool:
    """Line 8 of the lock file is the server's own word on its state."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _end(pid: int, data: Path) -> None:
    # PostgreSQL's "fast" shutdown.
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while _works_in(pid, data):
        if time.monotonic() > deadline:
            raise Failure(
                f"数据库进程 {pid} 在 {STOP_SECONDS} 秒内没有停止。/ Process {pid} did not stop in time."
            )
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def _status(home: Path) -> int:
    cluster = clusters.load(home)
    if cluster is None:
        print(f"not made: {home}")
        return 3
    state = "running" if is_running(cluster) else "stopped"
    print(
        f"{state}: PostgreSQL {cluster.binaries.major} of {cluster.binaries.folder} as {cluster.account.name}"
    )
    print(f"data: {cluster.data}")
    print(f"log: {cluster.log}")
    return 0 if state == "running" else 3


def _url(home: Path) -> int:
    print(_running(home).url)
    return 0


def _owner_url(home: Path) -> int:
    print(_running(home).owner_url)
    return 0


def _running(home: Path) -> Cluster:
    cluster = clusters.load(home)
    if cluster is None or not is_running(cluster):
        raise Failure("数据库没有运行。请先运行 start。/ Not running; use start first.")
    return cluster


def _start_by_hand(home: Path) -> int:
    cluster = start(home)
    (home / "keep").touch()
    print(cluster.url)
    return 0


def _stop_by_hand(home: Path) -> int:
    (home / "keep").unlink(missing_ok=True)
    stop(home)
    return 0


def _execute(command: list[str]) -> int:
    """Run the command with both addresses set, the server up for at least as long; its exit code."""
    with database() as addresses:
        child = subprocess.Popen(command, env={**os.environ, **addresses.environment})
        # The terminal sends Ctrl-C to the child as well; it decides, and only then the database may go.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for end in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(end, lambda *_: child.terminate())
        code = child.wait()
    return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m portal.bootstrap.postgres", description=__doc__)
    parser.add_argument("action", choices=["start", "stop", "status", "url", "owner-url", "exec"])
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="for exec: -- the command and its arguments"
    )
    options = parser.parse_args(arguments)
    if options.action == "exec":
        return _execute(options.command[1:] if options.command[:1] == ["--"] else options.command)
    actions = {
        "start": _start_by_hand,
        "stop": _stop_by_hand,
        "status": _status,
        "url": _url,
        "owner-url": _owner_url,
    }
    return actions[options.action](clusters.home_folder())


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(sys.argv[1:])))
