"""Target 10: sign-ins a second against Django's default hasher."""

from collections.abc import Callable

from django.conf import settings
from django.conf.global_settings import PASSWORD_HASHERS as DJANGO_HASHERS
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from portal.models import User
from tests import factories
from tests.benchmarks.targets import Result, Target, rates

SIGN_INS, STOCK_SIGN_INS = 20, 5


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


TARGETS = [
    Target(10, "sign-ins a second at OWASP strength against Django's default", ">=", 7, measure_sign_ins),
]
