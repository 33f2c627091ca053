"""A telephone with an authenticator, and the two pages that ask for its codes."""

import re

import pyotp
from django.test import Client

from portal.models import SecondFactor, User
from portal.sign_in.second_factor import STEP_SECONDS
from tests.factories import PASSWORD
from tests.portal.sign_in.entrances import STAFF_ENTRANCE, sign_in

SET_UP, SECOND_STEP = "/second-factor/", "/sign-in/code/"


class Clock:
    """The seconds that the second factor reads, standing still until a test moves them."""

    now = 1_800_000_000

    @classmethod
    def time(cls) -> float:
        return cls.now


def code(key: str, steps: int = 0) -> str:
    return pyotp.TOTP(key).generate_otp(Clock.now // STEP_SECONDS + steps)


def key_shown(page) -> str:
    return re.search(r'factor-key">([A-Z2-7 ]+)<', page.content.decode())[1].replace(" ", "")


def codes_shown(page) -> list[str]:
    return re.findall(r"<li>\s*<code>([^<]+)</code>", page.content.decode())


def set_up(client: Client) -> tuple[str, list[str]]:
    """The key and the recovery codes of the person signed in there, whose next code is good at once."""
    key = key_shown(client.get(SET_UP))
    page = client.post(SET_UP, {"code": code(key), "password": PASSWORD})
    SecondFactor.objects.update(last_step=0)
    return key, codes_shown(page)


def half_way(user: User) -> Client:
    """A browser in which the password was right."""
    client = Client()
    assert sign_in(client, user.username, PASSWORD, STAFF_ENTRANCE).url == SECOND_STEP
    return client


def enter(client: Client, typed: str, **headers) -> bool:
    """Whether this code opened the door."""
    return client.post(SECOND_STEP, {"code": typed}, **headers).status_code == 302
