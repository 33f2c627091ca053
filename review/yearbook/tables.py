"""The tables of the yearbook: S1 招收, S2 在培, S3 届别队列, S4 结业, S5 医师资格, S6 趋势, and how the work went.

All of one edition, by province or, of a province, by base; a denominator of nothing is a dash. The same persons as
everywhere: those of the edition (GOAL-N11).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.urls import reverse

from bases.models import IntakeCount, Submission
from portal.models import User
from portal.roles import Role
from residents.codes import CODE_LISTS
from residents.codes.training import TRANSFER_REASONS
from review.editions import comparison
from review.figures import Figure, FigureTable, Line, share
from review.models import Edition, EditionPerson, ExamEntry, IntakeTarget, Standing

_KEPT_SECONDS = 24 * 3600
_WITHDRAWN = [code for code in CODE_LISTS["reason"].items if code[0] == "1" and code not in TRANSFER_REASONS]


@dataclass(frozen=True, slots=True)
class Units:
    """By what the lines are: the provinces of the nation, or the bases of the reader's provinces, by name."""

    column: str
    names: Mapping[str, str]
    first: str
    scope: Mapping[str, Any]

    def link(self, edition: Edition, key: str, source: str, **more: Any) -> str:
        """The people behind a figure, in the statistics of the edition."""
        parameter = self.column.removesuffix("_id")
        where = {"edition": edition.pk, "source": source, **({parameter: key} if key else {}), **more}
        return f"{reverse('review:statistics-records')}?{urlencode(where)}"


def units_of(user: User, edition: Edition) -> Units:
    if user.role == Role.CMDA:
        return Units("province_id", edition.names["province"], "省份", {})
    scope = comparison.within(user, {})
    bases = (
        EditionPerson.objects.filter(edition=edition, **scope).values_list("base_id", flat=True).distinct()
    )
    names = edition.names["base"]
    return Units("base_id", {str(pk): names.get(str(pk), "") for pk in sorted(bases)}, "培训基地", scope)


def yearbook(user: User, edition: Edition) -> list[FigureTable]:
    """Every table within what this user sees. What is of the edition never changes and is computed once a day."""
    units = units_of(user, edition)
    people = EditionPerson.objects.filter(edition=edition, **units.scope)
    key = f"yearbook:{edition.pk}:{'-'.join(sorted(units.scope.get('province_id__in', ['nation'])))}"
    found = cache.get_or_set(key, lambda: _counts(people, units, edition.year), _KEPT_SECONDS)
    frozen = cast(dict[str, Any], found)
    return [
        _intake(edition, units, frozen),
        _current(edition, units, frozen),
        _cohorts(edition, frozen),
        _endings(edition, units, frozen),
        _physicians(units, frozen),
        _trends(edition, units),
        _work(edition, units),
    ]


def _counts(people: QuerySet[EditionPerson], units: Units, year: int) -> dict[str, Any]:
    """All that is counted of the edition's persons, in five statements."""
    of_certificate = KeyTransform("certificate", "submission__snapshot")
    said = {
        name: KeyTextTransform(name, of_certificate) for name in ("has_qualification_cert", "has_license")
    }
    current = people.filter(standing=Standing.CURRENT)

    def grouped(found: QuerySet, *by: str) -> list[tuple]:
        return list(found.order_by().values_list(*by).annotate(number=Count("pk")))

    return {
        "intake": grouped(people.filter(intake_year=year), units.column, "trainee_type", "is_rural_oriented"),
        "current": grouped(current, units.column, "status"),
        "cohorts": grouped(people, "intake_year", "standing", "status", "status_reason"),
        "on_time": grouped(
            people.filter(
                standing=Standing.ENDED, status_reason="41", status_since__year__lte=F("planned_end__year")
            ),
            "intake_year",
        ),
        "ended": grouped(
            people.filter(standing=Standing.ENDED, status_since__year=year), units.column, "status_reason"
        ),
        "physicians": grouped(current.annotate(**said), units.column, *said),
    }


def _table(number: int, title: str, headers: Iterable[str], **more: Any) -> FigureTable:
    return FigureTable(f"表 {number}　{title}", list(headers), key=f"year-{number}", **more)


def _rate(part: int, whole: int | None) -> Figure:
    return Figure(share(part, whole))


# --- S1 … S6 ---------------------------------------------------------------------------------------------------------


