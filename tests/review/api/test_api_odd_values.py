"""The interface with values that nobody means, in every place of its schema: never a 5xx, nothing written half (X1 … X5
of the findings); tests/test_odd_input.py does the same for the pages."""

import copy
import json
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client

from bases.models import Submission
from residents.rules.delivery import PARTS
from review.api import documentation
from review.api.intake import take
from review.api.schema import DeliveryAnswer
from tests.odd_values import UNSTORABLE, VALUES, encoded
from tests.review.api.delivered import record

PLACES = [(part, field.name) for part, fields in PARTS.items() for field in fields]
ODD = [*VALUES.values(), ["1", "2"], {"a": 1}, [], 10**400, -1, True]


def judged(place, part: str, name: str, value: object, number: int = 0) -> dict:
    base, client, year = place
    sent = copy.deepcopy(record(base, year, number))
    target = sent[part][0] if part == "education" else sent[part]
    target[name] = value
    with transaction.atomic():
        answer = take(client, [sent], dry_run=False, whole=False)
        DeliveryAnswer.model_validate(answer)
        json.dumps(answer, ensure_ascii=False).encode()
        stored = str(list(Submission.objects.values_list("snapshot", flat=True)))
        transaction.set_rollback(True)
    # What is not asked of a record falls out of it; what was taken holds no such character.
    assert not any(repr(each)[1:-1] in stored for each in UNSTORABLE.values() if each == value)
    return answer


@pytest.fixture
def place(make_key, cycle, base):
    return base, make_key()[0], cycle.year


def test_an_odd_value_in_every_field_of_a_record(place):
    """A few of the values in each field."""
    for at, (part, name) in enumerate(PLACES):
        judged(place, part, name, ODD[(at * 7) % len(ODD)])


@pytest.mark.long
@pytest.mark.parametrize("at", range(len(ODD)))
def test_each_odd_value_in_every_field_of_a_record(place, at):
    for part, name in PLACES:
        judged(place, part, name, ODD[at])


def test_odd_values_in_every_parameter_of_every_address(make_key, cycle, base):
    """All of them: the interface has few."""
    key, client = make_key()[1], Client(raise_request_exception=False)
    asked = 0
    for path, operations in documentation.schema()["paths"].items():
        for method, operation in operations.items():
            names = {each["name"]: each["in"] for each in operation.get("parameters", ())}
            for value in VALUES.values():
                sent = quote(value.encode("utf-8", "surrogatepass"), safe="") or "-"
                address = path
                for name in (name for name, where in names.items() if where == "path"):
                    address = address.replace(f"{{{name}}}", sent)
                query = encoded((name, value) for name, where in names.items() if where == "query")
                answer = client.generic(
                    method.upper(),
                    f"{address}?{query}",
                    json.dumps(value) if method == "post" else "",
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "odd"},
                )
                asked += 1
                assert answer.status_code < 500, (method, address, value, answer.exc_info)
    assert asked >= 5 * len(VALUES)
