"""Records with anything in their fields: judged, written or refused, and nothing breaks (GOAL-N3)."""

import copy
import json

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from residents.rules.delivery import PARTS
from review.api.intake import take
from review.api.schema import DeliveryAnswer
from tests.review.api.delivered import record
from tests.review.api.quiet import QUIET

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
