"""Target 9: lists, queues and boards of a nation of a million against the same pages of a nation of a thousand."""

import itertools
import statistics
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.models import User
from review.quality import services as quality
from tests.benchmarks.nation import ROWS, Nation, nation, populate
from tests.benchmarks.targets import Result, Target, seconds

FEW = 1_000
ROUNDS, REQUESTS = 3, 5
YEAR = timezone.localdate().year
PAGES = (
    ("officer", "/base/"),
    ("officer", "/base/records/registry/"),
    ("officer", "/base/records/intake/"),
    ("reviewer", "/review/"),
    ("reviewer", "/review/records/"),
    ("reviewer", f"/review/records/?year={YEAR}"),
    ("reviewer", "/review/statistics/"),
    ("reviewer", "/review/statistics/records/"),
    ("reviewer", "/review/funnel/"),
    ("association", "/review/funnel/records/"),
    ("association", "/review/statistics/returns/records/"),
    ("association", "/review/funnel/"),
    ("association", "/review/statistics/"),
    ("association", "/review/quality/"),
    ("association", "/review/audit/"),
    ("association", "/review/national/"),
    ("association", "/review/records/"),
    ("association", f"/review/records/?year={YEAR}"),
)


def _use(name: str) -> None:
    """Let the default connection work on this database of the same server."""
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


@contextmanager
def _twin() -> Iterator[str]:
    """Name of a second database with the same tables and no rows, dropped at the end; the first is in use again."""
    here = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"{here}_few"
    with redirect_stdout(StringIO()):
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    twin = connection.settings_dict["NAME"]
    _use(here)
    try:
        yield twin
    finally:
        _use(twin)
        connection.creation.destroy_test_db(here, verbosity=0)
        settings.DATABASES["default"]["NAME"] = here


def _client(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _get(client: Client, address: str) -> None:
    response = client.get(address, secure=True)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}")


def _clients(people: Nation) -> dict[str, Client]:
    return {role: _client(getattr(people, role)) for role in ("officer", "reviewer", "association")}


def _queries(client: Client, address: str) -> int:
    _get(client, address)
    with CaptureQueriesContext(connection) as captured:
        _get(client, address)
    return len(captured)


def measure_pages() -> Result:
    """Target 9: the page that grows most counts; a page that needs more queries is an error."""
    here, many = connection.settings_dict["NAME"], _clients(nation())
    taken: dict[tuple[str, str], list[float]] = {}
    queries: dict[tuple[str, str], int] = {}
    with _twin() as twin:
        _use(twin)
        sides = {twin: _clients(populate(FEW)), here: many}
        for database in sides:
            _use(database)
            quality.recheck()
        for _ in range(ROUNDS):
            for (role, address), (database, clients) in itertools.product(PAGES, sides.items()):
                _use(database)
                queries[database, address + role] = _queries(clients[role], address)
                times = [seconds(lambda c=clients[role], a=address: _get(c, a)) for _ in range(REQUESTS)]
                taken.setdefault((database, address + role), []).append(statistics.median(times))
        _use(here)
    found = []
    for role, address in PAGES:
        few, big = (statistics.median(taken[database, address + role]) for database in (twin, here))
        counts = queries[twin, address + role], queries[here, address + role]
        found.append((big / few, f"{role} {address}: {1000 * few:.1f} → {1000 * big:.1f} ms", counts))
    grown = sum(big > few for _, _, (few, big) in found)
    return Result(
        max(ratio for ratio, _, _ in found),
        also=[("pages that need more queries", grown, "<=", 0)],
        notes=[f"{FEW:,} residents against {ROWS:,}; whole requests through all middleware"]
        + [f"{words}, {ratio:.2f} times, {few} and {big} queries" for ratio, words, (few, big) in found],
    )


TARGETS = [Target(9, "lists, queues and boards of a million against a thousand", "<=", 1.5, measure_pages)]
