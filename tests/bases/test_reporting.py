"""上报, 撤回上报 and what un-reports a record: BR-19, 30, 46, 57, 83, 84, 87; AM-03, 14, 15, 24; GOALS B15."""

import pytest

from bases.models import Submission
from bases.reporting import DeclarationMissing, report
from residents.models import Enrollment

pytestmark = pytest.mark.django_db


def state(enrollment: Enrollment) -> tuple[str, str]:
    enrollment.refresh_from_db()
    return enrollment.report_status, enrollment.review_status


def test_report_complete_record_makes_one_pending_submission(complete_enrollment, base_officer):
    """BR-57, BR-20: 已上报 and 待审核, with a snapshot and the columns statistics group by."""
    result = report([complete_enrollment.pk], by=base_officer, declared=True)
    assert (result.reported, result.already, result.refused) == ([complete_enrollment.pk], [], [])
    assert state(complete_enrollment) == ("1", "1")
    submission = Submission.objects.get()
    assert (submission.number, submission.module, submission.outcome) == (1, "intake", "pending")
    assert submission.cycle.year == complete_enrollment.intake_year
    assert (submission.specialty_id, submission.trainee_type, submission.approved_years) == ("0100", "3", 3)
    assert (submission.highest_education, submission.highest_degree, submission.sex) == ("3", "410", "1")
    assert submission.snapshot["identity"]["id_number"] == complete_enrollment.resident.id_number
    assert submission.snapshot["education"][0]["school"] == "浙江大学"
    assert submission.report_batch == result.batch
    assert submission.reported_by == base_officer


def test_report_without_declaration_is_refused(complete_enrollment, base_officer):
    """BR-19."""
    with pytest.raises(DeclarationMissing):
        report([complete_enrollment.pk], by=base_officer, declared=False)
    assert Submission.objects.count() == 0
