"""Who stands where on a day, as approved until a moment (AM-32, AM-50): the one statement by which an edition is
frozen and, as often as one likes, computed again.

It reads what never changes: the history of the records, the frozen submissions and the changes of 培训状态. Who stands
for a person at the 入库截点 is chosen as bases/models/counts.py chooses it now; only where that began or was dated
after the 截止日 each record of the person is asked how it stood on that day; a record that was left after that day was
his place then, whatever the next base wrote as his start.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from review.editions.canonical import COLUMNS, digest_in_sql

# Persons of one step: a second of work, so that progress moves and nothing long is lost.
STEP = 20_000
LARGEST_KEY = 2**63 - 1

# As residents.models.enrollment.LIVE says.
_LIVE = "status <> '5' AND lapsed_at IS NULL AND deleted_at IS NULL AND further_training_allowed_at IS NULL"
_THEN = f"""
CREATE TEMPORARY TABLE standing_then AS
SELECT resident_id, approved_submission_id AS submission_id, record_id, created_at, is_live FROM (
    SELECT DISTINCT ON (pgh_obj_id) pgh_obj_id AS record_id, pgh_label, resident_id, approved_submission_id,
        created_at, deleted_at, {_LIVE} AS is_live
    FROM residents_enrollmentevent WHERE pgh_created_at <= %(taken_at)s
        AND (%(bases)s::bigint[] IS NULL OR pgh_obj_id IN (
            SELECT id FROM residents_enrollment WHERE resident_id IN (
                SELECT resident_id FROM residents_enrollment WHERE base_id = ANY(%(bases)s::bigint[])
            )
        ))
    ORDER BY pgh_obj_id, pgh_id DESC
) AS record WHERE approved_submission_id IS NOT NULL AND deleted_at IS NULL AND pgh_label <> 'delete'
"""  # nosec B608 # constants
_STEPS = """
SELECT max(resident_id), count(*) FROM (
    SELECT resident_id, (row_number() OVER (ORDER BY resident_id) - 1) / %s AS step
    FROM (SELECT DISTINCT resident_id FROM standing_then) AS persons
) AS numbered GROUP BY step ORDER BY 1
"""
# Of the submission as it is; the others are told by the day.
_FROZEN = (
    "province_id",
    "base_id",
    "specialty_id",
    "intake_year",
    "trainee_type",
    "approved_years",
    "sex",
    "highest_education",
    "highest_degree",
    "is_fresh_graduate",
    "is_rural_oriented",
    "is_western_support",
)
_SAID = ", ".join(f"said.{name}" for name in _FROZEN)
_FACTS = """
    CROSS JOIN LATERAL jsonb_to_record(said.snapshot->'training') AS training(actual_start_date date,
        planned_end_date date)
    CROSS JOIN LATERAL jsonb_to_record(said.snapshot->'status') AS told(effective_date date, reason text)
"""
_STANDS = """CASE WHEN status IN ('1', '2', '3') THEN 'current' WHEN status = '4' THEN 'ended'
    WHEN status_reason IN ('11', '12') THEN 'waiting' ELSE 'left' END"""
ROWS = f"""
WITH records AS MATERIALIZED (
    SELECT * FROM standing_then WHERE resident_id > %(low)s AND resident_id <= %(high)s
), chosen AS (
    SELECT DISTINCT ON (resident_id) * FROM records
    ORDER BY resident_id, is_live DESC, created_at DESC, record_id DESC
), left_later AS (
    SELECT DISTINCT records.resident_id
    FROM (SELECT resident_id FROM records GROUP BY resident_id HAVING count(*) > 1) AS several
    JOIN records ON records.resident_id = several.resident_id
    JOIN bases_submission AS said ON said.id = records.submission_id
    CROSS JOIN LATERAL jsonb_to_record(said.snapshot->'status') AS told(effective_date date)
    WHERE said.status = '5' AND told.effective_date > %(facts_on)s
), shown AS MATERIALIZED (
    SELECT chosen.resident_id, chosen.submission_id, said.status, training.actual_start_date AS started_on,
        training.planned_end_date AS planned_end, told.effective_date AS status_since,
        coalesce(told.reason, '') AS status_reason,
        coalesce(training.actual_start_date > %(facts_on)s, FALSE)
            OR coalesce(told.effective_date > %(facts_on)s, FALSE)
            OR chosen.resident_id IN (SELECT resident_id FROM left_later) AS is_later
    FROM chosen JOIN bases_submission AS said ON said.id = chosen.submission_id {_FACTS}
), on_the_day AS (
    SELECT records.resident_id, records.submission_id, records.created_at, records.record_id,
        coalesce(training.actual_start_date <= %(facts_on)s, TRUE) AS has_begun,
        coalesce(said.status = '5' AND told.effective_date > %(facts_on)s, FALSE) AS is_left_later,
        training.actual_start_date AS started_on, training.planned_end_date AS planned_end,
        CASE WHEN told.effective_date > %(facts_on)s THEN coalesce(before.to_status, '1') ELSE said.status END
            AS status,
        CASE WHEN told.effective_date > %(facts_on)s THEN before.effective_date ELSE told.effective_date END
            AS status_since,
        coalesce(CASE WHEN told.effective_date > %(facts_on)s THEN before.reason ELSE told.reason END, '')
            AS status_reason
    FROM shown JOIN records ON shown.is_later AND records.resident_id = shown.resident_id
    JOIN bases_submission AS said ON said.id = records.submission_id {_FACTS}
    LEFT JOIN LATERAL (
        SELECT to_status, effective_date, reason FROM residents_statuschange AS change
        WHERE change.enrollment_id = records.record_id AND change.changed_at <= said.reported_at
            AND (change.effective_date <= %(facts_on)s OR change.effective_date IS NULL)
        ORDER BY change.id DESC LIMIT 1
    ) AS before ON TRUE
), picked AS (
    SELECT resident_id, submission_id, {_STANDS} AS standing, status, started_on, planned_end, status_since,
        status_reason
    FROM shown WHERE NOT is_later
    UNION ALL
    SELECT resident_id, submission_id, CASE WHEN NOT has_begun THEN 'later' ELSE {_STANDS} END,
        status, started_on, planned_end, status_since, status_reason
    FROM (
        SELECT DISTINCT ON (resident_id) * FROM on_the_day
        ORDER BY resident_id, has_begun DESC, status <> '5' DESC, is_left_later DESC, created_at DESC,
            record_id DESC
    ) AS told_by_the_day
), person AS (
    SELECT picked.*, {_SAID}, record.origin, said.snapshot
    FROM picked JOIN bases_submission AS said ON said.id = picked.submission_id
    JOIN residents_enrollment AS record ON record.id = said.enrollment_id
)
"""  # nosec B608 # constants
_COLUMNS = ", ".join(name for name in COLUMNS if name != "snapshot_sha256")
FREEZE = f"""
INSERT INTO review_editionperson (edition_id, {_COLUMNS}, digest)
{ROWS} SELECT %(edition)s, {_COLUMNS}, {digest_in_sql("person", "person.snapshot")} FROM person ORDER BY resident_id
"""  # nosec B608 # constants
# The same where TrialPerson finds it (review/models/editions.py).
_TRIAL = f"""
CREATE TEMPORARY TABLE review_trialperson ON COMMIT DROP AS
{ROWS} SELECT resident_id AS id, {_COLUMNS} FROM person
"""  # nosec B608 # constants
# (persons with their digests joined; who comes out otherwise than frozen)
COMPUTE = f"""
{ROWS}, computed AS (
    SELECT resident_id, {digest_in_sql("person", "person.snapshot")} AS digest FROM person
), kept AS (
    SELECT resident_id, digest FROM review_editionperson
    WHERE edition_id = %(edition)s AND resident_id > %(low)s AND resident_id <= %(high)s
)
SELECT string_agg(computed.digest, '' ORDER BY resident_id),
    array_agg(resident_id ORDER BY resident_id) FILTER (WHERE computed.digest IS DISTINCT FROM kept.digest)
