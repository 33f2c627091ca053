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

from bases.accounts.services import EXPIRES_SOON, AccountState, expiring
from bases.accreditation import CUT_OFF, refusals
from bases.board.board import Counts, list_url
from bases.deadlines.overdue_statuses import ran_out
from bases.lists.records import Stage, Todo, with_stage
from bases.models import SpecialtyBase, TrainingBase, TransferRequest
from bases.scope import Place, records_at
from bases.transfers.services import incoming
from portal.calendar import Calendar
from portal.messages.services import Topic, box, of_topic
from portal.models import User
from portal.prepared import Asked, Prepared, among, prepared, summed
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
_FIRST: dict[str, str] = {Stage.PROVINCE: "省级退回，待修改", Todo.FREED: Todo.FREED.label}
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
    place: Place,
    counts: Iterable[Counts],
    calendar: Calendar,
) -> list[Task]:
    """Ranked; a constant number of queries beside the counts of the board."""
    counts = list(counts)
    closed = _closed(place, counts, calendar)
    return [
        *_listed(counts, closed, _FIRST, is_urgent=True),
        *(from_above(base) if base else ()),
        *_transfers(user, base, place),
        *_listed(counts, closed, _NEXT),
        *_cut_off(place, calendar),
        *_statuses(place),
        *_decisions(user),
        *(_codes(place) if base else ()),
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


def _closed(place: Place, counts: list[Counts], calendar: Calendar) -> Counter[tuple[str, str]]:
    """How many of the records of each module and stage are closed for what its task asks for. In the intake one record
    is asked for all that the entries cannot tell apart, one query; in either module those whose specialty has ended."""
    alike = [
        row for found in counts if found.module == Module.INTAKE for row in found.alike if row[0] in _ACTS
    ]
    records = {row.pk: row for row in _named.ask(records=[one for _, one, _ in alike])} if alike else {}
    times, closed = Times(records.values(), calendar=calendar), Counter[tuple[str, str]]()
    for stage, one, number in alike:
        if one in records and not _ACTS[Stage(stage)](records[one], times).is_open:
            closed[Module.INTAKE, stage] += number
    # Whom the end of his specialty refuses, among those whom the calendar does not.
    ended = [row for row in _of_ended.ask(place.shape, **place.values) if report_entry(row, times).is_open]
    refused = refusals(ended)
    closed.update((row.module, row.stage) for row in ended if row.pk in refused)
    return closed


@prepared
def _named() -> QuerySet:
    return Enrollment.objects.select_related("base__province").filter(among("pk", "records"))


@prepared
def _of_ended(place: int | None) -> QuerySet:
    """The records to be reported whose specialty has an end at their base."""
    asked: QuerySet = with_stage(records_at(place))
    asked = asked.filter(stage__in=_REPORTED).select_related("base__province")
    return asked.filter(Exists(_HELD.filter(_ENDS)))


@prepared
def _of_other_years(place: int | None) -> QuerySet:
    # Whose specialty neither ends nor may still be changed is spared the comparison.
    asked = Q(specialty_locked=False) | Q(Exists(_HELD.filter(_ENDS)))
    return records_at(place).filter(asked).filter(CUT_OFF).select_related("base__province")


def _cut_off(place: Place, calendar: Calendar) -> Iterator[Task]:
    """Whom the years of a specialty refuse: specialty and start are to be looked at, whatever else waits (AM-45)."""
    rows = _of_other_years.ask(place.shape, **place.values)
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


def _waiting(query: Prepared, place: Place, **values: object) -> list[dict]:
    """The answer of a query that sums up, where there is something to sum up."""
    found = query.ask(place.shape, **values, **place.values)
    return [each for each in found if each["count"]]


def _open(asked: QuerySet[TransferRequest]) -> QuerySet:
    still = asked.filter(state=TransferRequest.State.OPEN)
    return summed(still, count=Count("pk"), since=Min("asked_at"), due=Min("due_on"))


@prepared
def _asked_for(place: int | None) -> QuerySet:
    return _open(TransferRequest.objects.filter(enrollment__in=records_at(place)))


def _transfers(user: User, base: TrainingBase | None, place: Place) -> Iterator[Task]:
    """What other bases ask of this one, with the day by which it must answer (PAIN-15); at the desk of single
    specialties what is asked of all of his bases, as the page lists it."""
    asked = _waiting(_asked_for, place) if base else [each for each in _open(incoming(user)) if each["count"]]
    for found in asked:
        is_late = found["due"] < timezone.localdate()
        yield Task(
            "其他基地请求转出，待答复",
            url=f"{reverse('bases:transfers')}?state=open",
            is_urgent=is_late,
            **found,
        )


@prepared
def _run_out(place: int | None) -> QuerySet:
    found = ran_out(records_at(place), Asked("today"))
    return summed(found, count=Count("pk"), since=Min("stale_since"))


def _statuses(place: Place) -> Iterator[Task]:
    """PAIN-20: 延期, 暂停 and 结束 that ran out."""
    for found in _waiting(_run_out, place, today=timezone.localdate()):
        yield Task(
            "培训状态已到期，待更新",
            url=reverse("bases:stale-statuses"),
            module=Module.REGISTRY.label,
            **found,
        )


@prepared
def _unread() -> QuerySet:
    return summed(
        box(Asked("user")).filter(read_at__isnull=True),
        **{f"{topic}_count": Count("pk", distinct=True, filter=of_topic(topic)) for topic in _DECISIONS},
        **{f"{topic}_since": Min("created_at", filter=of_topic(topic)) for topic in _DECISIONS},
    )


def _decisions(user: User) -> Iterator[Task]:
    """What the province has decided and the person has not opened yet."""
    found: dict = next(iter(_unread.ask(user=user.pk)), {})
    for topic, label in _DECISIONS.items():
        if count := found.get(f"{topic}_count"):
            url = f"{reverse('portal:messages')}?{urlencode({'topic': topic.value, 'unread': '1'})}"
            yield Task(label, count, url, since=found[f"{topic}_since"])


@prepared
def _expiring(place: int | None) -> QuerySet:
    found = records_at(place).filter(expiring(Asked("now"), Asked("soon")))
    return summed(found, count=Count("pk"), due=Min("resident__user__initial_code_expires_at"))


def _codes(place: Place) -> Iterator[Task]:
    """Initial codes on paper that end within three days, unused."""
    now = timezone.now()
    for found in _waiting(_expiring, place, now=now, soon=now + EXPIRES_SOON):
        url = f"{reverse('bases:accounts')}?{urlencode({'state': AccountState.EXPIRING.value})}"
        yield Task(AccountState.EXPIRING.label, url=url, **found)
