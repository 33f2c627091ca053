"""Search by name (one or two characters anywhere) and by ID number."""

import pytest
from django.db import connection

from residents.models import Enrollment
from residents.search import by_name_or_number
from tests.factories import EnrollmentFactory, ResidentFactory


@pytest.fixture
def people(base, cycle):
    names = ("陈雨桐", "古丽米热·艾比布力", "陈𠮷", "MARIA LOPEZ")
    return {
        name: EnrollmentFactory(base=base, resident=ResidentFactory(full_name=name)).resident
        for name in names
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("陈", {"陈雨桐", "陈𠮷"}),
        ("雨桐", {"陈雨桐"}),
        ("桐雨", set()),
        ("米热•艾比", {"古丽米热·艾比布力"}),
        ("古丽米热．艾比布力", {"古丽米热·艾比布力"}),
        ("𠮷", {"陈𠮷"}),
        ("maria", {"MARIA LOPEZ"}),
        ("Ria Lo", {"MARIA LOPEZ"}),
        (" 陈雨桐\u200b", {"陈雨桐"}),
        ("李", set()),
        ("a\x00b", set()),
        ("%", set()),
    ],
)
def test_name_is_found_by_any_part(people, text, expected):
    """PAIN-08, PAIN-09, PAIN-11."""
    found = by_name_or_number(Enrollment.objects.all(), text)

    assert {enrollment.resident.full_name for enrollment in found} == expected


def test_number_is_found_whole_or_by_its_beginning(people):
    person = people["陈雨桐"]
    records = Enrollment.objects.all()

    whole = by_name_or_number(records, f" {person.id_number[:6]} {person.id_number[6:].lower()} ")
    beginning = by_name_or_number(records, person.id_number[:14])
    end = by_name_or_number(records, person.id_number[-4:])

    assert [enrollment.resident for enrollment in whole] == [person]
    assert {enrollment.resident for enrollment in beginning} == set(people.values())
    assert list(end) == []


def test_number_is_found_by_its_end_where_the_caller_allows_it(people):
    """PAIN-08: the list shows the last four characters, so they find the person; in a base's own list only."""
    person = people["陈雨桐"]
    number, records = person.id_number, Enrollment.objects.all()
    shown = f"{number[:3]}***********{number[-4:].lower()}"

    for text in (number[-4:], number[-6:], shown):
        found = {each.resident for each in by_name_or_number(records, text, by_end=True)}
        assert person in found
        assert {each.id_number.endswith(number[-4:]) for each in found} == {True}
        assert list(by_name_or_number(records, text)) == []


def test_empty_text_filters_nothing(people):
    assert by_name_or_number(Enrollment.objects.all(), "　 ").count() == 4


def test_names_are_found_through_the_index(people):
    """At 300,000 persons a scan of all names would cost seconds. Of a table of four the planner needs persuasion."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan", "nestloop", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    plan = by_name_or_number(Enrollment.objects.all(), "雨桐").explain()
    assert "resident_name_grams" in plan
