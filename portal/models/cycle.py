"""采集周期: the yearly campaign, the windows of its steps and the deadlines extended in them."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Step(models.TextChoices):
    """One kind of work that a cycle opens and closes; each belongs to one role (GOAL-N1)."""

    RESIDENT_FILL = "resident_fill", "住院医师填报个人信息"
    BASE_FILL = "base_fill", "培训基地导入账号与填报培训信息"
    REPORT = "report", "培训基地上报"
    REVIEW = "review", "省级审核"
    API_TRANSFER = "api_transfer", "接口传送"
    BACK_REPORT = "back_report", "提前结业补报"
    REGISTRY_UPDATE = "registry_update", "在培住院医师信息集中更新（软截止）"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CollectionCycle(models.Model):
    """One yearly campaign (采集周期) of residents recruited in `year` (BR-40)."""

    year = models.PositiveSmallIntegerField("招收年份", unique=True)
    title = models.CharField("名称", max_length=100)
    # Set once when the intake lock has been carried out and unapproved records have lapsed (AM-05, AM-29).
    locked_at = models.DateTimeField("锁定时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "采集周期"
        ordering = ["-year"]

    def __str__(self) -> str:
        return self.title


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CycleWindow(models.Model):
    """When one step is open: from `opens_at` up to, not including, `closes_at`.

    A province's own window replaces the national one for that province. Ask portal/calendar.py, never compare here.
    """

    cycle = models.ForeignKey(CollectionCycle, models.PROTECT, related_name="windows")
    step = models.CharField("环节", max_length=20, choices=Step)
    province = models.ForeignKey("bases.Province", models.PROTECT, null=True, blank=True, verbose_name="省份")
    opens_at = models.DateTimeField("开始时间")
    closes_at = models.DateTimeField("截止时间")

    class Meta:
        verbose_name = verbose_name_plural = "时间窗口"
        ordering = ["step", "province_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "step", "province"],
                nulls_distinct=False,
                name="window_once_per_step_and_province",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="window_closes_after_opening"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle} {self.get_step_display()}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Extension(models.Model):
    """A later deadline of one step for one named province, base or record (GOAL-P8)."""

    cycle = models.ForeignKey(CollectionCycle, models.PROTECT, related_name="extensions")
    step = models.CharField(max_length=20, choices=Step)
    province = models.ForeignKey("bases.Province", models.PROTECT, null=True, blank=True)
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, null=True, blank=True)
    enrollment = models.ForeignKey("residents.Enrollment", models.PROTECT, null=True, blank=True)
    until = models.DateTimeField()
    reason = models.CharField(max_length=200)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="extension_names_exactly_one",
                condition=(
                    Q(province__isnull=False, base__isnull=True, enrollment__isnull=True)
                    | Q(province__isnull=True, base__isnull=False, enrollment__isnull=True)
                    | Q(province__isnull=True, base__isnull=True, enrollment__isnull=False)
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.cycle} {self.get_step_display()} → {self.until:%Y-%m-%d %H:%M}"
