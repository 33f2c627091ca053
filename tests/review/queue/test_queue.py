"""The province's lists and bulk decisions: BR-58, BR-85; GOAL-P1, GOAL-P3; TRUST-23 … TRUST-25, TRUST-51."""

import datetime
import re

import pytest
from django.utils import timezone

from bases.models import Submission
from portal.models import AuditEvent
from residents.models import Enrollment
from review.decisions.services import approve
from review.exports import jobs as exports
from review.models import Export
from tests import factories
from tests.review.conftest import submit

QUEUE = "/review/"


def names(answer) -> list[str]:
    return [row.enrollment.resident.full_name for row in answer.context["page"].rows]


@pytest.fixture
def reviewer(provincial_reviewer, signed_in):
    return signed_in(provincial_reviewer)


def test_the_queue_shows_what_waits_oldest_first(reviewer, reported, provincial_reviewer, base, cycle):
    """BR-85: default filter 待审核, with age; unreported and decided ones are not in it."""
    young, old, done = reported(3)
    Enrollment.objects.filter(pk=done.enrollment_id).update(review_status="1")
    approve({done.pk: 0}, by=provincial_reviewer)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    waiting_long = reported(1, days_ago=9)[0]
    answer = reviewer.get(QUEUE)
    assert [row.pk for row in answer.context["page"].rows] == [waiting_long.pk, young.pk, old.pk]
    assert "9 天" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("turn=first", ["甲", "乙"]),
        ("turn=again", ["丙"]),
        ("specialty=0200", ["乙"]),
        ("type=4", ["丙"]),
        ("waiting=7", ["甲"]),
        ("q=学员乙", ["乙"]),
        ("module=registry", ["丙"]),
        ("year=2014", []),
        ("changed=some", ["丙"]),
        ("changed=none", []),
        ("changed=training.trainee_type", ["丙"]),
        ("changed=training.remark", []),
    ],
)
def test_filters_of_the_queue(reviewer, base, base_officer, cycle, query, expected, provincial_reviewer):
    """GOAL-P1, GOAL-P2: base, specialty, year, turn, type, waiting time, what changed."""
    people = {}
    for sign in "甲乙丙":
        person = factories.ResidentFactory(full_name=f"学员{sign}")
        people[sign] = factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
    submit(people["甲"], base_officer, days_ago=8)
    submit(people["乙"], base_officer, days_ago=2, specialty_id="0200")
    first = submit(people["丙"], base_officer, days_ago=2)
    approve({first.pk: 0}, by=provincial_reviewer)
    submit(
        Enrollment.objects.get(pk=people["丙"].pk),
        base_officer,
        trainee_type="4",
        changed_fields=["training.trainee_type"],
    )
    assert names(reviewer.get(f"{QUEUE}?{query}")) == [f"学员{sign}" for sign in expected]


@pytest.mark.parametrize("query", ["base=999999", "year=abc", "turn=nonsense", "specialty=x&turn=%00"])
def test_a_filter_that_cannot_be_read_lists_and_decides_nothing(reviewer, reported, query):
    """GOAL-P3: "all N results" of an address that says something unknown must never be the whole queue."""
    reported(2)
    loaded_at = reviewer.get(QUEUE).context["loaded_at"]
    answer = reviewer.get(f"{QUEUE}?{query}")
    assert names(answer) == []
    assert "筛选条件无效" in answer.content.decode()
    assert 'value="approve"' not in answer.content.decode()
    order = {"act": "approve", "range": "all", "loaded_at": loaded_at, "confirmed": "1"}
    reviewer.post(f"/review/queue/bulk/?{query}", order)
    assert Submission.objects.filter(outcome="approved").count() == 0


@pytest.mark.parametrize("query", ["base=999999", "status=nonsense", "year=1"])
def test_residents_of_a_filter_that_cannot_be_read_are_not_listed(reviewer, pending, query):
    """BR-58, GOAL-N5: neither shown nor exported."""
    answer = reviewer.get(f"/review/records/?{query}")
    assert answer.context["page"].rows == []
    assert "筛选条件无效" in answer.content.decode()
    reviewer.post(f"/review/records/export/?{query}", {"file_format": "csv"})
    assert all(each.rows == 0 for each in Export.objects.all())


def test_another_province_sees_neither_name_nor_count(reported, other_province_reviewer, signed_in):
    """TRUST-24."""
    reported(2)
    answer = signed_in(other_province_reviewer).get(QUEUE)
    assert answer.context["page"].count == 0
    assert [sign for sign in "甲乙" if f"学员{sign}" in answer.content.decode()] == []


