"""docs/codes.md: the code lists are shown with their source, the yearly ones can be changed."""

import pytest
from django.urls import reverse

from bases.models import Specialty
from residents.codes import CODE_LISTS
from review.code_lists.sources import shown_lists

pytestmark = pytest.mark.django_db


def test_every_list_and_item_is_shown(signed_in, national_officer):
    """docs/codes.md: nothing is left out, each with its source."""
    page = signed_in(national_officer).get(reverse("review:code-lists"))
    lists = page.context["lists"]
    assert sorted(each.name for each in lists) == sorted(CODE_LISTS)
    assert [each.name for each in lists if not each.source] == []
    assert [len(each.rows) for each in lists] == [len(CODE_LISTS[each.name].items) for each in lists]
    assert "内蒙古自治区" in page.text


def test_items_no_longer_offered_are_marked():
    """docs/codes.md#education: understood in older records, not offered in forms."""
    shown = {each.name: each for each in shown_lists()}
    offered = {code for code, _, is_offered in shown["education_code"].rows if is_offered}
    assert offered == set(CODE_LISTS["education_code"].offered)


def test_only_the_specialties_change_between_cycles(signed_in, national_officer):
    """docs/codes.md#specialties: valid from and to by intake year; the code itself never changes."""
    assert [each.name for each in shown_lists() if each.is_yearly] == ["specialty"]
    typed = {"name": "内科", "valid_from": "2014", "valid_to": "2027", "code": "9999"}
    client, address = signed_in(national_officer), reverse("review:specialty", args=["0100"])
    client.post(address, typed)
    assert Specialty.objects.get(pk="0100").valid_to is None  # other years: whom they reach is shown first
    client.post(address, typed | {"confirmed": "1"})
    specialty = Specialty.objects.get(pk="0100")
    assert (specialty.valid_from, specialty.valid_to, Specialty.objects.filter(pk="9999").exists()) == (
        2014,
        2027,
        False,
    )


def test_page_makes_no_query_of_its_own(signed_in, national_officer, django_assert_num_queries):
    """The lists are the program's own: only session, user, messages and contact are asked for."""
    client = signed_in(national_officer)
    client.get(reverse("review:code-lists"))
    with django_assert_num_queries(4):
        client.get(reverse("review:code-lists"))
