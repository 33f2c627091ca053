"""Queries written once: each asking answers as the plain query does, with the values of this asking."""

import datetime

import pytest
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from portal.models import Message, User
from portal.prepared import Asked, among, prepared, summed
from portal.roles import Role
from tests import factories


@prepared
def _of_role(is_newest_first: bool) -> QuerySet[User]:
    found = User.objects.filter(role=Asked("role"), created_at__lte=Asked("until"))
    return found.order_by("-pk" if is_newest_first else "pk")


@prepared
def _named() -> QuerySet:
    return User.objects.filter(among("pk", "keys")).order_by("pk").values_list("username", flat=True)


@prepared
def _sums() -> QuerySet:
    return summed(Message.objects.filter(recipient=Asked("user")), number=Count("pk"), first=Min("subject"))


@prepared
def _nobody() -> QuerySet:
    return User.objects.filter(Q(pk__in=[]), role=Asked("role"))


@pytest.fixture
def people(db) -> list[User]:
    return [factories.UserFactory(role=role) for role in (Role.BASE, Role.PROVINCE, Role.BASE)]


def test_each_asking_gets_its_own_rows(people):
    now = timezone.now() + datetime.timedelta(minutes=1)
    officers = [each for each in people if each.role == Role.BASE]

    assert _of_role.ask(False, role=Role.BASE, until=now) == officers
    assert _of_role.ask(True, role=Role.BASE, until=now) == officers[::-1]
    assert _of_role.ask(False, role=Role.PROVINCE, until=now) == [people[1]]
    assert _of_role.ask(False, role=Role.BASE, until=now - datetime.timedelta(days=900)) == []


def test_a_list_of_any_length_is_one_query(people, django_assert_num_queries):
    _named.ask(keys=[])
    for keys in ([], [people[0].pk], [each.pk for each in people]):
        with django_assert_num_queries(1):
            assert _named.ask(keys=keys) == [each.username for each in people if each.pk in keys]


def test_sums_are_one_row_also_of_nothing(people):
    Message.objects.create(recipient=people[0], kind="test", subject="通知")

    assert _sums.ask(user=people[0].pk) == [{"number": 1, "first": "通知"}]
    assert _sums.ask(user=people[1].pk) == [{"number": 0, "first": None}]


def test_what_can_never_be_found_asks_nothing(people, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert _nobody.ask(role=Role.BASE) == []


def test_a_value_left_out_is_an_error(people):
    with pytest.raises(KeyError):
        _of_role.ask(False, role=Role.BASE)


def test_a_changed_row_is_seen(people):
    User.objects.filter(pk=people[0].pk).update(username="xin01")

    assert _named.ask(keys=[people[0].pk]) == ["xin01"]
