"""Reminders of deadlines to those whose work is not done: residents, bases, provinces (GOAL-S4; AM-03, AM-04).

Sent 7, 3 and 1 days before a window closes, and at once when a change of the window leaves no more time than that or
none at all; a record, base or province with more time is notified of its own last day.
"""

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from bases.lists.records import TO_REPORT, Stage, Todo
from bases.models import Province, TrainingBase
from bases.models.organisations import ReportingMode
from bases.staff import recipients, secretaries
from portal import audit
from portal.calendar import INTAKE_STEPS, Calendar, last_moment, openings
from portal.messages.deliveries import DIGEST_HOUR
from portal.messages.services import send
from portal.models import AuditEvent, CollectionCycle, Extension, Step
from residents.models import Enrollment
from residents.models.enrollment import LIVE, Module, PersonalState, ReviewStatus
from residents.openness import Times, delivery_entry, entries_of, personal_entry, report_entry
from residents.updating import ASKED, is_up_to_date

KIND = "deadline"
DAYS_BEFORE = (7, 3, 1)
STEPS = (Step.RESIDENT_FILL, Step.REPORT, Step.REVIEW, Step.API_TRANSFER, Step.REGISTRY_UPDATE)
_ACTION = "deadline_reminders"
_LIST = "请从下面的链接查看名单。"
_THEN_LOCKED = "截止后不能再办理，到招收信息锁定时没有审核通过的记录不再纳入本周期。"
_THEN_UNREVIEWED = "此后上报的不再审核，到招收信息锁定时没有审核通过的记录不再纳入本周期。"
_UNREVIEWED = f"{_LIST}到 {{}} 仍没有审核通过的锁定失效；仍须审核的，请联系省级卫生健康委科教处。"
_ASK_MORE = "现在不能办理；仍须办理的，由培训基地在“申请延长填报时间”中说明理由。"
_PROVINCE_ASKS = "现在不能办理；仍须办理的，请联系中国医师协会调整时间。"
_ALWAYS = "截止后仍可以更新，不影响已填信息。"
_CHANGED = "时间有调整："
_DIRECT = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
_RETURNED = Q(review_status=ReviewStatus.RETURNED)


@dataclass(frozen=True, slots=True)
class Deadline:
    """One step that ends soon, for the records of `scope`."""

    cycle: CollectionCycle
    step: Step
    closes_at: datetime
    days_left: int
    scope: Q
    # Whose window it is; "" for the time of single bases and records.
    province: str = ""
    # What comes before the words of a message that no common day brought.
    notice: str = ""
    # Closed by a change: over before its time, or begun later instead.
    is_shut: bool = False
    opens_at: datetime | None = None
    # The province goes over to 接口传送 then, before the step's own end (AM-38).
    is_switch: bool = False
    # A mark of times that were told before and are so again.
    again: str = ""

    @property
    def moment(self) -> str:
        return last_moment(self.closes_at)

    @property
    def ends(self) -> str:
        """When it closes or closed, or opens instead."""
        if self.opens_at:
            return f"改为 {timezone.localtime(self.opens_at):%Y-%m-%d %H:%M} 开放"
        why = "（届时切换为接口传送）" if self.is_switch else ""
        return f"{'已' if self.is_shut else '将'}于 {self.moment} 截止{why}"

    @property
    def key(self) -> str:
        day = f"{self.closes_at:%Y%m%d%H%M}:{self.days_left}"
        later = f":{self.opens_at:%Y%m%d%H%M}" if self.opens_at else ""
        return f"deadline:{self.cycle.year}:{self.step.value}:{day}{later}{self.again}"


def remind_of_deadlines(now: datetime | None = None) -> int:
    """Notify everybody with open work of the deadlines that are 7, 3 or 1 days away; returns how many messages.

    The clock calls it every minute; it works once a day, from eight o'clock on, and notifies nobody twice.
    """
    now = now or timezone.now()
    local = timezone.localtime(now)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    done_today = AuditEvent.objects.filter(action=_ACTION, at__gte=midnight)
    if local.hour < DIGEST_HOUR or done_today.exists():
        return 0
    sent = sum(_TELL[deadline.step](deadline) for deadline in _near(now))
    audit.record(_ACTION, by=None, sent=sent)
    return sent


