"""Statuses that ran out: 延期, 暂停 and 结束 not brought back to 在培, and the reminder to their bases (BR-82;
PAIN-20).

The completion exam reads the status: whoever is left in one of these three cannot sign up.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from bases.models import Province, TrainingBase, TransferRequest
from bases.staff import recipients, secretaries
from portal import audit
from portal.messages.services import send
from portal.models import AuditEvent, Message
from portal.prepared import Asked
from residents.codes.training import INTERRUPTED
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import LIVE, Status

KIND = "stale_status"
OVERDUE_KIND = "transfer_overdue"
ONCE_IN = timedelta(days=7)
NAMES_TOLD = 10
# 通过结业考核: such a person needs no exam any more.
PASSED = "1"


def stale(records: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """Those of the records whose status ran out, each with `stale_since`, the longest first.

    延期 after its last day, 暂停 after the day of return, 结束 without 通过 from the day it was set.
    """
    return ran_out(records, timezone.localdate()).order_by("stale_since", "pk")


def ran_out(records: QuerySet[Enrollment], today: date | Asked) -> QuerySet:
    """As `stale`, on this day and in no order."""
    last = StatusChange.objects.filter(enrollment=OuterRef("pk")).order_by("-changed_at", "-pk")
    is_over = (
        Q(status=Status.EXTENDED, extended_until__lt=today)
        | Q(status=Status.SUSPENDED, expected_resume__lt=today)
        | Q(status=Status.ENDED) & ~Q(last_result=PASSED)
    )
    since = Case(
        When(status=Status.EXTENDED, then=F("extended_until")),
        When(status=Status.SUSPENDED, then=F("expected_resume")),
        default=F("status_since"),
    )
    found = records.filter(LIVE, registered_at__isnull=False, status__in=INTERRUPTED)
    found = found.annotate(last_result=Coalesce(Subquery(last.values("ended_result")[:1]), Value("")))
    return found.filter(is_over).annotate(stale_since=since).order_by()


def remind_daily() -> int:
    """Notify bases of statuses and transfer requests that ran out; returns how many messages went out.

    Works once a day however often it is called, and notifies a base of the same record at most once in seven days.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    if AuditEvent.objects.filter(action="stale_reminders", at__gte=midnight).exists():
        return 0
    sent = _remind_of_statuses() + _remind_of_transfers()
    audit.record("stale_reminders", by=None, sent=sent)
    return sent


def _remind_of_statuses() -> int:
    names: dict[int, list[str]] = defaultdict(list)
    in_departments: dict[tuple[int, str], list[str]] = defaultdict(list)
    rows = stale(Enrollment.objects.all()).values_list("base_id", "specialty_id", "resident__full_name")
    for base_id, specialty_id, name in rows:
        names[base_id].append(name)
        in_departments[base_id, specialty_id].append(name)
    staff = recipients(TrainingBase, names)
    departments = secretaries(in_departments)
    groups = [(base_id, found, staff.get(base_id, [])) for base_id, found in names.items()]
    groups += [(place[0], in_departments[place], people) for place, people in departments.items()]
    sent = 0
    for base_id, found, people in groups:
        subject = f"有 {len(found)} 名住院医师的延期、暂停或结束状态待更新"
        shown = "、".join(found[:NAMES_TOLD]) + ("等" if len(found) > NAMES_TOLD else "")
        body = f"{shown}。请及时核实并更新为“在培”，否则可能影响结业考试报名。"
        link = f"{reverse('bases:stale-statuses')}?base={base_id}"
        sent += _send_once_a_week(people, KIND, subject, body, link)
    return sent


def _remind_of_transfers() -> int:
    waiting = TransferRequest.objects.filter(
        state=TransferRequest.State.OPEN, due_on__lt=timezone.localdate()
    )
    late = list(waiting.select_related("enrollment__resident", "enrollment__base", "to_base"))
    bases = recipients(TrainingBase, {each.enrollment.base_id for each in late})
    provinces = recipients(Province, {each.enrollment.base.province_id for each in late})
    sent = 0
    for each in late:
        subject = f"转出请求已逾期：{each.enrollment.resident.full_name}（{each.to_base.name}请求转入）"
        body = f"处理期限为 {each.due_on}，原培训基地为{each.enrollment.base.name}。"
        for people, link in (
            (bases.get(each.enrollment.base_id, []), reverse("bases:transfer", args=[each.pk])),
            (
                provinces.get(each.enrollment.base.province_id, []),
                f"{reverse('review:transfers')}?request={each.pk}",
            ),
        ):
            sent += _send_once_a_week(people, OVERDUE_KIND, subject, body, link)
    return sent


def _send_once_a_week(people: Collection[int], kind: str, subject: str, body: str, link: str) -> int:
    since = timezone.now() - ONCE_IN
    told = Message.objects.filter(recipient__in=people, kind=kind, link=link, created_at__gt=since)
    return send(
        set(people) - set(told.values_list("recipient_id", flat=True)),
        kind=kind,
        subject=subject,
        body=body,
        link=link,
    )
