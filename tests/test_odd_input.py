"""Every route of the URLconf, GET and POST, as five visitors, with values that nobody means: no 5xx, nothing written.

What a route is asked for is found, not listed: names in the code, names of the forms, the controls of the pages. A few
values a route in every run, all of them in `make long`.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve

from tests.access_table import ROUTES
from tests.odd_values import PLAIN, VALUES, FormsOf, encoded, names_in_source
from tests.test_access import World

VISITORS = "arbpc"
# What is written of every request, whatever it asks: who tried, which session, what was looked at.
ALWAYS = {
    "django_session",
    "portal_auditevent",
    "residents_disclosure",
    "portal_signinattempt",
    "pghistory_context",
    "portal_cache",
}
# Routes that take a free text and act on it: a value that may stand in a text is one. Nothing else may be added.
TAKES_TEXT = {
    "residents:answer",
    "bases:transfer-refuse",
    # The name of a list.
    "bases:view-save",
    "review:certificate-decide",
    "review:completion-return",
    # A year in full width is that year.
    "review:cycle-create",
    "review:correction-refuse",
    "review:edition-erratum",
    # A purpose is any text.
    "review:exam-photos",
    "review:extension-refuse",
    "review:merge-undo",
    "review:switch-refuse",
    "review:switch-reverse",
}
_WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)"?')


@dataclass(frozen=True)
class Trial:
    kind: str
    fields: list[tuple[str, str]]
    is_filled: bool = False


class Sent:
    """The answer to one request, what it wrote, and nothing of it left in the database."""

    def __init__(self, client: Client, method: str, address: str, fields: list[tuple[str, str]]) -> None:
        self.written: set[str] = set()
        with connection.execute_wrapper(self._listen), transaction.atomic():
            if method == "get":
                answer = client.get(f"{address}?{encoded(fields)}" if fields else address)
            else:
                kind = "application/x-www-form-urlencoded"
                answer = client.generic("POST", address, encoded(fields), content_type=kind)
            if getattr(answer, "streaming", False):
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        self.status = answer.status_code
        self.error = getattr(answer, "exc_info", None)

    def _listen(self, execute, sql, parameters, many, context):
        result = execute(sql, parameters, many, context)
        # What takes away a draft that is not there writes nothing.
        if (found := _WRITE.match(str(sql))) and context["cursor"].rowcount != 0:
            self.written.add(found[1])
        return result


class Visit:
    """One visitor with the addresses he may open and what their forms send."""

    def __init__(self, world: World, letter: str) -> None:
        self.letter, self.client = letter, world.client(letter)
        self.client.raise_request_exception = False
        self.signed_in = dict(self.client.cookies)
        self.addresses = {name: World.address(name, world.own, letter) for name in ROUTES}
        self.forms: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for name, route in ROUTES.items():
            if letter in route.roles and route.get in (200, 302):
                answer = self.client.get(self.addresses[name])
                if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                    found = FormsOf(answer.text, self.addresses[name])
                    for place, fields in found.forms.items():
                        self.forms[place] |= fields

    def own(self, name: str, method: str) -> dict[str, str]:
        return self.forms.get((method, self.addresses[name]), {})

    def ask(self, name: str, method: str, fields: list[tuple[str, str]]) -> Sent:
        # Somebody may just have signed out.
        self.client.cookies.clear()
        self.client.cookies.update(self.signed_in)
        return Sent(self.client, method, self.addresses[name], fields)


def some(things: list, seed: str, number: int) -> list:
    """So many of the things, the same ones for the same seed, other ones for another."""
    start = zlib.crc32(seed.encode())
    step = max(len(things) // max(number, 1), 1)
    return [things[(start + at * step) % len(things)] for at in range(min(number, len(things)))]


def trials(visit: Visit, name: str, method: str, names: list[str], width: int) -> Iterator[Trial]:
    """What one route is sent: all parameters odd at once; arrays where one value is due; a filled form of which one
    control is odd, that an early refusal may hide nothing. `width` is the number of values, 0 for one request."""
    own, seed = visit.own(name, method), f"{visit.letter}{name}{method}"
    kinds = some(list(VALUES), seed, width or 1)
    asked = sorted({*names, *own})
    for kind in kinds:
        yield Trial(kind, [(each, VALUES[kind]) for each in asked])
    for kind in kinds if width else ():
        yield Trial(kind, [(each, text) for each in asked for text in ("1", VALUES[kind])])
        yield Trial(kind, [(f"{each}[]", VALUES[kind]) for each in asked])
    controls = sorted(own) if width == len(VALUES) else some(sorted(own), seed, width)
    for control in controls:
        filled = [(each, text) for each, text in own.items() if each != control]
        for kind in some(list(VALUES), f"{seed}{control}", width):
            yield Trial(kind, [*filled, (control, VALUES[kind])], is_filled=True)


def walked(world: World, letter: str, width: int) -> tuple[int, list[str]]:
    """(requests sent, what went wrong) of one visitor's walk."""
    visit, names = Visit(world, letter), sorted(names_in_source())
    sent, wrong = 0, []
    for name, route in sorted(ROUTES.items()):
        is_own = letter in route.roles
        for method in ("get", "post"):
            if method == "get" and route.get == 405 and is_own:
                continue
            for trial in trials(visit, name, method, names, width if is_own else 0):
                answer = visit.ask(name, method, trial.fields)
                sent += 1
                told = f"{method} {name} {trial.kind} {trial.fields[-1:]!r:.80}"
                if answer.status >= 500:
                    wrong.append(f"{told}: {answer.status} {answer.error and answer.error[1]!r:.300}")
                if unasked(visit, name, method, trial, answer):
                    wrong.append(f"{told}: wrote {sorted(answer.written - ALWAYS)}")
    return sent, wrong


