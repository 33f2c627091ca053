"""Targets 10 and 11: sign-ins a second, and list pages a second of a running server, against Django's defaults."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.conf.global_settings import PASSWORD_HASHERS as DJANGO_HASHERS
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from portal.models import User
from tests import factories
from tests.benchmarks.nation import OWN_RECORDS, ROWS, nation
from tests.benchmarks.targets import Result, Target, rates

SIGN_INS, STOCK_SIGN_INS = 20, 5
REQUESTS, AT_ONCE = 150, 8
PAGE = "/base/records/registry/"


def _sign_in(user: User) -> None:
    client = Client(SERVER_NAME="localhost")
    response = client.post(
        reverse("portal:staff-sign-in"),
        {"account": user.username, "password": factories.PASSWORD},
        secure=True,
    )
    if response.status_code != 302:
        raise RuntimeError(f"the sign-in answered {response.status_code}")


def _signing_in(count: int, hashers: list[str]) -> tuple[int, Callable[[], None]]:
    with override_settings(PASSWORD_HASHERS=hashers):
        user = factories.UserFactory()

    def run() -> None:
        with override_settings(PASSWORD_HASHERS=hashers):
            for _ in range(count):
                _sign_in(user)

    return count, run


def measure_sign_ins() -> Result:
    """Target 10: the whole request, limits and session included."""
    found = rates(
        {
            "product": _signing_in(SIGN_INS, settings.PASSWORD_HASHERS),
            "stock": _signing_in(STOCK_SIGN_INS, DJANGO_HASHERS),
        }
    )
    return Result(
        found["product"] / found["stock"],
        notes=[
            f"whole requests on one core: Argon2id 2 × 19 MiB {found['product']:.1f} sign-ins/s, "
            f"Django's default hasher {found['stock']:.1f}"
        ],
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def _server(conn_max_age: int) -> Iterator[int]:
    """Port of the product with two web processes, on the benchmark's database."""
    port = _free_port()
    address = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(address._replace(path=f"/{quote(settings.DATABASES['default']['NAME'])}"))
    environment = os.environ | {
        "DATABASE_URL": database,
        "BENCH_CONN_MAX_AGE": str(conn_max_age),
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.stock_settings",
        "DEBUG": "1",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "portal.server"],
        env=environment | {"BIND": f"127.0.0.1:{port}", "LOG_LEVEL": "WARNING"},
    )
    try:
        for _ in range(150):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def _pages(port: int, cookie: str) -> Callable[[], None]:
    def one(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", PAGE, headers={"Cookie": cookie})
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"{PAGE} answered {response.status}")
        connection.close()

    def run() -> None:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(one, range(REQUESTS)))

    return run


def measure_pages() -> Result:
    """Target 11."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(nation().officer, backend="django.contrib.auth.backends.ModelBackend")
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    with _server(600) as kept, _server(0) as anew:
        sides = {"product": (REQUESTS, _pages(kept, cookie)), "stock": (REQUESTS, _pages(anew, cookie))}
        rates(sides, rounds=1)
        found = rates(sides)
    return Result(
        found["product"] / found["stock"],
        notes=[
            f"{PAGE} of {OWN_RECORDS} records among {ROWS:,}, 2 web processes, {AT_ONCE} at once: "
            f"connections kept {found['product']:.1f} requests/s, a new one each time {found['stock']:.1f}"
        ],
    )


TARGETS = [
    Target(10, "sign-ins a second at OWASP strength against Django's default", ">=", 7, measure_sign_ins),
    Target(11, "list pages a second against CONN_MAX_AGE=0", ">=", 3, measure_pages),
]
