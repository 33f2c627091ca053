"""The nation that lists, searches, exports and statistics are measured over, and who looks at it."""

import os
from dataclasses import dataclass
from functools import lru_cache

from bases.models import Province, TrainingBase
from portal.models import User
from portal.roles import Role
from residents.models import Enrollment
from residents.snapshot import snapshot_of
from review.demo.nation import add_residents
from tests import factories

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
OWN_PROVINCE = "46"
OWN_RECORDS = 500
_BASES_A_PROVINCE = 20


@dataclass(frozen=True, slots=True)
class Nation:
    """Who looks at what; the ids hold in the database it was made in."""

    base: TrainingBase
    officer: User
    reviewer: User
    association: User


@lru_cache
def nation() -> Nation:
    """The nation of ROWS residents in the run's own database."""
    return populate(ROWS)


def populate(rows: int) -> Nation:
    """Residents over 32 provinces of 20 bases, however few they are; half are approved, every tenth waits for review.
    The base that is looked at always has OWN_RECORDS."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(province_id=OWN_PROVINCE)
    people = {
        role: factories.UserFactory(role=role, password=None)
        for role in (Role.BASE, Role.PROVINCE, Role.CMDA)
    }
    factories.grant(people[Role.BASE], base)
    factories.grant(people[Role.PROVINCE], base.province)
    others = [
        factories.TrainingBaseFactory(province_id=province.pk, specialties=("0100",)).pk
        for _ in range(_BASES_A_PROVINCE)
        for province in Province.objects.all()
    ]
    pattern = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.fill_personal(pattern.resident)
    factories.fill_training(pattern)
    add_residents(
        rows,
        year=cycle.year,
        snapshot=snapshot_of(Enrollment.objects.get(pk=pattern.pk)),
        bases=others,
        reported_by=people[Role.BASE],
        decided_by=people[Role.PROVINCE],
        own_base=base.pk,
        own_records=OWN_RECORDS,
    )
    return Nation(base, people[Role.BASE], people[Role.PROVINCE], people[Role.CMDA])
