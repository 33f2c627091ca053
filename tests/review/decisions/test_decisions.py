"""Approve, return, revoke: BR-37, BR-47, BR-58, BR-59, AM-03, AM-16, AM-17; GOAL-P3, GOAL-P5; TRUST-23, TRUST-32,
TRUST-46."""

import datetime

import pytest
from django.utils import timezone

from bases.models import Submission
from portal.models import AuditEvent, CycleWindow, Extension, Message
from residents.models import Enrollment
from residents.services.states import StateMoved
from residents.snapshot import snapshot_of
from review.decisions.services import NOT_YOURS, approve, return_for_correction, revoke
from tests import factories
from tests.review.conftest import submit


def close_windows(minutes: float) -> None:
    """Every window ended that many minutes ago."""
    CycleWindow.objects.update(
        opens_at=timezone.now() - datetime.timedelta(days=30),
        closes_at=timezone.now() - datetime.timedelta(minutes=minutes),
    )


def state(enrollment: Enrollment) -> tuple[str, str]:
    enrollment.refresh_from_db()
    return enrollment.get_report_status_display(), enrollment.get_review_status_display()


def test_approval_of_an_intake_record_brings_it_into_the_registry(pending, provincial_reviewer):
    """BR-59 and BR-37: the registry gains the record, the approved original stays behind."""
    done = approve({pending.pk: 0}, by=provincial_reviewer)
    assert ([row.pk for row in done.decided], done.left_out) == ([pending.pk], [])
    enrollment, pending = pending.enrollment, Submission.objects.get(pk=pending.pk)
    assert state(enrollment) == ("已上报", "审核通过")
    assert enrollment.module == "registry"
    assert enrollment.intake_submission == enrollment.approved_submission == pending
    assert enrollment.specialty_locked is True
    assert (pending.outcome, pending.decided_by, pending.decision_batch, pending.version) == (
        "approved",
        provincial_reviewer,
        done.batch,
        1,
    )


def test_a_newer_approval_replaces_the_counted_snapshot_and_keeps_the_original(
    pending, base_officer, provincial_reviewer
):
    """AM-16, AM-30: statistics read the newest approval, the intake original does not change."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    enrollment = Enrollment.objects.get(pk=pending.enrollment_id)
    registered_at = enrollment.registered_at
    again = submit(enrollment, base_officer, training={"approved_years": 2})
    assert (again.module, enrollment.approved_submission) == ("registry", pending)
    approve({again.pk: 0}, by=provincial_reviewer)
    enrollment.refresh_from_db()
    assert (enrollment.approved_submission, enrollment.intake_submission) == (again, pending)
    assert enrollment.registered_at == registered_at


def test_return_makes_the_record_reportable_again_and_carries_the_comment(pending, provincial_reviewer):
    """BR-47, AM-17: 未上报 and 退回修改, with the words the base will read."""
    return_for_correction(
        {pending.pk: 0},
        by=provincial_reviewer,
        comment=" 培训开始时间与合同不一致，请核对。 ",
        reason_codes=["07"],
        field_comments={"training.actual_start_date": "合同写的是 8 月 20 日"},
    )
    pending.refresh_from_db()
    assert state(pending.enrollment) == ("未上报", "退回修改")
    assert pending.comment == "培训开始时间与合同不一致，请核对。"
    assert pending.reason_codes == ["07"]
    assert pending.field_comments == {"training.actual_start_date": "合同写的是 8 月 20 日"}
    assert pending.enrollment.registered_at is None


def test_a_return_after_an_approval_leaves_the_approved_snapshot_counting(
    pending, base_officer, provincial_reviewer
):
    """AM-16."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    enrollment = Enrollment.objects.get(pk=pending.enrollment_id)
    again = submit(enrollment, base_officer)
    return_for_correction({again.pk: 0}, by=provincial_reviewer, comment="请补充减免证明。")
    assert state(enrollment) == ("未上报", "退回修改")
    assert enrollment.approved_submission == pending


def test_return_without_a_comment_is_refused(pending, provincial_reviewer):
    with pytest.raises(ValueError, match="comment"):
        return_for_correction({pending.pk: 0}, by=provincial_reviewer, comment="  ")
    assert state(pending.enrollment) == ("已上报", "待审核")


