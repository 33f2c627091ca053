"""今天要办: what waits for the base, what is most pressing first, each with its number, the longest wait and the list
of exactly those (GOAL-B16). Nothing is named that is not there or that nobody can do now."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from bases.accounts.services import AccountState, accounts
from bases.accreditation import CUT_OFF, refusals
from bases.board.board import Counts, list_url
from bases.deadlines.overdue_statuses import stale
from bases.lists.records import Stage, Todo, with_stage
from bases.models import SpecialtyBase, TrainingBase, TransferRequest
from bases.transfers.services import incoming
from portal.calendar import Calendar
from portal.messages.services import Topic, box, of_topic
from portal.models import User
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.openness import Times, personal_entry, report_entry, training_entry

# What each stage that waits for somebody asks for, of an intake record; in the registry all of it is always open.
_ACTS = {
    Stage.PROVINCE: report_entry,
    Stage.READY: report_entry,
    Stage.TRAINING: training_entry,
    Stage.RETURNED: personal_entry,
}
# Where the task is the report, which the end of a specialty refuses in the registry too (AM-45).
_REPORTED = (Stage.PROVINCE, Stage.READY, Stage.CHANGED)
# What waits in the lists, the most pressing first; between the two parts stands what has pages of its own.
_FIRST = {Stage.PROVINCE: "省级退回，待修改"}
_NEXT: dict[str, str] = {
    Stage.READY: "信息完整，可上报",
    Stage.CHANGED: "已修改，待重新上报",
    Todo.ANSWERED: Todo.ANSWERED.label,
    Stage.TRAINING: "待填培训信息",
}
# Where others must act first: to be reminded, or looked after when there is time.
_LAST: dict[str, str] = {
    Stage.RETURNED: "已退回住院医师，待其修改",
    Todo.UPDATE: Todo.UPDATE.label,
    Todo.STALE: Todo.STALE.label,
    Todo.NEVER: Todo.NEVER.label,
    Todo.UNDATED: Todo.UNDATED.label,
}
_HELD = SpecialtyBase.objects.filter(base=OuterRef("base"), specialty=OuterRef("specialty"))
_ENDS = Q(valid_to__isnull=False) | Q(specialty__valid_to__isnull=False)
_DECISIONS = {Topic.RETURN: "省级退回或撤销审核的消息未读", Topic.APPROVAL: "省级审核通过的消息未读"}


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of work that waits: how many, the longest since when, and the list of exactly those. `due` is the next
    day or moment by which one of them must be done."""

    label: str
    count: int
    url: str
    module: str = ""
    since: datetime | date | None = None
    due: datetime | date | None = None
    is_urgent: bool = False


# What else waits for a base, from rooms above this desk, which knows none of them: filled at start (review/apps.py).
MORE: list[Callable[[TrainingBase], list[Task]]] = []


def from_above(base: TrainingBase) -> list[Task]:
    """What the rooms above have for this base to do."""
    return [task for found in MORE for task in found(base)]


def tasks(
    user: User,
    base: TrainingBase | None,
    scope: QuerySet[Enrollment],
    counts: Iterable[Counts],
    calendar: Calendar,
) -> list[Task]:
    """Ranked; a constant number of queries beside the counts of the board."""
    counts = list(counts)
    closed = _closed(scope, counts, calendar)
    return [
        *_listed(counts, closed, _FIRST, is_urgent=True),
        *(from_above(base) if base else ()),
        *_transfers(user, base),
        *_listed(counts, closed, _NEXT),
        *_cut_off(scope, calendar),
        *_statuses(scope),
        *_decisions(user),
        *(_codes(user, base) if base else ()),
        *_listed(counts, closed, _LAST),
    ]


def _listed(
    counts: list[Counts], closed: Counter[tuple[str, str]], words: dict, *, is_urgent: bool = False
) -> Iterator[Task]:
    for name, label in words.items():
        for found in counts:
            waiting = found.waiting.get(name)
            shut = closed[found.module, name]
            # The list of the intake opens with one year, that of the registry with all.
            year = "all" if found.module == Module.INTAKE else ""
            if waiting is None or shut >= waiting.number:
                continue
            if name in Todo.values:
                url = list_url(found.module, year=year, todo=name)
            else:
                url = list_url(found.module, year=year, stage=name)
            said = f"{label}（其中 {shut} 人现在不能办理）" if shut else label
            yield Task(said, waiting.number, url, found.module.label, waiting.since, is_urgent=is_urgent)


