"""The demo: every state there is, valid numbers, and never into a production database by accident (TRUST-13)."""

from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from bases import counts
from bases.models import CountedPerson, Province, TrainingBase
from bases.submissions.unchanged import untouched_since_return
from portal.models import User
from residents.completeness import completeness
from residents.models import Enrollment, Resident
from residents.rules.identity import id_number_problems
from residents.snapshot import for_check
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


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_nation_comes_on_top_of_the_demo_once_and_never_into_a_real_database(settings):
    """TRUST-13; the generator of the demo data: what it adds is counted like everything else."""
    settings.DEBUG = True
    with pytest.raises(CommandError, match="load_demo"):
        call_command("load_nation", residents=10)
    call_command("load_demo")
    with as_owner():
        call_command("load_nation", residents=400)
    assert (Resident.objects.count(), TrainingBase.objects.count()) == (1000, 44 + 32 * 20)
    assert counts.differences() == {}
    with pytest.raises(CommandError, match="already"):
        call_command("load_nation", residents=10)
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("load_nation")
