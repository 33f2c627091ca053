"""AM-35: whose number was found not to be his has none: nothing of him goes up until his base had his own corrected."""

import pytest
from django.urls import reverse

from bases.report.services import check, report
from residents.catalogue.catalogue import problem
from residents.models import Enrollment
from residents.models.enrollment import PersonalState
from residents.services.identity_correction import correct_identity, free_number
from review.decisions import services as decisions
from tests.bases.desk import approved, page

pytestmark = pytest.mark.django_db

FREED = str(problem("number_freed"))


def freed(record, by):
    person = record.resident
    free_number(person.pk, old=(person.id_type, person.id_number), by=by, reason="身份核实 7")
    return Enrollment.objects.get(pk=record.pk)


def test_a_recruit_without_a_number_is_not_complete(
    complete_enrollment, base_officer, national_officer, signed_in
):
    record = freed(complete_enrollment, national_officer)
    assert record.personal_state == PersonalState.FILLING
    (only,) = check(record)
    assert (only.text, only.owner, only.url) == (FREED, "base", reverse("bases:record", args=[record.pk]))
    assert report([record.pk], by=base_officer, declared=True).refused == [(record.pk, FREED)]
    client = signed_in(base_officer)
    desk = page(client.get(reverse("bases:desk")))
    assert "证件号已释放，待申请更正" in desk
    listed = client.get(reverse("bases:record-list", args=["intake"]), {"todo": "freed"})
    assert [row.pk for row in listed.context["page"]] == [record.pk]
    assert FREED[:12] in page(client.get(reverse("bases:record", args=[record.pk])))


def test_his_own_number_makes_him_complete_again(complete_enrollment, base_officer, national_officer):
    person, own = complete_enrollment.resident, complete_enrollment.resident.id_number
    record = freed(complete_enrollment, national_officer)
    person.refresh_from_db()
    correct_identity(
        person.pk,
        old=(person.id_type, person.id_number),
        new=("01", own),
        by=national_officer,
        reason="证件复印件",
    )
    record = Enrollment.objects.get(pk=record.pk)
    assert record.personal_state == PersonalState.COMPLETE
    assert report([record.pk], by=base_officer, declared=True).reported == [record.pk]


def test_what_waits_is_not_approved(
    complete_enrollment, base_officer, provincial_reviewer, national_officer, signed_in
):
    """The report that waits bears a number that is another's."""
    assert report([complete_enrollment.pk], by=base_officer, declared=True).reported
    waiting = complete_enrollment.submissions.get()
    freed(complete_enrollment, national_officer)
    done = decisions.approve({waiting.pk: waiting.version}, by=provincial_reviewer)
    assert (done.decided, [left.submission_id for left in done.left_out]) == ([], [waiting.pk])
    assert FREED in done.left_out[0].reason
    shown = page(signed_in(provincial_reviewer).get(reverse("review:record", args=[complete_enrollment.pk])))
    assert "证件号经核实不属于本人" in shown
    assert f'action="{reverse("review:approve", args=[complete_enrollment.pk])}' not in shown
    back = decisions.return_for_correction(
        {waiting.pk: waiting.version}, by=provincial_reviewer, comment="证件号待更正", reason_codes=["01"]
    )
    assert len(back.decided) == 1


def test_nor_does_whoever_has_left_or_ended(
    complete_enrollment, base_officer, provincial_reviewer, national_officer
):
    """What stops no report of 结束 and 退培 (AM-41) is a gap, not a number that is nobody's."""
    approved(complete_enrollment, base_officer, provincial_reviewer)
    record = freed(complete_enrollment, national_officer)
    Enrollment.objects.filter(pk=record.pk).update(status="4", report_status="0")
    record.refresh_from_db()
    assert FREED in [blocker.text for blocker in check(record)]
