"""Whom a change of the directory reaches, told before it is confirmed (GOAL-N1; AM-45).

What is counted is what the rules will say: the preview, the messages and the check before 上报 ask the same function.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from bases.models import Specialty, SpecialtyBase, TrainingBase
from residents.models import Enrollment
from residents.models.enrollment import LIVE, Module
from residents.rules.training import end_problem


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: of what, from what to what, and how many records stand there. `finishing` of them began before the
    end and are reported with a remark, `cut_off` begin after it and are accepted by no way."""

    subject: str
    change: str
    records: int
    finishing: int = 0
    cut_off: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """From which to which intake year a specialty is held at a base."""

    first: int
    last: int | None

    def __str__(self) -> str:
        return f"{self.first} 至 {self.last}" if self.last else f"{self.first} 起"


@dataclass(frozen=True, slots=True)
class Reached:
    """One record that stands where something ends, with its base and its person's account."""

    base_id: int
    user_id: int
    is_cut_off: bool
    module: Module


Held = tuple[int, str]


def effects(bases: Collection[TrainingBase], specialties: Collection[SpecialtyBase]) -> list[Effect]:
    """What these unsaved changes of what is there would do; a handful of queries."""
    return [*_of_bases(bases), *_of_specialties(specialties)]


def _of_bases(changed: Collection[TrainingBase]) -> list[Effect]:
    now = TrainingBase.objects.in_bulk([base.pk for base in changed])
    counted = Enrollment.objects.filter(LIVE, base__in=now).order_by().values_list("base")
    records = dict(counted.annotate(number=Count("pk")))
    return [
        Effect(now[base.pk].name, "；".join(words), records.get(base.pk, 0))
        for base in changed
        if (words := _changes(now[base.pk], base))
    ]


def _changes(old: TrainingBase, new: TrainingBase) -> list[str]:
    words = []
    if old.is_active != new.is_active:
        words.append("启用" if new.is_active else "停用")
    if old.name != new.name:
        words.append(f"名称改为“{new.name}”")
    if old.uscc != new.uscc:
        words.append(f"统一社会信用代码改为 {new.uscc or '空'}")
    return words


def _of_specialties(changed: Collection[SpecialtyBase]) -> list[Effect]:
    now = SpecialtyBase.objects.select_related("base", "specialty").in_bulk([row.pk for row in changed])
    found = reached({(row.base_id, row.specialty_id): period_of(row) for row in changed})
    return [
        _effect(
            f"{now[row.pk].base.name} {now[row.pk].specialty.name}",
            Period(now[row.pk].valid_from, now[row.pk].valid_to),
            Period(row.valid_from, row.valid_to),
            *found[row.base_id, row.specialty_id],
        )
        for row in changed
    ]


def effects_of_catalogue(old: Specialty, new: Specialty) -> list[Effect]:
    """What an unsaved change of a specialty of the catalogue would do in the nation."""
    found = reached(everywhere(new))
    records = sum(number for number, _ in found.values())
    people = [one for _, some in found.values() for one in some]
    before, after = (Period(each.valid_from, each.valid_to) for each in (old, new))
    return [_effect(f"全国 {old.name}", before, after, records, people)]


def everywhere(specialty: Specialty) -> dict[Held, Period]:
    """The specialty at each base that holds it."""
    held = SpecialtyBase.objects.filter(specialty_id=specialty.pk)
    return {(row.base_id, specialty.pk): _within(row, specialty) for row in held}


def period_of(row: SpecialtyBase) -> Period:
    """The years of a specialty at a base, within those of the catalogue."""
    return _within(row, row.specialty)


def _within(row: SpecialtyBase, specialty: Specialty) -> Period:
    lasts = [year for year in (row.valid_to, specialty.valid_to) if year is not None]
    return Period(max(row.valid_from, specialty.valid_from), min(lasts, default=None))


def _effect(subject: str, old: Period, new: Period, records: int, people: Collection[Reached]) -> Effect:
    cut_off = sum(each.is_cut_off for each in people)
    change = f"招收年份由 {old} 改为 {new}"
    return Effect(subject, change, records, len(people) - cut_off, cut_off)


def reached(periods: Mapping[Held, Period]) -> dict[Held, tuple[int, list[Reached]]]:
    """How many live records stand at each of these, and those of which the period says something (one query)."""
    found: dict[Held, tuple[int, list[Reached]]] = {held: (0, []) for held in periods}
    rows = Enrollment.objects.filter(
        LIVE, base__in={base for base, _ in periods}, specialty__in={code for _, code in periods}
    )
    today = timezone.localdate()
    for base, code, year, start, approved, is_locked, user, registered_at in rows.order_by("pk").values_list(
        "base_id",
        "specialty_id",
        "intake_year",
        "actual_start_date",
        "approved_submission_id",
        "specialty_locked",
        "resident__user_id",
        "registered_at",
    ):
        if (period := periods.get((base, code))) is None:
            continue
        number, people = found[base, code]
        context = {
            "accredited": {code: period.last},
            "today": today,
            "intake_year": year,
            "approved_start": start if approved else None,
        }
        said = end_problem(code, start, context)
        is_cut_off = (said is not None and not said.is_warning) or (not is_locked and year < period.first)
        if said or is_cut_off:
            module = Module.REGISTRY if registered_at else Module.INTAKE
            people.append(Reached(base, user, is_cut_off, module))
        found[base, code] = number + 1, people
    return found
