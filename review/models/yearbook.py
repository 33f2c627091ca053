"""年度统计: what was planned and admitted by base and specialty, beside which the recruited are counted (GOAL-N11)."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class IntakeTarget(models.Model):
    """任务和录取: how many a base was to recruit in a specialty in a year, and how many it admitted."""

    year = models.PositiveSmallIntegerField("年度")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+")
    specialty = models.ForeignKey("bases.Specialty", models.PROTECT, related_name="+")
    planned = models.PositiveIntegerField("任务数")
    admitted = models.PositiveIntegerField("录取数", null=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "招收任务和录取"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "base", "specialty"], name="intake_target_once_per_base_and_specialty"
            )
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.base_id} {self.specialty_id}"
