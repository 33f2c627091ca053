"""How reviewers share their work: 正在审核, 分工 and 代班."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

USER = settings.AUTH_USER_MODEL


class Claim(models.Model):
    """正在审核: who has a waiting submission open, since when. A warning to colleagues, never a wall (GOAL-P6).

    Rows older than review/decisions/claims.py allows count for nothing and are taken over by the next who opens the
    record.
    """

    submission = models.OneToOneField("bases.Submission", models.CASCADE, related_name="claim")
    reviewer = models.ForeignKey(USER, models.CASCADE, related_name="+")
    claimed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "正在审核"

    def __str__(self) -> str:
        return f"{self.submission_id} {self.reviewer_id}"


class Assignment(models.Model):
    """分工: a base whose records one reviewer is to review first; several reviewers may share a base (GOAL-P6)."""

    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="assignments")
    reviewer = models.ForeignKey(USER, models.PROTECT, related_name="assignments")
    assigned_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "审核分工"
        constraints = [
            models.UniqueConstraint(fields=["base", "reviewer"], name="assigned_once_per_base_and_reviewer")
        ]

    def __str__(self) -> str:
        return f"{self.base_id} {self.reviewer_id}"


class Substitution(models.Model):
    """代班: from the first to the last day the substitute has the absent reviewer's bases as his own (GOAL-P6)."""

    absent = models.ForeignKey(USER, models.PROTECT, related_name="absences")
    substitute = models.ForeignKey(USER, models.PROTECT, related_name="substitutions")
    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+")
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    made_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "代班"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="substitution_ends_after_start"
            ),
            models.CheckConstraint(condition=~Q(absent=F("substitute")), name="substitution_by_another"),
        ]

    def __str__(self) -> str:
        return f"{self.absent_id} → {self.substitute_id}"
