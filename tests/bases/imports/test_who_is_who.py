"""Type and number together are a person; name and type are told apart without telling of anybody else (AM-35)."""

import pytest

from portal.models import User
from residents.models import Enrollment, Resident
from residents.services.deletion import delete_enrollment
from tests import factories
from tests.bases.conftest import account_line, counts, problem_codes

pytestmark = pytest.mark.django_db

NUMBER = "01234568"


def taiwanese(**values):
    return account_line(id_type="台湾居民来往大陆通行证", id_number=NUMBER, full_name="林美玲", **values)


def foreigner(**values):
    return account_line(id_type="护照", id_number=NUMBER, full_name="ANNA SCHMIDT", **values)


def codes(batch):
    return {code for found in problem_codes(batch).values() for _, code in found}


def held(base, name="林美玲", id_type="07", number=NUMBER, **values):
    return factories.EnrollmentFactory(
        base=base,
        resident__id_type=id_type,
        resident__id_number=number,
        resident__full_name=name,
        **values,
    )


@pytest.mark.parametrize("at", ["base", "other_base"])
def test_same_number_under_another_type_and_name_is_another_person(imported, request, base, cycle, at):
    """L22: a passport and a Taiwan pass with one number are two people, wherever the other one trains."""
    first = held(request.getfixturevalue(at))
    batch = imported([foreigner()])
    assert counts(batch) == (1, 1, 0, 0)
    second = Resident.objects.get(id_type="03", id_number=NUMBER)
    assert second.pk != first.resident_id
    assert {first.resident.user.username, second.user.username} == {NUMBER, f"{NUMBER}#03"}
    assert Enrollment.objects.get(resident=second).base == base


def test_two_people_with_one_number_come_in_one_file(imported):
    batch = imported([taiwanese(), foreigner(mobile="13900000001")])
    assert counts(batch) == (2, 2, 0, 0)
    assert User.objects.filter(username__startswith=NUMBER).count() == 2


def test_one_person_under_two_types_in_one_file_is_a_repetition(checked):
    batch = checked([foreigner(), foreigner() | {"id_type": "台湾居民来往大陆通行证"}])
    assert counts(batch) == (2, 0, 0, 2)
    assert {"duplicate_in_file", "duplicate_differs"} <= set(codes(batch))


@pytest.mark.parametrize("status", ["1", "5"])
def test_other_name_is_an_error_that_tells_nothing(checked, other_base, cycle, status):
    """AM-35: neither base, name, year nor status of whoever bears the number, living or not."""
    person = held(other_base, intake_year=cycle.year - 3, status=status).resident
    batch = checked([taiwanese() | {"full_name": "张三"}])
    row = batch.rows.get()
    assert (row.verdict, [each["code"] for each in row.problems]) == ("refused", ["identity_name_differs"])
    assert row.problems[0]["title"] == "证件号与姓名不一致"
    for secret in (person.full_name, person.mobile, other_base.name, str(cycle.year - 3), "退培", "在培"):
        assert secret not in str(row.problems)
    assert "提交核实" in row.problems[0]["repair"]


def test_other_name_at_the_own_base_is_an_error_too(checked, base, cycle):
    """AM-35: a known number under another name is no silent 已存在."""
    person = held(base, intake_year=cycle.year)
    row = checked([taiwanese() | {"full_name": "张三"}]).rows.get()
    assert row.verdict == "refused"
    assert "name_differs_here" in [each["code"] for each in row.problems]
    assert row.enrollment_id == person.pk


def test_same_name_under_another_type_is_an_error(checked, other_base):
    held(other_base)
    row = checked([taiwanese() | {"id_type": "护照"}]).rows.get()
    assert (row.verdict, row.problems[0]["title"]) == ("refused", "证件类型不一致")
    assert other_base.name not in str(row.problems)


def test_deleted_account_of_a_wrong_type_blocks_nobody(imported, base, cycle, base_officer):
    """BR-50: entered under the wrong type, deleted, imported again under the right one."""
    wrong = held(base, id_type="03", intake_year=cycle.year)
    User.objects.filter(pk=wrong.resident.user_id).update(activated_at=None)
    delete_enrollment(wrong.pk, by=base_officer, reason="证件类型录错")
    assert counts(imported([taiwanese()])) == (1, 1, 0, 0)


def test_number_that_is_a_colleagues_account_name_is_imported_all_the_same(imported):
    """BR-28: the staff keep their names, the resident's tells the type."""
    factories.UserFactory(username=NUMBER)
    assert counts(imported([foreigner()])) == (1, 1, 0, 0)
    assert Resident.objects.get().user.username == f"{NUMBER}#03"


def test_identity_names_are_compared_in_one_form(checked, other_base):
    """Dots and blanks make no other person."""
    held(other_base, name="古丽米热·艾比布力", status="5")
    assert counts(checked([taiwanese() | {"full_name": "古丽米热•艾比布力"}])) == (1, 1, 0, 0)
