"""The fixed statistics, counted as they come about: triggers write down who counts, whoever changes a record."""

import pgtrigger
from django.db import models

from residents.models import Enrollment

# What the fixed statistics split by, as columns of ApprovedCount and of Submission.
COUNTED_BY = ("province_id", "specialty_id", "intake_year", "trainee_type", "status")


class ApprovedCount(models.Model):
    """So many approved snapshots more or less of one kind; the number of a kind is the sum of its rows (BR-59, 86).

    Writers only add rows, so they never wait for each other and a reader sees exactly what has been committed; the
    clock folds the rows of one kind into one (bases/counts.py). `source` as in review/statistics.py (AM-30).
    """

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


def numbers_of(*moved: str) -> str:
    """SELECT of (source, COUNTED_BY, number), a row a kind, from selects as `counted_in` gives them.

    What comes and goes in one statement is dropped before any submission is looked up.
    """
    columns = ", ".join(COUNTED_BY)
    return f"""
        SELECT source, {columns}, sum(moved.number) AS number FROM (
            SELECT source, submission_id, sum(number) AS number FROM ({" UNION ALL ".join(moved)}) AS every
            GROUP BY source, submission_id HAVING sum(number) <> 0
        ) AS moved JOIN bases_submission ON bases_submission.id = moved.submission_id
        GROUP BY source, {columns} HAVING sum(moved.number) <> 0
    """


def counted_in(records: str, sign: int) -> str:
    """SELECT of (source, submission_id, sign) from a table of records; a deleted record counts nowhere (AM-19)."""
    return " UNION ALL ".join(
        f"SELECT '{source}' AS source, {column} AS submission_id, {sign} AS number"
        f" FROM {records} WHERE {column} IS NOT NULL AND deleted_at IS NULL"
        for source, column in (("current", "approved_submission_id"), ("intake", "intake_submission_id"))
    )


def _writing_down(*moved: str) -> str:
    columns = ", ".join(("source", *COUNTED_BY, "number"))
    return f"INSERT INTO bases_approvedcount ({columns}) {numbers_of(*moved)}; RETURN NULL;"


_GONE, _COME = counted_in("old_rows", -1), counted_in("new_rows", 1)


class CountedEnrollment(Enrollment):
    """The records, for the triggers that keep ApprovedCount; PostgreSQL wants one an operation.

    Submissions never change what is counted of them, so only a change of records makes the numbers move.
    """

    class Meta:
        proxy = True
        triggers = [
            pgtrigger.Trigger(
                name=name,
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=operation,
                referencing=pgtrigger.Referencing(**tables),
                func=_writing_down(*moved),
            )
            for name, operation, tables, moved in (
                ("count_come", pgtrigger.Insert, {"new": "new_rows"}, (_COME,)),
                ("count_moved", pgtrigger.Update, {"old": "old_rows", "new": "new_rows"}, (_GONE, _COME)),
                ("count_gone", pgtrigger.Delete, {"old": "old_rows"}, (_GONE,)),
            )
        ]
