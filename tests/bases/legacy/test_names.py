"""A base that was renamed is found by the name of its time, wherever a paper or a program names it."""

import re
from pathlib import Path

import pytest

from bases.legacy.names import bases_named
from bases.legacy.people import BaseNames
from review.api.judging import read
from review.completions.workbook import Known
from tests import factories
from tests.review.api.delivered import record

pytestmark = pytest.mark.django_db
FORMER = "浙江大学医学院附属第一医院"


@pytest.fixture
def renamed(base):
    base.name = "浙江示范市第一人民医院"
    base.save()
    return base


def test_roster_completion_and_interface_know_the_former_name(renamed, province, cycle):
    assert BaseNames().find(FORMER, province.name) == renamed
    row = {"training_base": FORMER}
    context = Known.of(province.pk, [row]).context(row)
    assert (context["base_found"], context["base_province"]) == (True, province.pk)
    sent = record(renamed, cycle.year, 1)
    sent["training"]["training_base"] = FORMER
    assert [each.base for each in read(province.pk, [sent])] == [renamed]


def test_who_bears_a_name_now_stands_alone_for_it_in_his_province(renamed, other_province, province):
    away = factories.TrainingBaseFactory(province=other_province, name=FORMER)
    assert set(bases_named([FORMER])[FORMER]) == {renamed, away}
    here = factories.TrainingBaseFactory(province=province, name=FORMER)
    assert set(bases_named([FORMER])[FORMER]) == {here, away}
    assert bases_named()[FORMER] == bases_named([FORMER])[FORMER]
    assert bases_named(["无此医院"]) == {}


def test_nobody_looks_a_base_up_by_its_name_but_here():
    """Whoever did would not know the former ones. Searching a list, and keeping names apart, is no looking up."""
    looks = {
        str(path)
        for root in ("portal", "residents", "bases", "review")
        for path in Path(root).rglob("*.py")
        if re.search(r"TrainingBase\.objects[^\n]*\bname(__in)?=", path.read_text())
    }
    assert looks == {"review/organisations/directory.py", "review/successions/forms.py"}
