"""What was done in bulk is told before and taken back in bulk, with one reason (GOAL-P3, GOAL-P5)."""

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.models import Submission
from portal.models import AuditEvent, Message, Step
from residents.models import Enrollment
from residents.snapshot import snapshot_of
from review.decisions.services import approve, return_for_correction, revoke, revoke_batch
from review.models import QualityFinding
from review.queue import lists
from tests.bases.desk import close, complete
from tests.review.conftest import submit
from tests.review.queue.test_queue import QUEUE, marks

pytestmark = pytest.mark.django_db


def decide(rows, by, act: str):
    choices = {row.pk: row.version for row in rows}
    return (
        approve(choices, by=by)
        if act == "approve"
        else return_for_correction(choices, by=by, comment="请核对。")
    )


@pytest.fixture
def rows(base, base_officer, cycle):
    """A function: reports whose content is that of the living records, so that a return can be revoked too."""

    def make(count: int) -> list[Submission]:
        records = [complete(base, cycle.year) for _ in range(count)]
        return [submit(each, base_officer, content=snapshot_of(each)) for each in records]

    return make


def states() -> set[tuple]:
    return set(
        Enrollment.objects.values_list("report_status", "review_status", "registered_at", "intake_submission")
    )


@pytest.mark.parametrize("act", ["approve", "return"])
def test_a_whole_batch_waits_again_for_one_reason(signed_in, provincial_reviewer, base_officer, rows, act):
    done = decide(rows(3), provincial_reviewer, act)
    client, address = signed_in(provincial_reviewer), reverse("review:batch", args=[done.batch])
    assert "将撤销其中 3 条" in client.get(address).text
    answer = client.post(address, {"reason": " 选错了筛选条件 "}, follow=True)
    # Loaded anew, nothing is sent again.
    assert answer.redirect_chain == [(address, 302)]
    assert "已撤销 3 条，重新进入待审核" in answer.text
    assert "本批已撤销 3 条" in client.get(address).text
    assert "3 条（" in client.get(reverse("review:batches")).text
    assert states() == {("1", "1", None, None)}
    old = Submission.objects.filter(outcome="revoked")
    assert {(row.revoked_by, row.revocation_reason) for row in old} == {
        (provincial_reviewer, "选错了筛选条件")
    }
    again = lists.pending(provincial_reviewer, {"turn": "first"})
    assert sorted(again.values_list("enrollment_id", "number", "is_put_back")) == sorted(
        (row.enrollment_id, 2, True) for row in old
    )
    assert lists.pending(provincial_reviewer, {"turn": "again"}).count() == 0
    line = AuditEvent.objects.get(action="revoke")
    assert (sorted(line.detail["submissions"]), line.detail["left_out"]) == (
        sorted(row.pk for row in old),
        [],
    )
    assert Message.objects.filter(recipient=base_officer, kind="revoked").count() == 1
    assert "整批撤销" not in client.get(address).text
    assert len(decide(list(again), provincial_reviewer, "approve").decided) == 3


def test_what_moved_since_is_left_out_and_named(signed_in, provincial_reviewer, base_officer, rows):
    """Each way a record can move after the decision: revoked alone, changed by its base, reported anew, no longer in
    training."""
    alone, changed, anew, left, same = submissions = rows(5)
    done = decide(submissions, provincial_reviewer, "approve")
    revoke(Submission.objects.get(pk=alone.pk), by=provincial_reviewer, reason="误操作")
    Enrollment.objects.filter(pk=changed.enrollment_id).update(report_status="0")
    submit(Enrollment.objects.get(pk=anew.enrollment_id), base_officer)
    Enrollment.objects.filter(pk=left.enrollment_id).update(status="3")
    before = {
        pk: Submission.objects.filter(enrollment=pk).count()
        for pk in Enrollment.objects.values_list("pk", flat=True)
    }
    address = reverse("review:batch", args=[done.batch])
    assert "将撤销其中 1 条" in signed_in(provincial_reviewer).get(address).text
    answer = signed_in(provincial_reviewer).post(address, {"reason": "误操作"}, follow=True)
    assert "已撤销 1 条" in answer.text
    assert "整批撤销" not in signed_in(provincial_reviewer).get(address).text
    assert Submission.objects.get(pk=same.pk).outcome == "revoked"
    said = "4 条在办理后已有变化，没有撤销"
    assert said in answer.text
    told = answer.text[answer.text.index(said) :]
    for row, reason in (
        (alone, "没有可撤销的审核决定"),
        (changed, "培训基地已修改"),
        (anew, "新的上报"),
        (left, "培训状态"),
    ):
        assert row.enrollment.resident.full_name in told
        assert reason in told
    after = {pk: Submission.objects.filter(enrollment=pk).count() for pk in before}
    assert {pk for pk in before if after[pk] != before[pk]} == {same.enrollment_id}


