"""Two real connections at one instant: a decision against a withdrawal, an edit and a colleague (TRUST-44,
TRUST-46)."""

import threading
from collections.abc import Callable

import pytest
from django.db import close_old_connections, connection

from bases.models import Submission, TrainingBaseUserGrant
from bases.records import services as training
from bases.report import withdrawal
from bases.staff import appoint
from portal.models import AuditEvent
from residents.models import Enrollment
from residents.services.states import StateMoved
from review.decisions.claims import claim
from review.decisions.services import approve, return_for_correction
from tests import factories
from tests.review.conftest import submit

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run each act in its own thread and connection, started together; the answer or exception of each."""
    barrier = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        close_old_connections()
        try:
            barrier.wait(timeout=10)
            answers[place] = act()
        except Exception as fault:  # the test looks at what came back
            answers[place] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


def consistent(enrollment_id: int) -> tuple[str, str, str]:
    """Report status, review status and outcome of the last submission, which must tell the same story."""
    enrollment = Enrollment.objects.get(pk=enrollment_id)
    last = enrollment.submissions.order_by("-number").first()
    return enrollment.report_status, enrollment.review_status, last.outcome


def test_approve_against_withdraw(base, cycle, base_officer, provincial_reviewer):
    """AM-15: one wins, the other is told; never both, never neither."""
    for _ in range(ROUNDS):
        submission = submit(factories.EnrollmentFactory(base=base, intake_year=cycle.year), base_officer)
        decision, taken_back = at_once(
            lambda pk=submission.pk: approve({pk: 0}, by=provincial_reviewer),
            lambda pk=submission.enrollment_id: withdrawal.withdraw(pk, by=base_officer),
        )
        approved = len(decision.decided) == 1
        assert approved == isinstance(taken_back, StateMoved)
        assert consistent(submission.enrollment_id) == (
            ("1", "2", "approved") if approved else ("0", "0", "withdrawn")
        )


def test_two_reviewers_open_a_record_at_one_instant(base, cycle, base_officer, provincial_reviewer):
    """GOAL-P6: one of them has it, the other is told who; none fails."""
    colleague = factories.UserFactory(role="province")
    for _ in range(ROUNDS):
        submission = submit(factories.EnrollmentFactory(base=base, intake_year=cycle.year), base_officer)
        first, second = at_once(
            lambda row=submission: claim(row, by=provincial_reviewer),
            lambda row=submission: claim(row, by=colleague),
        )
        assert first.reviewer == second.reviewer
        assert first.pk == second.pk


def test_approve_against_an_edit_in_the_registry(complete_enrollment, base_officer, provincial_reviewer):
    """TRUST-46: what is approved is what the reviewer saw; the edit comes before (then nothing is approved) or after
    (then the record is 未上报 again and the approved snapshot stays)."""
    first = submit(complete_enrollment, base_officer)
    approve({first.pk: 0}, by=provincial_reviewer)
    for number in range(ROUNDS):
        enrollment = Enrollment.objects.get(pk=complete_enrollment.pk)
        submission = submit(enrollment, base_officer, training={"remark": f"第{number}次"})
        decision, edit = at_once(
            lambda pk=submission.pk: approve({pk: 0}, by=provincial_reviewer),
            lambda number=number: training.save_training(
                complete_enrollment.pk, {"remark": f"改动{number}"}, by=base_officer
            ),
        )
        assert not isinstance(edit, Exception), edit
        enrollment.refresh_from_db()
        submission.refresh_from_db()
        assert submission.snapshot["training"]["remark"] == f"第{number}次"
        assert enrollment.report_status == "0"
        if decision.decided:
            assert (submission.outcome, enrollment.approved_submission_id) == ("approved", submission.pk)
        else:
            assert submission.outcome == "withdrawn"
            assert enrollment.approved_submission_id != submission.pk


def test_two_reviewers_decide_once(base, cycle, base_officer, provincial_reviewer, province):
    """TRUST-44: approve and return at one instant."""
    colleague = factories.UserFactory(role="province")
    factories.grant(colleague, province)
    for _ in range(ROUNDS):
        submission = submit(factories.EnrollmentFactory(base=base, intake_year=cycle.year), base_officer)
        approval, refusal = at_once(
            lambda pk=submission.pk: approve({pk: 0}, by=provincial_reviewer),
            lambda pk=submission.pk: return_for_correction({pk: 0}, by=colleague, comment="请核对。"),
        )
        assert sorted([len(approval.decided), len(refusal.decided)]) == [0, 1]
        submission.refresh_from_db()
        assert submission.decided_by == (provincial_reviewer if approval.decided else colleague)


def test_twenty_clicks_are_one_approval(complete_enrollment, base_officer, provincial_reviewer):
    """TRUST-44: the same POST twenty times at once."""
    submission = submit(complete_enrollment, base_officer)
    answers = at_once(*[lambda: approve({submission.pk: 0}, by=provincial_reviewer)] * 8)
    assert sorted(len(answer.decided) for answer in answers) == [0] * 7 + [1]
    assert AuditEvent.objects.filter(action="approve", result="ok").count() == 1
    assert Submission.objects.get().version == 1


def test_overlapping_bulk_decisions_do_not_lock_each_other_up(
    base, base_officer, cycle, provincial_reviewer, province
):
    """Two reviewers approve the same records in opposite order: each record once, nobody waits for ever."""
    colleague = factories.UserFactory(role="province")
    factories.grant(colleague, province)
    rows = [
        submit(factories.EnrollmentFactory(base=base, intake_year=cycle.year), base_officer)
        for _ in range(30)
    ]
    choices = {row.pk: 0 for row in rows}
    forwards, backwards = at_once(
        lambda: approve(choices, by=provincial_reviewer),
        lambda: approve(dict(reversed(choices.items())), by=colleague),
    )
    assert len(forwards.decided) + len(backwards.decided) == 30
    assert len(forwards.left_out) + len(backwards.left_out) == 30
    assert Submission.objects.filter(outcome="approved", version=1).count() == 30


def test_two_appointments_leave_one_grant(base, national_officer):
    user = factories.UserFactory()
    for _ in range(ROUNDS):
        answers = at_once(
            lambda: appoint(user, base, by=national_officer),
            lambda: appoint(user, base, by=national_officer, read_only=True),
        )
        assert answers == [None, None]
        assert TrainingBaseUserGrant.objects.filter(user=user).count() == 1
