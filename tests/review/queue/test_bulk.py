"""A decision on many records: what it will do is told before, what it did can be found again (GOAL-P3, GOAL-P6)."""

import pytest

from bases.models import Submission
from portal.models import Step
from review.decisions.claims import claim
from review.models import Claim
from tests import factories
from tests.bases.desk import close
from tests.review.queue.test_queue import QUEUE, marks

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer(signed_in, provincial_reviewer):
    return signed_in(provincial_reviewer)


@pytest.fixture
def colleague(base):
    user = factories.UserFactory(full_name="何敏", role="province")
    factories.grant(user, base.province)
    return user


def everything(reviewer, **more) -> dict:
    return marks(reviewer.get(QUEUE)) | {"act": "approve", "range": "all", **more}


def test_closed_window_is_told_before_anything_is_promised(reviewer, reported, cycle):
    """GOAL-P3: no button where nothing can be decided; the list says so too and lets nothing be ticked."""
    reported(2)
    close(cycle, Step.REVIEW)
    listed = reviewer.get(QUEUE).text
    assert listed.count('state-grey" title=') == 2
    assert listed.count("disabled") >= 2
    assert listed.count("标为“现在不能审核”的记录") == 1

    asked = reviewer.post("/review/queue/bulk/", everything(reviewer))
    assert (asked.context["prospect"].ready, asked.context["prospect"].closed[0][1]) == (0, 2)
    assert "所选的 2 条现在不能审核" in asked.text
    assert "确认审核通过" not in asked.text


def test_what_a_colleague_has_open_is_told_and_can_be_left_out(reviewer, reported, colleague):
    """GOAL-P6: nobody is kept out, but nobody is overruled unknowingly."""
    rows = reported(3)
    claim(rows[0], by=colleague)
    order = everything(reviewer)
    asked = reviewer.post("/review/queue/bulk/", order).text
    assert "不处理他人正在审核的 1 条（何敏 1 条）" in asked

    reviewer.post("/review/queue/bulk/", order | {"confirmed": "1", "skip_held": "1"})
    outcomes = dict(Submission.objects.values_list("pk", "outcome"))
    assert [outcomes[row.pk] for row in rows] == ["pending", "approved", "approved"]
    assert Claim.objects.filter(submission=rows[0]).exists()

    reviewer.post("/review/queue/bulk/", everything(reviewer, confirmed="1"))
    assert not Submission.objects.filter(outcome="pending").exists()


def test_result_can_be_found_again_and_leads_back_to_the_filter(reviewer, reported, signed_in, colleague):
    """GOAL-P3: one batch id, on the result, in the list of one's batches and on the record."""
    rows = reported(2)
    done = reviewer.post(
        f"/review/queue/bulk/?specialty={rows[0].specialty_id}", everything(reviewer, confirmed="1")
    )
    batch = str(Submission.objects.get(pk=rows[0].pk).decision_batch)
    assert done.url == f"/review/queue/batches/{batch}/?specialty={rows[0].specialty_id}"
    assert f'href="{QUEUE}?specialty={rows[0].specialty_id}"' in reviewer.get(done.url).text
    listed = reviewer.get("/review/queue/batches/").text
    assert f'href="/review/queue/batches/{batch}/"' in listed
    assert f"批次号 {batch}" in reviewer.get(f"/review/records/{rows[0].enrollment_id}/").text
    assert batch not in signed_in(colleague).get("/review/queue/batches/").text


@pytest.mark.parametrize("count", [1, 4])
def test_confirmation_costs_the_same_for_one_and_four(
    reviewer, reported, colleague, count, django_assert_num_queries
):
    for row in reported(count):
        claim(row, by=colleague)
    order = everything(reviewer)
    reviewer.post("/review/queue/bulk/", order)
    with django_assert_num_queries(QUERIES_OF_A_CONFIRMATION):
        reviewer.post("/review/queue/bulk/", order)


# Among them the accreditations that ended (AM-45), whether the person has a place (AM-46), what was reported again,
# and the notes on quality of the chosen records (GOAL-P3).
QUERIES_OF_A_CONFIRMATION = 21
