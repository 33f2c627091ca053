"""Requests made up from the interface's own schema: never a 5xx, never an answer that the schema does not declare."""

import pytest
import schemathesis
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from hypothesis import settings

from review.api import documentation
from tests.review.api.quiet import QUIET


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
