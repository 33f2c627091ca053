"""转培 as the provinces see it and the association steps in: PAIN-15."""

from django.utils import timezone

from bases.transfers import services as transfers
from portal.models import AuditEvent
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import page, told
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


def test_who_has_ended_is_not_let_go_in_the_bases_place(asked, signed_in, national_officer):
    """AM-34: 结束 → 退培 stays refused, and the page offers no button for it."""
    Enrollment.objects.filter(pk=asked.enrollment_id).update(status="4")
    client, url = signed_in(national_officer), f"/review/transfers/{asked.pk}/release/"
    assert url not in page(client.get("/review/transfers/"))
    assert "申请再次培训" in told(client.get(url))
    form = {"effective_date": timezone.localdate().isoformat(), "destination": "省一医院", "note": "x"}
    assert client.post(url, form).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.enrollment.status) == ("open", "4")


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
