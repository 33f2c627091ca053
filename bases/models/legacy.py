"""历史名册: the rosters of earlier years that were taken over, and the rows of them that were refused."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class LegacyRoster(models.Model):
    """One legacy roster on its way into 住院医师管理 (BR-25): which file, how far, with what result.

    Every chunk of rows is committed together with `row_done`, so a killed migration goes on behind the last one.
    rows_total = rows_created + rows_present + rows_refused at any time; `rows_incomplete` are created rows of which
    cells were left out.
    """

    file_sha256 = models.CharField(max_length=64, unique=True)
    file_name = models.CharField("文件名", max_length=255)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    # The row of the sheet behind which the migration goes on.
    row_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_present = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    rows_incomplete = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "历史名册"

    def __str__(self) -> str:
        return self.file_name


class LegacyFault(models.Model):
    """One row of a roster that was refused, or taken without some cells, with the row as it was sent."""

    roster = models.ForeignKey(LegacyRoster, models.CASCADE, related_name="faults", db_index=False)
    sheet_row = models.PositiveIntegerField()
    is_refused = models.BooleanField()
    cells = models.JSONField()
    # [[header, problem in words]]
    problems = models.JSONField()

    class Meta:
        verbose_name = verbose_name_plural = "历史名册问题行"
        ordering = ["sheet_row"]
        constraints = [models.UniqueConstraint(fields=["roster", "sheet_row"], name="fault_once_per_row")]

    def __str__(self) -> str:
        return f"第{self.sheet_row}行"
