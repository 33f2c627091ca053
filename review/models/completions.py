"""提前结业补报: a province's deliveries and their rows."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


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
