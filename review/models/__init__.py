import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from bases.models import Submission

# Django looks for models in this module only.
from review.models.desk import Assignment, Claim, Substitution  # noqa: F401


class ModeSwitchApplication(models.Model):
    """报送方式切换申请 (Annex 2, BR-07, BR-24): a province asks to deliver its intake by API."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        WAITING = "waiting", "待确认"
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
    reason = models.CharField("理由", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "报送方式切换申请"
        constraints = [
            models.UniqueConstraint(
                fields=["province"],
                condition=Q(state__in=["draft", "waiting"]),
                name="one_open_switch_per_province",
            )
        ]

    def __str__(self) -> str:
        return f"{self.province} {self.get_state_display()}"


class ApiClient(models.Model):
    """One key of a province's platform: stored hashed, shown once, scoped, expiring, revocable (TRUST 30).

    A key and those made by rotating it share a `lineage`, so that a repeated request is recognised by the new key too.
    """

    class Scope(models.TextChoices):
        DELIVER = "deliver", "传送招收结果"
        RESULTS = "results", "查询审核结果"

    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="api_clients")
    name = models.CharField("名称", max_length=50)
    prefix = models.CharField(max_length=12, unique=True)
    key_hash = models.CharField(max_length=64)
    lineage = models.UUIDField(default=uuid.uuid4, editable=False)
    scopes = models.JSONField(default=list)
    addresses = models.JSONField(default=list)
    is_sandbox = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    # Requests counted since `minute`, the beginning of the minute of the last one.
    minute = models.DateTimeField(null=True)
    requests_in_minute = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "接口密钥"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.province_id} {self.name}"

    @property
    def scope_labels(self) -> list[str]:
        return [self.Scope(each).label for each in self.scopes]

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class ApiDelivery(models.Model):
    """One request of a platform and its answer to the byte, kept for safe retries (GOALS N4)."""

    client = models.ForeignKey(ApiClient, models.PROTECT, related_name="deliveries")
    lineage = models.UUIDField(default=uuid.uuid4, editable=False)
    idempotency_key = models.CharField(max_length=80)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(default=timezone.now)
    answer = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lineage", "idempotency_key"], name="delivery_once_per_idempotency_key"
            )
        ]
        indexes = [models.Index(fields=["received_at"], name="delivery_by_age")]

    def __str__(self) -> str:
        return self.idempotency_key


class ApiRecord(models.Model):
    """What ties a delivered record to the platform it came from: the platform's own number for it."""

    enrollment = models.OneToOneField(
        "residents.Enrollment", models.PROTECT, primary_key=True, related_name="api_record"
    )
    external_id = models.CharField(max_length=64, blank=True)
    delivered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "接口记录"

    def __str__(self) -> str:
        return self.external_id


