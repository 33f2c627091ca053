"""A provincial platform against the running portal: 20,000 records over HTTP, with cut lines and repetitions
(GOAL-N4)."""

import concurrent.futures
import datetime

import pytest
from django.db.models import Count
from django.utils import timezone

from bases.models import Province, Submission
from bases.models.organisations import ReportingMode
from portal.models import User
from portal.roles import Role
from residents.models import BasicInfo, Enrollment, Resident, StatusChange
from review.api import keys
from tests import factories
from tests.api_client import Platform
from tests.review.api import served
from tests.review.api.delivered import record

RECORDS = 20_000
A_BATCH = 1000


@pytest.fixture
def key(transactional_db, cycle, national_officer):
    """The key of a province that has switched to delivering by the interface."""
    Province.objects.filter(pk="33").update(reporting_mode=ReportingMode.API)
    _, text = keys.create(
        Province.objects.get(pk="33"),
        name="省平台",
        scopes=["deliver", "results"],
        addresses=["127.0.0.1"],
        is_sandbox=False,
        expires_at=timezone.now() + datetime.timedelta(days=1),
        by=national_officer,
    )
    return text


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_twenty_thousand_records_stand_exactly_once_after_cut_lines_and_retries(key, cycle):
    """GOAL-N4: 20,000 records in batches, dropped connections and retries; every record stands exactly once."""
    bases = [factories.TrainingBaseFactory(name=f"浙江省第{number}人民医院") for number in range(40)]
    batches = [
        [record(bases[number // 500], cycle.year, number) for number in range(start, start + A_BATCH)]
        for start in range(0, RECORDS, A_BATCH)
    ]
    with served.portal(API_REQUESTS_PER_MINUTE="100000", LOG_LEVEL="CRITICAL") as origin:
        platforms = [Platform(origin, key, cut=3), Platform(origin, key, cut=4)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            halves = pool.map(
                lambda number: [platforms[number].deliver(batch) for batch in batches[number::2]], range(2)
            )
            answers = [answer for half in halves for answer in half]
        feed = list(platforms[0].results())

    # Lines were cut, and what was sent again was answered from the first time.
    assert sum(platform.dropped for platform in platforms) >= 5
    assert sum(platform.replayed for platform in platforms) >= 1
    told = [result for answer in answers for result in answer["results"]]
    assert {result["outcome"] for result in told} == {"accepted"}
    external_ids = sorted(f"ZJ-{number}" for number in range(RECORDS))
    assert sorted(result["external_id"] for result in told) == external_ids

    assert Resident.objects.count() == BasicInfo.objects.count() == RECORDS
    assert User.objects.filter(role=Role.RESIDENT).count() == RECORDS
    assert StatusChange.objects.count() == RECORDS
    standing = Enrollment.objects.values("origin", "report_status", "review_status").annotate(n=Count("pk"))
    assert list(standing) == [{"origin": "api", "report_status": "1", "review_status": "1", "n": RECORDS}]
    submitted = Submission.objects.values("number", "outcome", "channel").annotate(n=Count("pk"))
    assert list(submitted) == [{"number": 1, "outcome": "pending", "channel": "api", "n": RECORDS}]

    # The feed tells of each record once, under the number that the delivery was answered with.
    assert sorted(line["external_id"] for line in feed) == external_ids
    references = {result["external_id"]: result["reference"] for result in told}
    assert all(references[line["external_id"]] == line["reference"] for line in feed)
    assert {line["event"] for line in feed} == {"waiting"}
    cursors = [int(line["cursor"]) for line in feed]
    assert cursors == sorted(set(cursors))


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_burst_of_one_key_has_one_effect_and_equal_answers(key, cycle):
    """TRUST-50: ten at once under one Idempotency-Key → one effect, ten answers equal to the byte."""
    base = factories.TrainingBaseFactory()
    sent = [record(base, cycle.year, number) for number in range(20)]
    with served.portal() as origin:
        platform = Platform(origin, key)
        body = platform.body(sent)
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: platform.post(body, "burst-of-ten"), range(10)))
    assert {status for status, _ in answers} == {200}
    assert len({text for _, text in answers}) == 1
    assert Enrollment.objects.count() == 20
    assert Submission.objects.count() == 20


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_two_batches_of_the_same_persons_at_once_let_each_stand_once(key, cycle):
    """AM-27: crossing bases and orders may meet in a deadlock; nobody gets a 500, everybody stands once."""
    one, two = factories.TrainingBaseFactory(), factories.TrainingBaseFactory()
    here = [record(one if number % 2 else two, cycle.year, number) for number in range(60)]
    there = [
        {**each, "training": {**each["training"], "training_base": (two if number % 2 else one).code}}
        for number, each in enumerate(here)
    ]
    with served.portal() as origin:
        platform = Platform(origin, key)
        bodies = [platform.body(here), platform.body(there[::-1])] * 3
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(lambda pair: platform.post(pair[1], f"crossing-{pair[0]}"), enumerate(bodies))
            )
    assert {status for status, _ in answers} == {200}
    assert Enrollment.objects.count() == Resident.objects.count() == 60
    assert Submission.objects.filter(outcome="pending").count() == 60
