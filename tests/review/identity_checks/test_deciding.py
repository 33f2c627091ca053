"""身份核实, the deciding side: whose turn it is, and what each desk may do and see (AM-35)."""

import pytest
from django.urls import reverse

from bases.identity_checks import services
from portal.models import AuditEvent
from residents.services.states import StateMoved
from tests import factories


@pytest.fixture
def asked(base, other_base, base_officer, cycle):
    """A question about a number that a person of another base bears."""
    known = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year).resident
    values = {
        "full_name": "欧阳静",
        "id_type": known.id_type,
        "id_number": known.id_number,
        "reason": "已核对证件原件",
    }
    return services.ask(base, values=values, evidence=None, by=base_officer)


def decide(client, asked, act, comment="已核实"):
    return client.post(
        reverse("review:identity-check-decide", args=[asked.pk]), {"act": act, "comment": comment}
    )


def test_association_waits_for_the_province(asked, signed_in, national_officer):
    client = signed_in(national_officer)
    assert asked.full_name not in client.get(reverse("review:identity-checks")).text
    decide(client, asked, "free")
    asked.refresh_from_db()
    assert asked.state == "province"


def test_number_in_full_needs_a_purpose_and_is_logged(asked, signed_in, provincial_reviewer):
    """TRUST-51."""
    client, url = signed_in(provincial_reviewer), reverse("review:identity-check", args=[asked.pk])
    assert asked.id_number not in client.get(url).text
    assert asked.id_number in client.post(url, {"purpose": "核对证件原件"}).text
    assert AuditEvent.objects.get(action="unmask").target_id == str(asked.pk)


def test_read_only_reviewer_decides_nothing(asked, signed_in, province):
    reader = factories.UserFactory(username="zjkan", role="province")
    factories.grant(reader, province, read_only=True)
    assert decide(signed_in(reader), asked, "confirm").status_code == 403


def test_name_that_was_corrected_meanwhile_is_not_overwritten(asked, provincial_reviewer, national_officer):
    services.confirm(asked.pk, by=provincial_reviewer)
    asked.resident.full_name = "陈雨彤"
    asked.resident.save()
    with pytest.raises(StateMoved, match="已变化"):
        services.correct_known(asked.pk, by=national_officer)