def _closed(
    scope: QuerySet[Enrollment], counts: list[Counts], calendar: Calendar
) -> Counter[tuple[str, str]]:
    """How many of the records of each module and stage are closed for what its task asks for. In the intake one record
    is asked for all that the entries cannot tell apart, one query; in either module those whose specialty has ended."""
    alike = [
        row for found in counts if found.module == Module.INTAKE for row in found.alike if row[0] in _ACTS
    ]
    records = Enrollment.objects.select_related("base__province").in_bulk([one for _, one, _ in alike])
    times, closed = Times(records.values(), calendar=calendar), Counter[tuple[str, str]]()
    for stage, one, number in alike:
        if one in records and not _ACTS[Stage(stage)](records[one], times).is_open:
            closed[Module.INTAKE, stage] += number
    # Whom the end of his specialty refuses, among those whom the calendar does not.
    ended = [row for row in _of_ended(scope) if report_entry(row, times).is_open]
    refused = refusals(ended)
    closed.update((row.module, row.stage) for row in ended if row.pk in refused)
    return closed


def _of_ended(scope: QuerySet[Enrollment]) -> QuerySet:
    """The records to be reported whose specialty has an end at their base."""
    asked: QuerySet = with_stage(scope)
    asked = asked.filter(stage__in=_REPORTED).select_related("base__province")
    return asked.filter(Exists(_HELD.filter(_ENDS)))


def _cut_off(scope: QuerySet[Enrollment], calendar: Calendar) -> Iterator[Task]:
    """Whom the years of a specialty refuse: specialty and start are to be looked at, whatever else waits (AM-45)."""
    # Whose specialty neither ends nor may still be changed is spared the comparison.
    asked = Q(specialty_locked=False) | Q(Exists(_HELD.filter(_ENDS)))
    rows = list(scope.filter(asked).filter(CUT_OFF).select_related("base__province"))
    times = Times(rows, calendar=calendar)
    for module in Module:
        own = [row for row in rows if row.module == module]
        shut = sum(not training_entry(row, times).is_open for row in own)
        if shut >= len(own):
            continue
        said = f"（其中 {shut} 人现在不能办理）" if shut else ""
        yield Task(
            f"不在专业基地招收年份，请核对培训专业和实际开始时间{said}",
            len(own),
            list_url(module, year="all" if module == Module.INTAKE else "", todo=Todo.CUT_OFF.value),
            module.label,
            min(row.state_since for row in own),
        )


def _transfers(user: User, base: TrainingBase | None) -> Iterator[Task]:
    """What other bases ask of this one, with the day by which it must answer (PAIN-15)."""
    asked = incoming(user).filter(state=TransferRequest.State.OPEN)
    if base is not None:
        asked = asked.filter(enrollment__base=base)
    found = asked.order_by().aggregate(count=Count("pk"), since=Min("asked_at"), due=Min("due_on"))
    if found["count"]:
        is_late = found["due"] < timezone.localdate()
        yield Task(
            "其他基地请求转出，待答复",
            url=f"{reverse('bases:transfers')}?state=open",
            is_urgent=is_late,
            **found,
        )


def _statuses(scope: QuerySet[Enrollment]) -> Iterator[Task]:
    """PAIN-20: 延期, 暂停 and 结束 that ran out."""
    found = stale(scope).order_by().aggregate(count=Count("pk"), since=Min("stale_since"))
    if found["count"]:
        yield Task(
            "培训状态已到期，待更新",
            url=reverse("bases:stale-statuses"),
            module=Module.REGISTRY.label,
            **found,
        )


def _decisions(user: User) -> Iterator[Task]:
    """What the province has decided and the person has not opened yet."""
    unread = box(user).filter(read_at__isnull=True)
    found = unread.aggregate(
        **{f"{topic}_count": Count("pk", distinct=True, filter=of_topic(topic)) for topic in _DECISIONS},
        **{f"{topic}_since": Min("created_at", filter=of_topic(topic)) for topic in _DECISIONS},
    )
    for topic, label in _DECISIONS.items():
        if count := found[f"{topic}_count"]:
            url = f"{reverse('portal:messages')}?{urlencode({'topic': topic.value, 'unread': '1'})}"
            yield Task(label, count, url, since=found[f"{topic}_since"])


def _codes(user: User, base: TrainingBase) -> Iterator[Task]:
    """Initial codes on paper that end within three days, unused."""
    expiring = accounts(user, base, state=AccountState.EXPIRING)
    ends = Min("resident__user__initial_code_expires_at")
    found = expiring.order_by().aggregate(count=Count("pk"), due=ends)
    if found["count"]:
        url = f"{reverse('bases:accounts')}?{urlencode({'state': AccountState.EXPIRING.value})}"
        yield Task(AccountState.EXPIRING.label, url=url, **found)
