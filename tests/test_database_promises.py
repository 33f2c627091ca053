"""What the database keeps whatever the code does: each rule is attacked with plain SQL past the application."""

import itertools

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from bases.models import Submission
from portal.models import AuditEvent
from residents.models import Enrollment, StatusChange
from review.models import ApiResult
from tests import factories

STATUSES = "12345"
# docs/codes.md#status: every pair that a base may write (AM-34); 结束 → 退培 is refused (AM-25).
ALLOWED = {
    ("1", "2"), ("1", "3"), ("1", "4"), ("1", "5"), ("2", "1"), ("3", "1"), ("4", "1"), ("2", "3"), ("3", "2"),
    ("2", "4"), ("3", "4"), ("2", "5"), ("3", "5"), ("5", "1"), ("4", "2"),
}  # fmt: skip


def execute(sql: str, *params) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def make_submission(enrollment: Enrollment, officer, **values) -> Submission:
    return Submission.objects.create(
        enrollment=enrollment,
        module="intake",
        number=values.pop("number", 1),
        province=enrollment.base.province,
        base=enrollment.base,
        specialty_id="0100",
        intake_year=enrollment.intake_year,
        trainee_type="3",
        status="1",
        approved_years=3,
        sex="1",
        is_fresh_graduate=False,
        is_rural_oriented=False,
        is_western_support=False,
        snapshot={"identity": {"full_name": enrollment.resident.full_name}},
        declared_true=True,
        reported_by=officer,
        **values,
    )


@pytest.mark.parametrize(("column", "value"), [("id_number", "110101199001011237"), ("id_type", "03")])
def test_identity_cannot_be_changed_with_sql(enrollment, column, value):
    """BR-48, BR-52: type and number are locked for every role."""
    with pytest.raises(DatabaseError):
        execute(f"UPDATE residents_resident SET {column} = %s WHERE id = %s", value, enrollment.resident_id)


@pytest.mark.parametrize("column", ["base_id", "intake_year"])
def test_year_and_base_cannot_be_changed_with_sql(enrollment, other_base, column):
    """BR-56, BR-81."""
    value = other_base.pk if column == "base_id" else enrollment.intake_year - 1
    with pytest.raises(DatabaseError):
        execute(f"UPDATE residents_enrollment SET {column} = %s WHERE id = %s", value, enrollment.pk)


def test_locked_specialty_cannot_be_changed_with_sql(complete_enrollment):
    """BR-81: locked in the registry; AM-24: free before."""
    execute("UPDATE residents_enrollment SET specialty_id = '0200' WHERE id = %s", complete_enrollment.pk)
    execute("UPDATE residents_enrollment SET specialty_locked = true WHERE id = %s", complete_enrollment.pk)
    with pytest.raises(DatabaseError):
        execute("UPDATE residents_enrollment SET specialty_id = '0900' WHERE id = %s", complete_enrollment.pk)


def test_two_live_enrollments_of_one_person_are_refused(enrollment, other_base):
    """BR-49, AM-27: only 退培 frees a person."""
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.EnrollmentFactory(
            resident=enrollment.resident, base=other_base, intake_year=enrollment.intake_year
        )
    for blocking in "234":
        Enrollment.objects.filter(pk=enrollment.pk).update(status="1")
        Enrollment.objects.filter(pk=enrollment.pk).update(status=blocking)
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.EnrollmentFactory(
                resident=enrollment.resident, base=other_base, intake_year=enrollment.intake_year
            )
        Enrollment.objects.filter(pk=enrollment.pk).update(status="1")
    Enrollment.objects.filter(pk=enrollment.pk).update(status="5")
    factories.EnrollmentFactory(
        resident=enrollment.resident, base=other_base, intake_year=enrollment.intake_year
    )
    assert Enrollment.objects.filter(resident=enrollment.resident).count() == 2


def test_lapsed_enrollment_no_longer_holds_the_person(enrollment, other_base):
    """AM-29."""
    Enrollment.objects.filter(pk=enrollment.pk).update(lapsed_at=timezone.now())
    factories.EnrollmentFactory(
        resident=enrollment.resident, base=other_base, intake_year=enrollment.intake_year
    )


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(STATUSES, 2)))
def test_status_transitions_are_held_by_the_database(enrollment, before, after):
    """BR-82 and docs/codes.md#status, every pair, with SQL past the application."""
    if before != "1":
        execute("UPDATE residents_enrollment SET status = %s WHERE id = %s", before, enrollment.pk)
    if (before, after) in ALLOWED:
        execute("UPDATE residents_enrollment SET status = %s WHERE id = %s", after, enrollment.pk)
    else:
        with pytest.raises(DatabaseError):
            execute("UPDATE residents_enrollment SET status = %s WHERE id = %s", after, enrollment.pk)


