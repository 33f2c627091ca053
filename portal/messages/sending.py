"""Sending what portal/messages/deliveries.py planned: never twice, and again after a refusal (GOAL-S4, GOAL-S11).

A row is claimed in a transaction of its own before it is handed over; one whose outcome was never written is marked
结果不明 by the clock and left alone. A refusal of the gateway is tried again, later each time.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from portal import outside
from portal.messages import deliveries
from portal.models import Delivery

State = Delivery.State
# Minutes until the next try after each refusal; after one more the row is 发送失败.
PAUSES = (1, 5, 30, 120)
# All of a batch, each waited for as long as it may take, must come before the clock's patience ends.
BATCH = 20

log = logging.getLogger(__name__)


def send_due() -> int:
    """Hand over everything that is due, all of one person and channel in one text; returns how many rows were sent."""
    sent = 0
    while claimed := _claim():
        groups: dict[tuple[int, str], list[Delivery]] = {}
        for row in claimed:
            groups.setdefault((row.recipient_id, row.channel), []).append(row)
        for group in groups.values():
            sent += _hand_over(group)
    return sent


def _claim() -> list[Delivery]:
    now = timezone.now()
    with transaction.atomic():
        due = Delivery.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "pk")
        # All of a person go into one text, so one worker takes them together, with what would follow at once.
        people = list(due.values_list("recipient_id", flat=True)[:BATCH])
        soon = Delivery.objects.filter(
            state=State.WAITING, due_at__lte=now + deliveries.MERGED_WITHIN, recipient__in=people
        )
        ids = list(soon.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=ids).update(state=State.SENDING, tries=F("tries") + 1, tried_at=now)
    return list(
        Delivery.objects.filter(pk__in=ids).select_related("recipient", "message").order_by("recipient", "pk")
    )


def _hand_over(group: list[Delivery]) -> int:
    """One text to one person; the outcome is written for each of its rows."""
    first = group[0]
    rows = Delivery.objects.filter(pk__in=[row.pk for row in group])
    try:
        address = address_of(first)
        gateway = import_string(settings.MESSAGE_GATEWAY)
        outside.call(gateway, first.channel, address, text_of(group), seconds=settings.GATEWAY_SECONDS)
    except outside.Silent:
        # It may have been handed over all the same: stays 发送中, which the clock makes 结果不明.
        log.warning("Message gateway was silent for %s", first.channel)
        return 0
    except Exception as refusal:  # a gateway is somebody else's code: whatever it raises is a refusal
        log.warning("Message gateway refused %s: %s", first.channel, type(refusal).__name__)
        _write_refusal(rows, max(row.tries for row in group), refusal)
        return 0
    if not getattr(gateway, "delivers", True):
        return rows.update(state=State.LOGGED, error="")
    return rows.update(state=State.SENT, error="")


def address_of(row: Delivery) -> str:
    """Where it goes, as known now. Raises ValueError where the person has no such address any more."""
    person = row.recipient
    if row.channel == Delivery.Channel.SMS:
        address = person.mobile
    else:
        address = person.email or deliveries.other_addresses([person]).get(person.pk, "")
    if not address:
        raise ValueError("这个人没有可用的地址。")
    return address


def text_of(group: list[Delivery]) -> str:
    """What leaves the portal: how many messages on what, no name and no number (PIPL 51)."""
    topics = "；".join(dict.fromkeys(row.message.get_topic_display() for row in group))
    link = f"{settings.PORTAL_URL}{reverse('portal:messages')}" if settings.PORTAL_URL else ""
    return f"您在住院医师信息采集平台有 {len(group)} 条新消息：{topics}。请登录平台查看。{link}"


def _write_refusal(rows: QuerySet[Delivery], tries: int, refusal: Exception) -> None:
    error = f"{type(refusal).__name__}: {refusal}"[:200]
    if tries > len(PAUSES):
        rows.update(state=State.FAILED, error=error)
        return
    due = timezone.now() + timedelta(minutes=PAUSES[tries - 1])
    rows.update(state=State.WAITING, due_at=due, error=error)