def tell_of_change(
    cycle: CollectionCycle,
    step: Step,
    codes: list[str],
    shut: Collection[str] = (),
    moved: Collection[str] = (),
    opened: Collection[str] = (),
    again: str = "",
) -> int:
    """Notify those with open work in these provinces that a changed window leaves no more time than the reminders do,
    or in those `shut` by it that it leaves none; where the whole intake has locked the letters of the lock tell it.
    The provinces whose times are `moved` by it learn them, whatever they are, and the bases where it `opened` the
    review again that their reports are decided.

    May be repeated: a message with the same last moment and the same `again` is sent once only.
    """
    now, days = timezone.now(), range(max(DAYS_BEFORE) + 1)
    longer = _longer(cycle, now)
    switches = dict(Province.objects.filter(pk__in=codes).values_list("pk", "switches_at"))
    changed = [
        *_of_windows(cycle, [step], switches, longer, now, days),
        *_shut(cycle, step, shut, longer, now),
    ]
    # What is said of the yearly update names its year already.
    notice = _CHANGED if step == Step.REGISTRY_UPDATE else f"{_CHANGED}{cycle.year}年"
    told = sum(_TELL[step](replace(deadline, notice=notice, again=again)) for deadline in changed)
    if step == Step.REVIEW:
        once_more = _of_windows(cycle, [step], dict.fromkeys(opened), longer, now, range(10**4))
        told += sum(_notify_reviewed(replace(each, notice=notice, again=again)) for each in once_more)
    return told + _tell_provinces(cycle, step, moved, now, again)


def _notify_reviewed(deadline: Deadline) -> int:
    """The bases whose reports waited while nobody could decide."""
    waiting = _intake(deadline).filter(review_status=ReviewStatus.PENDING)
    return _notify_staff(
        waiting,
        deadline,
        TrainingBase,
        f"省级审核重新开放，至 {deadline.moment} 截止，待审核的 {{}} 人可以审核",
        _base_list(deadline, review=ReviewStatus.PENDING),
        _LIST,
        key="open",
    )


def _tell_provinces(
    cycle: CollectionCycle, step: Step, codes: Collection[str], now: datetime, again: str
) -> int:
    """Their own windows as they are now; of the direct steps and of 接口传送 only those that report so."""
    calendar, staff, sent = Calendar([cycle], provinces=codes, now=now), recipients(Province, codes), 0
    for province in Province.objects.filter(pk__in=codes):
        is_api = province.reporting_mode == ReportingMode.API
        state = calendar.opening(cycle, step, province_id=province.pk)
        if (step in _DIRECT and is_api) or (step == Step.API_TRANSFER and not is_api):
            continue
        if state.opens_at is None or state.closes_at is None:
            continue
        begins, ends = f"{timezone.localtime(state.opens_at):%Y-%m-%d %H:%M}", last_moment(state.closes_at)
        words = "" if state.is_open else "，现在未开放" if now < state.opens_at else "，现已截止"
        sent += send(
            staff.get(province.pk, []),
            kind=KIND,
            subject=f"{_CHANGED}{cycle.year}年{step.label}（{province.name}）现为 {begins} 至 {ends}{words}",
            body="由中国医师协会调整。剩余时间不足 8 天或已截止的，已告知有未办事项的培训基地和住院医师。",
            link=f"{reverse('review:funnel')}?year={cycle.year}",
            key=f"window:{cycle.year}:{step.value}:{province.pk}:{state.opens_at:%y%m%d%H%M}"
            f":{state.closes_at:%y%m%d%H%M}{again}",
        )
    return sent


def _shut(
    cycle: CollectionCycle, step: Step, codes: Collection[str], longer: list[Extension], now: datetime
) -> Iterator[Deadline]:
    calendar = Calendar([cycle], provinces=codes, now=now)
    for code in codes:
        state = calendar.opening(cycle, step, province_id=code)
        locks = calendar.last_end(cycle, INTAKE_STEPS, province_id=code)
        is_locked = step in INTAKE_STEPS and locks is not None and locks <= now
        if state.is_open or state.closes_at is None or state.opens_at is None or is_locked:
            continue
        scope = Q(base__province_id=code) & ~_extended(longer, step)
        ahead = state.opens_at if now < state.opens_at else None
        left = _days_left(state.closes_at, now)
        yield Deadline(cycle, step, state.closes_at, left, scope, code, is_shut=True, opens_at=ahead)


