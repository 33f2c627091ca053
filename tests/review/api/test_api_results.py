"""The feed of a province's records and the reference data (GOAL-N4); the page of the interface."""

import datetime
import json
import re
import threading
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client

from bases.models import SpecialtyBase, Submission
from residents.rules import delivery
from review.api import documentation, problems
from review.api.examples import PROGRAM, RECORD
from review.api.intake import take
from review.decisions import services as decisions
from review.models import ApiClient, ApiResult
from tests import factories
from tests.review.api.delivered import record


@pytest.fixture
def client_and_key(make_key):
    return make_key()


def deliver(client: ApiClient, records):
    with transaction.atomic():
        return take(client, records, dry_run=False, whole=False)["results"]


def results(key, **query):
    response = Client().get("/api/v1/results", query, headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200
    return response.json()


def told(key):
    return [(item["external_id"], item["event"], item["now"]) for item in results(key)["items"]]


def pending(external_id):
    found = Submission.objects.get(enrollment__api_record__external_id=external_id, outcome="pending")
    return {found.pk: found.version}


def test_feed_tells_what_became_of_each_record_in_order(client_and_key, base, cycle, provincial_reviewer):
    """GOAL-N4: accepted, waiting, returned, corrected, revoked: everything since the cursor, oldest first."""
    client, key = client_and_key
    first, second = record(base, cycle.year, 1), record(base, cycle.year, 2)
    references = {each["external_id"]: each["reference"] for each in deliver(client, [first, second])}
    decisions.approve(pending("ZJ-1"), by=provincial_reviewer)
    decisions.return_for_correction(
        pending("ZJ-2"),
        by=provincial_reviewer,
        comment="请核对邮箱。",
        field_comments={"basic.email": "不是本人的"},
    )
    second["basic"]["email"] = "new@example.com"
    deliver(client, [second])
    decisions.revoke(Submission.objects.get(outcome="approved"), by=provincial_reviewer, reason="误操作")
    assert told(key) == [
        ("ZJ-1", "waiting", "审核已撤销"),
        ("ZJ-2", "waiting", "退回修改"),
        ("ZJ-1", "approved", "审核已撤销"),
        ("ZJ-2", "returned", "退回修改"),
        ("ZJ-2", "corrected", "待审核"),
        ("ZJ-1", "revoked", "审核已撤销"),
        # The same content waits again: nobody has corrected anything.
        ("ZJ-1", "waiting", "待审核"),
    ]
    returned = results(key)["items"][3]
    assert (
        returned["comment"],
        returned["field_comments"],
        returned["training_base"],
        returned["reference"],
    ) == (
        "请核对邮箱。",
        {"basic.email": "不是本人的"},
        base.code,
        references["ZJ-2"],
    )


def test_feed_goes_on_at_the_cursor(client_and_key, base, cycle):
    client, key = client_and_key
    deliver(client, [record(base, cycle.year, number) for number in range(5)])
    first = results(key, limit=2)
    second = results(key, limit=2, cursor=first["next_cursor"])
    third = results(key, limit=2, cursor=second["next_cursor"])
    fourth = results(key, limit=2, cursor=third["next_cursor"])
    pages = [first, second, third, fourth]
    seen = [item["external_id"] for page in pages for item in page["items"]]
    assert sorted(seen) == [f"ZJ-{number}" for number in range(5)]
    assert [page["has_more"] for page in pages] == [True, True, False, False]
    assert fourth == {"sandbox": False, "items": [], "next_cursor": third["next_cursor"], "has_more": False}


def test_feed_holds_nothing_of_other_provinces_or_other_doors(
    client_and_key, make_key, other_province, base, cycle
):
    """TRUST-30; AM-01: the registry is reported directly and is not the platform's."""
    client, key = client_and_key
    other_province.reporting_mode = "2"
    other_province.save()
    stranger, _ = make_key(other_province)
    elsewhere = factories.TrainingBaseFactory(province=other_province)
    deliver(stranger, [record(elsewhere, cycle.year, 1)])
    assert results(key)["items"] == []


def test_sandbox_has_no_results(make_key, client_and_key, base, cycle):
    client, _ = client_and_key
    deliver(client, [record(base, cycle.year, 1)])
    _, sandbox = make_key(is_sandbox=True)
    assert results(sandbox) == {"sandbox": True, "items": [], "next_cursor": "0", "has_more": False}


@pytest.mark.parametrize("count", [1, 3])
def test_feed_asks_a_constant_number_of_queries(
    client_and_key, base, cycle, django_assert_num_queries, count
):
    client, key = client_and_key
    deliver(client, [record(base, cycle.year, number) for number in range(count)])
    with django_assert_num_queries(3):
        results(key)


@pytest.mark.django_db(transaction=True)
def test_feed_skips_no_line_of_a_transaction_that_commits_late(transactional_db, client_and_key, base, cycle):
    """GOAL-N4, stable order: a reader's cursor never stands behind a line that is not yet to be seen."""
    client, key = client_and_key
    begun, seen = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                take(client, [record(base, cycle.year, 1)], dry_run=False, whole=False)
                begun.set()
                # The other one must not get past this transaction and be read first.
                assert not seen.wait(1)
        finally:
            connection.close()

    def fast():
        try:
            begun.wait(10)
            deliver(client, [record(base, cycle.year, 2)])
            seen.set()
        finally:
            connection.close()

    threads = [threading.Thread(target=slow), threading.Thread(target=fast)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = dict(ApiResult.objects.values_list("submission__enrollment__api_record__external_id", "pk"))
    assert ids["ZJ-1"] < ids["ZJ-2"]


def test_reference_data_is_that_of_the_cycle(client_and_key, base, cycle):
    """GOAL-N3: bases with what they are accredited for this year, specialties, every list that a delivery needs."""
    _, key = client_and_key
    SpecialtyBase.objects.filter(base=base, specialty="0200").update(valid_to=cycle.year - 1)
    ask = lambda path: Client().get(path, headers={"Authorization": f"Bearer {key}"}).json()  # noqa: E731
    assert ask("/api/v1/reference/bases") == {
        "intake_year": cycle.year,
        "items": [{"code": base.code, "name": base.name, "specialties": ["0100", "0700", "0900"]}],
    }
    assert {"code": "0100", "name": "内科", "offered": True} in ask("/api/v1/reference/specialties")["items"]
    lists = ask("/api/v1/reference/codes")["lists"]
    used = {field.codes for fields in delivery.PARTS.values() for field in fields if field.codes}
    assert set(lists) == used
    assert {"code": "01", "name": "居民身份证", "offered": True} in lists["id_type"]


# --- the page --------------------------------------------------------------------------------------------------------


def test_documented_record_is_right_but_for_its_base():
    """What engineers copy must work."""
    found = delivery.read(RECORD)
    delivery.judge(
        found,
        {
            "today": datetime.date(2019, 10, 1),
            "cycle_year": 2019,
            "base_found": True,
            "base_province": "33",
            "accredited": {"0100": None},
        },
    )
    assert [(path, said.code) for path, said in found.problems if not said.is_warning] == []


def test_documented_program_delivers(live_server, make_key, cycle, base):
    """The example of the page runs as it stands."""
    names: dict = {}
    exec(compile(PROGRAM, "example.py", "exec"), names)
    _, key = make_key()
    answer = names["deliver"](live_server.url, key, [record(base, cycle.year, 1)])
    assert [each["outcome"] for each in answer["results"]] == ["accepted"]


def test_page_and_schema_are_open_and_name_every_field(db):
    """GOAL-N3: OpenAPI; in Chinese, with curl and Python examples."""
    page = Client().get("/api/v1/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    for fields in delivery.PARTS.values():
        for field in fields:
            assert f"<code>{field.name}</code>" in text
            assert field.label in text
    assert "curl -sS -X POST" in text
    assert "urllib.request" in text
    schema = Client().get("/api/v1/openapi.json").json()
    assert sorted(schema["paths"]) == [
        "/api/v1/recruitments",
        "/api/v1/reference/bases",
        "/api/v1/reference/codes",
        "/api/v1/reference/specialties",
        "/api/v1/removals",
        "/api/v1/results",
    ]
    assert json.dumps(schema).count("application/problem+json") > 20


def test_every_problem_of_the_interface_is_explained_on_the_page(db):
    """The type of a problem leads to its explanation."""
    source = "".join(path.read_text(encoding="utf-8") for path in Path(problems.__file__).parent.glob("*.py"))
    codes = set(re.findall(r'Refusal\(\s*[0-9]{3},\s*"([a-z_]+)"', source))
    codes |= {code for code, _, _ in problems.GENERAL.values()}
    page = Client().get("/api/v1/docs/").content.decode()
    assert {code for code in codes if f'id="problem-{code}"' not in page} == set()
    assert set(documentation.PROBLEMS) == codes
