"""日报: how far the intake had come on a day, unit by unit, to be read, pasted and sent on (GOAL-P12)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from review.figures import NOTHING, share
from review.funnel import by_day
from review.funnel.funnel import Counted
from review.funnel.stages import STAGES

# What a circular tells, and the rates of those imported it tells with them.
TOLD = ("imported", "personal", "reported", "approved")
RATES = {"personal": "信息完整率", "reported": "上报率", "approved": "审核通过率"}
# So many days stand beside each other on the page; the workbook has all of them.
DAYS_SHOWN = 10
# So many units are named in the text, first and last.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """One province or base on one day: what each stage of TOLD had reached at its end, how many of those that day."""

    name: str
    reached: dict[str, int]
    that_day: dict[str, int]

    @property
    def percents(self) -> dict[str, float | None]:
        """Of those imported, one decimal; None where nobody was."""
        whole = self.reached["imported"]
        return {name: round(100 * self.reached[name] / whole, 1) if whole else None for name in RATES}

    @property
    def rates(self) -> dict[str, str]:
        return {name: share(self.reached[name], self.reached["imported"]) or NOTHING for name in RATES}


@dataclass(frozen=True, slots=True)
class Circular:
    """The day, its units in the order of their codes and their total, and the season's days until then."""

    day: date
    units: list[Unit]
    total: Unit
    days: list[date]

    def text(self, title: str) -> str:
        """A paragraph to paste: the totals, the day's own numbers, and who is first and last with 审核通过."""
        told = "，".join(
            f"{STAGES[stage][0]} {self.total.reached[stage]} 人（当日 {self.total.that_day[stage]} 人）"
            for stage in TOLD
        )
        rates = "，".join(f"{RATES[name]} {rate}" for name, rate in self.total.rates.items())
        lines = [f"【{title}】截至 {self.day:%Y-%m-%d}，{told}。{rates}。"]
        ranked = [unit for unit in self.units if unit.reached["imported"]]
        ranked.sort(key=lambda unit: -unit.reached["approved"] / unit.reached["imported"])
        if len(ranked) >= 2 * NAMED:
            first, last = (
                "、".join(f"{unit.name} {unit.rates['approved']}" for unit in units)
                for units in (ranked[:NAMED], ranked[-NAMED:])
            )
            lines.append(f"审核通过率居前：{first}；居后：{last}。")
        nobody = [unit.name for unit in self.units if not unit.that_day["reported"] and _has_open(unit)]
        if nobody:
            lines.append(f"当日没有上报且仍有未上报人员的单位 {len(nobody)} 个：{'、'.join(nobody)}。")
        return "\n".join(lines)


def _has_open(unit: Unit) -> bool:
    return unit.reached["reported"] < unit.reached["imported"]


def season(counted: Counted) -> list[date]:
    """Every day from the first import to the moment of the numbers."""
    known = [day for of in counted.reached.values() for day in of["imported"]]
    if not known:
        return []
    first, last = min(known), max(timezone.localdate(counted.as_of), *known)
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


def circular(counted: Counted, day: date) -> Circular:
    """The numbers at the end of this day: of the records at a stage now, by the day each first came there."""
    days = [each for each in season(counted) if each <= day]
    *units, total = (_unit(name, numbers, day) for name, numbers in _named(counted))
    return Circular(day, units, total, days)


def by_days(counted: Counted, stage: str, days: list[date]) -> list[tuple[str, list[int], int]]:
    """Each unit with its new ones of a stage on each of these days, and all it had at the end of the last."""
    lines = []
    for name, of in _named(counted):
        numbers = of[stage]
        until = sum(number for day, number in numbers.items() if day <= days[-1])
        lines.append((name, [numbers[day] for day in days], until))
    return lines


def rows(counted: Counted) -> Iterator[list[object]]:
    """Every day of the season and unit: new and all of each stage, and the rates, as HEADERS says."""
    named = _named(counted)
    until = [dict.fromkeys(TOLD, 0) for _ in named]
    for day in season(counted):
        for (name, numbers), before in zip(named, until, strict=True):
            for stage in TOLD:
                before[stage] += numbers[stage][day]
            unit = Unit(name, before, {stage: numbers[stage][day] for stage in TOLD})
            cells = [number for stage in TOLD for number in (unit.that_day[stage], unit.reached[stage])]
            yield [day, name, *cells, *unit.percents.values()]


def headers(organisation: str) -> list[str]:
    stages = [
        text for stage in TOLD for text in (f"{STAGES[stage][0]}（当日）", f"{STAGES[stage][0]}（累计）")
    ]
    return ["日期", organisation, *stages, *(f"{name}（%）" for name in RATES.values())]


def _named(counted: Counted) -> list[tuple[str, dict[str, Counter[date]]]]:
    """Each unit and their total, with how many came to each stage of TOLD on which day."""
    nobody: dict[str, Counter[date]] = {stage: Counter() for stage in TOLD}
    units = [(line.name, counted.reached.get(line.key, nobody)) for line in counted.lines]
    together = {stage: by_day.total(counted.reached.values(), stage) for stage in TOLD}
    return [*units, ("合计", together)]


def _unit(name: str, reached: dict[str, Counter[date]], day: date) -> Unit:
    numbers = {stage: reached[stage] for stage in TOLD}
    return Unit(
        name,
        {stage: sum(number for each, number in of.items() if each <= day) for stage, of in numbers.items()},
        {stage: of[day] for stage, of in numbers.items()},
    )