def _near(now: datetime) -> Iterator[Deadline]:
    # By province, when it goes over to 接口传送, if it will (AM-38).
    switches = dict(Province.objects.values_list("pk", "switches_at"))
    for cycle in CollectionCycle.objects.order_by("year"):
        longer = _longer(cycle, now)
        yield from _of_windows(cycle, STEPS, switches, longer, now, DAYS_BEFORE)
        for extension in longer:
            base = extension.enrollment.base if extension.enrollment else extension.base
            until, is_switch = _before_switch(
                extension.until, Step(extension.step), switches.get(base.province_id if base else "")
            )
            days = _days_left(until, now)
            if days in DAYS_BEFORE and extension.step in STEPS:
                step = Step(extension.step)
                scope = _extended([extension], step)
                yield Deadline(cycle, step, until, days, scope, is_switch=is_switch)


def _of_windows(
    cycle: CollectionCycle,
    steps: Sequence[Step],
    switches: Mapping[str, datetime | None],
    longer: list[Extension],
    now: datetime,
    days: Container[int],
) -> Iterator[Deadline]:
    for code, switches_at in switches.items():
        for step, state in openings(cycle, steps, province_id=code, now=now).items():
            if not state.is_open or state.closes_at is None:
                continue
            ends, is_switch = _before_switch(state.closes_at, step, switches_at)
            left = _days_left(ends, now)
            if left in days:
                scope = Q(base__province_id=code) & ~_extended(longer, step)
                yield Deadline(cycle, step, ends, left, scope, code, is_switch=is_switch)


def _before_switch(closes_at: datetime, step: Step, switches_at: datetime | None) -> tuple[datetime, bool]:
    """The end of a step, and whether the switch brings it: all of the intake that is filled in directly."""
    if switches_at is None or step not in INTAKE_STEPS or closes_at <= switches_at:
        return closes_at, False
    return switches_at, True


def _longer(cycle: CollectionCycle, now: datetime) -> list[Extension]:
    """The time given to single bases and records."""
    found = Extension.objects.filter(cycle=cycle, province=None, until__gt=now)
    return list(found.select_related("enrollment__base", "base"))


def _days_left(closes_at: datetime, now: datetime) -> int:
    """Whole days until the last day."""
    return (timezone.localdate(closes_at - timedelta(seconds=1)) - timezone.localdate(now)).days


def _extended(extensions: list[Extension], step: Step) -> Q:
    """The records that these extensions of a step name."""
    bases = [each.base_id for each in extensions if each.step == step and each.base_id]
    records = [each.enrollment_id for each in extensions if each.step == step and each.enrollment_id]
    return Q(base_id__in=bases) | Q(pk__in=records)


def _recruits(deadline: Deadline) -> QuerySet[Enrollment]:
    records = Enrollment.objects.filter(LIVE, deadline.scope, registered_at=None)
    return records.filter(intake_year=deadline.cycle.year)


_BY_API = Q(base__province__reporting_mode=ReportingMode.API)


def _intake(deadline: Deadline) -> QuerySet[Enrollment]:
    """The recruits of the cycle; in a province that transfers by API nobody fills in here."""
    return _recruits(deadline).exclude(_BY_API)


def _notify_residents(deadline: Deadline) -> int:
    unfinished = _intake(deadline).exclude(personal_state=PersonalState.COMPLETE).exclude(_RETURNED)
    subject = f"个人信息填报{deadline.ends}，您的信息还没有填写完整"
    if deadline.is_shut:
        body = "现在不能填写；到时仍须填写的，请联系培训基地申请延长填报时间。"
        return _notify_people(unfinished, deadline, subject, body) + _tell_bases_of_unfilled(
            unfinished, deadline
        )
    return _notify_people(unfinished, deadline, subject) + _tell_bases_of_unfilled(unfinished, deadline)


def _tell_bases_of_unfilled(unfinished: QuerySet[Enrollment], deadline: Deadline) -> int:
    """Of a change: whom the residents ask for more time must know of it."""
    if not deadline.notice:
        return 0
    return _notify_staff(
        unfinished,
        deadline,
        TrainingBase,
        f"住院医师个人信息填报{deadline.ends}，还有 {{}} 人没有填写完整",
        _base_list(deadline, todo=Todo.UNFILLED),
        _LIST + (_ASK_MORE if deadline.is_shut else "请提醒本人登录填写。"),
        key="unfilled",
    )


