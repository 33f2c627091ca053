"""经费汇总 (F2): how many count, by unit, year, specialty and 人员类型, and the sum; 核算花名册 (F1) as a sheet."""

from collections.abc import Generator, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from bases.models import Specialty
from portal.models import User
from portal.parameters import moment_of
from residents.codes import CODE_LISTS
from review.editions.comparison import identity
from review.exports.sheets import Column, Sheet, label, rows_of
from review.figures import Figure, FigureTable, Line
from review.funding.basis import Basis
from review.funding.verdicts import COUNTED, Reason, counted_by, measures
from review.models import Edition, FundingRules

# By what the lines of a page are, from the nation down to one base: (columns, parameter that leads further).
LEVELS: dict[str, tuple[tuple[str, ...], str]] = {
    "province": (("province_id", "province__name"), "province"),
    "base": (("base__code", "base_id", "base__name"), "base"),
    "group": (("intake_year", "specialty_id", "specialty__name", "trainee_type"), ""),
}
# Every line that there is, for the workbook.
_IN_FULL = ("province__name", "base__code", "base__name", "intake_year", "specialty__name", "trainee_type")
# What narrows the list of people, as parameters and as columns of a person.
NARROWED = {
    "province": "province_id",
    "base": "base_id",
    "year": "intake_year",
    "specialty": "specialty_id",
    "type": "trainee_type",
}
TITLE = "中央财政补助经费核算汇总表"
AMOUNT = "金额（元）"
NOT_PAID = "测算，非拨付"


def _told(rules: FundingRules, rows: list[dict[str, Any]]) -> list[str]:
    """The measures of a page: a reason that nobody has needs no column."""
    return [key for key in measures(rules) if key not in Reason.values or any(row[key] for row in rows)]


def headers(rules: FundingRules, keys: Iterable[str]) -> list[str]:
    """The headings of these measures, the sum behind those who count."""
    found = {key: measures(rules)[key][0] for key in keys}
    return [word for key in found for word in ([found[key], AMOUNT] if key == COUNTED else [found[key]])]


def summary(found: QuerySet, basis: Basis, level: str, narrowed: Mapping[str, str]) -> FigureTable:
    """The judged persons of a unit by the units below it, or by year, specialty and type; every figure opens its
    people."""
    columns, parameter = LEVELS[level]
    first = {"province": "省份", "base": "培训基地", "group": "年级、专业、人员类型"}[level]
    rows = counted_by(found, basis.rules, *columns)
    told = _told(basis.rules, rows)
    table = FigureTable(TITLE, [first, *headers(basis.rules, told)], key="funding")
    totals = dict.fromkeys(measures(basis.rules), 0)
    for row in rows:
        name, where = _named(row, level)
        link = ""
        if parameter:
            link = _address("review:funding", basis, {**narrowed, **where})
        table.lines.append(_line(name, row, told, basis, {**narrowed, **where}, link=link))
        totals = {key: number + row[key] for key, number in totals.items()}
    table.lines.append(_line("合计", totals, told, basis, narrowed, is_total=True))
    table.notes = notes(basis)
    return table


def _named(row: Mapping[str, Any], level: str) -> tuple[str, dict[str, str]]:
    if level == "province":
        return row["province__name"], {"province": row["province_id"]}
    if level == "base":
        return row["base__name"], {"base": str(row["base_id"])}
    kind = CODE_LISTS["trainee_type"].label(row["trainee_type"])
    where = {"year": row["intake_year"], "specialty": row["specialty_id"], "type": row["trainee_type"]}
    name = f"{row['intake_year']} 级 {row['specialty__name']} {kind}"
    return name, {key: str(value) for key, value in where.items()}


def _line(
    name: str, row: Mapping[str, int], told: list[str], basis: Basis, where: Mapping[str, str], **more: Any
) -> Line:
    figures = []
    for key in told:
        address = _address("review:funding-people", basis, {**where, "column": key})
        figures.append(Figure(row[key], address if row[key] else ""))
        if key == COUNTED:
            figures.append(Figure(row[key] * basis.rules.amount))
    return Line(name, figures, **more)


def _address(route: str, basis: Basis, where: Mapping[str, str]) -> str:
    return f"{reverse(route)}?{urlencode({**basis.asked, **where})}"


def notes(basis: Basis) -> list[str]:
    """The rules by which it was counted, as pages, prints and files tell them."""
    return ["；".join(basis.in_words), *rules_in_words(basis.rules)]


