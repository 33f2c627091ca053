"""接口: keys of the provinces' platforms, what they delivered, and the feed of what became of it."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from bases.models import Submission


class ApiClient(models.Model):
    """One key of a province's platform: stored hashed, shown once, scoped, expiring, revocable (TRUST-30).

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
    """One request of a platform and its answer to the byte, kept for safe retries (GOAL-N4)."""

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

    written_by_database = True

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

    A waiting one that is withdrawn was replaced by the platform itself; the new one counts. The lock lets the lines
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
