"""A province's platform takes delivered recruits out, for the three reasons of AM-33."""

import datetime
import json
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from bases.models import Submission
from portal.models import AuditEvent, Step
from residents.models import Enrollment
from review.decisions import services as decisions
from tests import factories
from tests.bases.desk import close
from tests.review.api.delivered import record
from tests.review.api.test_api_intake import outcomes, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(make_key):
    return make_key()[1]


@pytest.fixture
def delivered(key, base, cycle, switched):
    post(key, [record(base, cycle.year, 1)])
    return Enrollment.objects.get()


def remove(key, *removals, idempotency_key=None):
    return Client().post(
        "/api/v1/removals",
        json.dumps({"removals": removals}),
        content_type="application/json",
        headers={
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": idempotency_key or str(uuid.uuid4()),
        },
    )


def removal(enrollment, kind="no_show", **more):
    told = {"reference": str(enrollment.pk), "kind": kind, "reason": "本人书面放弃"}
    return told | {"left_on": timezone.localdate().isoformat()} | more


@pytest.mark.parametrize(("kind", "stored"), [("wrong", "1"), ("no_show", "2"), ("moved", "3")])
def test_delivered_recruit_goes_and_may_be_delivered_again(key, delivered, base, cycle, kind, stored):
    """AM-33: the waiting delivery is withdrawn, the person is free at once."""
    assert outcomes(remove(key, removal(delivered, kind))) == [(200, "removed")]
    delivered.refresh_from_db()
    assert (delivered.deleted_as, delivered.left_on is None) == (stored, kind == "wrong")
    assert not Submission.objects.filter(outcome="pending").exists()
    assert AuditEvent.objects.get(action="api_removal").detail["counts"] == {"removed": 1}
    assert outcomes(post(key, [record(base, cycle.year, 1)])) == [(201, "accepted")]


def test_after_the_transfer_only_departures_until_the_lock(key, delivered, cycle):
    """AM-33, BR-50."""
    close(cycle, Step.API_TRANSFER)
    assert outcomes(remove(key, removal(delivered, "wrong"))) == [(409, "refused")]
    assert outcomes(remove(key, removal(delivered, "moved"))) == [(200, "removed")]


def test_approved_recruit_is_not_removed(key, delivered, provincial_reviewer):
    decisions.approve(dict(Submission.objects.values_list("pk", "version")), by=provincial_reviewer)
    answer = remove(key, removal(delivered))
    assert outcomes(answer) == [(409, "refused")]
    assert "退培" in answer.json()["results"][0]["text"]


def test_nobody_elses_record_is_known(key, delivered, base, cycle, other_province):
    """TRUST-30: of another province's record, or of one entered in the page, as if there were none."""
    other = factories.EnrollmentFactory(
        base=factories.TrainingBaseFactory(province_id="44"), intake_year=cycle.year, origin="api"
    )
    own = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    answer = remove(key, removal(other), removal(own), {**removal(own), "reference": "999999999999999999"})
    assert outcomes(answer) == [(404, "not_found")] * 3
    assert not Enrollment.objects.filter(deleted_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"left_on": None}, 200),
        ({"left_on": (timezone.localdate() + datetime.timedelta(days=3)).isoformat()}, 200),
        ({"left_on": "明天"}, 422),
        ({"reason": "走"}, 422),
        ({"kind": "died"}, 422),
        ({"reference": "²"}, 422),
    ],
)
def test_odd_removals_are_told_what_is_wrong(key, delivered, values, status):
    answer = remove(key, removal(delivered) | values)
    assert answer.status_code == status
    if status == 200:
        assert outcomes(answer) == [(409, "refused")]
    delivered.refresh_from_db()
    assert delivered.deleted_at is None


def test_same_request_again_gives_the_same_answer(key, delivered):
    """TRUST-50."""
    token = str(uuid.uuid4())
    first = remove(key, removal(delivered), idempotency_key=token)
    assert remove(key, removal(delivered), idempotency_key=token).json() == first.json()