def rules_in_words(rules: FundingRules) -> list[str]:
    statuses = "、".join(CODE_LISTS["status"].label(code) for code in rules.statuses)
    kinds = "、".join(CODE_LISTS["trainee_type"].label(code) for code in rules.trainee_types)
    short = "、".join(Specialty.objects.filter(pk__in=rules.shortage).values_list("name", flat=True)) or "无"
    overrun = "仍计入" if rules.counts_overrun else "不计"
    return [
        f"计入：培训状态为{statuses}，人员类型为{kinds}；截止日已满核定年限的{overrun}；每人只计一次。",
        f"标准：每人每年 {rules.amount:,} 元；紧缺专业：{short}。",
        f"依据：{rules.basis}。{NOT_PAID}。",
    ]


def in_full(found: QuerySet, basis: Basis) -> FigureTable:
    """Every line of base, year, specialty and type, for the workbook."""
    keys = list(measures(basis.rules))
    headings = ["省份", "培训基地", "年级", "培训专业", "人员类型", *headers(basis.rules, keys)]
    table = FigureTable(TITLE, headings, notes=notes(basis))
    for row in counted_by(found, basis.rules, *_IN_FULL):
        kind = CODE_LISTS["trainee_type"].label(row["trainee_type"])
        place = [row["base__name"], row["intake_year"], row["specialty__name"], kind]
        figures = _line("", row, keys, basis, {}).figures
        table.lines.append(Line(row["province__name"], [*map(Figure, place), *figures]))
    return table


# --- 核算花名册 ----------------------------------------------------------------------------------------------------


def verdict_in_words(reason: str) -> str:
    return f"不计：{Reason(reason).label}（{reason}）" if reason else "计入"


def _columns(rules: FundingRules) -> list[Column]:
    return [
        Column("省份", "province__name"),
        Column("培训基地", "base__name", width=30),
        Column("年级", "intake_year", width=8),
        Column("核定的培训年限（年）", "approved_years", width=10),
        Column("培训专业", "specialty__name", width=18),
        Column("姓名", identity("full_name")),
        Column("证件类型", identity("id_type"), label("id_type"), 18),
        Column("证件号", identity("id_number"), width=22, is_personal=True),
        Column("人员类型", "trainee_type", label("trainee_type"), 26),
        Column("紧缺专业", "specialty_id", lambda code: code in rules.shortage, 10),
        Column("订单定向", "is_rural_oriented", width=10),
        Column("西部支援", "is_western_support", width=10),
        Column("培训实际开始时间", "started_on", width=16),
        Column("截止日的培训状态", "status", label("status"), 16),
        Column("核算", "reason", width=24),
    ]


def narrowed_people(found: QuerySet, basis: Basis, where: Mapping[str, str]) -> QuerySet:
    """The judged persons behind one figure."""
    columns = {NARROWED[key]: value for key, value in where.items() if key in NARROWED and value}
    found = found.filter(**columns)
    if column := where.get("column"):
        found = found.filter(measures(basis.rules)[column][1])
    return found


def basis_of(asked: Mapping[str, str]) -> Basis:
    """What an export was asked of."""
    rules = FundingRules.objects.get(pk=int(asked["rules"]))
    if asked.get("edition"):
        edition = Edition.objects.select_related("order").get(pk=int(asked["edition"]))
        return Basis(rules, edition.order.facts_on, edition.order.taken_at, edition)
    taken_at = moment_of(asked["taken_at"])
    assert taken_at is not None
    return Basis(rules, date.fromisoformat(asked["day"]), taken_at, province=asked.get("province", ""))


def roster_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """The persons behind one figure, as the page of the same parameters counts them."""
    basis = basis_of(asked)
    columns = _columns(basis.rules)

    def count() -> int:
        with basis.people(user) as found:
            return narrowed_people(found, basis, asked).count()

    def rows() -> Generator[list]:
        with basis.people(user) as found:
            for *values, reason in rows_of(narrowed_people(found, basis, asked), columns, unmasked):
                yield [*values, verdict_in_words(reason or "")]

    people = None
    if unmasked:
        # A trial leaves nothing to be named afterwards: its page offers no full numbers.
        assert basis.edition
        with basis.people(user) as found:
            people = narrowed_people(found, basis, asked).order_by().values_list("resident", flat=True)
    return Sheet(
        headers=[column.header for column in columns],
        widths=[column.width for column in columns],
        count=count,
        rows=rows(),
        people=people,
        above=["中央财政补助经费核算花名册", *notes(basis)],
    )


def roster_words(asked: Mapping[str, str]) -> list[str]:
    basis = basis_of(asked)
    column = asked.get("column", "")
    return [*basis.in_words, *([measures(basis.rules)[column][0]] if column else [])]
