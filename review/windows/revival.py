"""Lapsed recruits live again (AM-43): who could get on now, by when, and what each of those concerned is told."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from bases.deadlines.messages import KIND
from bases.extensions.services import asking_entry
from bases.models import Province
from bases.staff import desks, recipients
from portal.calendar import Calendar, Opening, last_moment
from portal.messages import services as messages
from portal.models import CollectionCycle, User
from residents.models import Enrollment
from residents.models.enrollment import Module, PersonalState, ReviewStatus
from residents.openness import Times, entries_of, entry_if_revived, until_lock
from residents.services.revival import Revived, hindrances, lapsed_of, revive


@dataclass(slots=True)
class Prospects:
    """Why each of some lapsed records cannot live again, and of those that can whether and until when their work could
    go on; both by the record's id."""

    why: dict[int, str]
    entries: dict[int, Opening]
    # Whom only a later end of the cycle helps; nobody else is told of it.
    wants_time: bool

    @property
    def workable(self) -> list[int]:
        return [pk for pk, entry in self.entries.items() if entry.is_open]


def prospects(records: Iterable[Enrollment]) -> Prospects:
    """What would become of these lapsed records; ten queries, however many. Needs `base__province`, `resident`."""
    records = list(records)
    times = Times(records)
    why = hindrances(records, times)
    free = [row for row in records if row.pk not in why]
    late = any(why.get(row.pk) == until_lock(row, times).reason for row in records)
    return Prospects(why, entries_of(free, entry_if_revived, times), late)


def revivable_by_province(cycle: CollectionCycle, codes: Collection[str]) -> dict[str, tuple[int, int]]:
    """In these provinces: how many lapsed records could live again, and with how many of them the work could go on."""
    if not codes:
        return {}
    rows = lapsed_of(cycle).filter(base__province__in=codes).select_related("resident", "base__province")
    records = list(rows)
    found = prospects(records)
    counts: dict[str, tuple[int, int]] = {}
    for row in records:
        if entry := found.entries.get(row.pk):
            free, workable = counts.get(row.base.province_id, (0, 0))
            counts[row.base.province_id] = (free + 1, workable + entry.is_open)
    return counts


def bring_back(ids: Collection[int], *, cycle: CollectionCycle, by: User, reason: str) -> Revived:
    """Let lapsed recruits live again while the cycle is open for them (AM-43); their bases, provinces and they
    themselves are told. Raises StateMoved."""
    with transaction.atomic():
        found = revive(ids, cycle=cycle, by=by, reason=reason)
        if found.event:
            _tell(cycle, found.done, f"中国医师协会说明：{reason}", found.event.pk)
    return found


@dataclass(slots=True)
class _Sorted:
    """Some records by what comes next: the province's review, work of resident or base, nothing but more time."""

    waiting: list[Enrollment] = field(default_factory=list)
    open: list[Enrollment] = field(default_factory=list)
    shut: list[Enrollment] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[Enrollment], entries: Mapping[int, Opening]) -> "_Sorted":
        found = cls()
        for row in records:
            if not entries[row.pk].is_open:
                found.shut.append(row)
            elif row.review_status == ReviewStatus.PENDING:
                found.waiting.append(row)
            else:
                found.open.append(row)
        return found


def _tell(cycle: CollectionCycle, records: list[Enrollment], said: str, event: int) -> None:
    times = Times(records)
    entries = entries_of(records, entry_if_revived, times)
    bases = {row.base_id: row.base for row in records}
    calendar = Calendar([cycle], provinces={each.province_id for each in bases.values()}, bases=bases)
    askable = {pk: asking_entry(base, cycle, calendar).is_open for pk, base in bases.items()}
    letters: dict[tuple[str, str], list[int]] = {}
    for row in records:
        words = _to_resident(row, entries[row.pk], times.locks_at(row), askable[row.base_id])
        letters.setdefault(words, []).append(row.resident.user_id)
    for (subject, body), people in letters.items():
        messages.send(
            people,
            kind=KIND,
            subject=f"您的{cycle.year}年招收信息已恢复，{subject}",
            body=f"{body}\n{said}",
            link=reverse("residents:home"),
        )
    by_place: dict[tuple[int, str | None], list[Enrollment]] = {}
    for row in records:
        by_place.setdefault((row.base_id, row.specialty_id), []).append(row)
    for desk in desks(by_place):
        own = [row for place in desk.places for row in by_place[place]]
        is_askable = askable[own[0].base_id] and not desk.specialty
        _to_base(cycle, desk.people, own, entries, is_askable, said, event)
    by_province: dict[str, list[Enrollment]] = {}
    for row in records:
        by_province.setdefault(row.base.province_id, []).append(row)
    staff = recipients(Province, by_province)
    for code, own in by_province.items():
        _to_province(cycle, staff.get(code, []), own, entries, said, event)


