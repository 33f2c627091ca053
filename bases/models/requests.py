"""What a base asks others for: 请求转出, 更正证件 and 申请延长填报时间, each with its way from desk to desk."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.models import Step


class TransferRequest(models.Model):
    """请求转出: a base asks the base that holds a person to set 退培 so that it can import him (PAIN-15, GOAL-B13)."""

    class State(models.TextChoices):
        OPEN = "open", "待原基地处理"
        RELEASED = "released", "已转出"
        REFUSED = "refused", "原基地拒绝"
        CANCELLED = "cancelled", "已撤回"

    enrollment = models.ForeignKey("residents.Enrollment", models.PROTECT, related_name="transfer_requests")
    to_base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="transfer_requests_sent")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField("转入说明", max_length=200)
    due_on = models.DateField("处理期限")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField("处理说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "转出请求"
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment", "to_base"], condition=Q(state="open"), name="one_open_transfer_request"
            )
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} → {self.to_base}"


class CorrectionRequest(models.Model):
    """更正申请, base → province → association: the only way to alter a locked ID type or number (PAIN-18), to take a
    person who was certified back into training, and to let a finished one be trained once more (AM-34).

    `base` asks; `enrollment` is the record with the 结束, its own or, for a further training, another base's.
    """

    class Kind(models.TextChoices):
        IDENTITY = "identity", "更正证件"
        REOPEN = "reopen", "恢复为“在培”"
        AGAIN = "again", "再次培训"

    class State(models.TextChoices):
        WITH_PROVINCE = "province", "待省级核实"
        WITH_CMDA = "cmda", "待中国医师协会处理"
        DONE = "done", "已办理"
        REFUSED = "refused", "未通过"

    kind = models.CharField("申请事项", max_length=10, choices=Kind.choices, default=Kind.IDENTITY)
    resident = models.ForeignKey("residents.Resident", models.PROTECT, related_name="correction_requests")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+")
    enrollment = models.ForeignKey(
        "residents.Enrollment", models.PROTECT, null=True, related_name="correction_requests"
    )
    old_id_type = models.CharField(max_length=2, blank=True)
    old_id_number = models.CharField(max_length=20, blank=True)
    new_id_type = models.CharField(max_length=2, blank=True)
    new_id_number = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=500)
    evidence = models.FileField(upload_to="corrections/", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WITH_PROVINCE)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    province_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    province_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "更正申请"
        constraints = [
            models.UniqueConstraint(
                fields=["resident"],
                condition=Q(state__in=["province", "cmda"]),
                name="one_open_correction_per_resident",
            ),
            models.CheckConstraint(
                condition=(Q(kind="identity", enrollment__isnull=True) & ~Q(new_id_number=""))
                | (~Q(kind="identity") & Q(enrollment__isnull=False, new_id_number="")),
                name="correction_names_what_is_corrected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.get_state_display()}"


class IdentityCheck(models.Model):
    """身份核实: a base asks who is right where the platform knows its person's type and number under another name, or
    his name and number under another type (AM-35). Base → the base's province → association.

    `resident` is whom the platform knows; neither the base nor its province learns anything of him.
    """

    class State(models.TextChoices):
        WITH_PROVINCE = "province", "待省级核实"
        WITH_CMDA = "cmda", "待中国医师协会处理"
        CORRECTED = "corrected", "已更正原有信息"
        FREED = "freed", "已释放证件号"
        REFUSED = "refused", "未通过"

    resident = models.ForeignKey("residents.Resident", models.PROTECT, related_name="identity_checks")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+")
    full_name = models.CharField("姓名", max_length=50)
    id_type = models.CharField("证件类型", max_length=2)
    id_number = models.CharField("证件号", max_length=20)
    # As the platform had them when it was asked: what is corrected is what was looked at.
    known_name = models.CharField(max_length=50)
    known_id_type = models.CharField(max_length=2)
    reason = models.CharField(max_length=500)
    evidence = models.FileField(upload_to="corrections/", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WITH_PROVINCE)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    province_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    province_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "身份核实"
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "base"],
                condition=Q(state__in=["province", "cmda"]),
                name="one_open_identity_check_per_base",
            )
        ]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.get_state_display()}"


class ExtensionRequest(models.Model):
    """申请延长填报时间: a base asks for more time for one step, for named records or for all of its records (GOAL-P8).

    The province decides; more time than its own review window leaves only the association can give. What was granted
    is a portal.models.Extension, which the calendar reads.
    """

    class State(models.TextChoices):
        WITH_PROVINCE = "province", "待省级处理"
        WITH_CMDA = "cmda", "待中国医师协会处理"
        GRANTED = "granted", "已同意"
        REFUSED = "refused", "未同意"
        WITHDRAWN = "withdrawn", "已撤回"

    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="extension_requests")
    cycle = models.ForeignKey("portal.CollectionCycle", models.PROTECT, related_name="+")
    step = models.CharField("环节", max_length=20, choices=Step.choices)
    # None named: all records of the base.
    enrollments = models.ManyToManyField("residents.Enrollment", related_name="extension_requests")
    until = models.DateTimeField("申请延长至")
    reason = models.CharField("申请理由", max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WITH_PROVINCE)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    granted_until = models.DateTimeField("同意延长至", null=True)
    comment = models.CharField("处理说明", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "延长填报时间申请"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="extension_request_granted_until",
                condition=Q(state="granted", granted_until__isnull=False)
                | (~Q(state="granted") & Q(granted_until__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.base_id} {self.get_step_display()} {self.get_state_display()}"