@pytest.mark.parametrize("path", [QUEUE, "/review/records/"])
def test_numbers_are_masked_in_lists(reviewer, pending, path):
    """TRUST-51."""
    body = reviewer.get(path).content.decode()
    person = pending.enrollment.resident
    assert person.id_number not in body
    assert person.mobile not in body
    assert f"{person.id_number[:3]}***********{person.id_number[-4:]}" in body


@pytest.mark.parametrize("path", [QUEUE, "/review/records/"])
def test_lists_cost_the_same_with_one_and_three_rows(reviewer, reported, path, django_assert_num_queries):
    """Target 9 of tests/benchmarks, GOAL-P1."""
    reported(1)
    reviewer.get(path)
    with django_assert_num_queries(QUERIES[path]):
        reviewer.get(path)
    reported(2)
    with django_assert_num_queries(QUERIES[path]):
        reviewer.get(path)


# Two of each ask whether the person has a place at all (AM-46).
QUERIES = {QUEUE: 21, "/review/records/": 12}


def test_association_narrows_the_residents_to_a_province(signed_in, national_officer, pending, cycle):
    """BR-58 for the whole country; the export of the list asks the same (GOAL-N5)."""
    elsewhere = factories.EnrollmentFactory(
        base=factories.TrainingBaseFactory(province_id="44"), intake_year=cycle.year
    )
    address = "/review/records/?province=44"
    client = signed_in(national_officer)

    assert [row.pk for row in client.get(address).context["page"].rows] == [elsewhere.pk]
    exports.ask(national_officer, "residents_list", {"province": "44"})
    assert Export.objects.get().rows == 1


def test_province_is_not_asked_which_one(reviewer):
    assert "province" not in reviewer.get("/review/records/").context["filters"].fields


def test_every_resident_of_the_province_is_in_the_other_list(reviewer, pending, base, cycle, other_province):
    """BR-58: unreported ones too; other provinces' never."""
    unreported = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.EnrollmentFactory(base=factories.TrainingBaseFactory(province_id="44"), intake_year=cycle.year)
    rows = reviewer.get("/review/records/").context["page"].rows
    assert [row.pk for row in rows] == [unreported.pk, pending.enrollment_id]
    assert [row.pk for row in reviewer.get("/review/records/?report=0").context["page"].rows] == [
        unreported.pk
    ]


# --- bulk ------------------------------------------------------------------------------------------------------------


def marks(answer) -> dict[str, str]:
    return {"loaded_at": answer.context["loaded_at"]}


def test_ticked_records_are_approved_after_a_confirmation(reviewer, reported):
    """GOAL-P3: the first POST changes nothing and says how many; the second decides."""
    rows = reported(3)
    order = marks(reviewer.get(QUEUE)) | {"act": "approve", "range": "selected"}
    order["choice"] = [f"{row.pk}:0" for row in rows[:2]]
    asked = reviewer.post("/review/queue/bulk/", order)
    assert asked.context["prospect"].ready == 2
    assert Submission.objects.filter(outcome="pending").count() == 3
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.content.decode()))
    assert hidden["confirmed"] == "1"
    done = reviewer.post("/review/queue/bulk/", order | {"confirmed": "1"}, follow=True)
    assert (done.context["decided"], done.context["left_out"], done.context["unnamed"]) == (2, [], 0)
    assert [row.pk for row in done.context["page"].rows] == [row.pk for row in rows[:2]]
    (batch,) = set(Submission.objects.filter(outcome="approved").values_list("decision_batch", flat=True))
    assert str(batch) in done.content.decode()
    assert list(Submission.objects.filter(outcome="pending")) == [rows[2]]