class ApiResult(models.Model):
    """One line of a province's result feed, written by the trigger of DeliveredSubmission below.

    Within a province the ids rise in the order of the commits, so a reader who asks for what follows the last id he
    has seen misses nothing.
    """

    class Kind(models.TextChoices):
        WAITING = "waiting", "已接收，待省级审核"
        CORRECTED = "corrected", "内容已更正，待省级审核"
        APPROVED = "approved", "审核通过，已纳入住院医师信息管理"
        RETURNED = "returned", "退回修改"
        REVOKED = "revoked", "审核决定已撤销"

    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+", db_index=False)
    submission = models.ForeignKey("bases.Submission", models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "接口结果"
        indexes = [models.Index(fields=["province", "id"], name="result_feed")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.kind}"


class DeliveredSubmission(Submission):
    """The submissions of platforms: each move of one becomes a line of the province's feed, whoever made it.

    A waiting one that is withdrawn has been replaced by the platform itself; the new one tells. The lock lets the lines
    of one province be numbered in the order in which their transactions commit.
    """

    class Meta:
        proxy = True
        triggers = [
            pgtrigger.Trigger(
                name="tell_the_platform",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("outcome"),
                condition=pgtrigger.Q(new__channel="api"),
                declare=[("told", "text")],
                func="""
                    IF TG_OP = 'INSERT' THEN
                        told := CASE WHEN NEW.number = 1 OR EXISTS (
                            SELECT FROM bases_submission before WHERE before.enrollment_id = NEW.enrollment_id
                            AND before.number = NEW.number - 1 AND before.snapshot = NEW.snapshot
                        ) THEN 'waiting' ELSE 'corrected' END;
                    ELSIF NEW.outcome IN ('approved', 'returned', 'revoked') THEN
                        told := NEW.outcome;
                    ELSE
                        RETURN NULL;
                    END IF;
                    PERFORM pg_advisory_xact_lock(hashtext('api results ' || NEW.province_id));
                    INSERT INTO review_apiresult (province_id, submission_id, kind, at)
                    VALUES (NEW.province_id, NEW.id, told, now());
                    RETURN NULL;
                """,
            )
        ]


class CompletionBatch(models.Model):
    """One province's delivery of early completions 2015–2016: rows and the certificate sample (Annex 1, BR-17)."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "未提交"
        SENT = "sent", "待接收"
        RETURNED = "returned", "已退回"
        ACCEPTED = "accepted", "已接收"
        WITHDRAWN = "withdrawn", "已撤回"

    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="completion_batches")
    cycle = models.ForeignKey("portal.CollectionCycle", models.PROTECT, related_name="+")
    import_batch = models.OneToOneField(
        "bases.ImportBatch", models.PROTECT, null=True, related_name="delivery"
    )
    certificate_sample = models.FileField(upload_to="samples/")
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADED)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "提前结业补报批次"

    def __str__(self) -> str:
        return f"{self.province_id} {self.sent_at:%Y-%m-%d}"


class CompletionRecord(models.Model):
    """One early completion: the 13 columns of Annex 1 (BR-23); no account, no sign-in (BR-04)."""

    batch = models.ForeignKey(CompletionBatch, models.PROTECT, related_name="records")
    resident = models.ForeignKey("residents.Resident", models.PROTECT, null=True, related_name="completions")
    full_name = models.CharField(max_length=50)
    id_type = models.CharField(max_length=2)
    id_number = models.CharField(max_length=20)
    mobile = models.CharField(max_length=11)
    trainee_type = models.CharField(max_length=1)
    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+")
    specialty = models.ForeignKey("bases.Specialty", models.PROTECT, related_name="+")
    approved_years = models.PositiveSmallIntegerField()
    actual_start_date = models.DateField()
    actual_end_date = models.DateField()
    certificate_no = models.CharField(max_length=30)
    certificate_date = models.DateField()
    # False once its delivery was returned or withdrawn: kept as history, counted nowhere, free to be sent again.
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name = verbose_name_plural = "提前结业记录"
        constraints = [
            models.UniqueConstraint(
                fields=["id_type", "id_number"], condition=Q(is_current=True), name="completion_person_once"
            ),
            models.UniqueConstraint(
                fields=["certificate_no"], condition=Q(is_current=True), name="completion_certificate_once"
            ),
            models.CheckConstraint(
                condition=Q(approved_years__in=[1, 2]), name="completion_approved_years_reduced"
            ),
            models.CheckConstraint(
                condition=Q(actual_end_date__gt=models.F("actual_start_date")),
                name="completion_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.certificate_no


def export_path(export: "Export", filename: str) -> str:
    return f"exports/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"


class Export(models.Model):
    """One file made for one person: what was asked, masked or not and for what purpose, until when (GOALS N5)."""

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="exports")
    requested_at = models.DateTimeField(default=timezone.now)
    job = models.ForeignKey("portal.Job", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30)
    filters = models.JSONField(default=dict)
    file_format = models.CharField(max_length=4, default="xlsx")
    is_masked = models.BooleanField(default=True)
    purpose = models.CharField("用途", max_length=200, blank=True)
    rows = models.PositiveIntegerField(default=0)
    file = models.FileField(upload_to=export_path, max_length=120, blank=True)
    expires_at = models.DateTimeField(null=True)
    downloaded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "导出"
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_masked=True) | ~Q(purpose=""), name="unmasked_export_states_its_purpose"
            )
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.requested_at:%Y-%m-%d}"


class QualityFinding(models.Model):
    """One oddity in the records that someone should look at (GOALS P9); rebuilt set-wise by review/quality/services.py.

    It blocks nothing. `fingerprint` stands for the facts it was found by: a mark made for other facts counts no more.
    """

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
    """已核实: who looked into a finding, when, and why the facts are right as they are (GOALS P9)."""

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


class FunnelCount(models.Model):
    """全国填报进度 of one year as the worker last counted it (review/funnel/funnel.py), and when it was last asked to."""

    year = models.PositiveSmallIntegerField(unique=True)
    asked_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    # [province code, name, {stage: number}], and [day, [numbers of the drawn stages]].
    lines = models.JSONField(default=list)
    days = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.year} {self.as_of}"
