"""The nation that lists, searches, exports and statistics are measured over, and who looks at it."""

import os
from dataclasses import dataclass
from functools import lru_cache

from bases.models import TrainingBase
from portal.models import User
from portal.roles import Role
from review.demo.nation import add_residents
from review.demo.national_bases import add_bases
from tests import factories

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
OWN_PROVINCE = "46"
OWN_RECORDS = 500


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
    """Residents over all the nation's bases, however few they are. The base that is looked at has OWN_RECORDS."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(province_id=OWN_PROVINCE)
    people = {
        role: factories.UserFactory(role=role, password=None)
        for role in (Role.BASE, Role.PROVINCE, Role.CMDA)
    }
    factories.grant(people[Role.BASE], base)
    factories.grant(people[Role.PROVINCE], base.province)
    add_residents(
        rows,
        year=cycle.year,
        bases=[other.pk for other in add_bases()],
        reported_by=people[Role.BASE],
        decided_by=people[Role.PROVINCE],
        own_base=base.pk,
        own_records=OWN_RECORDS,
    )
    return Nation(base, people[Role.BASE], people[Role.PROVINCE], people[Role.CMDA])
