"""结业考核: a province's sessions, who is signed up, what came of it, and corrections of certificates (GOAL-N10)."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ExamSession(models.Model):
    """考核批次 of a province: whose training ends by a day is due; until when bases confirm."""

    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="exam_sessions")
    year = models.PositiveSmallIntegerField("年度")
    name = models.CharField("名称", max_length=60)
    due_until = models.DateField("培训结束日期截至")
    confirm_until = models.DateField("基地确认截止日")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "考核批次"
        ordering = ["-year", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["province", "name"], name="exam_session_name_once_per_province")
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ExamEntry(models.Model):
    """One resident signed up for a session by his base, then by the province; later the result and the certificate,
    whose number is imported and never made here."""

    class Result(models.TextChoices):
        PASSED = "1", "通过"
        FAILED = "2", "未通过"
        ABSENT = "3", "缺考"

    session = models.ForeignKey(ExamSession, models.PROTECT, related_name="entries")
    enrollment = models.ForeignKey("residents.Enrollment", models.PROTECT, related_name="exam_entries")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField("基地确认", default=timezone.now)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField("省级确认", null=True)
    result = models.CharField("考核结果", max_length=1, choices=Result, blank=True)
    ended_on = models.DateField("结束日期", null=True)
    certificate_no = models.CharField("合格证书编号", max_length=30, blank=True)
    certificate_date = models.DateField("发证日期", null=True)
    # The workbook that brought the result, and the change of 培训状态 that it made.
    import_batch = models.ForeignKey("bases.ImportBatch", models.SET_NULL, null=True, related_name="+")
    status_change = models.ForeignKey("residents.StatusChange", models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "考核报名"
        constraints = [
            models.UniqueConstraint(fields=["session", "enrollment"], name="exam_entry_once_per_session"),
            models.UniqueConstraint(
                fields=["certificate_no"], condition=~Q(certificate_no=""), name="certificate_no_once"
            ),
            models.CheckConstraint(
                condition=Q(certificate_no="", certificate_date__isnull=True)
                | (~Q(certificate_no="") & Q(result="1", certificate_date__isnull=False)),
                name="certificate_of_who_passed_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(result="") | Q(accepted_at__isnull=False), name="result_of_who_was_accepted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.enrollment_id}"


class ExamUpload(models.Model):
    """Of which session an uploaded workbook of results is."""

    session = models.ForeignKey(ExamSession, models.PROTECT, related_name="uploads")
    import_batch = models.OneToOneField("bases.ImportBatch", models.PROTECT, related_name="exam_upload")

    class Meta:
        verbose_name = verbose_name_plural = "考核成绩文件"

    def __str__(self) -> str:
        return f"{self.session_id} {self.import_batch_id}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CertificateCorrection(models.Model):
    """证书更正 (base → province): another number or day of a certificate."""

    class State(models.TextChoices):
        OPEN = "open", "待省级处理"
        DONE = "done", "已更正"
        REFUSED = "refused", "未同意"

    entry = models.ForeignKey(ExamEntry, models.PROTECT, related_name="corrections")
    old_no = models.CharField(max_length=30)
    old_date = models.DateField()
    new_no = models.CharField("更正后的证书编号", max_length=30)
    new_date = models.DateField("更正后的发证日期")
    reason = models.CharField("更正理由", max_length=500)
    evidence = models.FileField("证明材料", upload_to="corrections/", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.CharField("处理说明", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "证书更正"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(state="open"), name="one_open_correction_per_certificate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.get_state_display()}"
