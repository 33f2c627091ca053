"""The new base of a transfer starts 培训信息 from what the old one had filled in, seen before it is stored (BR-74)."""

import pytest
from django.utils import timezone

from tests import factories
from tests.bases.desk import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(other_base, cycle):
    record = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 1)
    factories.fill_training(record)
    record.status, record.registered_at = "5", timezone.now()
    record.trainee_type, record.sponsor_name, record.remark = "2", "台州市第一人民医院", "原基地的备注"
    record.save()
    return record


@pytest.fixture
def new(old, base):
    return factories.EnrollmentFactory(
        resident=old.resident,
        base=base,
        intake_year=old.intake_year,
        origin="transfer",
        registered_at=timezone.now(),
    )


@pytest.fixture
def address(new):
    return f"/base/records/{new.pk}/training/"


def test_it_is_offered_and_not_filled_in_unasked(desk, address, old):
    """AM-37: the form as opened holds what is stored and nothing else."""
    shown = desk.get(address)
    assert f"由“{old.base.name}”转入" in page(shown)
    assert shown.context["form"]["trainee_type"].value() in (None, "")


def test_what_is_true_of_the_person_is_in_the_form_and_stored_by_saving_only(desk, address, old, new):
    shown = desk.get(f"{address}?start=before")
    form = shown.context["form"]
    assert "尚未保存" in page(shown)
    assert (form["trainee_type"].value(), form["sponsor_name"].value()) == ("2", "台州市第一人民医院")
    assert form["specialty"].value() == old.specialty_id
    # Years, time and remark belong to the training before.
    assert not any(form[name].value() for name in ("approved_years", "actual_start_date", "remark"))
    new.refresh_from_db()
    assert new.trainee_type == ""
    sent = {field.html_name: field.value() for field in form if field.value() is not None}
    desk.post(f"{address}?start=before", sent | {"version": new.version})
    new.refresh_from_db()
    assert (new.trainee_type, new.sponsor_name) == ("2", "台州市第一人民医院")
    assert "由“" not in page(desk.get(address))


@pytest.mark.parametrize("case", ["no transfer", "filled", "deleted", "empty"])
def test_nothing_is_offered_where_there_is_nothing_to_start_from(desk, address, old, new, case):
    if case == "no transfer":
        type(new).objects.filter(pk=new.pk).update(origin="late")
    if case == "filled":
        type(new).objects.filter(pk=new.pk).update(trainee_type="1")
    if case == "deleted":
        type(new).objects.filter(pk=old.pk).update(
            deleted_at=timezone.now(), deleted_reason="录错", deleted_as="1"
        )
    if case == "empty":
        nothing = {"trainee_type": "", "current_degree": "", "degree_school": "", "sponsor_name": ""}
        asked = dict.fromkeys(
            ("is_fresh_graduate", "is_rural_oriented", "sponsor_is_military", "is_western_support")
        )
        type(new).objects.filter(pk=old.pk).update(**nothing, **asked)
    shown = desk.get(f"{address}?start=before")
    assert shown.status_code == 200
    assert "原培训信息" not in page(shown)
    assert "尚未保存" not in page(shown)
