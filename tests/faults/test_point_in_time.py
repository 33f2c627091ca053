"""A destroyed database comes back as it was at a second between two acts, with the very files of deploy/ (TRUST-56)."""

import contextlib
import shutil
import time

import pytest

from tests.cluster.postgres import Server

pytestmark = pytest.mark.long


@pytest.fixture
def server(reachable_path):
    made = Server(reachable_path / "pg")
    made.make()
    yield made
    made.end()


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
