"""Target 9 of tests/benchmarks: lists without a test of their own cost the same number of queries with one row and with
three."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.roles import Role
from tests import factories


def _record(base, cycle) -> None:
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)


def _base(base, cycle) -> None:
    factories.TrainingBaseFactory(province_id=base.province_id, specialties=["0100"])


def _officer(base, cycle) -> None:
    factories.grant(factories.UserFactory(role=Role.BASE), base)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/review/records/", _record),
        ("/review/funnel/records/", _record),
        ("/review/funnel/?province={base.province_id}", _record),
        ("/review/organisations/bases/", _base),
        ("/review/staff/base/{base.pk}/", _officer),
    ],
)
def test_queries_do_not_grow_with_the_rows(
    signed_in, national_officer, base, cycle, path, more, django_assert_max_num_queries
):
    client, address = signed_in(national_officer), path.format(base=base)
    more(base, cycle)
    assert client.get(address).status_code == 200
    with django_assert_max_num_queries(20) as first:
        client.get(address)
    more(base, cycle)
    more(base, cycle)
    with django_assert_max_num_queries(len(first)):
        client.get(address)


@pytest.mark.parametrize(
    "address", ["/review/statistics/records/", "/review/funnel/records/", "/review/switches/"]
)
def test_provinces_of_a_reviewer_are_looked_up_once_a_page(signed_in, provincial_reviewer, pending, address):
    """No question about the grants is asked twice for one page."""
    client = signed_in(provincial_reviewer)
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    grants = [each["sql"] for each in asked if 'FROM "bases_provinceusergrant"' in each["sql"]]
    assert len(grants) == len(set(grants))
    assert 1 <= len(grants) <= 3
