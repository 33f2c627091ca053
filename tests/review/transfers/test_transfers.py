"""转培 as the provinces see it and the association steps in: PAIN-15, AM-25."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from bases.records.services import change_status
from bases.transfers import services as transfers
from portal.models import AuditEvent
from residents.history import timeline
from residents.models import Enrollment
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import page
from tests.bases.transfers.conftest import subjects


def test_other_province_does_not_see_the_request(asked, signed_in, other_province_reviewer):
    text = page(signed_in(other_province_reviewer).get("/review/transfers/"))
    assert asked.enrollment.resident.full_name not in text


def test_both_provinces_see_a_request_across_them(
    signed_in, base_officer, base, other_province_reviewer, cycle
):
    """PAIN-15: the province that the person leaves and the one he enters."""
    far = factories.TrainingBaseFactory(province_id="44")
    held = factories.EnrollmentFactory(base=far, intake_year=cycle.year, registered_at=timezone.now())
    transfers.ask(held.pk, base, reason="转入", by=base_officer)
    assert held.resident.full_name in page(signed_in(other_province_reviewer).get("/review/transfers/"))


def test_association_lets_a_finished_resident_be_trained_once_more(
    asked, base, signed_in, national_officer, other_base_officer
):
    """AM-25: an exception with a reason; 结束 stays, the old record no longer holds the person."""
    Enrollment.objects.filter(pk=asked.enrollment_id).update(status="4")
    client, url = signed_in(national_officer), f"/review/transfers/{asked.pk}/release/"
    assert "准许再次培训" in client.get(url).content.decode()
    assert client.post(url, {"note": ""}).status_code == 422
    assert client.post(url, {"note": "再次报考其他专业，省级已核实"}).status_code == 302

    asked.refresh_from_db()
    old = asked.enrollment
    assert (asked.state, old.status, old.is_live) == ("released", "4", False)
    new = factories.EnrollmentFactory(resident=old.resident, base=base, intake_year=old.intake_year)
    assert new.is_live
    told = [entry.reason for entry in timeline(old, with_names=True) if entry.reason]
    assert told == ["再次报考其他专业，省级已核实"]
    # From here on only the database could bring two live records about, and it does not.
    with pytest.raises(StateMoved):
        change_status(old.pk, {"status": "1", "effective_date": timezone.localdate()}, by=other_base_officer)


@pytest.mark.parametrize("status", ["1", "2", "3"])
def test_only_an_end_can_be_set_aside(asked, national_officer, status):
    """AM-25: everybody else is let go by 退培; the database refuses it too."""
    Enrollment.objects.filter(pk=asked.enrollment_id).update(status=status)
    with pytest.raises(StateMoved, match="结束"):
        transfers.allow_further_training(asked.pk, note="x", by=national_officer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(pk=asked.enrollment_id).update(further_training_allowed_at=timezone.now())


def test_association_releases_as_last_resort(asked, signed_in, national_officer, other_base_officer):
    """PAIN-15: with a reason only, audited, both bases told."""
    client, url = signed_in(national_officer), f"/review/transfers/{asked.pk}/release/"
    form = {"effective_date": timezone.localdate().isoformat(), "destination": "省一医院", "note": ""}
    assert client.post(url, form).status_code == 422
    assert client.post(url, form | {"note": "原基地停办，省级已核实"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.enrollment.status) == ("released", "5")
    event = AuditEvent.objects.get(action="transfer_released")
    assert (event.actor, event.detail["reason"]) == (national_officer, "原基地停办，省级已核实")
    assert any("中国医师协会" in subject for subject in subjects(other_base_officer))
