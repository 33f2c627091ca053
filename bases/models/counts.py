"""Numbers kept as they come about: triggers write down who counts for what, whoever changes a record.

Writers only add rows, so they never wait for each other and a reader sees exactly what has been committed; the number
of a kind is the sum of its rows. bases/counts.py folds the rows of one kind into one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pgtrigger
from django.db import models

from residents.models import Enrollment

# What the fixed statistics split by, as columns of ApprovedCount and of Submission.
COUNTED_BY = ("province_id", "specialty_id", "intake_year", "trainee_type", "status")
# The state of an intake record, as columns of IntakeCount and expressions over a record.
_STAGES = {
    "base_id": "base_id",
    "intake_year": "intake_year",
    "personal_state": "personal_state",
    "report_status": "report_status",
    "review_status": "review_status",
    "is_approved": "intake_submission_id IS NOT NULL",
}


class ApprovedCount(models.Model):
    """So many approved snapshots more or less of one kind (BR-59, BR-86); `source`
    as in review/statistics/cross_table.py (AM-30)."""

    class Source(models.TextChoices):
        CURRENT = "current", "现有人员"
        INTAKE = "intake", "招收原始信息"

    source = models.CharField(max_length=7, choices=Source)
    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+", db_index=False)
    specialty = models.ForeignKey("bases.Specialty", models.PROTECT, related_name="+", db_index=False)
    intake_year = models.PositiveSmallIntegerField()
    trainee_type = models.CharField(max_length=1)
    status = models.CharField(max_length=1)
    number = models.IntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "统计数"

    def __str__(self) -> str:
        return f"{self.source} {self.province_id} {self.number}"


class IntakeCount(models.Model):
    """So many records of a base's intake more or less in the state of these columns; late additions are none."""

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
    """A table of numbers: its columns but the number, who counts among the rows of a table of records (a SELECT, given
    the table and the sign), and the SELECT that makes a row a kind of these."""

    table: str
    kind: tuple[str, ...]
    counted_in: Callable[[str, int], str]
    numbers_of: Callable[[str], str]


def _approved_in(records: str, sign: int) -> str:
    """A deleted record counts nowhere (AM-19)."""
    return " UNION ALL ".join(
        f"SELECT '{source}' AS source, {column} AS submission_id, {sign} AS number"
        f" FROM {records} WHERE {column} IS NOT NULL AND deleted_at IS NULL"
        for source, column in (("current", "approved_submission_id"), ("intake", "intake_submission_id"))
    )


def _numbers_of_approved(counted: str) -> str:
    """What comes and goes in one statement is dropped before any submission is looked up. Submissions never change what
    is counted of them, so only a change of records makes the numbers move."""
    columns = ", ".join(COUNTED_BY)
    return f"""
        SELECT source, {columns}, sum(moved.number) AS number FROM (
            SELECT source, submission_id, sum(number) AS number FROM ({counted}) AS every
            GROUP BY source, submission_id HAVING sum(number) <> 0
        ) AS moved JOIN bases_submission ON bases_submission.id = moved.submission_id
        GROUP BY source, {columns} HAVING sum(moved.number) <> 0
    """


def _stages_in(records: str, sign: int) -> str:
    columns = ", ".join(f"{expression} AS {name}" for name, expression in _STAGES.items())
    return f"SELECT {columns}, {sign} AS number FROM {records} WHERE deleted_at IS NULL AND origin <> 'late'"


def _numbers_of_stages(counted: str) -> str:
    columns = ", ".join(_STAGES)
    return f"""
        SELECT {columns}, sum(number) AS number FROM ({counted}) AS every
        GROUP BY {columns} HAVING sum(number) <> 0
    """


APPROVED = Ledger("bases_approvedcount", ("source", *COUNTED_BY), _approved_in, _numbers_of_approved)
INTAKE = Ledger("bases_intakecount", tuple(_STAGES), _stages_in, _numbers_of_stages)


def _triggers(ledger: Ledger, name: str) -> list[pgtrigger.Trigger]:
    """One an operation, as PostgreSQL wants it."""
    gone, come = ledger.counted_in("old_rows", -1), ledger.counted_in("new_rows", 1)
    columns = ", ".join((*ledger.kind, "number"))
    return [
        pgtrigger.Trigger(
            name=f"{name}_{act}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            func=f"INSERT INTO {ledger.table} ({columns}) {ledger.numbers_of(counted)}; RETURN NULL;",
        )
        for act, operation, tables, counted in (
            ("come", pgtrigger.Insert, {"new": "new_rows"}, come),
            ("moved", pgtrigger.Update, {"old": "old_rows", "new": "new_rows"}, f"{gone} UNION ALL {come}"),
            ("gone", pgtrigger.Delete, {"old": "old_rows"}, gone),
        )
    ]


class CountedEnrollment(Enrollment):
    """The records, for the triggers that keep the numbers."""

    class Meta:
        proxy = True
        triggers = [*_triggers(APPROVED, "count"), *_triggers(INTAKE, "intake")]