def _notify_registered(deadline: Deadline) -> int:
    """AM-04: the deadline of the registry is soft, a reminder and no lock. Whoever has not confirmed every section of
    this year's update, and his base, are told."""
    records = Enrollment.objects.filter(ASKED, deadline.scope)
    behind = records.exclude(is_up_to_date(deadline.cycle))
    if deadline.is_shut:
        said = f"{deadline.cycle.year}年集中更新{deadline.ends}"
        return _notify_people(behind, deadline, said, _ALWAYS) + _notify_staff(
            behind, deadline, TrainingBase, f"{said}，还有 {{}} 人没有逐项确认", _stale_list(), _ALWAYS
        )
    return _notify_people(
        behind,
        deadline,
        f"请在 {deadline.moment} 前逐项核对个人信息（{deadline.cycle.year}年集中更新）",
        "登录后首页列出每个部分：没有变化的点“信息无变化”，有变化的修改并保存。",
    ) + _notify_staff(
        behind,
        deadline,
        TrainingBase,
        f"{deadline.cycle.year}年集中更新将于 {deadline.moment} 截止，还有 {{}} 人没有逐项确认",
        _stale_list(),
        "请从下面的链接查看名单，提醒本人登录核对。截止后仍可以更新。",
    )


def _stale_list() -> str:
    return f"{reverse('bases:record-list', args=[Module.REGISTRY])}?{urlencode({'todo': Todo.STALE.value})}"


def _notify_delivering(deadline: Deadline) -> int:
    """The province that delivers by API has the same reminders as the bases elsewhere (AM-44)."""
    found = Province.objects.filter(pk=deadline.province, reporting_mode=ReportingMode.API).first()
    if found is None:
        return 0
    number = _recruits(deadline).count()
    return send(
        recipients(Province, [found.pk]).get(found.pk, []),
        kind=KIND,
        subject=f"{deadline.notice}接口传送{deadline.ends}，已传送而未审核通过的有 {number} 人",
        body="不开放时不接收新的记录；省级审核退回的记录仍可由接口更正，至省级审核截止。",
        link=reverse("review:funnel"),
        key=f"{deadline.key}:{found.pk}",
    )


def _notify_people(
    records: QuerySet[Enrollment],
    deadline: Deadline,
    subject: str,
    body: str = "登录后首页列出还缺的项目，点击即可填写。填写后保存即可，无需上报。",
) -> int:
    people = records.values_list("resident__user_id", flat=True)
    return send(
        people,
        kind=KIND,
        subject=deadline.notice + subject,
        body=body,
        link=reverse("residents:home"),
        key=deadline.key,
    )


def _notify_bases(deadline: Deadline) -> int:
    """All that is still to be reported, as list and preview count it; what the province returned has longer (AM-03)."""
    waiting = _intake(deadline).filter(TO_REPORT)
    body = _LIST + (_ASK_MORE if deadline.is_shut else _THEN_LOCKED)
    if waiting.filter(_RETURNED).exists():
        body += "省级退回的在此以后仍可修改并重新上报，至省级审核截止。"
    subject = f"上报{deadline.ends}，还有 {{}} 人未上报"
    return _notify_staff(
        waiting, deadline, TrainingBase, subject, _base_list(deadline, todo=Todo.REPORT), body
    )


def _notify_importing(deadline: Deadline) -> int:
    """A change of the bases' own filling in, with which accounts are imported too: every base is told, whatever it
    has imported so far."""
    longer = _longer(deadline.cycle, timezone.now())
    given = [each.base_id for each in longer if each.base_id and each.step == deadline.step]
    bases = TrainingBase.objects.filter(province=deadline.province, is_active=True).exclude(pk__in=given)
    places = bases.exclude(province__reporting_mode=ReportingMode.API).values_list("pk", flat=True)
    filling = _intake(deadline).filter(TO_REPORT, training_complete=False)
    departments = dict.fromkeys(
        filling.filter(specialty__isnull=False).values_list("base_id", "specialty_id")
    )
    people = {person for staff in recipients(TrainingBase, list(places)).values() for person in staff}
    people |= {person for staff in secretaries(list(departments)).values() for person in staff}
    return send(
        people,
        kind=KIND,
        subject=f"{deadline.notice}{Step.BASE_FILL.label}{deadline.ends}",
        body=_ASK_MORE if deadline.is_shut else _THEN_LOCKED,
        link=_base_list(deadline),
        key=f"{deadline.key}:{deadline.province}",
    )


