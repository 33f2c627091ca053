"""The progress (填报进度) of the whole nation as it was last counted."""

from django.db import models


class FunnelCount(models.Model):
    """全国填报进度 of one year as the worker last counted it (review/funnel/funnel.py); when it was last asked to."""

    year = models.PositiveSmallIntegerField(unique=True)
    asked_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    # [province code, name, {stage: number}], and {province code: {stage: {day: number}}}.
    lines = models.JSONField(default=list)
    reached = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.year} {self.as_of}"
