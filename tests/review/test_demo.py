"""The demo: every state there is, valid numbers, and never into a production database by accident (TRUST-13)."""

import hashlib
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from bases import counts
from bases.models import CountedPerson, Province, TrainingBase
from bases.submissions.unchanged import untouched_since_return
from portal.models import User
from residents.completeness import completeness
from residents.models import Enrollment, Resident
from residents.rules.identity import id_number_problems
from residents.snapshot import for_check, snapshot_of
from review.demo.nation import COUNTY, draw_people
from review.demo.national_bases import add_bases
from tests.database import as_owner


def test_demo_is_refused_where_debug_is_off(db, settings):
    """TRUST-13: production settings and the demo command: nothing is loaded."""
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("load_demo")
    assert User.objects.count() == 0


@pytest.mark.long
def test_demo_has_every_state_and_valid_people(db, settings, capsys):
    settings.DEBUG = True

    call_command("load_demo")

    assert (Province.objects.count(), TrainingBase.objects.count()) == (32, 44)
    # Six of the 600 records belong to people who changed base: 600 persons, 606 enrollments.
    assert (Resident.objects.count(), Enrollment.objects.count()) == (600, 606)
    for number in Resident.objects.values_list("id_number", flat=True):
        assert [p for p in id_number_problems("01", number) if not p.is_warning] == []
    found = Enrollment.objects
    assert set(found.values_list("status", flat=True)) == set("12345")
    assert set(found.values_list("review_status", flat=True)) == set("0123")
    assert set(found.values_list("personal_state", flat=True)) == set("0123")
    assert counts.differences() == {}
    # Each person once, and what stands beside them (AM-32).
    sources = Counter(CountedPerson.objects.values_list("source", flat=True))
    assert min(sources[each] for each in ("current", "ended", "waiting")) > 0
    assert "cmda" in capsys.readouterr().out

    call_command("load_demo")
    assert Resident.objects.count() == 600


@pytest.mark.long
def test_demo_records_are_what_they_say(db, settings):
    """A demo record called complete must be complete by the rules, or the demo would teach wrong things."""
    settings.DEBUG = True
    call_command("load_demo", verbosity=0)
    records = Enrollment.objects.filter(intake_submission__isnull=True, report_status="1", registered_at=None)
    assert records.count() > 50
    for enrollment in records.select_related("resident", "base")[:40]:
        assert completeness(enrollment).is_complete, [
            (section.key, section.missing, section.errors) for section in completeness(enrollment).sections
        ]
    returned = list(for_check(Enrollment.objects.filter(review_status="3")))
    # Nobody has mended them yet (BR-47).
    assert untouched_since_return(returned) == {enrollment.pk for enrollment in returned} != set()


def _load(residents: int) -> None:
    with as_owner():
        call_command("load_nation", residents=residents, bases=40, verbosity=0)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_nation_comes_on_top_of_the_demo_once_and_never_into_a_real_database(settings):
    """TRUST-13; the generator of the demo data: what it adds is complete by the rules and counted like all else."""
    settings.DEBUG = True
    with pytest.raises(CommandError, match="load_demo"):
        call_command("load_nation", residents=10)
    call_command("load_demo", verbosity=0)
    _load(3000)

    assert Resident.objects.count() == 3600
    nation = Enrollment.objects.filter(resident__id_number__contains=COUNTY)
    assert counts.differences() == {}
    assert set(nation.values_list("status", flat=True)) == set("12345")
    assert set(nation.values_list("review_status", flat=True)) == set("0123")
    assert set(nation.values_list("personal_state", flat=True)) == set("0123")
    assert nation.filter(origin="transfer").exists()
    numbers = list(nation.values_list("resident__id_number", flat=True))
    assert [n for n in numbers if any(not p.is_warning for p in id_number_problems("01", n))] == []
    # Most people are at the large bases.
    sizes = sorted(Counter(nation.values_list("base", flat=True)).values())
    assert sizes[-1] > 2 * sizes[len(sizes) // 2]

    reported = list(for_check(nation.filter(report_status="1").order_by("resident__id_number")))
    for enrollment in reported[::20]:
        assert completeness(enrollment).is_complete, [
            (section.key, section.missing, section.errors) for section in completeness(enrollment).sections
        ]
    for enrollment in reported:
        kept = enrollment.submissions.get(outcome="pending") if enrollment.review_status == "1" else None
        assert (kept or enrollment.approved_submission).snapshot == snapshot_of(enrollment)

    with pytest.raises(CommandError, match="already"):
        call_command("load_nation", residents=10)
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("load_nation")


def _told(seed: int, bases: list[int]) -> str:
    """What the nation of this seed is, without ids and moments."""
    with transaction.atomic(), connection.cursor() as cursor:
        draw_people(300, year=2026, bases=bases, seed=seed)
        cursor.execute(
            "SELECT number, record.name, mobile, b.code, specialty_id, intake_year, stage, status, origin, school"
            " FROM record JOIN bases_trainingbase b ON b.id = base_id ORDER BY number, origin"
        )
        found = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
        transaction.set_rollback(True)
    return found


def test_the_same_seed_makes_the_same_nation(db):
    """Twice with other ids: the same people at the same bases in the same states; others by another seed."""
    bases = [base.pk for base in add_bases(32)]
    assert _told(1, bases) == _told(1, bases) != _told(2, bases)
