"""What the association has changed of the built-in code lists and certificate number shapes (docs/codes.md#edited)."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from residents.models.personal import TRACKED


@pghistory.track(*(event() for event in TRACKED))
class CodeEntry(models.Model):
    """One code that differs from the built-in list, or was added to it; never deleted, only taken out of the offer."""

    list_name = models.CharField("代码表", max_length=40)
    code = models.CharField("代码", max_length=4)
    label = models.CharField("名称", max_length=40)
    synonyms = ArrayField(models.CharField(max_length=40), verbose_name="同义词", default=list, blank=True)
    is_offered = models.BooleanField("表单中提供", default=True)
    reason = models.CharField("修改原因", max_length=200)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "代码"
        ordering = ["list_name", "code"]
        constraints = [models.UniqueConstraint(fields=["list_name", "code"], name="code_once_per_list")]

    def __str__(self) -> str:
        return f"{self.code} {self.label}"


@pghistory.track(*(event() for event in TRACKED))
class NumberShape(models.Model):
    """One more shape of diploma or degree numbers that is taken without a warning, until it is withdrawn."""

    field = models.CharField("证书编号", max_length=20)
    lengths = ArrayField(models.PositiveSmallIntegerField(), verbose_name="位数")
    has_letters = models.BooleanField("含字母", default=False)
    prefix = models.CharField("开头", max_length=10, blank=True)
    is_accepted = models.BooleanField("在用", default=True)
    reason = models.CharField("修改原因", max_length=200)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "证书编号形式"
        ordering = ["field", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["field", "lengths", "has_letters", "prefix"], name="number_shape_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.lengths}"
