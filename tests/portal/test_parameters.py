"""The one parser of what an address or a form names outside a form class (X1, X2 of the findings)."""

import datetime

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from portal import parameters
from portal.addresses import own_address
from tests.odd_values import VALUES, encoded


def sent(*values: str) -> QueryDict:
    return QueryDict(encoded(("x", value) for value in values))


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind not in ("eighteen digits", "ten digits")])
def test_what_is_no_number_counts_as_not_given(kind):
    expected = 1 if kind == "nul" else None
    assert parameters.whole_number(sent(VALUES[kind]), "x") == expected
    assert parameters.key(sent(VALUES[kind]), "x") == (expected or 0)


def test_numbers_are_bounded():
    assert parameters.whole_number(sent("2026"), "x", 2014, 2099) == 2026
    assert parameters.whole_number(sent("2013"), "x", 2014, 2099) is None
    assert parameters.whole_number(sent("2100"), "x", 2014, 2099) is None
    assert parameters.whole_number(sent("007"), "x") == 7


def test_of_several_values_the_last_counts():
    assert parameters.whole_number(sent("1", "2"), "x") == 2
    assert parameters.whole_number(sent("1", "²"), "x") is None
    assert parameters.texts(sent("1", "2\0"), "x") == ["1", "2"]
    assert parameters.numbers_of(["1,2,²", "", "3", "-4"]) == [1, 2, 3]


def test_texts_hold_nothing_that_cannot_be_stored():
    assert parameters.text(sent("\0王\ufffe小\r\n明"), "x") == "王小\n明"
    assert parameters.text(sent("王小明"), "x", longest=2) == "王小"
    assert parameters.text(QueryDict(), "x") == ""
    assert parameters.those(sent("王"), ["x", "y"]) == {"x": "王"}


def test_choices():
    assert parameters.choice(sent("b"), "x", ("a", "b")) == "b"
    assert parameters.choice(sent("c"), "x", ("a", "b"), "a") == "a"
    assert parameters.is_on(sent("1"), "x")
    assert not parameters.is_on(sent("１"), "x")


def test_moments_have_a_zone_and_lie_in_our_calendar():
    moment = datetime.datetime(2026, 9, 1, 8, tzinfo=datetime.UTC)
    assert parameters.moment(sent(moment.isoformat()), "x") == moment
    for kind in ("last day", "last moment", "first moment", "word", "empty", "nul", "5,000 digits"):
        assert parameters.moment(sent(VALUES[kind]), "x") is None
    assert parameters.moment(sent("2026-09-01T08:00"), "x") is None


def test_digits_of_a_typed_number():
    assert parameters.digits_in("１３8-٠0² x") == "13800"


@pytest.mark.parametrize(
    "target", ["abc", "portal:desk", "", "//evil.example", "http://testserver/desk/", "\0/desk/"]
)
def test_only_a_path_of_ours_leads_on(target):
    """X3: redirect() takes a bare word for the name of a route."""
    assert own_address(RequestFactory().get("/"), target, "/else/") == "/else/"
    assert own_address(RequestFactory().get("/"), "/desk/?a=1", "/else/") == "/desk/?a=1"
