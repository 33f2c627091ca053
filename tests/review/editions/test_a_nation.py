"""An edition of a nation of twenty thousand, and a thousand random changes after it (GOAL-N7)."""

import random

import pytest
from django.db import connection
from django.utils import timezone

from bases.models import CountedPerson
from review.editions import services
from review.models import Edition
from review.statistics import cross_table as live
from review.statistics import frozen
from tests.benchmarks.nation import populate
from tests.database import as_owner

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
# What may happen to an approved record afterwards, past the services, with history on.
CHANGES = (
    "deleted_at = now(), deleted_reason = '录错', deleted_as = '1'",
    "status = '3', status_since = current_date",
    "approved_submission_id = NULL",
    "status = '4', further_training_allowed_at = now()",
    "remark = '更新'",
)


def test_an_edition_computes_to_the_same_hash_after_a_thousand_changes():
    """GOAL-N7: "the same figures and hash a year later"; who stands where is what the statistics showed."""
    with as_owner():
        national = populate(20_000).association
    ordered = services.order(year=2026, kind="first", facts_on=timezone.localdate(), by=national)
    services.freeze(ordered.job_id)
    edition = Edition.objects.get()
    shown = dict(CountedPerson.objects.exclude(source="").values_list("resident_id", "submission_id"))
    kept = edition.people.filter(standing__in=frozen.SOURCES).values_list("resident_id", "submission_id")
    assert dict(kept) == shown
    table = frozen.counted_table(national, edition, "current", {}, "province", "specialty")
    assert table.cells == live.counted_table(national, "current", {}, "province", "specialty").cells
    dice = random.Random(edition.sha256)
    people = dice.sample(sorted(shown), 1_000)
    with connection.cursor() as cursor:
        for person in people:
            cursor.execute(
                f"UPDATE residents_enrollment SET {dice.choice(CHANGES)} WHERE resident_id = %s"
                " AND status = '1' AND deleted_at IS NULL",
                [person],
            )
    assert live.counted_table(national, "current", {}, "province", "specialty").cells != table.cells
    job = services.ask_check(edition, by=national)
    services.check(job.pk)
    again = edition.checks.get()
    assert (again.frozen_agrees, again.records_agree) == (True, True), again.differing
    after = frozen.counted_table(national, edition, "current", {}, "province", "specialty")
    assert after.cells == table.cells
    assert after.total == sum(number for row in after.cells.values() for number in row.values())
