"""提醒: a message to residents to fill in or update personal info (BR-14, BR-33), at most one a day each (GOAL-S4)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal import audit
from portal.messages.services import send
from portal.models import Message, User
from residents.models import Enrollment
from residents.models.enrollment import LIVE

KIND = "reminder"
SUBJECT = "请登录平台填写、更新个人信息"
TEXT = "请在截止时间前登录平台，填写或更新“基本信息”“学习经历”“证书信息”并保存。"


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many got the message, and how many had one today already and got none."""

    sent: int
    skipped: int


def remind(enrollment_ids: Collection[int], *, by: User, text: str) -> Reminded:
    """Put one message into the box of each resident still here; the caller has made sure that `by` may address them."""
    with transaction.atomic():
        people = set(
            Enrollment.objects.filter(LIVE, pk__in=enrollment_ids).values_list("resident__user_id", flat=True)
        )
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        had_one = set(
            Message.objects.filter(recipient__in=people, kind=KIND, created_at__gte=today).values_list(
                "recipient_id", flat=True
            )
        )
        sent = send(
            people - had_one,
            kind=KIND,
            subject=SUBJECT,
            body=text.strip() or TEXT,
            link=reverse("residents:home"),
        )
        if sent:
            audit.record("remind", by=by, count=sent)
    return Reminded(sent, len(had_one))
