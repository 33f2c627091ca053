"""操作记录: the audit log, append-only."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """One act that changes no row or matters beyond the row: sign-in, reset, export, unmasking, decision (BR-21).

    Append-only: the database refuses to change or delete it. Field changes are in pghistory's event tables.
    """

    # The line in words, where the page of 操作记录 has put them (review/audit).
    act_words: str
    detail_words: list[str]
    result_words: str
    role_words: str
    target_words: str
    person_words: str
    record: int | None

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=10, blank=True)
    action = models.CharField(max_length=40)
    target_type = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=32, blank=True)
    result = models.CharField(max_length=20, default="ok")
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "操作记录"
        indexes = [
            models.Index(fields=["target_type", "target_id", "-at"], name="audit_by_target"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["action", "-at"], name="audit_by_action"),
            models.Index(fields=["at", "id"], name="audit_by_time"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"
