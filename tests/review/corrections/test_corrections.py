"""更正证件 as province and association decide it: BR-48, PAIN-18, AM-14."""

import pytest
from django.db import InternalError, transaction

from bases.corrections import services as corrections
from portal.roles import Role
from residents.models import Resident
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import page


def test_province_refuses_with_words(asked, signed_in, provincial_reviewer, base_officer):
    client, url = signed_in(provincial_reviewer), f"/review/corrections/{asked.pk}/refuse/"
    assert client.post(url, {}).status_code == 422
    client.post(url, {"refusal-comment": "与身份证不符"})
    asked.refresh_from_db()
    assert (asked.state, asked.comment) == ("refused", "与身份证不符")
    assert "与身份证不符" in page(signed_in(base_officer).get(f"/base/corrections/{asked.pk}/"))


def test_order_is_kept(asked, provincial_reviewer, national_officer, signed_in):
    """The association acts after the province only; neither twice."""
    signed_in(national_officer).post(f"/review/corrections/{asked.pk}/apply/", {})
    asked.refresh_from_db()
    assert asked.state == "province"
    corrections.confirm(asked.pk, by=provincial_reviewer)
    with pytest.raises(StateMoved):
        corrections.confirm(asked.pk, by=provincial_reviewer)
    with pytest.raises(StateMoved):
        corrections.refuse(asked.pk, by=provincial_reviewer, comment="改主意")


def test_read_only_reviewer_and_other_province(asked, signed_in, province, other_province_reviewer):
    viewer = factories.UserFactory(role=Role.PROVINCE)
    factories.grant(viewer, province, read_only=True)
    url = f"/review/corrections/{asked.pk}/"
    assert "核实并上报" not in page(signed_in(viewer).get(url))
    assert signed_in(viewer).post(f"{url}confirm/").status_code == 403
    assert signed_in(other_province_reviewer).get(url).status_code == 404
    assert signed_in(other_province_reviewer).post(f"{url}confirm/").status_code == 404


def test_number_taken_meanwhile_is_not_applied(confirmed, national_officer, number):
    """PAIN-18: refused when the new number exists; nothing changes, the request still waits."""
    factories.ResidentFactory(id_number=number)
    with pytest.raises(StateMoved, match="另一个账号"):
        corrections.apply(confirmed.pk, by=national_officer)
    confirmed.refresh_from_db()
    assert confirmed.state == "cmda"
    assert confirmed.resident.id_number != number


def test_lock_is_closed_again_after_an_application(confirmed, national_officer, number):
    """The trigger is passed for one statement only."""
    corrections.apply(confirmed.pk, by=national_officer)
    with pytest.raises(InternalError), transaction.atomic():
        Resident.objects.filter(pk=confirmed.resident_id).update(id_number=factories.id_number())


def test_reported_record_shows_the_base_that_data_changed(confirmed, national_officer, enrollment):
    """AM-14."""
    type(enrollment).objects.filter(pk=enrollment.pk).update(report_status="1")
    corrections.apply(confirmed.pk, by=national_officer)
    enrollment.refresh_from_db()
    assert enrollment.has_unreported_update is True