@pytest.mark.parametrize("outcome", ["withdrawn", "approved", "returned"])
def test_only_waiting_submissions_can_be_decided(pending, provincial_reviewer, outcome):
    """BR-58, TRUST-32: 已上报 and 待审核 only; a second click decides nothing."""
    Submission.objects.filter(pk=pending.pk).update(
        outcome=outcome, decided_at=timezone.now(), decided_by=provincial_reviewer, comment="请核对。"
    )
    word = Submission.Outcome(outcome).label
    for done in (
        approve({pending.pk: 0}, by=provincial_reviewer),
        return_for_correction({pending.pk: 0}, by=provincial_reviewer, comment="请核对。"),
    ):
        assert done.decided == []
        assert [(left.name, left.reason) for left in done.left_out] == [
            ("陈雨桐", f"该次上报现在是“{word}”，未作处理。")
        ]


def test_an_unreported_record_is_left_alone_even_if_a_submission_is_pending(pending, provincial_reviewer):
    """BR-58: the state of the record decides, not only that of the submission."""
    Enrollment.objects.filter(pk=pending.enrollment_id).update(report_status="0", review_status="0")
    assert approve({pending.pk: 0}, by=provincial_reviewer).decided == []


def test_what_changed_since_the_list_was_loaded_is_left_out_and_named(reported, provincial_reviewer):
    """GOAL-P3: one of three was reviewed and taken back meanwhile; the other two go through in one batch."""
    first, second, third = reported(3)
    Submission.objects.filter(pk=second.pk).update(version=1)
    done = approve({first.pk: 0, second.pk: 0, third.pk: 0}, by=provincial_reviewer)
    assert [row.pk for row in done.decided] == [first.pk, third.pk]
    assert [(left.submission_id, left.name, left.reason) for left in done.left_out] == [
        (second.pk, "学员乙", "列表打开后该记录已有变化，请重新查看后再审核。")
    ]
    batches = Submission.objects.filter(pk__in=[first.pk, third.pk]).values_list("decision_batch", flat=True)
    assert set(batches) == {done.batch}


def test_the_batch_id_stands_in_the_history_of_every_record(reported, provincial_reviewer):
    """GOAL-P3, GOAL-S3."""
    rows = reported(3)
    done = approve({row.pk: 0 for row in rows}, by=provincial_reviewer)
    events = Enrollment.events.rel.related_model.objects.filter(review_status="2")
    assert [event.pgh_context.metadata["batch"] for event in events] == [str(done.batch)] * 3


def test_records_of_another_province_are_left_out_without_a_name(pending, other_province_reviewer):
    """TRUST-24, TRUST-25: a foreign record looks like none at all."""
    done = approve({pending.pk: 0, 999_999_999: 0}, by=other_province_reviewer)
    assert done.decided == []
    assert [(left.name, left.reason) for left in done.left_out] == [("", NOT_YOURS)] * 2
    assert state(pending.enrollment) == ("已上报", "待审核")


def test_a_read_only_reviewer_and_the_association_decide_nothing(pending, province, national_officer):
    """docs/codes.md#rights: the association looks; READ_ONLY_ACTIONS keep no review."""
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    for user in (reader, national_officer):
        assert approve({pending.pk: 0}, by=user).decided == []
    assert state(pending.enrollment) == ("已上报", "待审核")


def test_review_before_its_window_is_allowed(pending, provincial_reviewer):
    """AM-03: BR-57 "即可", the province need not wait for the review days."""
    later = timezone.now() + datetime.timedelta(days=5)
    CycleWindow.objects.filter(step="review").update(
        opens_at=later, closes_at=later + datetime.timedelta(days=5)
    )
    assert len(approve({pending.pk: 0}, by=provincial_reviewer).decided) == 1


@pytest.mark.parametrize(("minutes", "decided"), [(-1, 1), (1, 0)])
def test_decisions_a_minute_before_and_after_the_deadline(pending, provincial_reviewer, minutes, decided):
    """GOAL-N1, TRUST-31: the server's clock at the end of the review window."""
    close_windows(minutes)
    done = return_for_correction({pending.pk: 0}, by=provincial_reviewer, comment="请核对。")
    assert len(done.decided) == decided
    assert ["已于" in left.reason and "现在不能办理" in left.reason for left in done.left_out] == [True] * (
        1 - decided
    )


def test_an_extension_of_one_record_opens_only_that_record(
    reported, cycle, provincial_reviewer, national_officer
):
    """GOAL-P8: the deadline has passed, one record and nothing else has more time."""
    rows = reported(3)
    close_windows(60)
    Extension.objects.create(
        cycle=cycle,
        step="review",
        enrollment=rows[1].enrollment,
        until=timezone.now() + datetime.timedelta(days=1),
        reason="系统故障",
        granted_by=national_officer,
    )
    done = approve({row.pk: 0 for row in rows}, by=provincial_reviewer)
    assert [row.pk for row in done.decided] == [rows[1].pk]
    assert len(done.left_out) == 2