def _notify_completing(deadline: Deadline) -> int:
    """A change of 提前结业补报: the province is told."""
    return send(
        recipients(Province, [deadline.province]).get(deadline.province, []),
        kind=KIND,
        subject=f"{deadline.notice}{Step.BACK_REPORT.label}{deadline.ends}",
        link=reverse("review:completions"),
        key=f"{deadline.key}:{deadline.province}",
    )


def _notify_reviewers(deadline: Deadline) -> int:
    """The end of the review is also the last day for what was returned (AM-03): to its base, or to the province whose
    interface delivered it (AM-44); and for the updates of the registry, which lock nothing (BR-15, AM-04)."""
    pending = _recruits(deadline).filter(review_status=ReviewStatus.PENDING)
    returned = _intake(deadline).filter(_RETURNED)
    if deadline.is_shut:
        # Put off, the review goes on all the same: what is reported may be decided at once (BR-57).
        if deadline.opens_at:
            return _notify_province(pending, deadline, "在此之前已上报的也可以审核，请从下面的链接查看名单。")
        return _notify_of_shut_review(deadline, pending, returned)
    by_api = _recruits(deadline).filter(_BY_API, _RETURNED)
    return (
        _notify_province(pending, deadline, _LIST + _THEN_LOCKED)
        + _notify_staff(
            returned,
            deadline,
            TrainingBase,
            f"省级退回的 {{}} 人须在 {deadline.moment} 前修改并重新上报",
            _base_list(deadline, todo=Todo.BACK),
            _LIST + _THEN_UNREVIEWED,
        )
        + _notify_staff(
            by_api,
            deadline,
            Province,
            f"省级退回的 {{}} 人须在 {deadline.moment} 前由接口更正并重新传送",
            _returned_list(deadline),
            _LIST + _THEN_LOCKED,
            key="returned",
        )
        + _notify_returned_people(returned.exclude(personal_state=PersonalState.COMPLETE), deadline)
        # A change of the intake's review is no news of the updates, which have no end.
        + (0 if deadline.notice or deadline.is_switch else _notify_of_updates(deadline))
    )


def _notify_province(pending: QuerySet[Enrollment], deadline: Deadline, body: str) -> int:
    """The province, of what waits for its review."""
    asked = {"module": Module.INTAKE.value, "year": str(deadline.cycle.year), "assigned": "all"}
    queue = f"{reverse('review:queue')}?{urlencode(asked)}"
    subject = f"省级审核{deadline.ends}，还有 {{}} 人待审核"
    return _notify_staff(pending, deadline, Province, subject, queue, body)


def _returned_list(deadline: Deadline) -> str:
    """A province's list of what it returned."""
    asked = {"year": str(deadline.cycle.year), "stage": "returned"}
    return f"{reverse('review:funnel-records')}?{urlencode(asked)}"


