"""Two intakes open side by side: each file and each row asks the cycle of its own year (AM-42)."""

import datetime
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from bases.extensions.services import askable, may_name
from bases.imports import services as imports
from bases.imports.worker import check_batch
from bases.models import ImportBatch
from portal.models import CycleWindow, Step
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, counts, problem_codes, workbook
from tests.bases.desk import close

pytestmark = pytest.mark.django_db


@pytest.fixture
def ahead(cycle):
    """Next year's cycle; its import is open early for the province of the base."""
    made = factories.CycleFactory(year=cycle.year + 1)
    later = timezone.now() + datetime.timedelta(days=300)
    always = (later, later + datetime.timedelta(days=30))
    factories.open_windows(made, **{step.value: always for step in Step})
    CycleWindow.objects.create(
        cycle=made,
        step=Step.BASE_FILL,
        province_id="33",
        opens_at=timezone.now() - datetime.timedelta(days=1),
        closes_at=timezone.now() + datetime.timedelta(days=5),
    )
    return made


def sent(desk, year, lines):
    """The batch that the upload page makes of these lines for this year."""
    address = reverse("bases:import-upload", args=["accounts", "intake"]) + (f"?cycle={year}" if year else "")
    file = SimpleUploadedFile("名单.xlsx", workbook(lines))
    assert desk.post(address, {"file": file, "token": uuid.uuid4()}).status_code == 302
    batch = ImportBatch.objects.latest("pk")
    check_batch(batch.pk)
    batch.refresh_from_db()
    return batch


def codes(batch):
    return {code for found in problem_codes(batch).values() for _, code in found}


def test_the_upload_page_offers_both_years_and_opens_with_the_older(desk, cycle, ahead):
    page = desk.get(reverse("bases:import-upload", args=["accounts", "intake"]))
    assert page.context["cycle"] == cycle
    assert page.context["choosable"] == [cycle, ahead]
    assert desk.get("/base/imports/accounts/intake/?cycle=2050").status_code == 404


@pytest.mark.parametrize("which", ["older", "newer"])
def test_a_file_is_of_the_chosen_year_and_names_the_other_door(desk, cycle, ahead, which):
    own, other = (cycle, ahead) if which == "older" else (ahead, cycle)
    lines = [
        account_line(intake_year=str(own.year)),
        account_line(intake_year=str(other.year), mobile="13800138001"),
    ]
    batch = sent(desk, own.year, lines)
    assert (batch.cycle, counts(batch)) == (own, (2, 1, 0, 1))
    assert codes(batch) == {"intake_year_other_open"}


def test_without_a_choice_it_is_the_older(desk, cycle, ahead):
    assert sent(desk, None, [account_line(intake_year=str(cycle.year))]).cycle == cycle


def test_when_the_older_is_over_the_newer_is_opened_by_itself(desk, cycle, ahead):
    close(cycle, Step.BASE_FILL)
    batch = sent(desk, None, [account_line(intake_year=str(ahead.year))])
    assert (batch.cycle, counts(batch)) == (ahead, (1, 1, 0, 0))


def test_the_registry_takes_no_year_whose_intake_is_open(checked, cycle, ahead):
    """AM-31: the next cycle's early window does not open the registry to this year's recruits."""
    for year in (cycle.year, ahead.year):
        batch = checked([account_line(intake_year=str(year))], module="registry")
        assert (counts(batch), codes(batch)) == ((1, 0, 0, 1), {"intake_year_still_open"})
    batch = checked([account_line(intake_year=str(cycle.year - 1))], module="registry")
    assert counts(batch) == (1, 1, 0, 0)


def test_a_batch_closes_with_its_own_year(desk, cycle, ahead, base_officer):
    old = sent(desk, cycle.year, [account_line(intake_year=str(cycle.year))])
    new = sent(desk, ahead.year, [account_line(intake_year=str(ahead.year))])
    close(cycle, Step.BASE_FILL)
    with pytest.raises(imports.BatchMoved, match="截止"):
        imports.confirm(old, mode="good_rows", by=base_officer)
    imports.confirm(new, mode="good_rows", by=base_officer)


def test_more_time_is_asked_for_in_the_year_of_the_record(base, cycle, ahead):
    assert askable(base) == [cycle, ahead]
    for each in (cycle, ahead):
        assert may_name(factories.EnrollmentFactory(base=base, intake_year=each.year))
    Enrollment.objects.filter(intake_year=cycle.year).update(review_status="1", report_status="1")
    assert not may_name(Enrollment.objects.get(intake_year=cycle.year))
