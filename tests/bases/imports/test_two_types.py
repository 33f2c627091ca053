"""One person under two ID types: a warning that is confirmed with a reason (AM-36)."""

import datetime

import pytest
from django.urls import reverse

from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from portal.models import AuditEvent
from residents.models import BasicInfo, Resident
from residents.services.deletion import delete_enrollment
from tests import factories
from tests.bases.conftest import account_line, counts, problem_codes
from tests.bases.desk import page

pytestmark = pytest.mark.django_db

BORN = datetime.date(1995, 3, 12)


def codes(batch):
    return {code for found in problem_codes(batch).values() for _, code in found}


def passport_of(base, *, mobile="13900000077", **values):
    record = factories.EnrollmentFactory(
        base=base,
        resident__id_type="03",
        resident__id_number="K12345678",
        resident__full_name="陈雨桐",
        resident__mobile=mobile,
        **values,
    )
    return record


def number():
    return factories.id_number(birth=BORN)


def test_same_name_and_mobile_under_another_type_warns_and_tells_no_base(checked, other_base):
    passport_of(other_base, mobile="13800138000")
    batch = checked([account_line()])
    row = batch.rows.get()
    assert (counts(batch), row.problems[0]["code"]) == ((1, 1, 0, 0), "same_person_other_type")
    for secret in (other_base.name, "K12345678", "护照"):
        assert secret not in str(row.problems)


def test_same_name_and_birth_date_warns_too(checked, other_base):
    BasicInfo.objects.create(resident=passport_of(other_base).resident, birth_date=BORN)
    assert codes(checked([account_line(id_number=number())])) == {"same_person_other_type"}


def test_passport_is_compared_with_resident_ids(checked, other_base):
    factories.EnrollmentFactory(base=other_base, resident__mobile="13800138000")
    assert "same_person_other_type" in codes(checked([account_line(id_type="护照", id_number="K12345678")]))


def test_whoever_comes_back_to_an_account_that_is_left_is_compared_too(
    checked, base, other_base, base_officer
):
    """The account of a record deleted as 录错 stays, and with it the question."""
    factories.EnrollmentFactory(base=other_base, resident__mobile="13800138000")
    again = account_line(id_type="护照", id_number="K12345678")
    record = passport_of(base, mobile="13800138000")
    Resident.objects.filter(pk=record.resident_id).update(full_name=again["full_name"])
    delete_enrollment(record.pk, by=base_officer, reason="录错")
    assert "same_person_other_type" in codes(checked([again]))


def test_two_rows_of_one_file_are_compared(checked):
    batch = checked([account_line(), account_line(id_type="护照", id_number="K12345678")])
    assert ("D3", "same_person_other_type") in problem_codes(batch)[3]


@pytest.mark.parametrize("values", [{"full_name": "张三"}, {"mobile": "13700000000"}])
def test_others_are_not_warned_about(checked, other_base, values):
    passport_of(other_base, mobile="13800138000")
    assert codes(checked([account_line(**values)])) == set()


def test_same_type_is_not_this_warning(checked, other_base):
    factories.EnrollmentFactory(base=other_base, resident__mobile="13800138000")
    assert codes(checked([account_line()])) == set()


def test_confirmation_asks_for_the_reason_and_keeps_it(checked, other_base, base_officer, signed_in):
    """AM-36: confirmed with a reason, never silently."""
    passport_of(other_base, mobile="13800138000")
    batch = checked([account_line()])
    client, url = signed_in(base_officer), reverse("bases:import-confirm", args=[batch.pk])
    assert "确认是两个人的理由" in page(client.get(reverse("bases:import-batch", args=[batch.pk])))
    with pytest.raises(BatchMoved, match="填写确认理由"):
        imports.confirm(batch, mode="good_rows", by=base_officer, reason=" ")
    client.post(url, {"mode": "good_rows", "reason": "电话核实为两人"})
    batch.refresh_from_db()
    assert (batch.state, batch.two_types_reason) == ("applying", "电话核实为两人")
    assert AuditEvent.objects.get(action="import_confirm").detail["two_types_reason"] == "电话核实为两人"


def test_nobody_else_is_asked_for_a_reason(checked, base_officer):
    batch = checked([account_line()])
    imports.confirm(batch, mode="good_rows", by=base_officer)
    batch.refresh_from_db()
    assert batch.state == "applying"
