"""A number that was corrected leads to its bearer wherever one is looked up: lists, files, rosters (AM-35, AM-47)."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bases.legacy.people import People
from residents.models import Enrollment
from residents.rules.text import name_key
from residents.search import by_name_or_number
from residents.services.identity_correction import correct_identity
from residents.standing import AccountRow
from review.audit.search import records as audited
from review.completions.workbook import Known
from tests import factories
from tests.bases.desk import complete
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db
# Who asks who bears a number now and nothing else, and what compares numbers that were stored with one another.
CURRENT_ONLY = {
    # The correction itself, and the two entries that are to be merged.
    "residents/services/identity_correction.py",
    "review/merges/forms.py",
    # Reported completions under the number that was reported.
    "review/completions/workbook.py",
    "review/completions/statistics.py",
}


def correct(person, by) -> str:
    """Give the person another number; returns the former one."""
    former = person.id_number
    new = ("01", factories.id_number())
    correct_identity(person.pk, old=(person.id_type, former), new=new, by=by, reason="导入时录错")
    return former


def test_a_training_file_from_before_the_correction_is_taken(base, cycle, national_officer, send):
    record = complete(base, cycle.year)
    file = edited(template([record], base), {(1, "备注"): "门诊"})
    correct(record.resident, national_officer)
    assert verdicts(send(file)) == ["update"]


def test_lists_log_rosters_and_completions_find_him(base, cycle, national_officer, province):
    record = complete(base, cycle.year)
    person = record.resident
    former = correct(person, national_officer)
    assert list(by_name_or_number(Enrollment.objects.all(), former)) == [record]
    assert audited(former) == [record.pk]
    row = AccountRow(1, cycle.year, person.full_name, "01", former, person.mobile)
    people = People()
    people.load([row])
    assert [each.name_key for each in people._people.values()] == [name_key(person.full_name)]
    # Under another name the roster's person is another one.
    people = People()
    people.load([replace(row, full_name="欧阳倩倩")])
    assert not people._people
    known = Known.of(province.pk, [{"id_type": "01", "id_number": former}])
    assert known.residents[("01", former)].pk == person.pk


def test_nobody_looks_a_person_up_by_his_present_number_alone():
    """residents.standing.bearers knows the former ones."""
    looks = {
        str(path)
        for root in ("portal", "residents", "bases", "review")
        for path in Path(root).rglob("*.py")
        if "migrations" not in path.parts
        and re.search(r"(filter|get|exclude)\([^()]*\bid_number(__in)?=", path.read_text())
    }
    assert looks == CURRENT_ONLY
