"""AM-05, AM-29, BR-39: the intake lock and what it leaves alone."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.models import CycleWindow, Extension, Step
from residents.models import Enrollment
from residents.services.lock import carry_out_locks
from tests import factories


@pytest.fixture
def closed_cycle(cycle):
    CycleWindow.objects.update(closes_at=timezone.now() - datetime.timedelta(minutes=1))
    return cycle


def test_lock_before_the_end_changes_nothing(cycle, enrollment):
    assert carry_out_locks() == 0
    assert carry_out_locks(timezone.now() + datetime.timedelta(days=11)) == 1


def test_lock_lapses_unapproved_records_once(closed_cycle, enrollment, other_base):
    """AM-29: kept for the record, no longer blocking."""
    approved = factories.EnrollmentFactory(
        base=enrollment.base, intake_year=closed_cycle.year, registered_at=timezone.now()
    )

    assert carry_out_locks() == 1
    assert carry_out_locks() == 0

    enrollment.refresh_from_db()
    approved.refresh_from_db()
    closed_cycle.refresh_from_db()
    assert (enrollment.is_live, approved.is_live) == (False, True)
    assert closed_cycle.locked_at is not None
    factories.EnrollmentFactory(resident=enrollment.resident, base=other_base, intake_year=closed_cycle.year)


def test_lock_waits_for_a_province_with_later_windows(closed_cycle, enrollment, province):
    """GOAL-N1: a window of one province."""
    now = timezone.now()
    CycleWindow.objects.create(
        cycle=closed_cycle,
        step=Step.REVIEW,
        province=province,
        opens_at=now - datetime.timedelta(days=1),
        closes_at=now + datetime.timedelta(days=2),
    )

    assert carry_out_locks() == 0
    closed_cycle.refresh_from_db()
    assert closed_cycle.locked_at is None
    assert carry_out_locks(now + datetime.timedelta(days=3)) == 1


@pytest.mark.parametrize("what", ["province", "base", "enrollment"])
def test_lock_waits_for_an_extension(closed_cycle, enrollment, what, national_officer):
    """GOAL-P8: only the named province, base or record stays open."""
    neighbour = factories.EnrollmentFactory(
        base=factories.TrainingBaseFactory(province_id="44"), intake_year=closed_cycle.year
    )
    named = {"province": enrollment.base.province, "base": enrollment.base, "enrollment": enrollment}
    Extension.objects.create(
        cycle=closed_cycle,
        step=Step.REPORT,
        until=timezone.now() + datetime.timedelta(days=1),
        reason="系统故障补报",
        granted_by=national_officer,
        **{what: named[what]},
    )

    call_command("run_clock", "--once")

    assert list(Enrollment.objects.filter(lapsed_at__isnull=False)) == [neighbour]
