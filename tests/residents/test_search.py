"""Search by name (one or two characters anywhere) and by ID number."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.masking import mask
from residents.models import Enrollment
from residents.pinyin import pinyin_key
from residents.rules.text import name_key
from residents.search import by_name_or_number
from tests.factories import EnrollmentFactory, ResidentFactory


@pytest.fixture
def people(base, cycle):
    names = ("陈雨桐", "古丽米热·艾比布力", "陈𠮷", "MARIA LOPEZ", "José Núñez", "葛\U000e0100城", "曾 可")
    return {
        name: EnrollmentFactory(
            base=base, resident=ResidentFactory(full_name=name, name_key=pinyin_key(name))
        ).resident
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
        ("古丽米热艾比布力", {"古丽米热·艾比布力"}),
        ("热艾", {"古丽米热·艾比布力"}),
        ("艾·", {"古丽米热·艾比布力"}),
        ("陈 雨　桐", {"陈雨桐"}),
        ("曾可", {"曾 可"}),
        ("jose nunez", {"José Núñez"}),
        ("NÚÑEZ", {"José Núñez"}),
        ("葛城", {"葛\U000e0100城"}),
        ("葛\ufe00城", {"葛\U000e0100城"}),
        ("chen", {"陈雨桐", "陈𠮷"}),
        ("ChenYu", {"陈雨桐"}),
        ("zeng ke", {"曾 可"}),
        ("yu tong", set()),
        ("·", set()),
        ("_", set()),
        ("a\x00b", set()),
        ("%", set()),
    ],
)
def test_name_is_found_by_any_part(people, text, expected):
    """PAIN-08, PAIN-09, PAIN-11."""
    found = by_name_or_number(Enrollment.objects.all(), text)

    assert {enrollment.resident.full_name for enrollment in found} == expected


def test_number_is_found_whole(people):
    person = people["陈雨桐"]
    whole = f" {person.id_number[:6]} {person.id_number[6:].lower()} "
    assert [row.resident for row in by_name_or_number(Enrollment.objects.all(), whole)] == [person]


@pytest.mark.parametrize("by_end", [False, True])
@pytest.mark.parametrize("number", ["330199199903071234", "E12345678", "H1234567", "0123456"])
def test_no_part_of_a_number_but_what_is_displayed_finds_it(base, cycle, number, by_end):
    """TRUST-51: whoever reads it masked would learn the rest of it character by character."""
    EnrollmentFactory(base=base, resident=ResidentFactory(id_type="03", id_number=number))
    shown = mask(number)
    front, back = len(shown.split("*")[0]), len(shown.rsplit("*", 1)[1])
    for begin in range(len(number)):
        for end in range(begin + 2, len(number) + 1):
            if end - begin == len(number) or (by_end and begin >= len(number) - back and end == len(number)):
                continue
            assert not by_name_or_number(Enrollment.objects.all(), number[begin:end], by_end=by_end).exists()
    more = (number[: front + 1], number[-back:]), (number[:front], number[-back - 1 :])
    for begins, ends in more:
        text = f"{begins}****{ends}"
        assert not by_name_or_number(Enrollment.objects.all(), text, by_end=by_end).exists()
    assert by_name_or_number(Enrollment.objects.all(), number).exists()


def test_number_is_found_as_it_is_displayed_where_the_caller_allows_it(people):
    """PAIN-08: the list shows the last four characters, so they find the person; in a base's own list only."""
    person = people["陈雨桐"]
    number, records = person.id_number, Enrollment.objects.all()
    shown = f"{number[:3]}***********{number[-4:].lower()}"

    for text in (number[-4:], shown):
        found = {each.resident for each in by_name_or_number(records, text, by_end=True)}
        assert person in found
        assert {each.id_number.endswith(number[-4:]) for each in found} == {True}
        assert list(by_name_or_number(records, text)) == []


def test_empty_text_filters_nothing(people):
    assert by_name_or_number(Enrollment.objects.all(), "　 ").count() == 7


def test_names_are_found_through_the_index(people):
    """At 300,000 persons a scan of all names would cost seconds. Of a table of four the planner needs persuasion."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan", "nestloop", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    plan = by_name_or_number(Enrollment.objects.all(), "雨桐").explain()
    assert "resident_name_grams" in plan
    assert "resident_pinyin" in by_name_or_number(Enrollment.objects.all(), "chen yu").explain()


@given(st.text(alphabet=st.sampled_from("陈𠮷·ÉéñABz '-\ufe00\U000e0100Ǖỹ⼤\ue000\uf900İß"), max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_database_compares_names_as_the_rules_do(db, name):
    """One key in Python and in SQL, for every kind of character that a name may hold."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name_search_key(%s)", [name])
        assert cursor.fetchone()[0] == name_key(name)