def test_an_extension_of_a_base_opens_its_records(
    reported, base, cycle, provincial_reviewer, national_officer
):
    rows = reported(2)
    close_windows(60)
    Extension.objects.create(
        cycle=cycle,
        step="review",
        base=base,
        until=timezone.now() + datetime.timedelta(days=1),
        reason="系统故障",
        granted_by=national_officer,
    )
    assert len(approve({row.pk: 0 for row in rows}, by=provincial_reviewer).decided) == 2


def test_registry_records_are_decided_without_any_window(pending, base_officer, provincial_reviewer):
    """BR-39, BR-60: no window in the registry."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    enrollment = Enrollment.objects.get(pk=pending.enrollment_id)
    close_windows(60 * 24)
    again = submit(enrollment, base_officer)
    assert len(approve({again.pk: 0}, by=provincial_reviewer).decided) == 1


def test_a_lapsed_record_is_not_revived_by_an_approval(pending, provincial_reviewer):
    """AM-29: the lock has freed the person."""
    Enrollment.objects.filter(pk=pending.enrollment_id).update(lapsed_at=timezone.now())
    done = approve({pending.pk: 0}, by=provincial_reviewer)
    assert [left.reason for left in done.left_out] == ["该记录已在招收截止锁定时失效，不能再审核。"]


def test_one_message_a_base_and_batch_reaches_its_active_staff(
    reported, base, base_officer, other_base_officer, provincial_reviewer
):
    """GOAL-S4: not one message a record; read-only members are told, former ones are not."""
    reader = factories.UserFactory()
    factories.grant(reader, base, read_only=True)
    gone = factories.UserFactory(is_active=False)
    factories.grant(gone, base)
    rows = reported(3)
    return_for_correction({row.pk: 0 for row in rows}, by=provincial_reviewer, comment="请补充减免证明。")
    told = Message.objects.order_by("recipient_id").values_list("recipient", "kind")
    assert list(told) == [(base_officer.pk, "returned"), (reader.pk, "returned")]
    message = Message.objects.first()
    assert "3" in message.subject
    assert "请补充减免证明。" in message.body


def test_a_decision_is_one_audit_line_with_what_was_left_out(reported, provincial_reviewer):
    """TRUST-55, BR-21: a named actor on every decision."""
    first, second = reported(2)
    done = approve({first.pk: 0, second.pk: 7}, by=provincial_reviewer)
    event = AuditEvent.objects.get(action="approve")
    assert (event.actor, event.role, event.result) == (provincial_reviewer, "province", "ok")
    assert event.target_id == str(first.pk)
    assert event.detail["batch"] == str(done.batch)
    assert event.detail["submissions"] == [first.pk]
    assert [left["submission"] for left in event.detail["left_out"]] == [second.pk]


def test_a_thousand_records_cost_as_many_queries_as_three(
    reported, provincial_reviewer, django_assert_num_queries, django_assert_max_num_queries
):
    """Target 13 of tests/benchmarks: the decision is set-wise. Counted with 3 and 30 records."""
    three, thirty = reported(3), reported(30)
    with django_assert_max_num_queries(32) as counted:
        approve({row.pk: 0 for row in three}, by=provincial_reviewer)
    with django_assert_num_queries(len(counted.captured_queries)):
        approve({row.pk: 0 for row in thirty}, by=provincial_reviewer)


def test_a_revoked_approval_waits_again_with_the_same_content(pending, provincial_reviewer):
    """GOAL-P5: out of the registry and the statistics; what was reported stays what it was."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    again = revoke(Submission.objects.get(pk=pending.pk), by=provincial_reviewer, reason="点错了")
    enrollment = Enrollment.objects.get(pk=pending.enrollment_id)
    assert state(enrollment) == ("已上报", "待审核")
    assert (enrollment.module, enrollment.approved_submission, enrollment.intake_submission) == (
        "intake",
        None,
        None,
    )
    assert enrollment.specialty_locked is False
    assert enrollment.personal_state == "2"  # 工作信息 is asked in the registry only (AM-06)
    assert (again.number, again.outcome, again.version, again.comment) == (2, "pending", 0, "")
    assert again.snapshot == pending.snapshot
    assert (again.reported_at, again.reported_by) == (pending.reported_at, pending.reported_by)
    pending.refresh_from_db()
    assert (pending.outcome, pending.decided_by) == ("revoked", provincial_reviewer)
    assert (pending.revoked_by, pending.revocation_reason) == (provincial_reviewer, "点错了")
    assert pending.comment == ""
    assert len(approve({again.pk: 0}, by=provincial_reviewer).decided) == 1


