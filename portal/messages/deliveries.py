"""Which messages leave the portal, by mail or SMS, and when; portal/messages/sending.py sends them (GOAL-S4)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portal import audit, gateways
from portal.messages.tasks import send_due_messages
from portal.models import Delivery, Message, MessageSettings, User
from portal.roles import Role

State = Delivery.State
DIGEST_HOUR = 8
# A worker that claimed a row and has not answered for this long is gone.
PATIENCE = timedelta(minutes=15)
# So long the first waits for what else comes, then all of a person go in one text; what comes of one topic within this
# time is one message in the portal too, as long as it is unread.
MERGED_WITHIN = timedelta(minutes=10)


def last_digest_hour(now: datetime) -> datetime:
    """The newest 08:00, local time, that is not after `now`."""
    local = timezone.localtime(now)
    hour = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return hour if hour <= local else hour - timedelta(days=1)


def plan(
    messages: Iterable[Message],
    chosen: Mapping[int, MessageSettings],
    *,
    daily: Collection[int],
    is_urgent: bool,
) -> None:
    """Write a delivery for each message whose recipient has an address on his channel.

    Those in `daily` go out together at the next digest hour, the others after MERGED_WITHIN with what came meanwhile;
    what is urgent goes at once, and the worker is woken on commit. Two queries, three where residents have no address
    of their own account.
    """
    by_person = {message.recipient_id: message for message in messages}
    people = list(User.objects.filter(pk__in=list(by_person), is_active=True).only("email", "mobile", "role"))
    lacking = [person for person in people if not person.email]
    others, usable = other_addresses(lacking), gateways.channels()
    now = timezone.now()
    tomorrow = last_digest_hour(now) + timedelta(days=1)
    rows = []
    for person in people:
        channel = channel_of(person, chosen.get(person.pk), others.get(person.pk, ""), usable)
        if channel:
            due = now if is_urgent else now + MERGED_WITHIN
            if person.pk in daily:
                due = tomorrow
            message = by_person[person.pk]
            rows.append(Delivery(message=message, recipient=person, channel=channel, due_at=due))
    Delivery.objects.bulk_create(rows)
    if any(row.due_at <= now for row in rows):
        wake_worker()


def channel_of(
    person: User,
    chosen: MessageSettings | None,
    other_address: str = "",
    usable: Collection[str] = gateways.BOTH,
) -> str:
    """The way to this person; "" where he wants none, has no address on it or the gateway cannot go it.

    `other_address` is a mail address known elsewhere than in the account.
    """
    wanted = chosen.channel if chosen else MessageSettings.Channel.AUTOMATIC
    addresses = {Delivery.Channel.MAIL: person.email or other_address, Delivery.Channel.SMS: person.mobile}
    for channel, address in addresses.items():
        if address and channel in usable and wanted in ("", channel):
            return channel
    return ""


def other_addresses(people: Iterable[User]) -> dict[int, str]:
    """Mail addresses of these people known elsewhere than in their accounts, by the account's key."""
    ids = [person.pk for person in people if person.role == Role.RESIDENT]
    return import_string(settings.MAIL_ADDRESSES)(ids) if ids else {}


def wake_worker() -> None:
    """Ask the worker to send what is due, once this transaction has been committed; once, however many messages."""
    if not any(callback[1] is _enqueue for callback in connection.run_on_commit):
        transaction.on_commit(_enqueue)


def _enqueue() -> None:
    # One that has not begun will send these too: behind a silent mail server a task more each round would pile up.
    waiting = DBTaskResult.objects.filter(
        status=TaskResultStatus.READY, task_path=send_due_messages.module_path
    )
    if not waiting.exists():
        send_due_messages.enqueue()


def send_again(rows: QuerySet[Delivery], *, by: User) -> int:
    """Take up the 发送失败 among these with all their tries anew; returns how many. What may have arrived (结果不明)
    stays as it is."""
    with transaction.atomic():
        count = rows.filter(state=State.FAILED).update(
            state=State.WAITING, tries=0, due_at=timezone.now(), error=""
        )
        if count:
            audit.record("send_again", by=by, count=count)
            wake_worker()
    return count


def look_after(now: datetime | None = None) -> None:
    """For the clock: what was claimed and never answered becomes 结果不明; what is due wakes the worker."""
    now = now or timezone.now()
    Delivery.objects.filter(state=State.SENDING, tried_at__lt=now - PATIENCE).update(
        state=State.UNKNOWN, error="发送过程中断，未收到结果；为避免重复，不再发送。"
    )
    if Delivery.objects.filter(state=State.WAITING, due_at__lte=now).exists():
        wake_worker()
