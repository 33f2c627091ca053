"""Numbers kept as they come about: triggers write down who counts for what, whoever changes a record.

Writers only add rows of numbers, so those never wait for each other and a reader sees exactly what has been committed;
the number of a kind is the sum of its rows. bases/counts.py folds the rows of one kind into one. Which of a person's
records counts (AM-32) is written beside: one row a person, so that no number and no list has to find it out again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from residents.models import Enrollment

# What the fixed statistics split by, as columns of ApprovedCount and of Submission.
COUNTED_BY = ("province_id", "specialty_id", "intake_year", "trainee_type", "status")
# The state of an intake record, as columns of IntakeCount and expressions over a record.
_STAGES = {
    "base_id": "base_id",
    "intake_year": "intake_year",
    "personal_state": "personal_state",
    "report_status": "report_status",
    # Of what was deleted nobody has anything to correct: it stands as the original it was.
    "review_status": "CASE WHEN deleted_at IS NULL THEN review_status ELSE '2' END",
    "is_approved": "intake_submission_id IS NOT NULL",
}
# As residents.models.enrollment.LIVE says.
_LIVE = "status <> '5' AND lapsed_at IS NULL AND deleted_at IS NULL AND further_training_allowed_at IS NULL"
# 转换培训基地 and 转换专业基地: who leaves for these is expected at another place (docs/codes.md#status).
_EXPECTED = "('11', '12')"


class Source(models.TextChoices):
    """What a statistic counts. The first three hold persons, each in at most one of them and once (AM-32); the others
    hold every approved record, and every approved original of an intake (AM-30)."""

    CURRENT = "current", "现有人员"
    ENDED = "ended", "结束"
    WAITING = "waiting", "转出待入"
    ALL = "all", "全部培训记录"
    INTAKE = "intake", "招收原始信息"


class ApprovedCount(models.Model):
    """So many approved snapshots of one kind more or less (BR-59, BR-86)."""

    source = models.CharField(max_length=7, choices=Source)
    # The submissions that are counted hold these already; to check them again for every row costs too much.
    province = models.ForeignKey(
        "bases.Province", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    specialty = models.ForeignKey(
        "bases.Specialty", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    intake_year = models.PositiveSmallIntegerField()
    trainee_type = models.CharField(max_length=1)
    status = models.CharField(max_length=1)
    number = models.IntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "统计数"
        # All that a table reads, source by source.
        indexes = [
            models.Index(
                fields=["source"],
                include=["province", "specialty", "intake_year", "trainee_type", "status", "number"],
                name="approved_count_by_source",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.province_id} {self.number}"


class Movement(models.Model):
    """A submission that counts from this moment on (+1) or no more (-1): what counted at any moment is the sum of the
    movements until then, so a statistic can be asked as it was shown on any day (AM-50, GOAL-N12).

    Written by the triggers that keep the numbers, never altered. The moment is that of the transaction: what was
    decided at once moves at once. Its reference is not checked by the database, as those of ApprovedCount.
    """

    source = models.CharField(max_length=7, choices=Source)
    submission = models.ForeignKey(
        "bases.Submission", models.PROTECT, related_name="movements", db_index=False, db_constraint=False
    )
    number = models.SmallIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = verbose_name_plural = "统计变动"
        indexes = [
            # What has moved since a moment, for the numbers; whether one counted then, for the lists.
            models.Index(
                fields=["source", "at"], include=["submission", "number"], name="movement_by_moment"
            ),
            models.Index(
                fields=["submission", "source"], include=["at", "number"], name="movement_by_submission"
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.source} {self.submission_id} {self.number:+}"


class IntakeCount(models.Model):
    """So many records of a base's intake more or less that stand where these columns say; what was opened in the
    registry (漏报, 转换专业, history) is none, so that a person is counted once a year. An approved original counts
    whatever became of its record, as in 招收原始信息 (AM-32)."""

    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+", db_index=False)
    intake_year = models.PositiveSmallIntegerField()
    personal_state = models.CharField(max_length=1)
    report_status = models.CharField(max_length=1)
    review_status = models.CharField(max_length=1)
    is_approved = models.BooleanField()
    number = models.IntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "招收进度数"
        indexes = [models.Index(fields=["intake_year"], name="intake_count_by_year")]

    def __str__(self) -> str:
        return f"{self.base_id} {self.intake_year} {self.number}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """A table of numbers: its columns but the number; of each table it counts who does among its rows (a SELECT, given
    the rows and the sign); and the SELECT that makes a row a kind of these."""

    table: str
    kind: tuple[str, ...]
    counted_in: Mapping[str, Callable[[str, int], str]]
    numbers_of: Callable[[str], str]


def _records_in(records: str, sign: int) -> str:
    """A deleted record counts no more, but as the original it was (AM-32)."""
    return f"""
        SELECT 'all' AS source, approved_submission_id AS submission_id, {sign} AS number
        FROM {records} WHERE approved_submission_id IS NOT NULL AND deleted_at IS NULL
        UNION ALL SELECT 'intake', intake_submission_id, {sign}
        FROM {records} WHERE intake_submission_id IS NOT NULL
    """  # nosec B608 # constants


def _persons_in(persons: str, sign: int) -> str:
    stands = "source <> '' AND submission_id IS NOT NULL"
    return f"SELECT source, submission_id, {sign} AS number FROM {persons} WHERE {stands}"  # nosec B608 # constants


def _moved(counted: str) -> str:
    """What comes and goes in one statement is dropped before any submission is looked up."""
    return f"""
        SELECT source, submission_id, sum(number) AS number FROM ({counted}) AS every
        GROUP BY source, submission_id HAVING sum(number) <> 0
    """  # nosec B608 # constants


def _numbers_of_approved(counted: str) -> str:
    """Submissions never change what is counted of them, so only a change of records makes the numbers move."""
    return _numbers_of_moved(f"({_moved(counted)})")


def _numbers_of_moved(moved: str) -> str:
    columns = ", ".join(COUNTED_BY)
    return f"""
        SELECT source, {columns}, sum(moved.number) AS number
        FROM {moved} AS moved JOIN bases_submission ON bases_submission.id = moved.submission_id
        GROUP BY source, {columns} HAVING sum(moved.number) <> 0
    """  # nosec B608 # constants


def _stages_in(records: str, sign: int) -> str:
    columns = ", ".join(f"{expression} AS {name}" for name, expression in _STAGES.items())
    return (
        f"SELECT {columns}, {sign} AS number FROM {records}"
        " WHERE intake_submission_id IS NOT NULL OR (deleted_at IS NULL AND registered_at IS NULL)"  # nosec B608 # constants
    )


def _numbers_of_stages(counted: str) -> str:
    columns = ", ".join(_STAGES)
    return f"""
        SELECT {columns}, sum(number) AS number FROM ({counted}) AS every
        GROUP BY {columns} HAVING sum(number) <> 0
    """  # nosec B608 # constants


RECORDS, PERSONS, MOVEMENTS = "residents_enrollment", "bases_countedperson", "bases_movement"
APPROVED = Ledger(
    "bases_approvedcount",
    ("source", *COUNTED_BY),
    {RECORDS: _records_in, PERSONS: _persons_in},
    _numbers_of_approved,
)
INTAKE = Ledger("bases_intakecount", tuple(_STAGES), {RECORDS: _stages_in}, _numbers_of_stages)


def _chosen_among(records: str) -> str:
    """A SELECT of the persons' rows of CountedPerson, as AM-32 says, given one of their records: what is approved of
    the live record, else of the record opened last of which something is."""
    return f"""
        SELECT resident_id, said.id AS submission_id, CASE
            WHEN said.status IN ('1', '2', '3') THEN 'current'
            WHEN said.status = '4' THEN 'ended'
            WHEN said.status = '5' AND said.snapshot #>> '{{status,reason}}' IN {_EXPECTED} THEN 'waiting'
            ELSE '' END AS source
        FROM (
            SELECT DISTINCT ON (resident_id) resident_id, approved_submission_id FROM ({records}) AS records
            ORDER BY resident_id, is_live DESC NULLS LAST, created_at DESC NULLS LAST, id DESC NULLS LAST
        ) AS chosen LEFT JOIN bases_submission AS said ON said.id = chosen.approved_submission_id
    """  # nosec B608 # constants


_CHOICES = f"""
    SELECT resident_id, approved_submission_id, ({_LIVE}) AS is_live, created_at, id FROM {RECORDS}
    WHERE approved_submission_id IS NOT NULL AND deleted_at IS NULL