def test_the_approval_before_counts_again(provincial_reviewer, base_officer, rows):
    """AM-16: the intake original stays, the record stays in the registry."""
    firsts = rows(2)
    decide(firsts, provincial_reviewer, "approve")
    seconds = [submit(Enrollment.objects.get(pk=row.enrollment_id), base_officer) for row in firsts]
    done = decide(seconds, provincial_reviewer, "approve")
    revoke_batch([row.pk for row in seconds], done.batch, by=provincial_reviewer, reason="误操作")
    for row in firsts:
        record = Enrollment.objects.get(pk=row.enrollment_id)
        assert (record.approved_submission_id, record.intake_submission_id) == (row.pk, row.pk)
        assert (record.registered_at is not None, record.review_status) == (True, "1")


def test_nothing_is_revoked_without_a_reason_after_the_window_or_by_another(
    signed_in, provincial_reviewer, other_province_reviewer, rows, cycle
):
    done = decide(rows(2), provincial_reviewer, "approve")
    address = reverse("review:batch", args=[done.batch])
    assert signed_in(provincial_reviewer).post(address, {"reason": " "}).status_code == 422
    assert signed_in(other_province_reviewer).post(address, {"reason": "误操作"}).status_code == 404
    stranger = revoke_batch(
        [row.pk for row in done.decided], done.batch, by=other_province_reviewer, reason="误操作"
    )
    assert (stranger.decided, {each.name for each in stranger.left_out}) == ([], {""})
    assert "整批撤销" in signed_in(provincial_reviewer).get(address).text
    close(cycle, Step.REVIEW)
    assert "整批撤销" not in signed_in(provincial_reviewer).get(address).text
    late = signed_in(provincial_reviewer).post(address, {"reason": "误操作"}, follow=True)
    assert "2 条在办理后已有变化，没有撤销" in late.text
    assert not Submission.objects.filter(outcome="revoked").exists()


@pytest.mark.parametrize("act", ["approve", "return"])
def test_a_batch_of_one_costs_what_a_batch_of_six_does(
    provincial_reviewer, rows, act, django_assert_num_queries, django_assert_max_num_queries
):
    one, six = decide(rows(1), provincial_reviewer, act), decide(rows(6), provincial_reviewer, act)
    # Else a message would be put under the one before.
    Message.objects.update(read_at=timezone.now())
    with django_assert_max_num_queries(45) as counted:
        revoke_batch([row.pk for row in one.decided], one.batch, by=provincial_reviewer, reason="误操作")
    Message.objects.update(read_at=timezone.now())
    with django_assert_num_queries(len(counted.captured_queries)):
        revoke_batch([row.pk for row in six.decided], six.batch, by=provincial_reviewer, reason="误操作")


def test_confirmation_tells_filter_bases_findings_and_number(signed_in, provincial_reviewer, base, rows):
    submissions = rows(3)
    for kind, row in (("age", submissions[0]), ("age", submissions[1])):
        QualityFinding.objects.create(
            kind=kind,
            subject=f"e{row.enrollment_id}",
            enrollment=row.enrollment,
            base=base,
            intake_year=row.intake_year,
        )
    client = signed_in(provincial_reviewer)
    query = f"?base={base.pk}&turn=first"
    order = marks(client.get(f"{QUEUE}{query}")) | {"act": "approve", "range": "all"}
    asked = client.post(f"{reverse('review:bulk')}{query}", order)
    found = asked.context["prospect"]
    assert (found.ready, found.bases) == (3, [(base.name, 3)])
    assert [count for _, count in found.findings] == [2]
    assert asked.context["filters"] == [("培训基地", str(base)), ("首次或再次", "首次上报")]
    for words in (
        "筛选结果全部",
        f"{base.name} 3 条",
        "首次或再次：首次上报",
        f"{found.findings[0][0]} 2 条",
    ):
        assert words in asked.text
    plain = client.post(reverse("review:bulk"), order | {"range": "all"})
    assert "没有筛选" in plain.text