def test_a_revoked_approval_lets_the_one_before_count_again(pending, base_officer, provincial_reviewer):
    """AM-16."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    enrollment = Enrollment.objects.get(pk=pending.enrollment_id)
    second = submit(enrollment, base_officer)
    approve({second.pk: 0}, by=provincial_reviewer)
    revoke(second, by=provincial_reviewer, reason="退培材料不全")
    enrollment.refresh_from_db()
    assert (enrollment.approved_submission, enrollment.intake_submission) == (pending, pending)
    assert enrollment.module == "registry"


def test_a_record_changed_since_its_approval_goes_back_to_the_base_when_revoked(pending, provincial_reviewer):
    """GOAL-P5: the reported content no longer stands, so there is nothing to wait for."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    Enrollment.objects.filter(pk=pending.enrollment_id).update(report_status="0")
    assert revoke(Submission.objects.get(pk=pending.pk), by=provincial_reviewer, reason="专业有误") is None
    assert state(pending.enrollment) == ("未上报", "退回修改")
    assert Submission.objects.filter(outcome="pending").count() == 0


def test_a_revoked_return_waits_again(complete_enrollment, base_officer, provincial_reviewer):
    """GOAL-P5: returned by mistake; the base need not report again what it has not changed."""
    submission = submit(complete_enrollment, base_officer, content=snapshot_of(complete_enrollment))
    return_for_correction({submission.pk: 0}, by=provincial_reviewer, comment="请核对。")
    submission.refresh_from_db()
    again = revoke(submission, by=provincial_reviewer, reason="看错了人")
    assert state(complete_enrollment) == ("已上报", "待审核")
    assert again.number == 2
    submission.refresh_from_db()
    assert submission.comment == "请核对。"
    assert submission.revocation.startswith("已撤销“退回修改”")


def test_a_return_the_base_has_begun_to_answer_cannot_be_revoked(
    complete_enrollment, base_officer, provincial_reviewer
):
    submission = submit(complete_enrollment, base_officer, content=snapshot_of(complete_enrollment))
    return_for_correction({submission.pk: 0}, by=provincial_reviewer, comment="请核对。")
    Enrollment.objects.filter(pk=complete_enrollment.pk).update(remark="已更正")
    submission.refresh_from_db()
    with pytest.raises(StateMoved, match="退回后信息已被修改"):
        revoke(submission, by=provincial_reviewer, reason="看错了人")
    assert state(complete_enrollment) == ("未上报", "退回修改")


@pytest.mark.parametrize("outcome", ["pending", "withdrawn", "revoked"])
def test_only_a_decision_can_be_revoked(pending, provincial_reviewer, outcome):
    if outcome == "withdrawn":
        Submission.objects.update(outcome=outcome, decided_at=timezone.now(), decided_by=provincial_reviewer)
    elif outcome == "revoked":
        approve({pending.pk: 0}, by=provincial_reviewer)
        Submission.objects.update(outcome="revoked")
    with pytest.raises(StateMoved):
        revoke(Submission.objects.get(pk=pending.pk), by=provincial_reviewer, reason="误操作")


def test_an_intake_approval_is_final_after_the_national_close(pending, provincial_reviewer):
    """GOAL-P5 "until the national close"."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    close_windows(1)
    with pytest.raises(StateMoved, match="现在不能办理"):
        revoke(Submission.objects.get(pk=pending.pk), by=provincial_reviewer, reason="误操作")


def test_only_the_last_decision_can_be_revoked(pending, base_officer, provincial_reviewer):
    approve({pending.pk: 0}, by=provincial_reviewer)
    submit(Enrollment.objects.get(pk=pending.enrollment_id), base_officer)
    with pytest.raises(StateMoved, match="又有新的上报"):
        revoke(Submission.objects.get(pk=pending.pk), by=provincial_reviewer, reason="误操作")


def test_another_province_revokes_nothing(pending, provincial_reviewer, other_province_reviewer):
    approve({pending.pk: 0}, by=provincial_reviewer)
    with pytest.raises(StateMoved, match="不在您的审核范围内"):
        revoke(Submission.objects.get(pk=pending.pk), by=other_province_reviewer, reason="误操作")
