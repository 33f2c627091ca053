"""Target 9 of tests/benchmarks: lists without a test of their own cost the same number of queries with one row and with
three."""

import pytest

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
