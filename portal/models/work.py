"""公告, 联系方式, 草稿 and background jobs."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Notice(models.Model):
    """A notice of the association (公告, BR-95): on the home page where it is for everybody everywhere, and on the
    desk of whom it concerns until he has read it."""

    class Audience(models.TextChoices):
        ALL = "all", "所有人"
        STAFF = "staff", "培训基地与省级"
        BASES = "bases", "培训基地"
        PROVINCES = "provinces", "省级"
        RESIDENTS = "residents", "住院医师"

    title = models.CharField("标题", max_length=120)
    body = models.TextField("正文")
    audience = models.CharField("对象", max_length=10, choices=Audience.choices, default=Audience.ALL)
    # None chosen: the whole nation.
    provinces = models.ManyToManyField(
        "bases.Province", verbose_name="限定省份", related_name="+", blank=True
    )
    is_pinned = models.BooleanField("置顶", default=False)
    published_at = models.DateTimeField("发布时间", default=timezone.now)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField("撤下时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "公告"
        ordering = ["-is_pinned", "-published_at"]

    def __str__(self) -> str:
        return self.title


class NoticeFile(models.Model):
    """附件 of a notice, called as its author called it, without the ending: that is told by the bytes."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="files")
    file = models.FileField(upload_to="notices/")
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class NoticeReading(models.Model):
    """已阅: this person has opened the notice, or said that he knows it."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="readings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "notice"], name="notice_read_once")]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.user_id}"


class SiteContact(models.Model):
    """The contact block of sign-in and help pages, one row, editable by the association (BR-94)."""

    department = models.CharField("业务部门", max_length=60)
    department_phone = models.CharField("业务电话", max_length=40)
    support = models.CharField("技术支持", max_length=60)
    support_phone = models.CharField("技术支持电话", max_length=40)
    service_line = models.CharField("客服电话", max_length=40)
    email = models.EmailField("联系邮箱", blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "联系方式"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="site_contact_one_row")]

    def __str__(self) -> str:
        return self.department


class FormDraft(models.Model):
    """What a person had typed into one form when it was last saved by itself (GOAL-R4, PAIN-22).

    Survives the end of a session; deleted when the form is saved.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    form = models.CharField(max_length=120)
    base_version = models.PositiveIntegerField(default=0)
    data = models.JSONField()
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "form"], name="draft_once_per_form")]

    def __str__(self) -> str:
        return self.form


class Job(models.Model):
    """Long work done by the worker: who asked, how far it is, how it ended."""

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "失败"
        CANCELLED = "cancelled", "已取消"

    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    cancel_requested = models.BooleanField(default=False)
    # The last sign of life of the worker, or when the job was queued: an abandoned job is known by it.
    worked_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"], name="job_by_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.get_state_display()}"


def deed_path(deed: "Deed", filename: str) -> str:
    return f"deeds/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"


class Deed(models.Model):
    """What somebody does to many records at once, carried out by the worker (portal/deeds.py): the act, what was asked,
    and what came of it."""

    job = models.OneToOneField(Job, models.CASCADE, related_name="deed")
    act = models.CharField(max_length=40)
    asked = models.JSONField()
    # Who, from where, by which request, as the history will say of the rows it changes.
    context = models.JSONField(default=dict)
    said = models.JSONField(default=list)
    # The filters of a list in an address have no bound that a column could know.
    link = models.TextField(blank=True)
    # What it found out for the page it leads to, and the file it made; both are forgotten (portal/retention.py).
    found = models.JSONField(default=dict)
    file = models.FileField(upload_to=deed_path, max_length=120, blank=True)

    def __str__(self) -> str:
        return self.act
