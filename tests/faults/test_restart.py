"""A database that is restarted under load, clients that are slow or break off: told, no half state, nobody else waits
(TRUST-49)."""

import os
import random
import signal
import socket
import statistics
import threading
import time

import pytest
import requests

from tests.faults.house import house
from tests.faults.test_faults import everything_kept, under_load

RESTARTS = 3
WELL_SECONDS = 60
ASKED = 60
pytestmark = [pytest.mark.long, pytest.mark.faults]


@pytest.fixture(scope="module")
def running():
    with house() as made:
        yield made


def test_restarts_under_load_lose_nothing_and_do_nothing_twice(running):
    """TRUST-49: as an operator restarts it, every client cut off at once; whoever asks meanwhile reads 503."""
    year = running.ask("SELECT max(year) FROM portal_collectioncycle")[0][0]
    answers: set[int] = set()

    def restarts() -> None:
        time.sleep(5)
        for _ in range(RESTARTS):
            before = running.postmaster()
            os.kill(before, signal.SIGINT)
            deadline = time.monotonic() + WELL_SECONDS
            while running.postmaster() in (before, None) and time.monotonic() < deadline:
                answers.add(requests.get(f"{running.address}/sign-in/staff/", timeout=30).status_code)
            running.seconds_until_well(WELL_SECONDS)
            time.sleep(4)

    everything_kept(running, under_load(running, year, restarts))
    assert answers <= {200, 503}


def seconds_of_others(running) -> float:
    """The 95th percentile of a page that asks the database."""
    taken = []
    for _ in range(ASKED):
        began = time.monotonic()
        assert requests.get(f"{running.address}/notices/", timeout=30).status_code == 200
        taken.append(time.monotonic() - began)
    return statistics.quantiles(taken, n=20)[-1]


def test_slow_and_broken_clients_keep_nobody_waiting(running):
    """TRUST-49: half headers, bodies byte by byte, uploads broken off in the middle; "p95 of others stays"."""
    before, stop, dice = seconds_of_others(running), threading.Event(), random.Random(49)
    head = b"POST /base/imports/accounts/intake/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    body = head + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n--b\r\n"

    def crawl() -> None:
        line = socket.create_connection(("127.0.0.1", running.port), 5)
        with line:
            line.sendall(dice.choice([head, body]))
            while not stop.wait(0.2):
                line.sendall(b"x")

    def break_off() -> None:
        while not stop.is_set():
            with socket.create_connection(("127.0.0.1", running.port), 5) as line:
                line.sendall(body + b"x" * 400_000)
            time.sleep(0.05)

    threads = [threading.Thread(target=crawl) for _ in range(60)]
    threads += [threading.Thread(target=break_off) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        meanwhile = seconds_of_others(running)
    finally:
        stop.set()
        for each in threads:
            each.join(30)
    assert meanwhile < 2 * before + 0.2, (before, meanwhile)
    assert running.ask(
        "SELECT count(*) FROM bases_importbatch WHERE rows_total = 0 AND state = 'uploaded'"
    ) == [(0,)]