FROM computed FULL JOIN kept USING (resident_id)
"""  # nosec B608 # constants
# The same of the frozen rows alone: whether each still is what its digest says.
COMPUTE_FROZEN = f"""
SELECT string_agg(computed, '' ORDER BY resident_id),
    array_agg(resident_id ORDER BY resident_id) FILTER (WHERE computed <> digest)
FROM (
    SELECT person.resident_id, person.digest, {digest_in_sql("person", "said.snapshot")} AS computed
    FROM review_editionperson AS person JOIN bases_submission AS said ON said.id = person.submission_id
    WHERE person.edition_id = %(edition)s AND person.resident_id > %(low)s AND person.resident_id <= %(high)s
) AS again
"""  # nosec B608 # constants
# A transaction's start is told by the machine's clock, which a demonstration may not share (portal/clock.py).
_SETTLED = """
SELECT now() - (pg_catalog.now() - least(pg_catalog.now(), min(xact_start) - interval '1 microsecond'))
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < pg_catalog.now()
"""


def settled_moment() -> datetime:
    """The latest moment of which everything is known: what was begun by then has been committed or has failed.

    What counts carries the moment at which its transaction began, so a moment with open transactions before it may
    still get something later.
    """
    return _one(_SETTLED)[0]


@contextmanager
def as_of(taken_at: datetime, bases: list[int] | None = None) -> Iterator[list[tuple[int, int, int]]]:
    """Within it the statements above can be asked for this moment, of the nation or of everybody who was ever at one
    of these bases; yields the steps: (low, high, persons)."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS standing_then")
        cursor.execute(_THEN, {"taken_at": taken_at, "bases": bases})
        cursor.execute("CREATE INDEX ON standing_then (resident_id)")
        cursor.execute("ANALYZE standing_then")
        cursor.execute(_STEPS, [STEP])
        steps, low = [], 0
        for high, number in cursor.fetchall():
            steps.append((low, high, number))
            low = high
        # The last one is open at its end: what was slipped in behind it is found too.
        *steps, (low, _, number) = steps or [(0, 0, 0)]
        steps.append((low, LARGEST_KEY, number))
    try:
        yield steps
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS standing_then")


@contextmanager
def on_trial(taken_at: datetime, facts_on: date, bases: list[int]) -> Iterator[None]:
    """Within it TrialPerson holds everybody who was ever at one of these bases, where he would stand if it were frozen
    (试算); nothing of it stays."""
    with transaction.atomic(), as_of(taken_at, bases):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS review_trialperson")
            cursor.execute(_TRIAL, {"facts_on": facts_on, "low": 0, "high": LARGEST_KEY})
            cursor.execute("ANALYZE review_trialperson")
        yield
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE review_trialperson")


def compute(statement: str, edition: int, facts_on: date, low: int, high: int) -> tuple[bytes, list[int]]:
    """The joined digests of one step, and the persons that differ."""
    asked = {"edition": edition, "facts_on": facts_on, "low": low, "high": high}
    digests, differing = _one(statement, asked)
    return bytes(digests or b""), differing or []


def freeze(edition: int, facts_on: date, low: int, high: int) -> int:
    """Write the persons of one step; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(FREEZE, {"edition": edition, "facts_on": facts_on, "low": low, "high": high})
        return cursor.rowcount


def _one(statement: str, asked: Any = None) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return cursor.fetchone()
