"""In-site messages: who is notified of what, when, and by which way besides the portal (GOAL-S4, GOAL-S11)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import models, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal import audit
from portal.messages import deliveries
from portal.models import Message, MessageSettings, User
from portal.prepared import Asked, prepared, summed

Topic = Message.Topic


class Choice(models.TextChoices):
    """When a person hears of a topic."""

    NOW = "now", "即时"
    DAILY = "daily", "每日汇总"
    OFF = "off", "不接收"


TOPIC_OF = {
    "returned": Topic.RETURN,
    "revoked": Topic.RETURN,
    "personal_return": Topic.RETURN,
    "reminder": Topic.DEADLINE,
    "ending": Topic.DEADLINE,
    "deadline": Topic.DEADLINE,
    "year_letter": Topic.DEADLINE,
    "transfer": Topic.TRANSFER,
    "transfer_overdue": Topic.TRANSFER,
    "correction": Topic.TRANSFER,
    "identity_check": Topic.TRANSFER,
    "completion": Topic.TRANSFER,
    "directory": Topic.TRANSFER,
    "switch": Topic.TRANSFER,
    "substitution": Topic.TRANSFER,
    "approved": Topic.APPROVAL,
    "second_factor": Topic.SECURITY,
    "password_reset": Topic.SECURITY,
    "email_change": Topic.SECURITY,
    # Nothing moves until somebody does something: it also leaves the portal.
    "process_silent": Topic.SECURITY,
    "clock_doubted": Topic.SECURITY,
    "history_broken": Topic.SECURITY,
}
# Somebody waits for the answer, or the account is at stake: in the portal these always appear, and at once.
ALWAYS_SHOWN = frozenset({Topic.RETURN, Topic.DEADLINE, Topic.TRANSFER, Topic.SECURITY})
# The others are for those who are at work in the portal anyway.
LEAVES_PORTAL = ALWAYS_SHOWN | {Topic.APPROVAL}
# 每日汇总 for who chose nothing, but where a day is too long: the account's safety, a deadline, what one waits for.
AT_ONCE = frozenset({Topic.DEADLINE, Topic.SECURITY, Topic.OTHER})
DIGEST_KIND = "digest"
MERGED_KEY = "merged:"
CHUNK = 2000


class Colleague(int):
    """The id of somebody told of the affairs of a place for which he works. The message keeps the place's name and its
    desk (`query`, a part of an address): he may serve in others by the time he reads it."""

    place: str
    query: str

    def __new__(cls, pk: int, place: str, query: str) -> "Colleague":
        self = super().__new__(cls, pk)
        self.place, self.query = place, query
        return self


def choices_for(topic: Topic) -> list[Choice]:
    """What may be chosen for a topic: 不接收 only where nothing hangs on its being read."""
    return [Choice.NOW, Choice.DAILY] if topic in ALWAYS_SHOWN else list(Choice)


def chosen(settings: MessageSettings | None, topic: Topic) -> Choice:
    """The person's choice; where he made none or an impossible one, 即时 for AT_ONCE and else 每日汇总."""
    value = (settings.choices if settings else {}).get(topic)
    if value in choices_for(topic):
        return Choice(value)
    return Choice.NOW if topic in AT_ONCE else Choice.DAILY


def send(
    recipients: Iterable[User | int],
    *,
    kind: str,
    subject: str,
    body: str = "",
    link: str = "",
    key: str = "",
) -> int:
    """Put one message into the box of each person who wants it; returns how many got one. Takes users or their ids;
    of a Colleague it keeps which of his places it is about.

    Five queries, whatever the number up to 2,000 persons, some more where messages are merged. With a `key` nobody gets
    the same message twice. What leaves the portal is sent by the worker after this transaction has been committed.
    """
    ids = sorted({person if isinstance(person, int) else person.pk for person in recipients})
    topic = TOPIC_OF.get(kind, Topic.OTHER)
    sent = 0
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        settings = MessageSettings.objects.in_bulk(part, field_name="user_id")
        choices = {pk: chosen(settings.get(pk), topic) for pk in part}
        message = Message(kind=kind, topic=topic, subject=subject, body=body, link=link, key=key)
        created = _store(message, choices)
        sent += len(created)
        if topic not in AT_ONCE:
            _merge([each for each in created if each.shown_at])
        if topic in LEAVES_PORTAL:
            daily = {pk for pk in part if choices[pk] == Choice.DAILY}
            deliveries.plan(created, settings, daily=daily, is_urgent=topic == Topic.SECURITY)
    return sent


def save_settings(user: User, *, choices: Mapping[str, str], channel: str, email: str) -> None:
    """What this person hears of, when and by which way. A new address is told of, which also shows whether mail
    reaches it."""
    with transaction.atomic():
        MessageSettings.objects.update_or_create(user=user, defaults={"choices": choices, "channel": channel})
        if email == user.email:
            return
        user.email = email
        user.save(update_fields=["email"])
        audit.record("email_change", by=user, target=user)
        subject = f"接收通知的电子邮箱已改为 {email}" if email else "接收通知的电子邮箱已删除"
        send([user], kind="email_change", subject=subject, body="如果不是您本人修改，请立即修改密码。")


