"""Whom a change of the directory reaches, told before it is confirmed (GOAL-N1)."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from bases.models import SpecialtyBase, TrainingBase
from residents.models import Enrollment
from residents.models.enrollment import LIVE


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: of what, from what to what, and how many records stand there; `cut_off` of them could no longer be
    reported with their specialty."""

    subject: str
    change: str
    records: int
    cut_off: int = 0


def effects(bases: Collection[TrainingBase], specialties: Collection[SpecialtyBase]) -> list[Effect]:
    """What these unsaved changes of what is there would do; four queries."""
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
    records: dict[tuple, Counter] = {}
    counted = Enrollment.objects.filter(LIVE, base__in={row.base_id for row in changed}).order_by()
    counted = counted.filter(specialty__in={row.specialty_id for row in changed})
    counted = counted.annotate(is_open=Q(registered_at__isnull=True))
    rows = counted.values_list("base", "specialty", "intake_year", "is_open").annotate(number=Count("pk"))
    for base, specialty, year, is_open, number in rows:
        records.setdefault((base, specialty), Counter())[year, is_open] += number
    return [
        _of_specialty(now[row.pk], row, records.get((row.base_id, row.specialty_id), Counter()))
        for row in changed
    ]


def _of_specialty(old: SpecialtyBase, new: SpecialtyBase, records: Counter) -> Effect:
    last = new.valid_to or max((year for year, _ in records), default=0)
    outside = {key: number for key, number in records.items() if not new.valid_from <= key[0] <= last}
    return Effect(
        f"{old.base.name} {old.specialty.name}",
        f"招收年份由 {_period(old)} 改为 {_period(new)}",
        sum(records.values()),
        sum(number for (_, is_open), number in outside.items() if is_open),
    )


def _period(row: SpecialtyBase) -> str:
    return f"{row.valid_from} 至 {row.valid_to}" if row.valid_to else f"{row.valid_from} 起"
