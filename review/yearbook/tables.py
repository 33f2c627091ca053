"""The tables of the yearbook: S1 招收, S2 在培, S3 届别队列, S4 结业, S5 医师资格, S6 趋势, and how the work went.

All of one edition, by province or, of a province, by base, or by specialty; a denominator of nothing is a dash. The
same persons as everywhere: those of the edition, behind each figure as many as it says (GOAL-N11, GOAL-P7).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Count, Q, Sum

from bases.models import IntakeCount, Submission
from portal.models import User
from residents.codes import CODE_LISTS
from residents.codes.training import TRANSFER_REASONS
from residents.lapses import COUNTED_BY_ANOTHER
from residents.models import Enrollment
from residents.models.enrollment import GONE, IN_THE_INTAKE
from review.figures import Figure, FigureTable, Line, share
from review.models import Edition, EditionPerson, ExamEntry, IntakeTarget, Standing
from review.yearbook.units import Units, kinds, units_of

_KEPT_SECONDS = 24 * 3600
# The columns of S6, in their order.
_TRENDS = ("current", "intake", "ended", "left_then")
_WITHDRAWN = [code for code in CODE_LISTS["reason"].items if code[0] == "1" and code not in TRANSFER_REASONS]


def yearbook(user: User, edition: Edition, *, by: str = "", specialty: str = "") -> list[FigureTable]:
    """Every table within what this user sees, a line a unit or a specialty, of one specialty or of all."""
    return tables_of(edition, units_of(user, edition, by=by, specialty=specialty))


def tables_of(edition: Edition, units: Units) -> list[FigureTable]:
    """S1 … S6 and, where lines are units, the year's work. What is of the edition never changes and is computed once a
    day."""
    scope = repr([(name, sorted(value)) for name, value in sorted(units.scope.items())])
    key = f"yearbook:{edition.pk}:{units.column}:{hashlib.sha256(scope.encode()).hexdigest()[:16]}"
    found = cache.get_or_set(key, lambda: _counts(edition, units), _KEPT_SECONDS)
    frozen = cast(dict[str, Any], found)
    tables = [
        _intake(edition, units, frozen),
        _current(edition, units, frozen),
        _cohorts(edition, units, frozen),
        _endings(edition, units, frozen),
        _physicians(edition, units, frozen),
        _trends(edition, units),
    ]
    # Accounts are not counted by specialty: before a report nobody has one that is approved.
    is_of_specialty = units.column == "specialty_id" or "specialty_id" in units.scope
    return tables if is_of_specialty else [*tables, _work(edition, units)]


def _counts(edition: Edition, units: Units) -> dict[str, Any]:
    """All that is counted of the edition's persons, a statement a kind."""
    people = EditionPerson.objects.filter(edition=edition, **units.scope).order_by()

    def grouped(kind: str, *by: str) -> list[tuple]:
        found = people.filter(kinds(edition.year)[kind].condition)
        return list(found.values_list(*by).annotate(number=Count("pk")))

    return {
        "intake": grouped("intake", units.column, "trainee_type", "is_rural_oriented"),
        "current": grouped("current", units.column, "status"),
        "cohorts": list(
            people.values_list("intake_year", "standing", "status", "status_reason").annotate(
                number=Count("pk")
            )
        ),
        "on_time": grouped("on_time", "intake_year"),
        "ended": grouped("ended_then", units.column, "status_reason"),
        "qualified": grouped("qualified", units.column),
        "licensed": grouped("licensed", units.column),
    }


def _table(number: int, title: str, headers: Iterable[str], **more: Any) -> FigureTable:
    return FigureTable(f"表 {number}　{title}", list(headers), key=f"year-{number}", **more)


def _rate(part: int, whole: int | None) -> Figure:
    return Figure(share(part, whole))


