"""站内消息: messages, each person's settings for them, and their delivery by mail and SMS."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Message(models.Model):
    """One in-site message to one person, with the record it is about (GOAL-S4)."""

    class Topic(models.TextChoices):
        """What a person's settings distinguish."""

        RETURN = "return", "退回修改、撤销审核"
        DEADLINE = "deadline", "截止时间与填报提醒"
        TRANSFER = "transfer", "转出转入、更正和其他申请"
        APPROVAL = "approval", "审核通过"
        SECURITY = "security", "账号安全"
        OTHER = "other", "其他（导入和导出完成、状态待更新等）"

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages_received")
    kind = models.CharField(max_length=30)
    topic = models.CharField("类别", max_length=10, choices=Topic.choices, default=Topic.OTHER)
    subject = models.CharField("标题", max_length=120)
    body = models.TextField("内容", blank=True)
    link = models.CharField(max_length=200, blank=True)
    # Of which of its reader's places it speaks, and what its link adds to open that one's desk.
    place = models.CharField("单位", max_length=150, blank=True)
    desk = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Empty while the message waits for the recipient's daily digest.
    shown_at = models.DateTimeField(default=timezone.now, null=True)
    read_at = models.DateTimeField(null=True, blank=True)
    # The digest that holds this message.
    digest = models.ForeignKey("self", models.CASCADE, null=True, related_name="parts")
    # What is sent once only, however often the clock asks, for example one deadline of one step.
    key = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "站内消息"
        indexes = [
            models.Index(fields=["recipient", "read_at", "-created_at"], name="message_by_recipient"),
            models.Index(fields=["recipient"], condition=Q(shown_at__isnull=True), name="message_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "key"], condition=~Q(key=""), name="message_once_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def address(self) -> str:
        """Where it leads, at the desk of its place, whichever the reader has switched on."""
        path, mark, rest = self.link.partition("#")
        more = "&".join(part for part in self.desk.split("&") if part not in path)
        return f"{path}{'&' if '?' in path else '?'}{more}{mark}{rest}" if path and more else self.link


class MessageSettings(models.Model):
    """What one person chose to hear of, when, and where besides the portal; no row means the defaults."""

    class Channel(models.TextChoices):
        AUTOMATIC = "", "自动（有电子邮箱用邮件，否则用短信）"
        MAIL = "mail", "电子邮件"
        SMS = "sms", "短信"
        NONE = "none", "不发送，只看站内消息"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="message_settings")
    # Topic → choice, only where it differs from the default.
    choices = models.JSONField(default=dict)
    channel = models.CharField(max_length=4, choices=Channel.choices, blank=True, default=Channel.AUTOMATIC)

    def __str__(self) -> str:
        return f"{self.user_id}"


class Delivery(models.Model):
    """A message on its way out of the portal by mail or SMS: the delivery log (GOAL-S4).

    The text that leaves holds no personal data. A row is sent at most once: what was handed over and never confirmed
    stays 结果不明 and is not repeated.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", "电子邮件"
        SMS = "sms", "短信"

    class State(models.TextChoices):
        WAITING = "waiting", "待发送"
        SENDING = "sending", "发送中"
        # The other side took it.
        SENT = "sent", "已发送"
        # No way out of the portal is set up.
        LOGGED = "logged", "仅写入日志，未发出"
        FAILED = "failed", "发送失败"
        UNKNOWN = "unknown", "结果不明"

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(max_length=4, choices=Channel.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # When it was last handed to the gateway.
    tried_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="delivery_open"
            ),
            models.Index(fields=["recipient", "-created_at"], name="delivery_by_recipient"),
            models.Index(fields=["created_at", "id"], name="delivery_by_time"),
            models.Index(
                fields=["created_at", "id"],
                condition=Q(state__in=["failed", "unknown"]),
                name="delivery_troubled",
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["message", "channel"], name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.get_channel_display()} {self.get_state_display()}"
