"""导入批次: an uploaded workbook and its rows, each with its verdict."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from residents.models.enrollment import Module


def upload_path(batch: "ImportBatch", filename: str) -> str:
    """A random name: what the sender called the file is kept as data and never used as a path."""
    return f"imports/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"


class ImportBatch(models.Model):
    """One uploaded workbook: stored, checked, previewed, applied, perhaps undone (docs/architecture.md#workbook).

    Counts always satisfy rows_total = created + updated + unchanged + refused once applied.
    """

    # Put on undone batches by bases.imports.undo.restore: how many records went, how many can come back, until when.
    gone: int
    restorable: int
    restorable_until: datetime

    class Kind(models.TextChoices):
        ACCOUNTS = "accounts", "账号导入"
        TRAINING = "training", "培训信息导入"
        COMPLETIONS = "completions", "提前结业补报"
        EXAM_RESULTS = "exam_results", "结业考核成绩"

    class State(models.TextChoices):
        UPLOADED = "uploaded", "等待检查"
        CHECKING = "checking", "正在检查"
        REFUSED = "refused", "文件未被接受"
        CHECKED = "checked", "待确认"
        APPLYING = "applying", "正在导入"
        APPLIED = "applied", "已导入"
        CANCELLED = "cancelled", "已取消"
        UNDONE = "undone", "已撤销"

    class Mode(models.TextChoices):
        GOOD_ROWS = "good_rows", "先导入无误的行"
        ALL_OR_NOTHING = "all_or_nothing", "全部无误才导入"

    # Made with the page: a second click on its button finds the batch of the first one (PAIN-23).
    token = models.UUIDField(null=True, unique=True, editable=False)
    kind = models.CharField("类别", max_length=12, choices=Kind.choices)
    module = models.CharField("模块", max_length=10, choices=Module.choices)
    cycle = models.ForeignKey("portal.CollectionCycle", models.PROTECT, related_name="+")
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, null=True, related_name="import_batches")
    province = models.ForeignKey("bases.Province", models.PROTECT, null=True, related_name="import_batches")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", default=timezone.now)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # The last sign of life of the worker, or when the batch was queued: an abandoned batch is known by it.
    worked_at = models.DateTimeField(default=timezone.now)
    # How often a worker has begun this step of it; too often, and it is the file that kills them.
    starts = models.PositiveSmallIntegerField(default=0, db_default=0)
    file = models.FileField(upload_to=upload_path, max_length=200)
    file_name = models.CharField("文件名", max_length=255)
    file_sha256 = models.CharField(max_length=64)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.UPLOADED)
    mode = models.CharField("导入方式", max_length=15, choices=Mode.choices, default=Mode.GOOD_ROWS)
    # Why people who look like one person with two ID types are two (AM-36).
    two_types_reason = models.CharField("确认理由", max_length=200, blank=True)
    refusal = models.JSONField(default=dict)
    sheet_name = models.CharField(max_length=100, blank=True)
    header_row = models.PositiveIntegerField(null=True)
    headers = models.JSONField(default=list)
    ignored_headers = models.JSONField(default=list)
    # What is known of the file beyond its rows: {"is_1904", "hidden_sheets": [names], "hidden_rows": [numbers],
    # "struck_rows": [numbers]}. Judging again in the page must not know less than the file's check did (AM-39).
    facts = models.JSONField(default=dict)
    # What the user said about it: {"sheet": name, "hidden_rows": "take" or "leave", "struck_rows": the same}.
    choices = models.JSONField(default=dict)
    # The annotated copy, the `worked_at` of the rows that it shows, and the job that makes it.
    copy = models.FileField(upload_to=upload_path, max_length=200, blank=True)
    copy_of = models.DateTimeField(null=True)
    copy_job = models.ForeignKey("portal.Job", models.SET_NULL, null=True, related_name="+")
    rows_total = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_updated = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    rows_warned = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "导入批次"
        ordering = ["-uploaded_at"]
        indexes = [models.Index(fields=["base", "-uploaded_at"], name="batch_by_base")]

    def __str__(self) -> str:
        return self.file_name


class ImportRows(models.QuerySet["ImportRow"]):
    def good(self) -> "ImportRows":
        """What an import writes."""
        return self.filter(verdict__in=[ImportRow.Verdict.CREATE, ImportRow.Verdict.UPDATE])

    def waiting(self) -> "ImportRows":
        """Good rows of an applied batch that were corrected since; they wait for a second apply of it."""
        return self.good().filter(corrected_at__gt=models.F("batch__applied_at"))


class ImportRow(models.Model):
    """One data row of a workbook with its verdict; `sheet_row` is the number Excel shows."""

    class Verdict(models.TextChoices):
        CREATE = "create", "新增"
        UPDATE = "update", "更新"
        UNCHANGED = "unchanged", "已存在，未重复导入"
        REFUSED = "refused", "有误，未导入"

    # Without an index of its own: the unique constraint begins with it.
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows", db_index=False)
    sheet_row = models.PositiveIntegerField()
    # The content of the filled cells, by header, as the page displays it.
    raw = models.JSONField()
    # The cells that hold no text (numbers, dates, damage), by header in the form of portal.sheets.values.to_wire.
    typed = models.JSONField(null=True)
    values = models.JSONField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    # [{"header", "column", "code", "text", "repair", "is_warning"}]
    problems = models.JSONField(default=list)
    before = models.JSONField(null=True)
    # When its cells were last corrected in the page (GOAL-B7).
    corrected_at = models.DateTimeField(null=True)
    # The record a row found. What a row created is known by the record's `import_batch`: writing it here as well would
    # cost a tenth of the import.
    enrollment = models.ForeignKey("residents.Enrollment", models.SET_NULL, null=True, related_name="+")

    objects = ImportRows.as_manager()

    class Meta:
        ordering = ["sheet_row"]
        constraints = [models.UniqueConstraint(fields=["batch", "sheet_row"], name="row_once_per_batch")]

    def __str__(self) -> str:
        return f"第{self.sheet_row}行"
