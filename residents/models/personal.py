"""The personal blocks (个人信息): one table a block, each one form, one template, one completeness answer.

Every column may be empty: a resident saves an incomplete form (BR-53); what is missing is residents/completeness.py.
Labels, lists and conditions of the fields are in residents/rules/, not here.
"""

import uuid

import pghistory
from django.conf import settings
from django.db import models
from django.utils import timezone

TRACKED = (pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent)


def evidence_path(instance: models.Model, filename: str) -> str:
    """A random name in private storage; the sender's name is never used as a path."""
    return f"evidence/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"


def code(length: int) -> models.CharField:
    return models.CharField(max_length=length, blank=True)


def text(length: int) -> models.CharField:
    return models.CharField(max_length=length, blank=True)


def file() -> models.FileField:
    return models.FileField(upload_to=evidence_path, max_length=120, blank=True)


@pghistory.track(*(event() for event in TRACKED))
class BasicInfo(models.Model):
    """基本信息 (docs/fields.md#basic) beyond the identity that Resident holds."""

    resident = models.OneToOneField(
        "residents.Resident", models.CASCADE, primary_key=True, related_name="basic"
    )
    sex = code(1)
    birth_date = models.DateField(null=True, blank=True)
    nationality = code(3)
    ethnicity = code(2)
    marital_status = code(2)
    hukou_province = code(2)
    email = models.EmailField(max_length=100, blank=True)
    qq = text(12)
    postal_address = text(200)
    postcode = text(6)
    landline = text(20)
    emergency_name = text(50)
    emergency_mobile = text(16)
    emergency_address = text(200)
    military_status = code(1)
    language_exam_type = code(1)
    english_level = code(1)
    language_other = text(50)
    language_cert_no = text(40)
    language_cert_date = models.DateField(null=True, blank=True)
    photo = file()
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "基本信息"

    def __str__(self) -> str:
        return f"{self.resident_id}"


@pghistory.track(*(event() for event in TRACKED))
class EducationRecord(models.Model):
    """One level of study (学习经历, docs/fields.md#education); 最高学历 and 最高学位 are derived, never typed
    (PAIN-24)."""

    resident = models.ForeignKey("residents.Resident", models.CASCADE, related_name="education_records")
    level = code(1)
    is_integrated_program = models.BooleanField(null=True, blank=True)
    is_full_time = models.BooleanField(null=True, blank=True)
    is_enrolled = models.BooleanField(null=True, blank=True)
    enrolled_level = code(1)
    expected_graduation = models.DateField(null=True, blank=True)
    school = text(100)
    school_other = text(100)
    major = text(100)
    major_other = text(100)
    graduation_date = models.DateField(null=True, blank=True)
    education_code = code(2)
    has_diploma = models.BooleanField(null=True, blank=True)
    diploma_no = text(30)
    diploma_date = models.DateField(null=True, blank=True)
    has_degree = models.BooleanField(null=True, blank=True)
    degree_code = code(3)
    degree_type = code(1)
    degree_no = text(30)
    degree_date = models.DateField(null=True, blank=True)
    overseas_cert_no = text(30)
    scan = file()
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "学习经历"
        ordering = ["level", "pk"]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.level}"


@pghistory.track(*(event() for event in TRACKED))
class WorkInfo(models.Model):
    """工作信息 (docs/fields.md#work), the resident's block in the registry (AM-06)."""

    resident = models.OneToOneField(
        "residents.Resident", models.CASCADE, primary_key=True, related_name="work"
    )
    employer_name = text(100)
    employer_uscc = text(18)
    employer_is_military = models.BooleanField(null=True, blank=True)
    employer_kind = code(1)
    primary_care_kind = code(1)
    hospital_category = code(1)
    hospital_level = code(1)
    hospital_grade = code(1)
    affiliation = code(1)
    department = text(50)
    work_start_date = models.DateField(null=True, blank=True)
    title = code(1)
    title_date = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "工作信息"

    def __str__(self) -> str:
        return f"{self.resident_id}"


@pghistory.track(*(event() for event in TRACKED))
class CertificateInfo(models.Model):
    """证书信息 (docs/fields.md#certificate): qualification and licence of a physician."""

    resident = models.OneToOneField(
        "residents.Resident", models.CASCADE, primary_key=True, related_name="certificate"
    )
    passed_qualification_exam = models.BooleanField(null=True, blank=True)
    exam_pass_date = models.DateField(null=True, blank=True)
    score_report_type = code(1)
    score_report_scan = file()
    has_qualification_cert = models.BooleanField(null=True, blank=True)
    qualification_date = models.DateField(null=True, blank=True)
    qualification_level = code(1)
    qualification_class = code(2)
    qualification_no = text(27)
    scan_qualification = file()
    has_license = models.BooleanField(null=True, blank=True)
    license_date = models.DateField(null=True, blank=True)
    practice_class = code(2)
    practice_scope = code(4)
    license_no = text(15)
    scan_license = file()
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "证书信息"

    def __str__(self) -> str:
        return f"{self.resident_id}"


# Answered by the resident, not yet looked at by the base (GOAL-B14).
TO_REVIEW = models.Q(answered_at__isnull=False, reviewed_at__isnull=True)


class PersonalReturn(models.Model):
    """A base's return of personal info to the resident (BR-45): displayed on top of his page until answered (BR-54).

    `field` is "block.field", in 学习经历 with its row (residents/places.py), or empty for the whole record (GOAL-R3).
    Answered by a save that changes the field in this row, for a whole-record comment any field, or by 无需修改 with a
    reason. An open one blocks the next 上报; an answered one waits until the base has looked at it, reported the record
    or returned it anew (GOAL-B14). One that the base took back itself (`taken_back_by`) is closed, with nothing to look
    at (AM-41).
    """

    enrollment = models.ForeignKey("residents.Enrollment", models.CASCADE, related_name="personal_returns")
    field = models.CharField(max_length=60, blank=True)
    reason_code = models.CharField(max_length=20, blank=True)
    comment = models.CharField("退回修改意见", max_length=500)
    batch = models.UUIDField()
    returned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    returned_at = models.DateTimeField("退回时间", default=timezone.now)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    no_change_reason = models.CharField("无需修改的理由", max_length=200, blank=True)
    reviewed_at = models.DateTimeField("复核时间", null=True, blank=True)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = verbose_name_plural = "个人信息退回"
        ordering = ["-returned_at"]
        indexes = [
            models.Index(
                fields=["enrollment"], condition=models.Q(answered_at__isnull=True), name="open_return"
            ),
            models.Index(
                fields=["enrollment"],
                condition=TO_REVIEW,
                name="answer_to_review",
            ),
        ]

    def __str__(self) -> str:
        return self.comment


class SectionConfirmation(models.Model):
    """The resident's yearly "信息无变化" for one section: who and when (GOAL-R5)."""

    resident = models.ForeignKey("residents.Resident", models.CASCADE, related_name="confirmations")
    cycle = models.ForeignKey("portal.CollectionCycle", models.PROTECT, related_name="+")
    section = models.CharField(max_length=20)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "信息确认"
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "cycle", "section"], name="section_confirmed_once_per_cycle"
            )
        ]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.section}"
