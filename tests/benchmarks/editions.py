"""Target 17: freezing everybody with a hash against the bare INSERT … SELECT, and asking an edition against asking the
live statistics."""

from functools import lru_cache

from django.db import connection, transaction
from django.utils import timezone

from review.editions import services, standing
from review.editions.canonical import digest_in_sql
from review.models import Edition
from review.statistics import cross_table, frozen
from tests.benchmarks.nation import nation
from tests.benchmarks.statistics import TABLES
from tests.benchmarks.targets import Result, Target, rates, seconds

_BARE = standing.FREEZE.replace(digest_in_sql("person", "person.snapshot"), "''::bytea")


@lru_cache
def _frozen() -> tuple[Edition, float]:
    """The nation's edition as the worker freezes it, and the seconds it took."""
    today = timezone.localdate()
    ordered = services.order(
        year=today.year, kind="first", facts_on=today, reason="", by=nation().association
    )
    taken = seconds(lambda: services.freeze(ordered.job_id))
    return Edition.objects.get(order=ordered), taken


def _bare_seconds() -> float:
    """The same rows into the same table and indexes, without a hash and in one statement; rolled back."""
    asked = {"edition": 0, "facts_on": timezone.localdate(), "low": 0, "high": standing.LARGEST_KEY}

    def run() -> None:
        with transaction.atomic():
            with standing.as_of(timezone.now()), connection.cursor() as cursor:
                cursor.execute(_BARE, asked)
                if not cursor.rowcount:
                    raise RuntimeError("nobody was written")
            transaction.set_rollback(True)

    return seconds(run)


def measure_editions() -> Result:
    """Target 17."""
    user = nation().association
    bare = _bare_seconds()
    edition, taken = _frozen()
    bare = min(bare, _bare_seconds())
    asked = rates(
        {
            "edition": (
                1,
                lambda: [frozen.counted_table(user, edition, "current", {}, *each) for each in TABLES],
            ),
            "live": (1, lambda: [cross_table.counted_table(user, "current", {}, *each) for each in TABLES]),
        },
        rounds=9,
    )
    ratio = asked["live"] / asked["edition"]
    return Result(
        taken / bare,
        also=[("a statistic of it against the live one, times", ratio, "<=", 2)],
        notes=[
            f"{edition.persons:,} persons frozen in {taken:.1f} s, hash and numbers included; bare {bare:.1f} s",
            f"{len(TABLES)} tables: edition {1000 / asked['edition']:.1f} ms, live {1000 / asked['live']:.1f} ms",
        ],
    )


TARGETS = [Target(17, "an edition frozen against the bare INSERT … SELECT", "<=", 3, measure_editions)]
