"""经费核算: the association's rules of who counts and for how much, and what bases say of a balance (GOAL-N9).

Added to and never changed: a rule is replaced by its next version.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from review.models.editions import kept


class FundingRules(models.Model):
    """本平台口径: one version of the rules of a year. No official form is known, so every rule is the association's."""

    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版本")
    # Codes of 培训状态 and of 人员类型 that count.
    statuses = models.JSONField("计入的培训状态")
    trainee_types = models.JSONField("计入的人员类型")
    counts_overrun = models.BooleanField("超过核定年限的仍计入")
    # Codes of the specialties that are short in this year.
    shortage = models.JSONField("紧缺专业")
    amount = models.PositiveIntegerField("标准（元/人·年）")
    basis = models.CharField("依据", max_length=500)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "经费核算口径"
        ordering = ["-year", "-number"]
        constraints = [models.UniqueConstraint(fields=["year", "number"], name="funding_rules_number_once")]
        triggers = [kept()]

    def __str__(self) -> str:
        return f"{self.year} 年度口径第 {self.number} 版"


class BalanceNote(models.Model):
    """差额说明: what a base says of the persons whose going no fact tells, in the balance of an edition."""

    edition = models.ForeignKey("review.Edition", models.PROTECT, related_name="balance_notes")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+")
    difference = models.IntegerField()
    text = models.CharField("说明", max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "人数差额说明"
        ordering = ["pk"]
        triggers = [kept()]

    def __str__(self) -> str:
        return self.text
