"""Requests made up from the interface's own schema: never a 5xx, never an answer that the schema does not declare."""

import copy
import json

import pytest
import schemathesis
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from residents.rules.delivery import PARTS
from review.api import documentation
from review.api.intake import take
from review.api.schema import DeliveryAnswer
from tests.review.api.delivered import record

# The same requests at every run; nothing is timed.
QUIET = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}


@pytest.fixture
def key(make_key, cycle, base, settings):
    settings.API_REQUESTS_PER_MINUTE = 10**6
    return make_key()[1]


@pytest.fixture(autouse=True)
def _one_connection():
    """Requests go straight into the application, inside the test's transaction, so none may close the connection; the
    test client of Django does the same."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


schema = schemathesis.openapi.from_dict(documentation.schema())
# Not portal.wsgi: a web process asks the database at its start whether the history is guarded.
schema.app = WSGIHandler()


@pytest.mark.long
@schema.parametrize()
@settings(max_examples=40, **QUIET)
def test_made_up_requests_get_declared_answers(case, key):
    """No 5xx, no violation of the schema."""
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"})


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates().map(str),
    st.text(max_size=60),
    st.sampled_from(
        ["", "0", "01", "是", "2019-13-45", "９９９", "\x00", "\ud800", "=1+1", "A" * 2000, "1e999"]
    ),
)
PLACES = [(part, field.name) for part, fields in PARTS.items() for field in fields]


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=6), st.integers(0, 4))
@settings(max_examples=80, **QUIET)
def test_right_records_with_anything_in_their_fields_get_declared_answers(place, changes, number):
    """GOAL-N3: whatever stands in a field, the record is judged, written or refused; nothing breaks."""
    base, client, year = place
    sent = copy.deepcopy(record(base, year, number))
    for (part, name), value in changes:
        target = sent[part][0] if part == "education" else sent[part]
        target[name] = value
    with transaction.atomic():
        answer = take(client, [sent], dry_run=False, whole=False)
        DeliveryAnswer.model_validate(answer)
        json.dumps(answer, ensure_ascii=False).encode()
        transaction.set_rollback(True)


@pytest.fixture
def place(make_key, cycle, base):
    return base, make_key()[0], cycle.year