def _store(message: Message, choices: Mapping[int, Choice]) -> list[Message]:
    """The rows of those who have not switched it off; of a 每日汇总 they wait unseen for the digest."""
    now = timezone.now()
    told: Collection[int] = ()
    if message.key:
        told = set(
            Message.objects.filter(key=message.key, recipient__in=list(choices)).values_list(
                "recipient_id", flat=True
            )
        )
    rows = [
        Message(
            recipient_id=pk,
            kind=message.kind,
            topic=message.topic,
            subject=message.subject[:120],
            body=message.body,
            link=message.link,
            place=pk.place if isinstance(pk, Colleague) else "",
            desk=pk.query if isinstance(pk, Colleague) else "",
            key=message.key,
            created_at=now,
            shown_at=None if choice == Choice.DAILY and message.topic not in ALWAYS_SHOWN else now,
        )
        for pk, choice in choices.items()
        if choice != Choice.OFF and pk not in told
    ]
    return Message.objects.bulk_create(rows)


def _merge(created: list[Message]) -> None:
    """Put each of these, all of one topic, under what its recipient got of the topic in the last minutes and has not
    read yet, so that ten decisions in a row are one message with ten parts."""
    if not created:
        return
    topic, now = Topic(created[0].topic), created[0].created_at
    recent = Message.objects.filter(
        recipient__in=[each.recipient_id for each in created],
        topic=topic,
        read_at=None,
        digest=None,
        shown_at__gt=now - deliveries.MERGED_WITHIN,
    ).exclude(pk__in=[each.pk for each in created])
    with transaction.atomic(savepoint=False):
        # What another transaction merges at this moment is left to it: nobody waits, nobody merges twice.
        first = {
            each.recipient_id: each for each in recent.order_by("-pk").select_for_update(skip_locked=True)
        }
        alone = [each for each in first.values() if not each.key.startswith(MERGED_KEY)]
        above = Message.objects.bulk_create(
            Message(
                recipient_id=each.recipient_id,
                kind=DIGEST_KIND,
                topic=topic,
                key=f"{MERGED_KEY}{each.pk}",
                created_at=each.created_at,
                shown_at=each.shown_at,
            )
            for each in alone
        )
        digests = first | {each.recipient_id: each for each in above}
        parts = [*alone, *(each for each in created if each.recipient_id in digests)]
        for part in parts:
            part.digest = digests[part.recipient_id]
        Message.objects.bulk_update(parts, ["digest"])
        grown = Message.objects.filter(pk__in=[each.pk for each in digests.values()])
        counted = list(grown.annotate(number=Count("parts")))
        for digest in counted:
            digest.subject = f"{digest.number} 条消息：{topic.label}"
        Message.objects.bulk_update(counted, ["subject"])


def box(user: User | Asked) -> QuerySet[Message]:
    """What the person sees: all that has appeared, a digest in place of its parts."""
    return Message.objects.filter(recipient=user, shown_at__isnull=False, digest__isnull=True)


@prepared
def _unread() -> QuerySet:
    return summed(box(Asked("user")).filter(read_at__isnull=True), number=Count("pk"))


def unread_in(user: User) -> int:
    """How many messages of his box the person has not opened."""
    return sum(found["number"] for found in _unread.ask(user=user.pk))


def of_topic(topic: str) -> Q:
    """The messages of a topic and the digests with a part of it; a digest once for each of them."""
    return Q(topic=topic) | Q(parts__topic=topic)


def mark_read(messages: QuerySet[Message]) -> int:
    """Mark these and the parts of digests among them as read; returns how many of `messages` were unread."""
    now = timezone.now()
    unread = messages.filter(read_at__isnull=True)
    Message.objects.filter(digest__in=unread.values("pk"), read_at__isnull=True).update(read_at=now)
    return unread.update(read_at=now)


def mark_seen(user: User, *, link: str) -> None:
    """The person is on the page to which these messages lead: they count as read, and need no digest any more."""
    own = Message.objects.filter(recipient=user, read_at__isnull=True)
    now = timezone.now()
    if own.filter(link=link).update(read_at=now, shown_at=Coalesce("shown_at", now)):
        own.filter(kind=DIGEST_KIND).exclude(parts__read_at__isnull=True).update(read_at=now)


def fold_into_digests(now: datetime | None = None) -> int:
    """每日汇总: one message for each person with waiting ones, once the hour of the day has come; returns how many.

    The clock calls it every minute. Only what was made before today's hour is folded, so there is one digest a day.
    """
    now = now or timezone.now()
    until = deliveries.last_digest_hour(now)
    with transaction.atomic():
        waiting = Message.objects.filter(shown_at__isnull=True, created_at__lt=until).order_by("pk")
        parts: dict[int, list[Message]] = {}
        for message in waiting.select_for_update(skip_locked=True):
            parts.setdefault(message.recipient_id, []).append(message)
        for recipient, found in parts.items():
            digest = Message.objects.create(
                recipient_id=recipient,
                kind=DIGEST_KIND,
                subject=f"每日汇总：{len(found)} 条消息",
                created_at=now,
                shown_at=now,
            )
            Message.objects.filter(pk__in=[part.pk for part in found]).update(digest=digest, shown_at=now)
    return len(parts)
