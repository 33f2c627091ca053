"""Who got to see a person's full numbers, in every way they can leave the portal (TRUST-51; GOAL-R7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from portal.models import AuditEvent
from portal.roles import Role
from residents.models import Disclosure, Enrollment, Resident
from residents.models.merges import persons_of
from residents.words import place_in_words

MOST_LOOKS = 200
_WAYS = {
    "unmask": "在页面查看完整号码",
    "file": "查看扫描件或照片",
    "download": "取回导入的文件",
    # Of him as somebody whom another organisation holds.
    "transfer_lookup": "查询所在培训基地",
}
# Looks at one record are found by their target, too: earlier ones name nobody.
_AT_A_RECORD = ("unmask", "file")


@dataclass(frozen=True, slots=True)
class Look:
    """One time that full numbers were seen or handed out: when, by which role, how, and for what."""

    at: datetime
    role: str
    way: str
    purpose: str


def disclose(event: AuditEvent, residents: Iterable[int]) -> None:
    """Put down whose full numbers this line of the log let out; keys of Resident, each once however often named."""
    Disclosure.objects.create(event=event, residents=sorted(set(residents)))


def looks_at(resident: Resident) -> list[Look]:
    """The newest looks at a person's full numbers, under whichever of his records; three queries."""
    records = Enrollment.objects.filter(resident=resident).values_list("pk", flat=True)
    at_records = AuditEvent.objects.filter(
        target_type=Enrollment._meta.label,
        target_id__in=[str(pk) for pk in records],
        action__in=_AT_A_RECORD,
        result="ok",
    ).order_by("-at")[:MOST_LOOKS]
    disclosed = Disclosure.objects.filter(residents__overlap=persons_of(resident.pk)).select_related("event")
    named = [each.event for each in disclosed.order_by("-event__at")[:MOST_LOOKS]]
    events = {event.pk: event for event in [*at_records, *named]}.values()
    return [_look(event) for event in nlargest(MOST_LOOKS, events, key=lambda event: (event.at, event.pk))]


def _look(event: AuditEvent) -> Look:
    way = _WAYS.get(event.action)
    if way is None:
        way = (
            "导出填好的表格" if event.detail.get("kind", "").endswith("_template") else "导出含完整号码的名单"
        )
    place = place_in_words(event.detail.get("file", "")) if event.action == "file" else ""
    return Look(
        event.at,
        Role(event.role).label if event.role else "系统",
        way,
        place or event.detail.get("purpose", ""),
    )