"""  # nosec B608 # constants
EVERYBODY_CHOSEN = _chosen_among(_CHOICES)
# Of the persons of an array; also of those who have no such record any more.
_TOUCHED_CHOSEN = _chosen_among(
    f"{_CHOICES} AND resident_id = ANY ($1) UNION ALL SELECT unnest($1), NULL, NULL, NULL, NULL"
)


def _choices_in(records: str, sign: int) -> str:
    """The records among which the choice is made, with what decides it."""
    return (
        f"SELECT resident_id, id, approved_submission_id, ({_LIVE}) AS is_live, {sign} AS number"
        f" FROM {records} WHERE approved_submission_id IS NOT NULL AND deleted_at IS NULL"  # nosec B608 # constants
    )


def _choose(changed: str) -> str:
    """Write the choice down for whom it may have changed. Whoever comes second to a person waits, and then sees what
    the first has written: the choice is made after the lock.

    Planned anew each time, for one person or fifty thousand: a plan that is kept suits only one of these.
    """
    return f"""
        touched := ARRAY(
            SELECT DISTINCT resident_id FROM (
                SELECT resident_id FROM ({changed}) AS every
                GROUP BY resident_id, id, approved_submission_id, is_live HAVING sum(number) <> 0
            ) AS moved ORDER BY resident_id
        );
        IF cardinality(touched) > 0 THEN
            EXECUTE $run$
                WITH come AS (
                    INSERT INTO {PERSONS} (resident_id, submission_id, source)
                    SELECT * FROM ({_TOUCHED_CHOSEN}) AS fresh ORDER BY resident_id
                    ON CONFLICT (resident_id) DO NOTHING RETURNING resident_id
                ) SELECT ARRAY(SELECT unnest($1) EXCEPT SELECT resident_id FROM come)
            $run$ INTO touched USING touched;
        END IF;
        IF cardinality(touched) > 0 THEN
            EXECUTE $run$
                SELECT 1 FROM {PERSONS} WHERE resident_id = ANY ($1) ORDER BY resident_id FOR UPDATE
            $run$ USING touched;
            EXECUTE $run$
                UPDATE {PERSONS} AS known SET submission_id = fresh.submission_id, source = fresh.source
                FROM ({_TOUCHED_CHOSEN}) AS fresh WHERE known.resident_id = fresh.resident_id
                    AND (known.submission_id, known.source) IS DISTINCT FROM (fresh.submission_id, fresh.source)
            $run$ USING touched;
        END IF;
        RETURN NULL;
    """  # nosec B608 # constants


def _write_down(ledger: Ledger) -> Callable[[str], str]:
    columns = ", ".join((*ledger.kind, "number"))
    return lambda moved: f"INSERT INTO {ledger.table} ({columns}) {ledger.numbers_of(moved)}; RETURN NULL;"


def _write_down_approved(changed: str) -> str:
    """The movements, and the numbers they make."""
    columns = ", ".join((*APPROVED.kind, "number"))
    return f"""
        WITH moved AS ({_moved(changed)}), kept AS (
            INSERT INTO {MOVEMENTS} (source, submission_id, number) SELECT * FROM moved
        )
        INSERT INTO {APPROVED.table} ({columns}) {_numbers_of_moved("moved")}; RETURN NULL;
    """  # nosec B608 # constants


def _triggers(
    name: str,
    counted_in: Callable[[str, int], str],
    act: Callable[[str], str],
    declare: list[tuple[str, str]] | None = None,
) -> list[pgtrigger.Trigger]:
    """One an operation, as PostgreSQL wants it."""
    gone, come = counted_in("old_rows", -1), counted_in("new_rows", 1)
    return [
        pgtrigger.Trigger(
            name=f"{name}_{operation_name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            declare=declare,
            func=act(counted),
        )
        for operation_name, operation, tables, counted in (
            ("come", pgtrigger.Insert, {"new": "new_rows"}, come),
            ("moved", pgtrigger.Update, {"old": "old_rows", "new": "new_rows"}, f"{gone} UNION ALL {come}"),
            ("gone", pgtrigger.Delete, {"old": "old_rows"}, gone),
        )
    ]


class CountedPerson(models.Model):
    """Which approved submission stands for a person now, and where he is counted (AM-32): nowhere where 退培 is
    approved for good, or nothing.

    Written by the triggers of the records and by nobody else. A row that has come stays: it is what two decisions on
    records of one person wait for. Its references are not checked by the database, for a check would wait for locks
    that the decisions hold already.
    """

    resident = models.OneToOneField(
        "residents.Resident", models.CASCADE, primary_key=True, related_name="counted", db_constraint=False
    )
    submission = models.OneToOneField(
        "bases.Submission", models.PROTECT, null=True, related_name="stands_for", db_constraint=False
    )
    source = models.CharField(max_length=7, choices=Source, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "计入统计的人"
        # Few among many: their list.
        indexes = [
            models.Index(fields=["submission"], condition=models.Q(source="waiting"), name="person_waiting")
        ]
        triggers = _triggers("count", APPROVED.counted_in[PERSONS], _write_down_approved)

    def __str__(self) -> str:
        return f"{self.source} {self.resident_id}"


class CountedEnrollment(Enrollment):
    """The records, for the triggers that keep the numbers."""

    class Meta:
        proxy = True
        triggers = [
            *_triggers("count", APPROVED.counted_in[RECORDS], _write_down_approved),
            *_triggers("intake", INTAKE.counted_in[RECORDS], _write_down(INTAKE)),
            *_triggers("chosen", _choices_in, _choose, [("touched", "bigint[]")]),
        ]