def _linked(edition: Edition, units: Units, kind: str) -> Callable[..., Figure]:
    """What makes a figure of this kind with the address of its people, where there are any."""

    def figure(number: int, key: str = "", **narrowed: Any) -> Figure:
        return Figure(number, units.link(edition, kind, key, **narrowed) if number else "")

    return figure


# --- S1 … S6 ---------------------------------------------------------------------------------------------------------


def _intake(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    types = CODE_LISTS["trainee_type"].items
    table = _table(
        1,
        f"{edition.year} 年招收",
        [units.first, "任务", "录取", "入培", *types.values(), "订单定向", "招收完成率", "报到率"],
        charted=tuple(types.values()),
    )
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, kind, is_rural, number in frozen["intake"]:
        for key in (str(unit), ""):
            counts[key]["all"] += number
            counts[key][kind] += number
            counts[key]["rural"] += number if is_rural else 0
    targets, figure = _targets(edition.year, units), _linked(edition, units, "intake")

    def line(key: str, name: str, **more: Any) -> Line:
        found, (planned, admitted) = counts[key], targets.get(key, (None, None))
        return Line(
            name,
            [
                Figure(planned),
                Figure(admitted),
                figure(found["all"], key),
                *(figure(found[code], key, type=code) for code in types),
                figure(found["rural"], key, rural="1"),
                _rate(found["all"], planned),
                _rate(found["all"], admitted),
            ],
            **more,
        )

    return _filled(table, units, {*counts, *targets}, line)


def _targets(year: int, units: Units) -> dict[str, tuple[int | None, int | None]]:
    found = (
        IntakeTarget.objects.filter(year=year, **units.scope_of()).order_by().values_list(units.column_of())
    )
    told: dict[str, tuple[int | None, int | None]] = {}
    whole: list[list[int]] = [[], []]
    for key, planned, admitted in found.annotate(planned_sum=Sum("planned"), admitted_sum=Sum("admitted")):
        told[str(key)] = planned, admitted
        whole[0].append(planned)
        whole[1] += [admitted] if admitted is not None else []
    if told:
        told[""] = sum(whole[0]), sum(whole[1]) if whole[1] else None
    return told


def _current(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    statuses = {code: CODE_LISTS["status"].label(code) for code in ("1", "2", "3")}
    headers = [units.first, "现有人员", *statuses.values(), "延期率"]
    table = _table(2, "在培", headers, charted=tuple(statuses.values()))
    counts, figure = _by_unit(frozen["current"]), _linked(edition, units, "current")

    def line(key: str, name: str, **more: Any) -> Line:
        found = counts[key]
        whole = sum(found.values())
        figures = [figure(whole, key), *(figure(found[code], key, status=code) for code in statuses)]
        return Line(name, [*figures, _rate(found["2"], whole)], **more)

    return _filled(table, units, counts, line)


def _cohorts(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    reasons = {code: CODE_LISTS["reason"].label(code) for code in _WITHDRAWN}
    table = _table(
        3,
        "届别队列",
        [
            "招收年份",
            "入培",
            "在培",
            "延期",
            "暂停",
            "结束",
            "转出待入",
            "退培",
            *(f"退培：{words}" for words in reasons.values()),
            "队列退培率",
            "按期结业率",
        ],
        charted=("在培", "延期", "暂停", "结束", "转出待入", "退培"),
    )
    cohorts: dict[int, Counter[str]] = defaultdict(Counter)
    for year, standing, status, reason, number in frozen["cohorts"]:
        key = f"status {status}" if standing == Standing.CURRENT else standing
        cohorts[year][key] += number
        cohorts[year]["all"] += number if standing != Standing.LATER else 0
        if standing == Standing.LEFT:
            cohorts[year][reason] += number
    on_time = dict(frozen["on_time"])
    of = {kind: _linked(edition, units, kind) for kind in kinds(edition.year)}
    for year in sorted(cohorts):
        found = cohorts[year]
        left, whole = found[Standing.LEFT], found["all"]
        figures = [of["came"](whole, year=year)]
        figures += [of["current"](found[f"status {code}"], year=year, status=code) for code in "123"]
        figures += [of[each](found[each], year=year) for each in (Standing.ENDED, Standing.WAITING)]
        figures += [of["left"](left, year=year)]
        figures += [of["left"](found[code], year=year, reason=code) for code in reasons]
        in_time = on_time.get(year, 0)
        rates = [_rate(left, whole), Figure(share(in_time, whole), of["on_time"](in_time, year=year).link)]
        table.lines.append(Line(str(year), [*figures, *rates]))
    return table


def _endings(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    reasons = {code: CODE_LISTS["reason"].label(code) for code in ("41", "42", "43", "49")}
    rates = ("首次参考通过率", "首次应考通过率", "三年合并首次通过率")
    headers = [units.first, "结束", *reasons.values(), "首次应考", "首次参加", "首次通过", *rates]
    table = _table(4, f"{edition.year} 年结业", headers, charted=tuple(reasons.values()))
    ended, exams = _by_unit(frozen["ended"]), _first_exams(edition, units)
    figure = _linked(edition, units, "ended_then")

    def line(key: str, name: str, **more: Any) -> Line:
        found = ended[key]
        years = [exams[key][year] for year in range(edition.year - 2, edition.year + 1)]
        due, sat, passed = years[-1]["due"], years[-1]["sat"], years[-1]["passed"]
        return Line(
            name,
            [
                figure(sum(found.values()), key),
                *(figure(found[code], key, reason=code) for code in reasons),
                *map(Figure, (due, sat, passed)),
                _rate(passed, sat),
                _rate(passed, due),
                _rate(sum(each["passed"] for each in years), sum(each["sat"] for each in years)),
            ],
            **more,
        )

    return _filled(table, units, {*ended, *exams}, line)


def _first_exams(edition: Edition, units: Units) -> dict[str, dict[int, Counter[str]]]:
    """By unit and year of the session: for whom it was the first one he was accepted for, who sat, who passed."""
    entries = ExamEntry.objects.filter(
        accepted_at__lte=edition.order.taken_at,
        session__year__lte=edition.year,
        **units.scope_of("enrollment__"),
    )
    firsts: set[int] = set()
    told: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    rows = entries.order_by("session__year", "session", "pk").values_list(
        "enrollment__resident", "session__year", units.column_of("enrollment__"), "result"
    )
    for person, year, unit, result in rows.iterator():
        if person in firsts:
            continue
        # Whoever was absent comes for the first time again.
        if result != ExamEntry.Result.ABSENT:
            firsts.add(person)
        for key in (str(unit), ""):
            told[key][year]["due"] += 1
            told[key][year]["sat"] += result in (ExamEntry.Result.PASSED, ExamEntry.Result.FAILED)
            told[key][year]["passed"] += result == ExamEntry.Result.PASSED
    return told


def _physicians(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    headers = [units.first, "现有人员", "已取得医师资格证书", "已取得医师执业证书", "医师资格率"]
    table = _table(5, "医师资格", headers, charted=tuple(headers[2:4]))
    all_of = _by_unit(frozen["current"])
    having = {
        each: _by_unit((unit, each, number) for unit, number in frozen[each])
        for each in ("qualified", "licensed")
    }

    def line(key: str, name: str, **more: Any) -> Line:
        whole = sum(all_of[key].values())
        numbers = {"current": whole, **{each: counts[key][each] for each, counts in having.items()}}
        figures = [_linked(edition, units, kind)(number, key) for kind, number in numbers.items()]
        return Line(name, [*figures, _rate(numbers["qualified"], whole)], **more)

    return _filled(table, units, all_of, line)


def _trends(edition: Edition, units: Units) -> FigureTable:
    """A line a year by its last edition; a mark where the rules are others than the year before."""
    headers = ["年度", "现有人员", "入培", "结束", "当年退培", "延期率", "年度退培率", "口径"]
    table = _table(6, "趋势", headers, charted=("现有人员", "入培", "结束", "当年退培"))
    last: dict[int, Edition] = {}
    found = Edition.objects.filter(frozen_at__lte=edition.frozen_at).select_related("order")
    for each in found.order_by("year", "number"):
        last[each.year] = each
    last[edition.year] = edition
    before: tuple[int, str] | None = None
    for year, each in sorted(last.items()):
        asked = {kind: kinds(year)[kind].condition for kind in _TRENDS}
        counts = each.people.filter(**units.scope).aggregate(
            extended=Count("pk", filter=asked["current"] & Q(status="2")),
            **{kind: Count("pk", filter=condition) for kind, condition in asked.items()},
        )
        rules = str(each.versions["rules"])
        whole = before[0] + counts["intake"] if before else None
        mark = "▲ 口径有变化" if before and before[1] != rules else ""
        table.lines.append(
            Line(
                f"{year}（第 {each.number} 版）",
                [
                    *(_linked(each, units, kind)(counts[kind]) for kind in _TRENDS),
                    _rate(counts["extended"], counts["current"]),
                    _rate(counts["left_then"], whole),
                    Figure(f"第 {rules.rpartition('v')[2]} 版 {mark}".strip()),
                ],
            )
        )
        before = counts["current"], rules
    return table


def _work(edition: Edition, units: Units) -> FigureTable:
    """How the year's intake was worked on: accounts, approvals, decisions."""
    headers = [units.first, "导入账号", "审核通过", "完成率", "审核决定", "退回", "退回率"]
    table = _table(7, f"{edition.year} 年招收工作", headers, charted=("导入账号", "审核通过", "退回"))
    of_year = IntakeCount.objects.filter(intake_year=edition.year, **units.scope_of())
    kept = of_year.order_by().values_list(units.column_of())
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    approved = Sum("number", filter=Q(is_approved=True), default=0)
    for unit, imported, passed in kept.annotate(all=Sum("number"), approved=approved):
        for key in (str(unit), ""):
            counts[key].update({"imported": imported, "approved": passed})
    twice = Enrollment.objects.filter(GONE, COUNTED_BY_ANOTHER, IN_THE_INTAKE, intake_year=edition.year)
    twice = twice.filter(**units.scope_of()).order_by()
    for unit, number in twice.values_list(units.column_of()).annotate(number=Count("pk")):
        for key in (str(unit), ""):
            counts[key].subtract({"imported": number})
    decided = Submission.objects.filter(
        module="intake", intake_year=edition.year, decided_at__lte=edition.order.taken_at, **units.scope
    ).filter(outcome__in=[Submission.Outcome.APPROVED, Submission.Outcome.RETURNED])
    for unit, outcome, number in (
        decided.order_by().values_list(units.column, "outcome").annotate(number=Count("pk"))
    ):
        for key in (str(unit), ""):
            counts[key].update({"decided": number, outcome: number})

    def line(key: str, name: str, **more: Any) -> Line:
        found = counts[key]
        returned = found[Submission.Outcome.RETURNED]
        return Line(
            name,
            [
                Figure(found["imported"]),
                Figure(found["approved"]),
                _rate(found["approved"], found["imported"]),
                Figure(found["decided"]),
                Figure(returned),
                _rate(returned, found["decided"]),
            ],
            **more,
        )

    return _filled(table, units, counts, line)


def _by_unit(rows: Iterable[tuple]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, value, number in rows:
        for key in (str(unit), ""):
            counts[key][value] += number
    return counts


def _filled(table: FigureTable, units: Units, known: Iterable[str], line: Any) -> FigureTable:
    """A line a unit that has anything, in the order of the units, and the total."""
    found = set(known)
    table.lines = [line(key, name) for key, name in units.names.items() if key in found]
    table.lines.append(line("", "合计", is_total=True))
    return table