def _to_resident(
    row: Enrollment, entry: Opening, locks: datetime | None, is_askable: bool
) -> tuple[str, str]:
    """The rest of the subject and the body."""
    ends = last_moment(entry.closes_at) if entry.closes_at else ""
    if not entry.is_open:
        way = "仍须办理的，请联系培训基地申请延长填报时间。" if is_askable else "请联系培训基地。"
        again = f"到 {last_moment(locks)} 没有审核通过的再次失效。" if locks else ""
        return "但现在还不能办理", f"{entry.reason}{way}{again}"
    if row.review_status == ReviewStatus.PENDING:
        return "正在等待省级审核", f"您无需办理。省级审核至 {ends}，到时没有审核通过的再次失效。"
    if row.personal_state != PersonalState.COMPLETE:
        return f"请在 {ends} 前填写完整个人信息", "登录后首页列出还缺的项目，点击即可填写。"
    return f"由培训基地在 {ends} 前上报", "您的个人信息已填写完整，如有变化请及时修改。"


def _until(rows: Iterable[Enrollment], entries: Mapping[int, Opening]) -> str:
    """The first of their ends in words."""
    return last_moment(min(end for row in rows if (end := entries[row.pk].closes_at)))


def _to_base(
    cycle: CollectionCycle,
    people: list[int],
    rows: list[Enrollment],
    entries: Mapping[int, Opening],
    is_askable: bool,
    said: str,
    event: int,
) -> None:
    found, parts, address = _Sorted.of(rows, entries), [], reverse("bases:record-list", args=[Module.INTAKE])
    link = f"{address}?year={cycle.year}&told={event}"
    if found.open:
        parts.append(f"请在 {_until(found.open, entries)} 前办理 {len(found.open)} 人")
    if found.waiting:
        parts.append(f"待省级审核 {len(found.waiting)} 人")
    if found.shut:
        asked = "须先申请延长填报时间" if is_askable else "现在不能办理"
        parts.append(f"{asked} {len(found.shut)} 人")
        if is_askable and len(found.shut) == len(rows):
            link = f"{reverse('bases:extension-new')}?year={cycle.year}"
    why = "".join(sorted({entries[row.pk].reason for row in found.shut}))
    more = f"{why}在“申请延长填报时间”中说明理由，由省级或中国医师协会处理。" if is_askable else why
    again = "恢复的人不能再补录，到新的锁定时间没有审核通过的再次失效。"
    messages.send(
        people,
        kind=KIND,
        subject=f"{cycle.year}年锁定失效的 {len(rows)} 人已恢复：{'，'.join(parts)}",
        body="\n".join(filter(None, [more if found.shut else "", again, said])),
        link=link,
    )


def _to_province(
    cycle: CollectionCycle,
    people: list[int],
    rows: list[Enrollment],
    entries: Mapping[int, Opening],
    said: str,
    event: int,
) -> None:
    found, parts = _Sorted.of(rows, entries), []
    link = f"{reverse('review:residents')}?told={event}"
    if found.waiting:
        parts.append(f"请在 {_until(found.waiting, entries)} 前审核 {len(found.waiting)} 人")
        link = f"{reverse('review:queue')}?module={Module.INTAKE}&year={cycle.year}&assigned=all&told={event}"
    if found.open:
        parts.append(f"待培训基地上报 {len(found.open)} 人")
    if found.shut:
        parts.append(f"填报或上报已截止 {len(found.shut)} 人")
    why = "".join(sorted({entries[row.pk].reason for row in found.shut}))
    messages.send(
        people,
        kind=KIND,
        subject=f"{cycle.year}年锁定失效的 {len(rows)} 人已恢复：{'，'.join(parts)}",
        body="\n".join(filter(None, [why, said])),
        link=link,
    )
