"""上报: the frozen copy of every report and the province's decision on it."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from residents.codes.training import INTAKE, REGISTRY


class ReturnReason(models.TextChoices):
    """Why a province returns a record to its base (GOAL-P4); it judges training info and status above all (BR-62)."""

    IDENTITY = "01", "姓名、证件或联系方式有误"
    EDUCATION = "02", "学历、学位信息有误"
    CERTIFICATE = "03", "医师资格或执业证书信息有误"
    SPECIALTY = "04", "培训专业有误"
    TRAINEE_TYPE = "05", "人员类型或单位信息有误"
    YEARS = "06", "核定培训年限或减免依据有误"
    DATES = "07", "培训起止时间有误"
    STATUS = "08", "培训状态或变更原因有误"
    SUPPORT = "09", "农村订单定向、西部支援或应届信息有误"
    INCOMPLETE = "10", "信息不完整"
    OTHER = "99", "其他"


class Submission(models.Model):
    """One 上报: what a base reported of one enrollment, frozen, and what the province decided of it (BR-57, BR-87).

    The snapshot and the columns that statistics group by never change (BR-20); only the outcome does, by
    review/decisions/services.py (approve, return, revoke) and bases/report/withdrawal.py (withdraw).
    """

    # (label of a field, what was written at it), where bases.submissions.remarks has put them.
    remarks: list[tuple[str, str]]

    class Outcome(models.TextChoices):
        PENDING = "pending", "待审核"
        APPROVED = "approved", "审核通过"
        RETURNED = "returned", "退回修改"
        WITHDRAWN = "withdrawn", "已撤回上报"
        REVOKED = "revoked", "审核已撤销"

    class Channel(models.TextChoices):
        PAGE = "page", "网页"
        API = "api", "接口"

    enrollment = models.ForeignKey("residents.Enrollment", models.PROTECT, related_name="submissions")
    module = models.CharField(max_length=10, choices=[(INTAKE, "招收信息"), (REGISTRY, "住院医师信息")])
    number = models.PositiveSmallIntegerField("序号")
    # Which 上报 of the base it is: what a revocation puts up again has the same turn and another number.
    turn = models.PositiveSmallIntegerField("第几次上报", default=1)
    is_put_back = models.BooleanField("撤销审核决定后重新待审核", default=False)
    # By which act it was put up once more under a base's successor or new province (AM-46).
    succession = models.ForeignKey(
        "bases.Succession", models.PROTECT, null=True, related_name="+", db_index=False
    )
    cycle = models.ForeignKey("portal.CollectionCycle", models.PROTECT, null=True, related_name="+")
    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+")
    specialty = models.ForeignKey("bases.Specialty", models.PROTECT, related_name="+")
    intake_year = models.PositiveSmallIntegerField()
    trainee_type = models.CharField(max_length=1)
    status = models.CharField(max_length=1)
    approved_years = models.PositiveSmallIntegerField()
    sex = models.CharField(max_length=1)
    highest_education = models.CharField(max_length=1, blank=True)
    highest_degree = models.CharField(max_length=3, blank=True)
    is_fresh_graduate = models.BooleanField()
    is_rural_oriented = models.BooleanField()
    is_western_support = models.BooleanField()
    # {"identity": {…}, "basic": {…}, "education": […], "work": {…}, "certificate": {…}, "training": {…}, "status": {…}}
    snapshot = models.JSONField()
    # "block.field" of what differs from the snapshot approved last; null where none was approved before this 上报.
    changed_fields = ArrayField(models.CharField(max_length=60), null=True)
    # Codes of the warnings that the check before this 上报 gave; null where nobody has asked (GOAL-P11).
    hints = ArrayField(models.CharField(max_length=40), null=True)
    channel = models.CharField(max_length=4, choices=Channel.choices, default=Channel.PAGE)
    declared_true = models.BooleanField("已声明信息真实准确")
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField("上报时间", default=timezone.now)
    report_batch = models.UUIDField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField("审核时间", null=True)
    decision_batch = models.UUIDField(null=True)
    comment = models.TextField("退回修改意见", blank=True)
    reason_codes = models.JSONField(default=list)
    # {"training.actual_start_date": "…", "education.school@3": "…"}: one comment per place (residents/places.py)
    field_comments = models.JSONField(default=dict)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    revoked_at = models.DateTimeField("撤销时间", null=True)
    revocation_reason = models.CharField("撤销理由", max_length=200, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "上报记录"
        ordering = ["-reported_at"]
        indexes = [
            # All that a queue asks for, so that only the rows of its page are fetched.
            models.Index(
                fields=["base", "reported_at", "id"],
                include=["enrollment"],
                condition=Q(outcome="pending"),
                name="submission_queue",
            ),
            models.Index(
                fields=["province", "base", "specialty", "intake_year", "trainee_type", "status"],
                name="submission_statistics",
            ),
            # Few among many: the statistics of reasons and their lists.
            models.Index(
                fields=["province", "-id"], condition=Q(outcome="returned"), name="submission_returned"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment"],
                condition=Q(outcome="pending"),
                name="one_pending_submission_per_enrollment",
            ),
            models.UniqueConstraint(fields=["enrollment", "number"], name="submission_number_once"),
            models.CheckConstraint(
                condition=Q(declared_true=True), name="submission_carries_the_declaration"
            ),
            models.CheckConstraint(
                name="submission_decision_is_complete",
                condition=Q(outcome="pending", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(outcome="pending") & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="submission_return_says_why",
                condition=~Q(outcome="returned") | ~Q(comment=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="snapshot_is_frozen",
                exclude=[
                    "outcome",
                    "decided_by",
                    "decided_at",
                    "decision_batch",
                    "comment",
                    "reason_codes",
                    "field_comments",
                    "revoked_by",
                    "revoked_at",
                    "revocation_reason",
                    "version",
                ],
            ),
            pgtrigger.FSM(
                name="outcome_moves_forward",
                field="outcome",
                transitions=[
                    ("pending", "approved"),
                    ("pending", "returned"),
                    ("pending", "withdrawn"),
                    ("approved", "revoked"),
                    ("returned", "revoked"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} 第{self.turn}次上报"

    @property
    def revocation(self) -> str:
        """Which decision was taken back, when, by whom and why, in words; empty where none was (GOAL-P5)."""
        if self.revoked_at is None or self.revoked_by is None:
            return ""
        # A return says why, an approval never does.
        was = self.Outcome.RETURNED if self.comment else self.Outcome.APPROVED
        at = f"{timezone.localtime(self.revoked_at):%Y-%m-%d %H:%M} {self.revoked_by.full_name}"
        return f"已撤销“{was.label}”（{at}）：{self.revocation_reason}"

    @property
    def reasons(self) -> list[str]:
        """The reasons of its return in words."""
        return [ReturnReason(code).label for code in self.reason_codes if code in ReturnReason.values]
