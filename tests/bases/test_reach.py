"""One question, asked of a record that is loaded and of the table: both say the same (TRUST-23, TRUST-24)."""

import pytest

from bases.lists.records import scope_of
from bases.models import SpecialtyBase
from bases.scope import enrollments_for, place_of, reaches, records_at
from portal.prepared import prepared
from portal.roles import Action, Role
from residents.models import Enrollment
from tests import factories

_at = prepared(lambda shape: records_at(shape).order_by("pk"))


@pytest.fixture
def world(base, other_base, base_officer, provincial_reviewer, national_officer):
    """Records of two bases and of another province, some deleted, and one visitor of each kind."""
    places = (base, base, other_base, factories.TrainingBaseFactory(province_id="44"))
    records = [factories.EnrollmentFactory(base=each) for each in places]
    gone = factories.EnrollmentFactory(base=base)
    Enrollment.objects.filter(pk=gone.pk).update(deleted_at=gone.created_at, deleted_reason="录错")
    secretary, reader, auditor = (
        factories.UserFactory(role=role) for role in (Role.BASE, Role.BASE, Role.AUDITOR)
    )
    own = SpecialtyBase.objects.filter(base=base).first()
    factories.grant(secretary, own)
    Enrollment.objects.filter(pk=records[0].pk).update(specialty=own.specialty_id)
    factories.grant(reader, other_base, read_only=True)
    people = [base_officer, provincial_reviewer, national_officer, secretary, reader, auditor]
    return [*people, *(each.resident.user for each in records)]


@pytest.mark.parametrize("action", Action)
def test_a_loaded_record_is_judged_as_the_query_does(world, action):
    for user in world:
        within = set(enrollments_for(user, action).values_list("pk", flat=True))
        for record in Enrollment.objects.select_related("resident"):
            assert reaches(user, record, action) == (record.pk in within), (user.role, action)


def test_the_place_of_a_desk_has_the_records_of_its_scope(world, base, other_base):
    for user in world[:5]:
        for where in (base, other_base, None):
            place = place_of(user, where)
            expected = scope_of(user, where)
            if user.role == Role.BASE:
                found = _at.ask(place.shape, **place.values)
                assert found == list(expected.order_by("pk")), (user, where)