@pytest.mark.parametrize(
    "assignment", ["snapshot = '{}'", "reported_at = now()", "trainee_type = '1'", "specialty_id = '0200'"]
)
def test_submission_snapshot_is_frozen(complete_enrollment, base_officer, assignment):
    """BR-20, GOAL-P5: what was reported is what is approved."""
    submission = make_submission(complete_enrollment, base_officer)
    with pytest.raises(DatabaseError):
        execute(f"UPDATE bases_submission SET {assignment} WHERE id = %s", submission.pk)


def test_submission_is_never_deleted(complete_enrollment, base_officer):
    submission = make_submission(complete_enrollment, base_officer)
    with pytest.raises(DatabaseError):
        execute("DELETE FROM bases_submission WHERE id = %s", submission.pk)


def test_second_pending_submission_is_refused(complete_enrollment, base_officer):
    """GOAL-B15: double click, two tabs, two servers."""
    make_submission(complete_enrollment, base_officer)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_submission(complete_enrollment, base_officer, number=2)


@pytest.mark.parametrize(
    ("before", "after"), [("approved", "returned"), ("withdrawn", "approved"), ("returned", "approved")]
)
def test_a_decision_is_not_turned_into_another(complete_enrollment, base_officer, before, after):
    """GOAL-P5: a decision can only be revoked, never rewritten."""
    submission = make_submission(complete_enrollment, base_officer)
    execute(
        "UPDATE bases_submission SET outcome = %s, decided_at = now(), decided_by_id = %s, comment = '请核对。'"
        " WHERE id = %s",
        before, base_officer.pk, submission.pk,
    )  # fmt: skip
    with pytest.raises(DatabaseError):
        execute("UPDATE bases_submission SET outcome = %s WHERE id = %s", after, submission.pk)


def test_return_without_comment_is_refused(complete_enrollment, base_officer):
    """BR-47: the base must be told what to mend."""
    submission = make_submission(complete_enrollment, base_officer)
    with pytest.raises(IntegrityError):
        execute(
            "UPDATE bases_submission SET outcome = 'returned', decided_at = now(), decided_by_id = %s WHERE id = %s",
            base_officer.pk, submission.pk,
        )  # fmt: skip


def test_audit_and_status_history_are_append_only(enrollment, base_officer):
    """TRUST-55."""
    event = AuditEvent.objects.create(action="sign_in", actor=base_officer)
    change = StatusChange.objects.create(enrollment=enrollment, to_status="1")
    for table, pk in (("portal_auditevent", event.pk), ("residents_statuschange", change.pk)):
        with pytest.raises(DatabaseError):
            execute(f"DELETE FROM {table} WHERE id = %s", pk)
    with pytest.raises(DatabaseError):
        execute("UPDATE portal_auditevent SET action = 'x' WHERE id = %s", event.pk)


def test_result_feed_follows_every_move_of_a_delivered_submission_and_is_append_only(
    enrollment, base_officer
):
    """GOAL-N4: whoever moves it, by whatever statement; what is told stays told."""
    delivered = make_submission(enrollment, base_officer, channel="api")
    execute(
        "UPDATE bases_submission SET outcome = 'approved', decided_at = now(), decided_by_id = %s WHERE id = %s",
        base_officer.pk, delivered.pk,
    )  # fmt: skip
    make_submission(enrollment, base_officer, number=2)
    told = ApiResult.objects.order_by("pk").values_list("submission", "kind")
    assert list(told) == [(delivered.pk, "waiting"), (delivered.pk, "approved")]
    for statement in ("DELETE FROM review_apiresult", "UPDATE review_apiresult SET kind = 'x'"):
        with pytest.raises(DatabaseError):
            execute(statement)


@pytest.mark.parametrize("table", ["residents_residentevent", "residents_enrollmentevent"])
def test_field_history_is_append_only(enrollment, table):
    """GOAL-S3: every field change stays."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] > 0
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET pgh_label = 'x'"):
        with pytest.raises(DatabaseError):
            execute(statement)


def test_bulk_statements_do_not_pass_the_history_by(base, cycle):
    """Target 12 of tests/benchmarks: bulk inserts and updates leave one event a row."""
    people = [factories.ResidentFactory() for _ in range(3)]
    created = Enrollment.objects.bulk_create(
        Enrollment(resident=person, base=base, intake_year=cycle.year) for person in people
    )
    Enrollment.objects.filter(pk__in=[row.pk for row in created]).update(remark="批量")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgh_label, count(*) FROM residents_enrollmentevent GROUP BY 1 ORDER BY 1")
        assert cursor.fetchall() == [("insert", 3), ("update", 3)]
