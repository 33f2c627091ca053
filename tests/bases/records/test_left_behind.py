"""What a base keeps of a person who has left it: AM-49, AM-20, AM-10."""

import pytest
from django.utils import timezone

from bases.models import Submission
from bases.records.services import change_status
from bases.report.services import build_submission, report
from residents.models import Enrollment, StatusChange
from residents.services.personal import save_block
from tests import factories
from tests.bases.desk import approved, complete, page, state

pytestmark = pytest.mark.django_db

WITHDRAWAL = {"status": "5", "reason": "11", "destination": "他院内科"}


@pytest.fixture
def record(base, cycle, base_officer, provincial_reviewer):
    """Approved, and then changed by the resident himself, which nobody has reported."""
    enrollment = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=enrollment.pk).update(actual_start_date=timezone.localdate())
    enrollment.refresh_from_db()
    save_block(enrollment, "basic", {"email": "at-the-end@example.com"}, by=enrollment.resident.user)
    return enrollment


def withdraw(record, by, **more) -> None:
    change_status(record.pk, WITHDRAWAL | {"effective_date": timezone.localdate()} | more, by=by)
    record.refresh_from_db()


def moves_on(record, other_base) -> None:
    elsewhere = factories.EnrollmentFactory(
        resident=record.resident, base=other_base, intake_year=record.intake_year
    )
    save_block(elsewhere, "basic", {"email": "after@example.com"}, by=record.resident.user)


def test_personal_info_is_frozen_at_the_withdrawal_and_used_in_its_report(
    record, base_officer, other_base, desk
):
    """AM-49: "Personal info is frozen for it at the 退培 and used in its submission": neither what was reported before
    it, nor what the next base's resident saves."""
    withdraw(record, base_officer)
    moves_on(record, other_base)
    shown = page(desk.get(f"/base/records/{record.pk}/"))
    assert "at-the-end@example.com" in shown
    assert "after@example.com" not in shown
    assert report([record.pk], by=base_officer, declared=True).reported == [record.pk]
    last = record.submissions.first()
    assert (last.status, last.snapshot["basic"]["email"]) == ("5", "at-the-end@example.com")


def test_status_of_its_record_stays_the_bases_to_correct_and_report(record, base_officer, other_base, desk):
    """AM-49: "the status of its own record stays its to correct and report"; the copy stays that of the 退培."""
    withdraw(record, base_officer)
    moves_on(record, other_base)
    form = {"version": record.version, "effective_date": timezone.localdate().isoformat()}
    address = f"/base/records/{record.pk}/status/"
    assert "更正明细" in page(desk.get(address))
    assert desk.post(address, WITHDRAWAL | form | {"destination": other_base.name}).status_code == 302
    assert StatusChange.objects.filter(enrollment=record, destination=other_base.name).exists()
    assert state(record)[0] == "0"
    assert report([record.pk], by=base_officer, declared=True).reported == [record.pk]
    last = record.submissions.first()
    assert last.snapshot["status"]["destination"] == other_base.name
    assert last.snapshot["basic"]["email"] == "at-the-end@example.com"


def test_who_comes_back_is_seen_as_he_is(record, base_officer, desk):
    """A 退培 taken back: the living data again, and a second 退培 freezes what is so then."""
    withdraw(record, base_officer)
    back = {"status": "1", "effective_date": timezone.localdate(), "reason_note": "未能转出"}
    change_status(record.pk, back, by=base_officer)
    record.refresh_from_db()
    save_block(record, "basic", {"email": "back@example.com"}, by=record.resident.user)
    assert "back@example.com" in page(desk.get(f"/base/records/{record.pk}/"))
    withdraw(record, base_officer)
    assert "back@example.com" in page(desk.get(f"/base/records/{record.pk}/"))


def test_one_who_left_before_it_was_kept_shows_what_was_reported(record, base_officer, other_base, desk):
    """Records of the version before, and of rosters, hold no such copy."""
    Enrollment.objects.filter(pk=record.pk).update(status="5")
    moves_on(record, other_base)
    shown = page(desk.get(f"/base/records/{record.pk}/"))
    assert "after@example.com" not in shown
    assert Submission.objects.get(enrollment=record).snapshot["basic"]["email"] in shown


def test_one_who_left_before_anything_was_reported_shows_his_identity(base, cycle, base_officer, desk):
    """What was reported of him froze no personal block: his page and his sheet open and name him (AM-20)."""
    record = complete(base, cycle.year)
    Enrollment.objects.filter(pk=record.pk).update(status="5")
    record.refresh_from_db()
    build_submission(record, by=base_officer, declared=True).save()
    assert "education" not in record.submissions.get().snapshot
    for address in (f"/base/records/{record.pk}/", f"/base/records/sheets/?choice={record.pk}"):
        assert record.resident.full_name in page(desk.get(address))
