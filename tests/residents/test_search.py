"""Search of the record lists: rare characters, parts of long names, numbers in any width (P-08, P-11, P-30)."""

import pytest

from residents.models import Enrollment
from residents.search import by_name_or_number
from tests import factories


@pytest.fixture
def people(base, cycle):
    names = ("古丽米热·艾比布力", "𬍛小明", "李明", "王晓明")
    people = [factories.ResidentFactory(full_name=name) for name in names]
    for person in people:
        factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
    return people


def found(text: str) -> list[str]:
    records = by_name_or_number(Enrollment.objects.all(), text).select_related("resident")
    return sorted(record.resident.full_name for record in records)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("明", ["李明", "王晓明", "𬍛小明"]),
        ("𬍛", ["𬍛小明"]),
        ("热•艾比", ["古丽米热·艾比布力"]),
        ("·", ["古丽米热·艾比布力"]),
        (" 李明 ", ["李明"]),
        ("明李", []),
        ("%", []),
        ("", ["古丽米热·艾比布力", "李明", "王晓明", "𬍛小明"]),
    ],
)
def test_search_by_name(people, text, names):
    assert found(text) == names


def test_search_by_number_whole_or_beginning(people):
    number = people[2].id_number

    assert found(number) == ["李明"]
    assert found(number[:6] + "　" + number[6:].lower()) == ["李明"]
    assert len(found(number[:6])) == 4
    assert found(number[3:]) == []
