"""At least fifty kill -9 under load, the database stopped and read-only, silent clients: 0 violations, and everything
is served again by itself (TRUST-48, TRUST-49)."""

import random
import socket
import threading
import time

import pytest
import requests

from tests.faults.house import PARTS, House, house
from tests.faults.visitors import ROWS, Importer

KILLS = 50
# On two quiet cores it takes two; a database that was killed replays its log first.
WELL_SECONDS = 10
CUT_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
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
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        open_ones = running.ask(
            "SELECT count(*) FROM bases_importbatch WHERE state IN ('uploaded', 'checking', 'applying')"
        )
        if open_ones == [(0,)]:
            break
        time.sleep(2)
    rows = running.ask(
        "SELECT b.id, b.state, b.rows_created, b.rows_total, "
        "(SELECT count(*) FROM residents_enrollment e WHERE e.import_batch_id = b.id) FROM bases_importbatch b"
    )
    known = {batch: (state, created, total, written) for batch, state, created, total, written in rows}
    lost = [batch for batch in promised if batch not in known]
    assert lost == []
    # A batch is written whole or not at all, and once.
    wrong = {
        batch: known[batch]
        for batch in promised
        if known[batch] not in (("applied", ROWS, ROWS, ROWS), ("checked", ROWS, ROWS, 0))
    }
    assert wrong == {}
    confirmed = {batch for each in importers for batch in each.confirmed}
    assert {batch: known[batch] for batch in confirmed if known[batch][0] != "applied"} == {}
    people = "SELECT count(*) FROM residents_resident GROUP BY id_type, id_number HAVING count(*) > 1"
    assert running.ask(people) == []
    assert [line for each in importers for line in each.refused] == []


def under_load(running: House, year: int, act) -> list[Importer]:
    """Two bases import while `act` does its worst; what they were promised."""
    stop = threading.Event()
    importers = [Importer(running.address, year, stop) for _ in range(2)]
    threads = [threading.Thread(target=each.run) for each in importers]
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    return importers


def test_fifty_kills(running, year):
    dice, killed = random.Random(2019_854), []

    def kill() -> None:
        deadline = time.monotonic() + 600
        while len(killed) < KILLS and time.monotonic() < deadline:
            # The database is killed now and then, since each time everything stands still.
            part = dice.choice([*PARTS, *PARTS, *PARTS, "database"])
            killed.extend([part] * running.kill(part))
            time.sleep(dice.uniform(0.3, 1.5))
            if part == "database":
                running.seconds_until_well(6 * WELL_SECONDS)

    importers = under_load(running, year, kill)
    assert len(killed) >= KILLS, killed
    running.seconds_until_well(6 * WELL_SECONDS)
    everything_kept(running, importers)


def test_a_single_kill_of_every_kind_is_mended_in_seconds(running):
    for part in (*PARTS, "database"):
        running.seconds_until_well(60)
        before = running.processes(part) if part != "database" else [running.postmaster()]
        assert running.kill(part) >= 1
        deadline = time.monotonic() + 6 * WELL_SECONDS
        while time.monotonic() < deadline:
            now = running.processes(part) if part != "database" else [running.postmaster()]
            if None not in now and len(now) >= len(before) and set(now) != set(before):
                break
            time.sleep(0.05)
        running.seconds_until_well(6 * WELL_SECONDS)


def test_read_only_database_is_told_and_reading_goes_on(running):
    running.ask("ALTER DATABASE portal SET default_transaction_read_only = on", CUT_ALL)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = requests.get(f"{running.address}/health/write", timeout=10)
            if answer.status_code == 503:
                break
            time.sleep(0.2)
        assert answer.status_code == 503
        assert requests.get(f"{running.address}/privacy/", timeout=10).status_code == 200
        browser = requests.Session()
        page = browser.get(f"{running.address}/sign-in/staff/", timeout=10)
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        sent = {"csrfmiddlewaretoken": token, "account": "jidi33001", "password": "Zhupei-2026"}
        answer = browser.post(f"{running.address}/sign-in/staff/", data=sent, timeout=10)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "暂时只能查看" in answer.text
        assert "Zhupei-2026" not in answer.text
    finally:
        running.ask(
            "SET default_transaction_read_only = off; ALTER DATABASE portal RESET default_transaction_read_only"
        )
        running.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'portal' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    running.seconds_until_well(6 * WELL_SECONDS)


def test_eighty_silent_clients_stop_nothing(running):
    head = b"POST /sign-in/staff/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    lines = []
    for each in range(80):
        line = socket.create_connection(("127.0.0.1", running.port), 5)
        line.sendall(head if each % 2 else head + b"Content-Length: 9000\r\n\r\nabc")
        lines.append(line)
    try:
        assert requests.get(f"{running.address}/privacy/", timeout=WELL_SECONDS).status_code == 200
    finally:
        for line in lines:
            line.close()
