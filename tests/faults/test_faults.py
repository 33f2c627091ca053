"""At least fifty kill -9 under load, the database stopped and read-only, a clock that jumps, silent clients, a poisoned
file: 0 violations, and everything is served again by itself (TRUST-48, TRUST-49)."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from tests.faults.house import ANSWER_SECONDS, KINDS, ROOT, House, house, until
from tests.faults.visitors import ROWS, Importer, Visitor, batch_of
from tests.portal.sheets import hostile

KILLS = 50
# Promised for a machine that does nothing else.
WELL_SECONDS = 10
# While two bases import, and several were killed at once.
LOADED_SECONDS = 60
# A batch whose worker died waits half a minute and for the next round of the clock, which may be killed too.
REST_SECONDS = 240
pytestmark = [pytest.mark.long, pytest.mark.faults]


@pytest.fixture(scope="module")
def running():
    with house() as made:
        yield made


@pytest.fixture(scope="module")
def year(running: House) -> int:
    return running.ask("SELECT max(year) FROM portal_collectioncycle")[0][0]


def everything_kept(running: House, importers: list[Importer]) -> None:
    """The invariants, once the queue has come to rest."""
    promised = sorted({batch for each in importers for batch in each.promised})
    assert promised, "nothing was imported at all"
    open_ones = "SELECT count(*) FROM bases_importbatch WHERE state IN ('uploaded', 'checking', 'applying')"
    until(lambda: running.ask(open_ones) == [(0,)], REST_SECONDS)
    rows = running.ask(
        "SELECT b.id, b.state, coalesce(b.refusal->>'code', ''), b.rows_total, "
        "(SELECT count(*) FROM residents_enrollment e WHERE e.import_batch_id = b.id), "
        "(SELECT count(*) FROM portal_auditevent a WHERE a.action = 'import' "
        "AND a.target_type = 'bases.ImportBatch' AND a.target_id = b.id::text) FROM bases_importbatch b"
    )
    known = {batch: told for batch, *told in rows}
    assert [batch for batch in promised if batch not in known] == []
    # A batch is written whole or not at all, and once; what died three times is set aside with words.
    whole = [["applied", "", ROWS, ROWS, 1], ["checked", "", ROWS, 0, 0]]
    aside = [["checked", "set_aside", ROWS, 0, 0], ["refused", "set_aside", 0, 0, 0]]
    wrong = {batch: known[batch] for batch in promised if known[batch] not in whole + aside}
    assert wrong == {}
    confirmed = {batch for each in importers for batch in each.confirmed}
    assert {batch: known[batch] for batch in confirmed if known[batch] not in whole[:1] + aside} == {}
    people = "SELECT count(*) FROM residents_resident GROUP BY id_type, id_number HAVING count(*) > 1"
    assert running.ask(people) == []
    assert [line for each in importers for line in each.refused] == []
    # What the triggers count is what is there.
    done = subprocess.run(
        [sys.executable, "-m", "portal.bootstrap.run", "manage", "check_counts"],
        cwd=ROOT,
        env=running.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def under_load(running: House, year: int, act) -> list[Importer]:
    """Two bases import while `act` does its worst; what they were promised."""
    stop = threading.Event()
    importers = [Importer(running.address, year, stop) for _ in range(2)]
    threads = [threading.Thread(target=each.run, daemon=True) for each in importers]
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        stop.set()
        for thread in threads:
            thread.join(3 * ANSWER_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    return importers


def test_fifty_kills(running, year):
    dice, killed = random.Random(2019_854), dict.fromkeys(KINDS, 0)

    def kill() -> None:
        deadline = time.monotonic() + 240
        while sum(killed.values()) < KILLS and time.monotonic() < deadline:
            # Each kind once at least; the database now and then, since each time everything stands still.
            missing = [kind for kind in KINDS if not killed[kind]]
            kind = dice.choice(missing or [*KINDS, *KINDS[:-2], *KINDS[:-2]])
            killed[kind] += bool(running.kill(kind))
            time.sleep(dice.uniform(0.3, 1.5))
            if kind in ("backend", "database"):
                running.seconds_until_well(LOADED_SECONDS)

    importers = under_load(running, year, kill)
    assert sum(killed.values()) >= KILLS, killed
    assert all(killed.values()), killed
    running.seconds_until_well(LOADED_SECONDS)
    everything_kept(running, importers)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_is_mended_in_seconds(running, kind, record_property):
    running.seconds_until_well(LOADED_SECONDS)
    pid = running.kill(kind)
    assert pid
    record_property("seconds", running.seconds_until_well(WELL_SECONDS, without=pid))


def test_a_stopped_database_comes_back(running, record_property):
    running.seconds_until_well(LOADED_SECONDS)
    pid = running.postmaster()
    os.kill(pid, signal.SIGINT)
    record_property("seconds", running.seconds_until_well(WELL_SECONDS, without=pid))


def test_read_only_database_is_told_and_reading_goes_on(running):
    running.ask("ALTER DATABASE portal SET default_transaction_read_only = on")
    running.cut_lines()
    try:
        until(lambda: running.get("/health/write").status_code == 503, 30)
        assert running.get("/privacy/").status_code == 200
        answer = Visitor(running.address).sign_in("jidi33001")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "暂时只能查看" in answer.text
        assert "Zhupei-2026" not in answer.text
    finally:
        able = "SET default_transaction_read_only = off"
        running.ask(able, "ALTER DATABASE portal RESET default_transaction_read_only")
        running.cut_lines()
    running.seconds_until_well(WELL_SECONDS)


def test_forty_silent_headers_and_forty_silent_bodies_stop_nothing(running):
    head = b"POST /sign-in/staff/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    lines = []
    for each in range(80):
        line = socket.create_connection(("127.0.0.1", running.port), 5)
        line.sendall(head if each % 2 else head + b"Content-Length: 9000\r\n\r\nabc")
        lines.append(line)
    try:
        began = time.monotonic()
        assert requests.get(f"{running.address}/privacy/", timeout=WELL_SECONDS).status_code == 200
        assert Visitor(running.address).sign_in("jidi33001").status_code == 200
        assert time.monotonic() - began < WELL_SECONDS
    finally:
        for line in lines:
            line.close()


def test_a_poisoned_file_ends_with_words_and_kills_nobody(running):
    bomb = next(each for each in hostile.HOSTILE if each.name == "far_corner_without_references")
    officer = Visitor(running.address)
    officer.sign_in()
    workers = running.processes("worker")
    batch = batch_of(officer.upload(bomb.make()))
    state = f"SELECT state FROM bases_importbatch WHERE id = {batch}"
    until(lambda: running.ask(state) == [("refused",)], 60)
    assert "文件" in officer.get(f"/base/imports/{batch}/").text
    assert running.processes("worker") == workers


def test_a_jump_of_the_clock_lapses_nobody_until_the_association_confirms(running, year):
    """A cycle falls due, and the clock finds that the machine's time jumped by three hours."""
    due = f"SELECT locked_at FROM portal_collectioncycle WHERE year = {year}"
    lapsed = "SELECT count(*) FROM residents_enrollment WHERE lapsed_at IS NOT NULL"
    doubt = "SELECT doubt FROM portal_clockstate"
    before = running.ask(lapsed)
    # All windows of the cycle are over; a round of the clock would lock it.
    running.ask(
        "UPDATE portal_clockstate SET round_at = round_at - interval '3 hours'",
        "UPDATE portal_cyclewindow w SET opens_at = now() - interval '2 days', closes_at = now() - interval '1 hour' "
        f"FROM portal_collectioncycle c WHERE c.id = w.cycle_id AND c.year = {year}",
        f"DELETE FROM portal_extension x USING portal_collectioncycle c WHERE c.id = x.cycle_id AND c.year = {year}",
    )
    # Its next start is a round.
    assert running.kill("clock")
    until(lambda: "跳了 3 小时" in running.ask(doubt)[0][0], LOADED_SECONDS)
    running.seconds_until_well(LOADED_SECONDS)
    assert running.kill("clock")
    running.seconds_until_well(LOADED_SECONDS)
    assert (running.ask(due), running.ask(lapsed)) == ([(None,)], before)
    assert running.ask("SELECT count(*) > 0 FROM portal_message WHERE kind = 'clock_doubted'") == [(True,)]

    national = Visitor(running.address)
    assert national.sign_in("cmda").status_code == 200
    assert "跳了 3 小时" in national.get("/review/running/").text
    assert national.post("/review/running/", "/review/running/clock/").status_code == 200
    assert running.kill("clock")
    until(lambda: running.ask(due) != [(None,)], 60)
    assert running.ask(lapsed) > before


def test_the_whole_platform_killed_comes_up_with_one_command(running):
    """The keeper itself is gone: what it kept ends too and frees port and data for the next."""
    running.process.kill()
    running.process.wait(5)
    until(lambda: not _is_open(running.port), WELL_SECONDS)
    running.start()
    running.seconds_until_well(LOADED_SECONDS)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
