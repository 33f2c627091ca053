"""The gate to full numbers: right, second factor, purpose, limit, line, the person's own page (TRUST-70; GOAL-S9)."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from bases import reveal
from portal.masking import mask
from portal.models import AuditEvent
from portal.sign_in.second_factor import SecondFactorNeeded
from residents.codes.people import ID_TYPE
from residents.models import Disclosure
from residents.services.disclosures import looks_at
from tests import factories
from tests.bases.conftest import account_line, fetch_copy

PURPOSE = {"purpose": "核对身份证原件"}


def lines() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__in=["unmask", "file", "export", "download"]).order_by("pk"))


@pytest.fixture
def reader(base):
    """A member of the base who may only look."""
    user = factories.UserFactory()
    factories.grant(user, base, read_only=True)
    return user


def record_page(client, enrollment, batch):
    return client.post(reverse("bases:record", args=[enrollment.pk]), PURPOSE)


def filled_template(client, enrollment, batch):
    return client.post(reverse("bases:import-template", args=["training", "intake"]), {"range": "all"})


def rows_to_correct(client, enrollment, batch):
    return client.get(reverse("bases:import-correct", args=[batch.pk]))


def annotated(client, enrollment, batch):
    return fetch_copy(client, batch)


def evidence(client, enrollment, batch):
    answer = client.get(reverse("bases:record-file", args=[enrollment.pk, "basic", "photo", 0]))
    # A stream that nobody reads leaves its file open.
    answer.getvalue()
    return answer


def checklist(client, enrollment, batch):
    """The table of 上报前检查 as a file (GOAL-B18)."""
    address = f"{reverse('bases:report-export')}?choice={enrollment.pk}"
    return client.post(address, PURPOSE | {"unmasked": "on"})


WAYS = [record_page, filled_template, rows_to_correct, annotated, evidence, checklist]


@pytest.fixture
def batch(checked, complete_enrollment):
    """One row of a person on record is wrong."""
    person = complete_enrollment.resident
    stored = default_storage.save("photo.jpg", ContentFile(b"\xff\xd8\xff\xe0" + b"0" * 64))
    person.basic.photo = stored
    person.basic.save()
    return checked([account_line(id_number=person.id_number, full_name=person.full_name, mobile="1")])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_of_the_base_is_named_and_asks_for_the_factor(
    way, settings, signed_in, base_officer, reader, complete_enrollment, batch
):
    """TRUST-70."""
    client = signed_in(base_officer)
    assert way(client, complete_enrollment, batch).status_code == 200
    (line,) = lines()
    assert line.actor == base_officer
    assert line.detail["purpose"]
    assert Disclosure.objects.get(event=line).residents == [complete_enrollment.resident_id]
    assert len(looks_at(complete_enrollment.resident)) == 1

    settings.SECOND_FACTOR_REQUIRED = True
    answer = way(client, complete_enrollment, batch)
    assert answer.url.startswith("/second-factor/")
    settings.SECOND_FACTOR_REQUIRED = False
    assert way(signed_in(reader), complete_enrollment, batch).status_code == 403
    assert len(lines()) == 1


def test_reader_is_offered_no_full_number(signed_in, reader, enrollment):
    assert "查看完整证件号" not in signed_in(reader).get(reverse("bases:record", args=[enrollment.pk])).text


def test_persons_an_hour_are_limited_and_the_page_says_until_when(
    monkeypatch, signed_in, base_officer, base, cycle
):
    """Whoever was seen already does not count again."""
    monkeypatch.setattr(reveal, "PERSONS_AN_HOUR", 1)
    first, second = (factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(2))
    client = signed_in(base_officer)
    assert [record_page(client, each, None).status_code for each in (first, first, second)] == [200, 200, 429]
    refused = record_page(client, second, None)
    assert "以后继续" in refused.text
    assert second.resident.id_number not in refused.text
    assert int(refused["Retry-After"]) > 3000


def test_lists_an_hour_are_limited(monkeypatch, signed_in, base_officer, enrollment):
    monkeypatch.setattr(reveal, "LISTS_AN_HOUR", 1)
    client = signed_in(base_officer)
    assert [filled_template(client, enrollment, None).status_code for _ in range(2)] == [200, 429]


def test_right_is_asked_at_the_place(other_base_officer, provincial_reviewer, enrollment, settings):
    """GOAL-S1: acting for another base or province is no right here."""
    with pytest.raises(PermissionDenied):
        reveal.demand(other_base_officer, enrollment)
    settings.SECOND_FACTOR_REQUIRED = True
    with pytest.raises(SecondFactorNeeded):
        reveal.demand(provincial_reviewer, enrollment)


NUMBERS = [
    "330106199503120014",
    "13800138000",
    "01234568",
    "E12345678",
    "H1234567801",
    "830000199503120014",
    "12345",
]


@pytest.mark.parametrize("number", [*NUMBERS, *("7" * length for length in range(1, 21))])
def test_at_least_half_of_every_number_is_hidden(number):
    """TRUST-80: whatever the kind of document; short ones too."""
    shown = mask(number)
    assert len(shown) == len(number)
    assert shown.count("*") * 2 >= len(number)
    assert len(ID_TYPE.items) == 9
