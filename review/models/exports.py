"""导出: every list that was exported, by whom and for what purpose."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


def export_path(export: "Export", filename: str) -> str:
    return f"exports/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"


class Export(models.Model):
    """One file made for one person: what was asked, masked or not and for what purpose, until when (GOAL-N5)."""

    # Put on the lines of 我的导出: what the list is called, and its filters in words.
    title: str
    in_words: list[str]

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
