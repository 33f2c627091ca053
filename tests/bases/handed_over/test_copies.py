"""移交副本: who worked for a merged base finds its records as they stood, and nobody else does (AM-46)."""

import pytest
from django.utils import timezone

from bases.models import HandedOver
from residents.snapshot import snapshot_of
from review.successions import services
from tests import factories
from tests.bases.records.test_take_home import rows_of

LIST = "/base/handed-over/"


@pytest.fixture
def copy(base, complete_enrollment, national_officer, other_province):
    successor = factories.TrainingBaseFactory(province_id=other_province.pk, name="广东省人民医院", code="G1")
    services.decide(
        base,
        kind="merged",
        successor=successor,
        province=None,
        day=timezone.localdate(),
        reason="国卫科教〔2026〕1号",
        by=national_officer,
        takes_staff=False,
    )
    return HandedOver.objects.get()


def test_a_copy_is_found_by_name_and_shows_the_day_it_was_made(copy, base_officer, signed_in):
    client = signed_in(base_officer)
    assert copy.full_name in client.get(f"{LIST}?q={copy.full_name}").text
    assert f'href="{LIST}{copy.pk}/"' not in client.get(f"{LIST}?q=不在其中").text
    page = client.get(f"{LIST}{copy.pk}/")
    assert page.status_code == 200
    assert copy.enrollment.resident.id_number not in page.text
    assert copy.snapshot["identity"] == snapshot_of(copy.enrollment)["identity"]


def test_another_base_finds_no_copy(copy, other_base_officer, signed_in):
    client = signed_in(other_base_officer)
    assert copy.full_name not in client.get(LIST).text
    assert client.get(f"{LIST}{copy.pk}/").status_code == 404


def test_the_list_is_taken_home_as_it_was_looked_through(copy, base_officer, signed_in):
    """GOAL-B19."""
    client = signed_in(base_officer)
    head, line = rows_of(client.post(f"{LIST}?q={copy.full_name}"))
    assert line[:3] == [copy.full_name, copy.succession.base.name, "广东省人民医院"]
    assert rows_of(client.post(f"{LIST}?q=不在其中")) == [head]