def unasked(visit: Visit, name: str, method: str, trial: Trial, answer: Sent) -> bool:
    """Whether a request wrote what the same one without parameters does not write. A filled form may well be taken:
    what is odd in it is dropped, or stands in a text."""
    may_act = trial.is_filled or (method == "post" and name in TAKES_TEXT and trial.kind in PLAIN)
    new = answer.written - ALWAYS
    return bool(new) and not may_act and bool(new - visit.ask(name, method, []).written)


# A quarter to half a minute each.
MANY_FORMS = "rbpc"
EACH = [pytest.param(each, marks=[pytest.mark.long] * (each in MANY_FORMS)) for each in VISITORS]


@pytest.fixture
def world(cycle):
    return World(cycle)


@pytest.mark.parametrize("letter", EACH)
def test_a_few_odd_values_at_every_route(world, letter):
    """X1 … X5 of the findings: no 5xx, nothing written; TRUST-20: what looks like SQL is text."""
    sent, wrong = walked(world, letter, 1)
    assert sent > 2 * len(ROUTES)
    assert "\n".join(wrong) == ""


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("letter", VISITORS)
def test_more_odd_values_at_every_route(world, letter):
    """Two values for each control of each form; all of them everywhere would take hours."""
    sent, wrong = walked(world, letter, 2)
    assert sent > 2 * len(ROUTES)
    assert "\n".join(wrong) == ""


ODD_KEYS = (0, 2**31, 2**63, 10**30, "9" * 5000)
ODD_SLUGS = ("-", "0", "9" * 300, "__proto__")


@pytest.mark.parametrize("letter", EACH)
def test_odd_keys_in_every_address(world, letter):
    """A key beyond every column is the key of nothing: never a 5xx, and never somebody's page."""
    visit, wrong = Visit(world, letter), []
    for name, route in sorted(ROUTES.items()):
        kwargs = resolve(visit.addresses[name]).kwargs
        for odd in range(len(ODD_KEYS)) if kwargs and letter in route.roles else ():
            address = visit.addresses[name]
            for value in kwargs.values():
                new = ODD_KEYS[odd] if isinstance(value, int) else ODD_SLUGS[odd % len(ODD_SLUGS)]
                address = address.replace(f"/{value}/", f"/{new}/", 1)
            answer = visit.client.get(address)
            if answer.status_code >= 500:
                wrong.append(f"{address:.90}: {answer.exc_info[1]!r:.200}")
    assert "\n".join(wrong) == ""
