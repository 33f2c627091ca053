"""并入 and 划转: a base that goes on in another one, or in another province, and the copy that it keeps (AM-46)."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Succession(models.Model):
    """The association's act: from a day on a base's living records and waiting reviews are its successor's, or it is
    another province's (AM-46). Planned until the day, carried out once, or cancelled before."""

    class Kind(models.TextChoices):
        MERGED = "merged", "并入承接基地，原基地停用"
        MOVED = "moved", "划转到其他省级单位"

    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="successions")
    kind = models.CharField("方式", max_length=6, choices=Kind)
    successor = models.ForeignKey(
        "bases.TrainingBase", models.PROTECT, null=True, blank=True, related_name="successions_to"
    )
    former_province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+")
    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+")
    day = models.DateField("生效日期")
    reason = models.CharField("依据", max_length=200)
    takes_staff = models.BooleanField("工作人员一并任用", default=False)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)
    carried_out_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # What moved, in the words of the preview.
    counts = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "并入与划转"
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["base"],
                condition=Q(carried_out_at__isnull=True, cancelled_at__isnull=True),
                name="one_planned_succession_per_base",
            ),
            models.CheckConstraint(
                condition=Q(kind="merged", successor__isnull=False) | Q(kind="moved", successor__isnull=True),
                name="succession_names_successor_or_province",
            ),
            models.CheckConstraint(
                condition=Q(carried_out_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="succession_carried_out_or_cancelled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base_id} → {self.successor_id or self.province_id}"

    @property
    def is_planned(self) -> bool:
        return self.carried_out_at is None and self.cancelled_at is None


class HandedOver(models.Model):
    """The read-only copy that a merged base keeps of a record, as it stood on the day (AM-46)."""

    succession = models.ForeignKey(Succession, models.PROTECT, related_name="copies")
    enrollment = models.ForeignKey("residents.Enrollment", models.PROTECT, related_name="copies")
    snapshot = models.JSONField()
    full_name = models.CharField(max_length=50)
    report_status = models.CharField(max_length=1)
    review_status = models.CharField(max_length=1)

    class Meta:
        verbose_name = verbose_name_plural = "移交副本"
        constraints = [
            models.UniqueConstraint(
                fields=["succession", "enrollment"], name="handed_over_once_per_succession"
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.succession_id} {self.enrollment_id}"