def _notify_of_shut_review(
    deadline: Deadline, pending: QuerySet[Enrollment], returned: QuerySet[Enrollment]
) -> int:
    """The review was closed while the intake is not locked: who can do nothing any more and, told apart from these,
    who may still fill in and report, though nobody reviews it (AM-03)."""
    rows = list(_intake(deadline).filter(TO_REPORT).select_related("base__province"))
    times = Times(rows)
    open_for = {
        ask: [pk for pk, entry in entries_of(rows, ask, times).items() if entry.is_open]
        for ask in (report_entry, personal_entry)
    }
    by_api = list(_recruits(deadline).filter(_BY_API, _RETURNED).select_related("base__province"))
    shut = [pk for pk, entry in entries_of(by_api, delivery_entry).items() if not entry.is_open]
    still = Enrollment.objects.filter(pk__in=open_for[report_entry])
    calendar = Calendar([deadline.cycle], provinces=[deadline.province])
    locks = calendar.last_end(deadline.cycle, INTAKE_STEPS, province_id=deadline.province)
    unreviewed = _UNREVIEWED.format(last_moment(locks) if locks else "招收信息锁定时")
    return (
        _notify_province(pending, deadline, _PROVINCE_ASKS)
        + _notify_staff(
            pending.exclude(_BY_API),
            deadline,
            TrainingBase,
            f"省级审核{deadline.ends}，待审核的 {{}} 人无人审核",
            _base_list(deadline, stage=Stage.PENDING),
            unreviewed,
            key="waiting",
        )
        + _notify_staff(
            still,
            deadline,
            TrainingBase,
            f"省级审核{deadline.ends}，未上报的 {{}} 人现在仍可以上报，但上报后无人审核",
            _base_list(deadline, todo=Todo.REPORT),
            f"省级退回的也可以改正并重新上报。{unreviewed}",
            key="still",
        )
        + _notify_staff(
            returned.exclude(pk__in=open_for[report_entry]),
            deadline,
            TrainingBase,
            f"省级审核{deadline.ends}，省级退回的 {{}} 人现在不能重新上报",
            _base_list(deadline, todo=Todo.BACK),
            _LIST + _ASK_MORE,
        )
        + _notify_staff(
            Enrollment.objects.filter(pk__in=shut),
            deadline,
            Province,
            f"省级审核{deadline.ends}，省级退回的 {{}} 人现在不能由接口更正",
            _returned_list(deadline),
            _PROVINCE_ASKS,
            key="returned",
        )
        + _notify_returned_people(
            returned.exclude(personal_state=PersonalState.COMPLETE).exclude(pk__in=open_for[personal_entry]),
            deadline,
        )
    )


def _notify_returned_people(unfinished: QuerySet[Enrollment], deadline: Deadline) -> int:
    """The residents whose returned records want something of them: their filling in ends with the review (AM-03)."""
    if deadline.is_shut:
        subject = f"省级审核{deadline.ends}，您被退回的信息还没有填写完整"
        body = "现在不能填写；仍须填写的，请联系培训基地申请延长填报时间。"
        return _notify_people(unfinished, deadline, subject, body)
    subject = f"省级退回的记录须在 {deadline.moment} 前改好并重新上报，您的信息还没有填写完整"
    return _notify_people(unfinished, deadline, subject)


def _notify_of_updates(deadline: Deadline) -> int:
    updates = Enrollment.objects.filter(
        deadline.scope,
        registered_at__isnull=False,
        deleted_at__isnull=True,
        review_status=ReviewStatus.PENDING,
    )
    asked = {"module": Module.REGISTRY, "assigned": "all"}
    return _notify_staff(
        updates,
        deadline,
        Province,
        f"在培住院医师信息更新请在 {deadline.moment} 前审核完，还有 {{}} 人待审核",
        f"{reverse('review:queue')}?{urlencode(asked)}",
        body="请从下面的链接查看名单。此后仍可审核。",
        key="updates",
    )


def _base_list(deadline: Deadline, **filters: str) -> str:
    """A base's list of those the message is about and of nobody else."""
    given: dict[str, str | int] = {
        "year": deadline.cycle.year,
        **{name: str(value) for name, value in filters.items()},
    }
    asked = urlencode(given)
    return f"{reverse('bases:record-list', args=[Module.INTAKE])}?{asked}"


def _notify_staff(
    records: QuerySet[Enrollment],
    deadline: Deadline,
    model: type[Province] | type[TrainingBase],
    subject: str,
    link: str,
    body: str,
    *,
    key: str = "",
) -> int:
    owner = "base__province_id" if model is Province else "base_id"
    counts = dict(records.values_list(owner).annotate(number=Count("pk")))
    staff = recipients(model, counts)
    if model is TrainingBase:
        rows = records.order_by().values_list("base_id", "specialty_id").annotate(number=Count("pk"))
        departments = {(base, code): number for base, code, number in rows if code}
        for place, people in secretaries(departments).items():
            staff[place], counts[place] = people, departments[place]
    return sum(
        send(
            staff.get(place, []),
            kind=KIND,
            subject=deadline.notice + subject.format(number),
            body=body,
            link=link,
            key=f"{deadline.key}:{place}{key}",
        )
        for place, number in counts.items()
    )


_TELL = {
    Step.RESIDENT_FILL: _notify_residents,
    Step.BASE_FILL: _notify_importing,
    Step.REPORT: _notify_bases,
    Step.REVIEW: _notify_reviewers,
    Step.API_TRANSFER: _notify_delivering,
    Step.BACK_REPORT: _notify_completing,
    Step.REGISTRY_UPDATE: _notify_registered,
}