def _intake(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    kinds = CODE_LISTS["trainee_type"].items
    table = _table(
        1,
        f"{edition.year} 年招收",
        [units.first, "任务", "录取", "入培", *kinds.values(), "订单定向", "招收完成率", "报到率"],
        charted=tuple(kinds.values()),
    )
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, kind, is_rural, number in frozen["intake"]:
        for key in (str(unit), ""):
            counts[key]["all"] += number
            counts[key][kind] += number
            counts[key]["rural"] += number if is_rural else 0
    targets = _targets(edition.year, units)

    def line(key: str, name: str, **more: Any) -> Line:
        found, (planned, admitted) = counts[key], targets.get(key, (None, None))
        return Line(
            name,
            [
                Figure(planned),
                Figure(admitted),
                Figure(found["all"]),
                *(Figure(found[code]) for code in kinds),
                Figure(found["rural"]),
                _rate(found["all"], planned),
                _rate(found["all"], admitted),
            ],
            **more,
        )

    return _filled(table, units, {*counts, *targets}, line)


def _targets(year: int, units: Units) -> dict[str, tuple[int | None, int | None]]:
    prefix = "base__" if "province_id__in" in units.scope or units.column == "province_id" else ""
    scope = {f"{prefix}{key}": value for key, value in units.scope.items()}
    column = f"base__{units.column}" if units.column == "province_id" else units.column
    found = IntakeTarget.objects.filter(year=year, **scope).order_by().values_list(column)
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
    counts = _by_unit(frozen["current"])

    def line(key: str, name: str, **more: Any) -> Line:
        found = counts[key]
        whole = sum(found.values())
        figures = [Figure(whole, units.link(edition, key, "current") if whole else "")]
        for code in statuses:
            link = units.link(edition, key, "current", status=code) if found[code] else ""
            figures.append(Figure(found[code], link))
        return Line(name, [*figures, _rate(found["2"], whole)], **more)

    return _filled(table, units, counts, line)


def _cohorts(edition: Edition, frozen: Mapping[str, Any]) -> FigureTable:
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
    for year in sorted(cohorts):
        found = cohorts[year]
        left, whole = found[Standing.LEFT], found["all"]
        numbers = [whole, *(found[f"status {code}"] for code in "123")]
        numbers += [found[Standing.ENDED], found[Standing.WAITING], left, *(found[code] for code in reasons)]
        rates = [_rate(left, whole), _rate(on_time.get(year, 0), whole)]
        table.lines.append(Line(str(year), [*map(Figure, numbers), *rates]))
    return table


def _endings(edition: Edition, units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    reasons = {code: CODE_LISTS["reason"].label(code) for code in ("41", "42", "43", "49")}
    rates = ("首次参考通过率", "首次应考通过率", "三年合并首次通过率")
    headers = [units.first, "结束", *reasons.values(), "首次应考", "首次参加", "首次通过", *rates]
    table = _table(4, f"{edition.year} 年结业", headers, charted=tuple(reasons.values()))
    ended, exams = _by_unit(frozen["ended"]), _first_exams(edition, units)

    def line(key: str, name: str, **more: Any) -> Line:
        found = ended[key]
        years = [exams[key][year] for year in range(edition.year - 2, edition.year + 1)]
        due, sat, passed = years[-1]["due"], years[-1]["sat"], years[-1]["passed"]
        return Line(
            name,
            [
                Figure(sum(found.values())),
                *(Figure(found[code]) for code in reasons),
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
    prefix = "enrollment__base__" if units.column == "province_id" else "enrollment__"
    scope = {f"enrollment__base__{key}": value for key, value in units.scope.items()}
    entries = ExamEntry.objects.filter(
        accepted_at__lte=edition.order.taken_at, session__year__lte=edition.year, **scope
    )
    firsts: set[int] = set()
    told: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    rows = entries.order_by("session__year", "session", "pk").values_list(
        "enrollment__resident", "session__year", f"{prefix}{units.column}", "result"
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


def _physicians(units: Units, frozen: Mapping[str, Any]) -> FigureTable:
    headers = [units.first, "现有人员", "已取得医师资格证书", "已取得医师执业证书", "医师资格率"]
    table = _table(5, "医师资格", headers, charted=tuple(headers[2:4]))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, qualified, licensed, number in frozen["physicians"]:
        for key in (str(unit), ""):
            counts[key]["all"] += number
            counts[key]["qualified"] += number if qualified == "true" else 0
            counts[key]["licensed"] += number if licensed == "true" else 0

    def line(key: str, name: str, **more: Any) -> Line:
        found = counts[key]
        numbers = (found["all"], found["qualified"], found["licensed"])
        return Line(name, [*map(Figure, numbers), _rate(found["qualified"], found["all"])], **more)

    return _filled(table, units, counts, line)


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
        people = each.people.filter(**units.scope)
        counts = people.aggregate(
            current=Count("pk", filter=Q(standing=Standing.CURRENT)),
            extended=Count("pk", filter=Q(standing=Standing.CURRENT, status="2")),
            came=Count("pk", filter=Q(intake_year=year) & ~Q(standing=Standing.LATER)),
            ended=Count("pk", filter=Q(standing=Standing.ENDED)),
            left=Count("pk", filter=Q(standing=Standing.LEFT, status_since__year=year)),
        )
        rules = str(each.versions["rules"])
        whole = before[0] + counts["came"] if before else None
        mark = "▲ 口径有变化" if before and before[1] != rules else ""
        table.lines.append(
            Line(
                f"{year}（第 {each.number} 版）",
                [
                    *(Figure(counts[key]) for key in ("current", "came", "ended", "left")),
                    _rate(counts["extended"], counts["current"]),
                    _rate(counts["left"], whole),
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
    column = f"base__{units.column}" if units.column == "province_id" else units.column
    scope = {f"base__{key}": value for key, value in units.scope.items()}
    kept = IntakeCount.objects.filter(intake_year=edition.year, **scope).order_by().values_list(column)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    approved = Sum("number", filter=Q(is_approved=True), default=0)
    for unit, imported, passed in kept.annotate(all=Sum("number"), approved=approved):
        for key in (str(unit), ""):
            counts[key].update({"imported": imported, "approved": passed})
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
