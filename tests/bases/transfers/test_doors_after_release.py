"""Where a released transfer leads, before, between and after: AM-31, AM-33, AM-48: never to a door that refuses."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.worker import apply_batch
from bases.transfer_requests import settle
from bases.transfers import services as transfers
from portal.models import Step
from residents.models import Enrollment
from residents.models.enrollment import Deletion
from residents.openness import INTAKE_STEPS
from residents.services.deletion import delete_enrollment
from tests import factories
from tests.bases.conftest import account_line
from tests.bases.desk import approved, close, complete, page
from tests.bases.transfers.conftest import let_go

pytestmark = pytest.mark.django_db

FILLING = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)


@pytest.fixture
def recruit_let_go(other_base, base, base_officer, other_base_officer, cycle):
    """A function: a recruit of the neighbour, asked for and deleted as 转到其他基地, when these steps have ended."""

    def make(*ended):
        record = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
        asked = transfers.ask(record.pk, base, reason="批准转入", by=base_officer)
        delete_enrollment(
            record.pk,
            by=other_base_officer,
            reason="转到对方",
            kind=Deletion.MOVED,
            left_on=timezone.localdate(),
        )
        settle([Enrollment.objects.get(pk=record.pk)], by=other_base_officer)
        close(cycle, *ended)
        return asked

    return make


def door(client, asked) -> str:
    """The address that the page of the request offers, or "" where it offers none."""
    body = page(client.get(f"/base/transfers/{asked.pk}/"))
    found = re.search(r'href="(/base/imports/accounts/[^"]+)"', body)
    return found[1] if found else ""


def goes_through(client, address, record, checked, by, year) -> None:
    """The person is imported by the page behind the address."""
    assert 'type="file"' in page(client.get(address))
    person = record.resident
    line = account_line(
        intake_year=str(year), full_name=person.full_name, id_number=person.id_number, mobile=person.mobile
    )
    batch = checked([line], module=address.rstrip("/").rpartition("/")[2])
    assert batch.rows_created == 1, batch.rows.get().problems
    imports.confirm(batch, mode="good_rows", by=by)
    apply_batch(batch.pk)
    assert Enrollment.objects.filter(resident=person, base=batch.base, deleted_at=None).exists()


@pytest.mark.parametrize(("ended", "module"), [((), "intake"), (INTAKE_STEPS, "registry")])
def test_recruit_is_led_to_the_door_that_takes_him(
    ended,
    module,
    recruit_let_go,
    signed_in,
    base_officer,
    checked,
    cycle,
):
    asked = recruit_let_go(*ended)
    client = signed_in(base_officer)
    address = door(client, asked)
    assert address.endswith(f"/{module}/")
    goes_through(client, address, asked.enrollment, checked, base_officer, cycle.year)
    assert door(client, asked) == ""


def test_between_import_and_lock_the_day_is_named(recruit_let_go, signed_in, base_officer, cycle):
    """AM-31: "Between the end of import and the lock the refusal names the day on which the registry opens."."""
    asked = recruit_let_go(*FILLING)
    client = signed_in(base_officer)
    assert door(client, asked) == ""
    opens = timezone.localtime(timezone.now() + timedelta(days=10))
    assert f"{opens:%Y年%-m月}" in page(client.get(f"/base/transfers/{asked.pk}/"))


def test_resident_in_training_is_the_registrys_at_any_time(
    held,
    asked,
    signed_in,
    base_officer,
    other_base_officer,
    checked,
    cycle,
):
    """AM-48: with the year of his first intake."""
    let_go(asked, other_base_officer)
    client = signed_in(base_officer)
    assert door(client, asked).endswith("/registry/")
    assert f"招收年份填 {held.intake_year}" in page(client.get(f"/base/transfers/{asked.pk}/"))
    goes_through(client, door(client, asked), held, checked, base_officer, held.intake_year)


def test_approved_recruit_of_this_year_is_the_registrys(
    other_base, base, signed_in, base_officer, other_base_officer, provincial_reviewer, cycle
):
    """AM-31 (b): every intake refuses him, whatever window is open."""
    record = approved(complete(other_base, cycle.year), other_base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=record.pk).update(actual_start_date=timezone.localdate())
    asked = transfers.ask(record.pk, base, reason="批准转入", by=base_officer)
    let_go(asked, other_base_officer)
    assert door(signed_in(base_officer), asked).endswith("/registry/")
