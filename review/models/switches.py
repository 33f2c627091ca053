"""报送方式切换: a province's application to deliver its intake by interface."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ModeSwitchApplication(models.Model):
    """报送方式切换申请 (Annex 2, BR-07, BR-24): a province asks to deliver its intake by API."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        WAITING = "waiting", "待确认"
        SCHEDULED = "scheduled", "已确认待生效"
        CONFIRMED = "confirmed", "已确认"
        REFUSED = "refused", "已驳回"
        WITHDRAWN = "withdrawn", "已撤回"
        REVERSED = "reversed", "已撤销切换"

    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="switch_applications")
    official_name = models.CharField("省级卫生行政部门负责人", max_length=50)
    official_contact = models.CharField("省级卫生行政部门负责人联系方式", max_length=50)
    vendor_contact_name = models.CharField("技术公司联系人", max_length=50)
    vendor_contact = models.CharField("技术公司联系人联系方式", max_length=50)
    module = models.CharField("申请模块", max_length=20, default="住院医师招收结果", editable=False)
    requested_at = models.DateField("申请切换时间")
    scan = models.FileField("盖章扫描件", upload_to="switches/", blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    applied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    applied_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    # When a confirmed switch takes effect, or took (AM-38).
    effective_at = models.DateTimeField("生效时间", null=True)
    reason = models.CharField("理由", max_length=500, blank=True)
    # What lay open in the intake as it was confirmed: review.switches.open_work.figures_of.
    figures = models.JSONField("确认时未办结的工作", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "报送方式切换申请"
        constraints = [
            models.UniqueConstraint(
                fields=["province"],
                condition=Q(state__in=["draft", "waiting", "scheduled"]),
                name="one_open_switch_per_province",
            ),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(effective_at__isnull=False),
                name="scheduled_switch_has_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.province} {self.get_state_display()}"
