"""年度告知: at the lock of an intake every base, province and recruit learns what was approved, what lapsed and why,
and which door is open next (AM-05, AM-29, AM-31, AM-43)."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from bases.handed_over.lapsed import missing
from bases.lists.records import Stage
from bases.models import Province, TrainingBase
from bases.staff import Desk, desks, recipients
from bases.workbooks.doors import Door, door_of, door_of_year
from portal import audit
from portal.calendar import INTAKE_STEPS, Calendar, last_moment
from portal.messages.services import send
from portal.models import AuditEvent, CollectionCycle, Extension
from residents.lapses import IS_MISSING, WORDS, next_door
from residents.models import Enrollment
from residents.models.enrollment import LIVE, OF_THE_INTAKE, Module, ReviewStatus

KIND = "year_letter"
_ACTION = "year_letter"
# A lock that was carried out longer ago, before this program, is told nobody.
_NEWS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Round:
    """What locked at one moment: the records of `scope`."""

    cycle: CollectionCycle
    at: datetime
    scope: Q

    @property
    def key(self) -> str:
        return f"letter:{self.cycle.year}:{self.at:%Y%m%d%H%M%S}"


def send_letters(now: datetime | None = None) -> int:
    """The letters of every lock of the last days that were not written yet; returns how many messages. The clock calls
    it after the locks; nobody gets one twice."""
    now = now or timezone.now()
    sent = 0
    for each in _rounds(now):
        with transaction.atomic():
            number = _to_bases(each) + _to_provinces(each) + _to_residents(each)
            bases = sorted(set(_recruits(each).values_list("base", flat=True)))
            audit.record(_ACTION, by=None, target=each.cycle, round=each.key, sent=number, bases=bases)
        sent += number
    return sent


def tell_of_other_doors(now: datetime | None = None) -> int:
    """A base whose intake is open again has a letter that names a door shut since: it is told of the one that is open
    now, once for every end of that time and every door (AM-31, AM-43); returns how many messages. The clock calls."""
    now, sent = now or timezone.now(), 0
    for cycle in CollectionCycle.objects.order_by("year"):
        late = Extension.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, base__isnull=False, until__gt=now)
        until = dict(late.order_by("until").values_list("base", "until"))
        ends = {code: end for code, end in _ends(cycle, now).items() if end > now}
        if not (ends or until):
            continue
        found = missing().filter(intake_year=cycle.year).order_by()
        rows = {
            (base, specialty): number
            for base, specialty, number in found.values_list("base", "specialty").annotate(number=Count("pk"))
        }
        bases = TrainingBase.objects.select_related("province").in_bulk({base for base, _ in rows})
        goes_on = {pk: base if base.is_active else base.heir for pk, base in bases.items()}
        for pk, at in goes_on.items():
            if at is None:
                continue
            end = max(filter(None, (ends.get(at.province_id), until.get(at.pk))), default=None)
            if end is not None:
                own = {place: number for place, number in rows.items() if place[0] == pk}
                sent += _tell_of_other_door(cycle, bases[pk], at, own, end)
    return sent


def _tell_of_other_door(
    cycle: CollectionCycle,
    base: TrainingBase,
    at: TrainingBase,
    rows: dict[tuple[int, str | None], int],
    end: datetime,
) -> int:
    """`at` goes on for `base`: itself, or its heir, whose departments have no list of what was handed over."""
    year, sent = cycle.year, 0
    address = reverse("bases:record-list", args=[Module.INTAKE])
    told = (
        desks(rows)
        if at == base
        else [Desk(people, list(rows)) for people in recipients(TrainingBase, [at.pk]).values()]
    )
    door = door_of_year(at, year)
    after = "再次锁定后，仍在“住院医师信息管理”的账号导入中补录。" if door.link else ""
    for people, places, specialty in told:
        number = sum(rows[place] for place in places)
        asked: dict[str, str | int] = {"year": year, "stage": Stage.LAPSED.value}
        if specialty:
            asked["specialty"] = specialty
        whose = f"并入的“{base.name}”" if at != base else ""
        sent += send(
            people,
            kind=KIND,
            subject=f"{year}年招收重新开放至 {last_moment(end)}：{whose}锁定失效 {number} 人的补录有变化",
            body=f"锁定时告知的补录办法现在不适用。{_own_door(door, is_secretary=bool(specialty))}{after}",
            link=f"{address}?{urlencode(asked)}" if at == base else _left_list(base, year),
            key=f"reopened:{year}:{end:%Y%m%d%H%M%S}:{base.pk}:{specialty}:{'open' if door.link else 'shut'}",
        )
    return sent


def _rounds(now: datetime) -> Iterator[Round]:
    for cycle in CollectionCycle.objects.order_by("year"):
        ends = _ends(cycle, now)
        over = [at for at in ends.values() if at <= now]
        rounds = [
            Round(cycle, at, _scope([code for code, end in ends.items() if end == at]))
            for at in sorted(set(over))
        ]
        late = AuditEvent.objects.filter(action="lapse", target_id=str(cycle.pk), at__gt=now - _NEWS_FOR)
        is_late = late.exists()
        for each in [*rounds, *_extended_rounds(cycle, ends, now)]:
            is_news = each.at > now - _NEWS_FOR or (is_late and _carried_out_late(each, now))
            if is_news and not _earlier(cycle).filter(detail__round=each.key).exists():
                yield each


def _carried_out_late(each: Round, now: datetime) -> bool:
    """Whether anybody lapsed by it only these days, after the clock stood still or was doubted for long."""
    return _recruits(each).filter(lapsed_at__gte=each.at, lapsed_at__gt=now - _NEWS_FOR).exists()


def _earlier(cycle: CollectionCycle) -> QuerySet[AuditEvent]:
    """The rounds of the cycle that were told already."""
    return AuditEvent.objects.filter(action=_ACTION, target_id=str(cycle.pk))


def _ends(cycle: CollectionCycle, now: datetime) -> dict[str, datetime]:
    """By province, when its intake locks, time given to single bases and records left aside."""
    codes = list(Province.objects.values_list("pk", flat=True))
    calendar = Calendar([cycle], provinces=codes, now=now)
    found = {code: calendar.last_end(cycle, INTAKE_STEPS, province_id=code) for code in codes}
    return {code: end for code, end in found.items() if end is not None}


def _scope(codes: Iterable[str]) -> Q:
    return Q(base__province_id__in=list(codes))


def _extended_rounds(cycle: CollectionCycle, ends: dict[str, datetime], now: datetime) -> Iterator[Round]:
    """The bases and single records that locked later than their province."""
    given = Extension.objects.filter(cycle=cycle, step__in=INTAKE_STEPS, province=None, until__lte=now)
    rows = given.values_list("until", "base", "base__province", "enrollment", "enrollment__base__province")
    named: dict[datetime, Q] = {}
    for until, base_id, base_province, record_id, record_province in rows:
        if until > ends.get(base_province or record_province, until):
            scope = Q(base_id=base_id) if base_id else Q(pk=record_id)
            named[until] = named.get(until, Q(pk__in=[])) | scope
    for at in sorted(named):
        yield Round(cycle, at, named[at])


def _recruits(each: Round) -> QuerySet[Enrollment]:
    """The recruits of the round, those with more time left aside."""
    later = Extension.objects.filter(cycle=each.cycle, step__in=INTAKE_STEPS, until__gt=each.at)
    still = Q(base_id__in=later.filter(base__isnull=False).values("base")) | Q(
        pk__in=later.filter(enrollment__isnull=False).values("enrollment")
    )
    found = Enrollment.objects.filter(OF_THE_INTAKE, each.scope, deleted_at=None)
    return found.filter(intake_year=each.cycle.year).exclude(still)


_LAPSED = IS_MISSING
_WHY = {
    "waiting": Q(review_status=ReviewStatus.PENDING),
    "returned": Q(review_status=ReviewStatus.RETURNED),
    "unreported": ~Q(review_status__in=[ReviewStatus.PENDING, ReviewStatus.RETURNED]),
}
_COUNTS = {
    "approved": Count("pk", filter=Q(intake_submission__isnull=False)),
    "lapsed": Count("pk", filter=_LAPSED),
    **{name: Count("pk", filter=_LAPSED & why) for name, why in _WHY.items()},
}


def _unmoved(each: Round) -> set[tuple[int, str | None]]:
    """The places of the round, by base and specialty, that an earlier one has told everything: since then nobody of
    theirs was approved or lapsed, as where a province was opened again for others (AM-43)."""
    told: dict[int, datetime] = {}
    for at, bases in _earlier(each.cycle).order_by("at").values_list("at", "detail__bases"):
        told |= dict.fromkeys(bases or (), at)
    if not told:
        return set()
    places = _recruits(each).filter(base__in=told).order_by().values_list("base", "specialty")
    latest = places.annotate(lapsed=Max("lapsed_at"), approved=Max("registered_at"))
    return {
        (base, specialty)
        for base, specialty, *moments in latest
        if all(at is None or at <= told[base] for at in moments)
    }


def _counted(each: Round, *owner: str) -> list[dict]:
    return list(_recruits(each).order_by().values(*owner).annotate(**_COUNTS))


def _words(counts: dict) -> str:
    """What lapsed, by the reason."""
    reasons = {"waiting": "待审核、截止时未审核", "returned": "省级退回、未重新上报", "unreported": "未上报"}
    parts = [f"{words} {counts[name]} 人" for name, words in reasons.items() if counts[name]]
    return "锁定失效的人：" + "，".join(parts) + "。" if parts else "没有锁定失效的人。"


def _to_bases(each: Round) -> int:
    year, sent = each.cycle.year, 0
    rows = {(row["base"], row["specialty"]): row for row in _counted(each, "base", "specialty")}
    bases = TrainingBase.objects.select_related("province").in_bulk({base for base, _ in rows})
    closed = _closed(bases)
    # What has locked in a province has the same door in all of it: whoever has more time is in another round.
    doors: dict[str, Door] = {}
    address = reverse("bases:record-list", args=[Module.INTAKE])
    unmoved = _unmoved(each)
    for people, places, specialty in desks(rows):
        if unmoved.issuperset(places):
            continue
        base = bases[places[0][0]]
        if base.pk in closed:
            door = _next_door(year, closed[base.pk])
        else:
            if base.province_id not in doors:
                doors[base.province_id] = door_of_year(base, year)
            door = _own_door(doors[base.province_id], is_secretary=bool(specialty))
        counts = {name: sum(rows[place][name] for place in places) for name in _COUNTS}
        asked: dict[str, str | int] = {
            "year": year,
            "stage": Stage.LAPSED.value if counts["lapsed"] else "",
            "specialty": specialty,
        }
        sent += send(
            people,
            kind=KIND,
            subject=f"{year}年招收信息已锁定：审核通过 {counts['approved']} 人，锁定失效 {counts['lapsed']} 人",
            body=_words(counts) + (door if counts["lapsed"] else "审核通过的已纳入“住院医师信息管理”。"),
            link=f"{address}?{urlencode({name: value for name, value in asked.items() if value})}",
            key=f"{each.key}:{places[0][0]}:{specialty}" if specialty else f"{each.key}:{places[0][0]}",
        )
    moved = {base for base, _ in rows.keys() - unmoved}
    return sent + _to_heirs(each, {base: heir for base, heir in closed.items() if base in moved})


def _to_heirs(each: Round, closed: dict[int, TrainingBase | None]) -> int:
    """Who goes on for a base out of use is told whom it may add again, (AM-46)."""
    year, sent = each.cycle.year, 0
    staff = recipients(TrainingBase, {heir.pk for heir in closed.values() if heir})
    for base in TrainingBase.objects.filter(pk__in=closed):
        heir = closed[base.pk]
        number = missing().filter(base=base, intake_year=year).count()
        if heir is None or not number:
            continue
        sent += send(
            staff.get(heir.pk, []),
            kind=KIND,
            subject=f"{year}年招收信息已锁定：并入{heir.name}的“{base.name}”锁定失效、可由承接基地补录 {number} 人",
            body=f"失效的记录只读留在原基地，不再占用此人。仍在培训的由本基地{door_of_year(heir, year).words}",
            link=_left_list(base, year),
            key=f"{each.key}:{base.pk}:heir",
        )
    return sent


def _left_list(base: TrainingBase, year: int) -> str:
    """The heir's list of those who lapsed in this year's intake at a base that went into it."""
    return f"{reverse('bases:handed-over')}?{urlencode({'base': base.pk, 'year': year})}#lapsed"


def _closed(base_ids: Collection[int]) -> dict[int, TrainingBase | None]:
    """Of these bases those out of use, each with who goes on for it."""
    return {base.pk: base.heir for base in TrainingBase.objects.filter(pk__in=base_ids, is_active=False)}


def next_step(lapsed: Enrollment, *, is_secretary: bool) -> tuple[str, Door | None]:
    """What may be done for the person of a lapsed record now, as the letter says it: its words up to the base's own
    door, and that one; nothing where a record stands for him already."""
    base = lapsed.base
    if not Enrollment.objects.filter(IS_MISSING, pk=lapsed.pk).exists():
        return "", None
    if not base.is_active:
        return _next_door(lapsed.intake_year, base.heir), None
    return _who_adds(is_secretary=is_secretary), door_of(lapsed.resident, lapsed.intake_year, base)


def _own_door(door: Door, *, is_secretary: bool) -> str:
    return f"{_who_adds(is_secretary=is_secretary)}{door.words}"


def _who_adds(*, is_secretary: bool) -> str:
    """A department has no import of accounts: its base has."""
    who = "由本基地管理账号的人员" if is_secretary else ""
    return f"失效的记录只读留存，不再占用此人；仍在本基地培训的，{who}"


def _next_door(year: int, heir: TrainingBase | None) -> str:
    """Which door is open for whoever lapsed at a base out of use (AM-46)."""
    if heir is None:
        return "本基地已停用，不能再补录；仍在培训的，请联系省级行政部门。"
    return f"失效的记录只读留存，不再占用此人；本基地已停用，仍在培训的由承接基地“{heir.name}”补录，招收年份填{year}。"


def _to_provinces(each: Round) -> int:
    year = each.cycle.year
    rows = {row["base__province"]: row for row in _counted(each, "base__province")}
    bases = Counter(
        dict(
            _recruits(each)
            .filter(_LAPSED)
            .order_by()
            .values_list("base__province")
            .annotate(number=Count("base", distinct=True))
        )
    )
    staff, sent = recipients(Province, rows), 0
    for code, counts in rows.items():
        door = f"涉及 {bases[code]} 个培训基地，已分别告知；仍在培训的由其补录，上报后请审核。"
        stage = "lapsed" if counts["lapsed"] else "approved"
        sent += send(
            staff.get(code, []),
            kind=KIND,
            subject=f"{year}年招收信息已锁定：审核通过 {counts['approved']} 人，锁定失效 {counts['lapsed']} 人",
            body=_words(counts) + (door if counts["lapsed"] else ""),
            link=f"{reverse('review:funnel-records')}?year={year}&province={code}&stage={stage}",
            key=f"{each.key}:{code}",
        )
    return sent


def _to_residents(each: Round) -> int:
    year = each.cycle.year
    lives = Enrollment.objects.filter(LIVE, resident=OuterRef("resident"))
    found = _recruits(each)
    sent = send(
        found.filter(LIVE, intake_submission__isnull=False).values_list("resident__user_id", flat=True),
        kind=KIND,
        subject=f"您的{year}年招收信息已审核通过",
        body=f"{year}年招收信息已锁定，您的培训记录已纳入住院医师信息管理；个人信息此后可以随时更新。",
        link=reverse("residents:home"),
        key=f"letter:{year}:approved",
    )
    # Whoever lapsed at an earlier lock has his letter.
    lapsed = found.filter(~Exists(lives), lapsed_at__gte=each.at)
    heirs = {pk: heir for pk, heir in _closed(set(lapsed.values_list("base", flat=True))).items() if heir}
    places = [(None, ~Q(base__in=heirs)), *((heir, Q(base=pk)) for pk, heir in heirs.items())]
    for (name, why), (heir, place) in product(_WHY.items(), places):
        sent += send(
            lapsed.filter(why, place).values_list("resident__user_id", flat=True),
            kind=KIND,
            subject=f"您的{year}年招收信息已锁定失效",
            body=WORDS[name] + next_door(heir),
            link=reverse("residents:home"),
            key=f"{each.key}:{name}",
        )
    return sent
