"""数据质量: what looks odd in the records, and who found it right."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class QualityFinding(models.Model):
    """One oddity in the records that someone should look at (GOAL-P9); rebuilt set-wise by review/quality/services.py.

    It blocks nothing. `fingerprint` is made of the facts it was found by: a mark made for other facts counts no more.
    """

    # Put on the lines of the list by review/quality/services.py; `found_by` is a Check of review/quality/checks.py.
    mark: "QualityMark | None"
    found_by: object
    may_be_double: bool

    kind = models.CharField(max_length=30)
    # What it is about, "e7" a record or "b3" a base: one finding of a kind for each.
    subject = models.CharField(max_length=20)
    enrollment = models.ForeignKey("residents.Enrollment", models.CASCADE, null=True, related_name="+")
    base = models.ForeignKey("bases.TrainingBase", models.CASCADE, related_name="+", db_index=False)
    intake_year = models.PositiveSmallIntegerField()
    # In words, without numbers of persons.
    detail = models.TextField()
    fingerprint = models.CharField(max_length=32)
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "数据质量提示"
        indexes = [
            models.Index(fields=["base", "kind", "-id"], name="quality_by_base"),
            models.Index(fields=["kind", "-id"], name="quality_by_kind"),
        ]
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="quality_finding_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class QualityMark(models.Model):
    """已核实: who looked into a finding, when, and why the facts are right as they are (GOAL-P9)."""

    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=32)
    reason = models.CharField("核实说明", max_length=200)
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    marked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "数据核实"
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "fingerprint"], name="quality_mark_once")
        ]

    def __str__(self) -> str:
        return self.reason


class QualityCheck(models.Model):
    """When the findings were last rebuilt, and when the worker was last asked to: one row."""

    checked_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="quality_check_one_row")]

    def __str__(self) -> str:
        return str(self.checked_at)
