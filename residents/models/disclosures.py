"""Whose full numbers left the portal in one act that concerned many persons or stands under another record."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Disclosure(models.Model):
    """The persons whose full numbers one line of the audit log let out: an export in full, a filled template, a look
    at a record or a request (TRUST-51, GOAL-R7)."""

    event = models.ForeignKey("portal.AuditEvent", models.PROTECT, related_name="+")
    # Keys of Resident: one row for a list of any length.
    residents = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name = verbose_name_plural = "完整号码的提供"
        indexes = [GinIndex(fields=["residents"], name="disclosure_residents")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.event_id}: {len(self.residents)}"