def test_all_of_a_filter_leaves_out_and_names_what_moved_since_the_list_was_loaded(
    reviewer, reported, base_officer, provincial_reviewer
):
    """GOAL-P3: acts on all N that were listed; one decided by a colleague and one withdrawn are named, one reported
    meanwhile was never chosen."""
    rows = reported(6, days_ago=2)
    other = reported(1, days_ago=2, specialty_id="0200")[0]
    order = marks(reviewer.get(f"{QUEUE}?specialty=0100")) | {"act": "approve", "range": "all"}
    approve({rows[0].pk: 0}, by=provincial_reviewer)
    Submission.objects.filter(pk=rows[1].pk).update(
        outcome="withdrawn", decided_at=timezone.now(), decided_by=base_officer, version=1
    )
    late = reported(1, days_ago=-0.0001)[0]
    done = reviewer.post("/review/queue/bulk/?specialty=0100", order | {"confirmed": "1"}, follow=True)
    assert done.context["decided"] == 4
    left = {row.pk: reason for row, reason in done.context["left_out"]}
    assert set(left) == {rows[0].pk, rows[1].pk}
    assert left[rows[1].pk] == "该次上报现在是“已撤回上报”，未作处理。"
    outcomes = dict(Submission.objects.values_list("pk", "outcome"))
    assert [outcomes[row.pk] for row in rows[2:]] == ["approved"] * 4
    assert (outcomes[late.pk], outcomes[other.pk]) == ("pending", "pending")


def test_a_bulk_return_asks_for_its_comment_and_keeps_what_was_typed(reviewer, reported):
    rows = reported(2)
    order = marks(reviewer.get(QUEUE)) | {
        "act": "return",
        "range": "selected",
        "confirmed": "1",
        "reasons": ["07"],
    }
    order["choice"] = [f"{row.pk}:0" for row in rows]
    refused = reviewer.post("/review/queue/bulk/", order | {"comment": " "})
    assert list(refused.context["form"].errors) == ["comment"]
    assert refused.context["form"]["reasons"].value() == ["07"]
    without = reviewer.post("/review/queue/bulk/", order | {"comment": "请核对。", "reasons": []})
    assert without.context["form"].errors == {"reasons": ["请勾选至少一项退回原因；都不符合的，请选“其他”。"]}
    assert set(Submission.objects.values_list("outcome", flat=True)) == {"pending"}
    reviewer.post("/review/queue/bulk/", order | {"comment": "请核对培训开始时间。"})
    found = Submission.objects.order_by("pk").values_list("outcome", "comment", "reason_codes")
    assert list(found) == [("returned", "请核对培训开始时间。", ["07"])] * 2


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"act": "approve", "range": "selected", "loaded_at": "2026-11-01T00:00:00+08:00"},
        {"act": "approve", "range": "all", "loaded_at": "gestern"},
        {"act": "approve", "range": "all", "loaded_at": "2026-11-01T00:00:00"},
        {"act": "delete", "range": "all", "loaded_at": "2026-11-01T00:00:00+08:00"},
        {
            "act": "approve",
            "range": "selected",
            "loaded_at": "2026-11-01T00:00:00+08:00",
            "choice": ["x:y", ":", "1"],
        },
    ],
)
def test_an_order_that_cannot_be_read_changes_nothing(reviewer, pending, order):
    answer = reviewer.post("/review/queue/bulk/", order | {"confirmed": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/review/?")
    assert Submission.objects.get().outcome == "pending"


def test_a_read_only_reviewer_is_offered_no_decision_and_can_send_none(pending, province, signed_in):
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    client = signed_in(reader)
    answer = client.get(QUEUE)
    assert len(answer.context["page"].rows) == 1
    assert "审核通过…" not in answer.content.decode()
    order = marks(answer) | {"act": "approve", "range": "all", "confirmed": "1"}
    client.post("/review/queue/bulk/", order)
    assert Submission.objects.get().outcome == "pending"


def test_the_page_of_a_batch_is_its_makers_own(reviewer, reported, signed_in, province):
    """TRUST-25."""
    rows = reported(2)
    order = marks(reviewer.get(QUEUE)) | {"act": "approve", "range": "selected", "confirmed": "1"}
    answer = reviewer.post("/review/queue/bulk/", order | {"choice": [f"{row.pk}:0" for row in rows]})
    assert reviewer.get(answer["Location"]).status_code == 200
    colleague = factories.UserFactory(role="province")
    factories.grant(colleague, province)
    assert signed_in(colleague).get(answer["Location"]).status_code == 404
    assert AuditEvent.objects.get(action="approve").detail["batch"] in answer["Location"]


def test_a_hundred_of_a_filter_in_one_click(reviewer, reported):
    """More than one page of fifty."""
    reported(60, days_ago=datetime.timedelta(hours=1) / datetime.timedelta(days=1))
    order = marks(reviewer.get(QUEUE)) | {"act": "approve", "range": "all", "confirmed": "1"}
    assert reviewer.post("/review/queue/bulk/", order, follow=True).context["decided"] == 60
