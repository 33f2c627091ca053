"""The tables of a package: what each column is called, what it holds, its rows as they stream."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Count, Func, TextField
from django.utils import timezone

from review.editions.canonical import COLUMNS
from review.editions.comparison import identity
from review.funding import balance
from review.funding.services import rules_of
from review.funding.summary import rules_in_words
from review.funding.verdicts import counted_by, judged, measures
from review.models import Edition, EditionPerson, Standing
from review.yearbook import tables as yearbook
from review.yearbook.definitions import DEFINITIONS
from review.yearbook.units import by_specialty, nation

_ROWS_AT_ONCE = 2_000
_WHOLE = ("resident_id", "submission_id", "base_id", "intake_year", "approved_years", "number", "edition")
_DAYS = ("started_on", "planned_end", "status_since", "facts_on")
_YES_NO = ("is_fresh_graduate", "is_rural_oriented", "is_western_support")


class SnapshotSha256(Func):
    """Of all that was collected of a person, as the canonical form takes it."""

    template = "encode(sha256(convert_to(%(expressions)s::text, 'UTF8')), 'hex')"
    output_field = TextField()


@dataclass(frozen=True, slots=True)
class Table:
    """A csv of the package: `columns` are name → heading; `key` names a row; `rows` makes the values anew."""

    path: str
    title: str
    columns: dict[str, str]
    rows: Callable[[], Iterator[list[Any]]]
    key: tuple[str, ...] = ()
    is_personal: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """As the Frictionless table schema says it."""
        fields = []
        for name, title in self.columns.items():
            field: dict[str, Any] = {"name": name, "title": title, "type": _type(name)}
            if name in self.key:
                field["constraints"] = {"required": True}
            fields.append(field)
        return {"fields": fields, "primaryKey": list(self.key)}


def _type(name: str) -> str:
    if name in _WHOLE:
        return "integer"
    if name in _DAYS:
        return "date"
    return "boolean" if name in _YES_NO else "string"


def written(value: Any) -> str:
    """A value as the canonical form writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    return str(value)


def tables_of(edition: Edition) -> list[Table]:
    """Every table without persons."""
    names = edition.names
    codes = names["code"]

    def counts() -> Iterator[list[Any]]:
        kept = edition.kept_counts.order_by(
            "standing", "province_id", "specialty_id", "intake_year", "trainee_type", "status"
        )
        for each in kept:
            yield [
                each.standing,
                Standing(each.standing).label,
                each.province_id,
                names["province"].get(each.province_id, ""),
                each.specialty_id,
                names["specialty"].get(each.specialty_id, ""),
                each.intake_year,
                each.trainee_type,
                codes["trainee_type"].get(each.trainee_type, ""),
                each.status,
                codes["status"].get(each.status, ""),
                each.number,
            ]

    def bases() -> Iterator[list[Any]]:
        by = ("standing", "province_id", "base_id", "specialty_id", "intake_year", "trainee_type")
        found = edition.people.order_by(*by).values_list(*by).annotate(number=Count("pk"))
        for standing, province, base, specialty, year, kind, number in found.iterator():
            yield [
                standing,
                province,
                base,
                names["base"].get(str(base), ""),
                specialty,
                names["specialty"].get(specialty, ""),
                year,
                kind,
                codes["trainee_type"].get(kind, ""),
                number,
            ]

    return [
        *_funding(edition),
        *_yearbook(edition),
        Table(
            "tables/counts.csv",
            "人数：省份 × 专业 × 招收年份 × 人员类型 × 培训状态",
            {
                "standing": "计入代码",
                "standing_name": "计入",
                "province_id": "省份代码",
                "province": "省份",
                "specialty_id": "专业代码",
                "specialty": "培训专业",
                "intake_year": "招收年份",
                "trainee_type": "人员类型代码",
                "trainee_type_name": "人员类型",
                "status": "培训状态代码",
                "status_name": "培训状态",
                "number": "人数",
            },
            counts,
            ("standing", "province_id", "specialty_id", "intake_year", "trainee_type", "status"),
        ),
        Table(
            "tables/bases.csv",
            "人数：培训基地 × 专业 × 招收年份 × 人员类型",
            {
                "standing": "计入代码",
                "province_id": "省份代码",
                "base_id": "基地序号",
                "base": "培训基地",
                "specialty_id": "专业代码",
                "specialty": "培训专业",
                "intake_year": "招收年份",
                "trainee_type": "人员类型代码",
                "trainee_type_name": "人员类型",
                "number": "人数",
            },
            bases,
            ("standing", "base_id", "specialty_id", "intake_year", "trainee_type"),
        ),
        Table(
            "codes.csv",
            "代码表",
            {"list": "代码表", "code": "代码", "name": "名称"},
            lambda: _codes(edition),
            ("list", "code"),
        ),
        Table(
            "definitions.csv",
            "统计口径（本平台口径）",
            {"name": "名称", "definition": "口径"},
            lambda: iter(_definitions(edition)),
            ("name",),
        ),
        Table(
            "checks.csv",
            "复算记录",
            {"at": "复算时间", "frozen": "从封版数据", "records": "从数据库"},
            lambda: (
                [each.at, _agrees(each.frozen_agrees), _agrees(each.records_agree)]
                for each in edition.checks.all()
            ),
        ),
        Table(
            "signoffs.csv",
            "签署",
            {
                "level": "级别",
                "unit": "单位代码",
                "name": "单位",
                "word": "签署",
                "reason": "理由",
                "persons": "签署时人数",
                "sha256": "签署时SHA-256",
                "at": "时间",
            },
            lambda: _signoffs(edition),
        ),
        Table(
            "revisions.csv",
            "各版与勘误",
            {
                "edition": "版次",
                "kind": "类型",
                "facts_on": "截止日",
                "taken_at": "入库截点",
                "sha256": "SHA-256",
                "reason": "原因或勘误",
            },
            lambda: _revisions(edition),
        ),
    ]


_DEFINITIONS = [
    ["现有人员", "截止日状态为在培、延期、暂停的人，每人只计一次，按此人入库截点时审核通过的信息。"],
    ["结束", "截止日状态为结束的人，不计入现有人员。"],
    ["转出待入", "因转换培训基地或专业退培已审核通过、新的培训记录尚未审核通过的人，不计入现有人员。"],
    ["退培", "截止日状态为退培的人，不计入现有人员。"],
    ["截止日后入培", "开始培训在截止日之后的人，不计入现有人员。"],
    ["截止日", "事实的日期：变更日期在此之后的状态不计。"],
    ["入库截点", "数据库的时刻：只收录到此刻为止审核通过、未撤销的信息。"],
]


def _definitions(edition: Edition) -> list[list[str]]:
    rules = rules_of(edition.year)
    funding = [["经费核算", f"{rules}：{''.join(rules_in_words(rules))}"]] if rules else []
    return _DEFINITIONS + funding + [[name, words] for name, words in DEFINITIONS.items()]


def _funding(edition: Edition) -> Iterator[Table]:
    """经费汇总 by the rules in force, and the balance with the edition before, where there are such."""
    rules, old, names = rules_of(edition.year), balance.before(edition), edition.names
    if rules:
        by = ("base_id", "intake_year", "specialty_id", "trainee_type")
        words = {key: heading for key, (heading, _) in measures(rules).items()}

        def sums() -> Iterator[list[Any]]:
            people = judged(edition.people.all(), rules, edition.order.facts_on)
            for row in counted_by(people, rules, *by):
                base, year, specialty, kind = (row[key] for key in by)
                place = [base, names["base"].get(str(base), ""), year, specialty, kind]
                yield [*place, *(row[key] for key in words), row["counted"] * rules.amount]

        yield Table(
            "tables/funding.csv",
            f"经费核算：测算，非拨付（{rules}）",
            {
                "base_id": "基地序号",
                "base": "培训基地",
                "intake_year": "招收年份",
                "specialty_id": "专业代码",
                "trainee_type": "人员类型代码",
                **words,
                "amount": "金额（元）",
            },
            sums,
            by,
        )
    if old:

        def balanced() -> Iterator[list[Any]]:
            found = balance.Balance(old, edition.people.all()).by_base({})
            said = balance.explained(edition, found)
            for base in sorted(found):
                numbers = [found[base][key] for key in balance.COLUMNS]
                is_open = numbers[-1] and said.get(base) != numbers[-1]
                yield [base, names["base"].get(str(base), ""), *numbers, numbers[-1] if is_open else 0]

        yield Table(
            "tables/balance.csv",
            f"人数平衡：{old} → {edition}",
            {"base_id": "基地序号", "base": "培训基地", **balance.COLUMNS, "not_explained": "未说明的差额"},
            balanced,
            ("base_id",),
        )


def _yearbook(edition: Edition) -> Iterator[Table]:
    """The nation's tables of the yearbook, by province and, where their lines are units, by specialty too."""
    provinces = nation(edition)
    whole = [("province", each) for each in yearbook.tables_of(edition, provinces)]
    parts = yearbook.tables_of(edition, by_specialty(edition, provinces))
    whole += [("specialty", each) for each in parts if each.headers[0] == "培训专业"]
    for by, table in whole:
        # Columns are named by their place: headings of the same table differ from year to year.
        columns = {"line": table.headers[0]}
        columns |= {f"column_{place}": heading for place, heading in enumerate(table.headers[1:], 1)}
        title = table.title.partition("　")[2]
        title += f"（按{table.headers[0]}）" if table.headers[0] in ("省份", "培训专业") else ""
        rows = partial(iter, table.values)
        yield Table(f"tables/{table.key}-{by}.csv", title, columns, rows, ("line",))


def _codes(edition: Edition) -> Iterator[list[Any]]:
    for kind in ("province", "base", "specialty"):
        for code, name in edition.names[kind].items():
            yield [f"organisations.{kind}", code, name]
    for name, items in edition.names["code"].items():
        for code, label in items.items():
            yield [name, code, label]


def _agrees(agrees: bool) -> str:
    return "一致" if agrees else "不一致"


def _signoffs(edition: Edition) -> Iterator[list[Any]]:
    for each in edition.signatures.all():
        name = edition.names.get(each.level, {}).get(each.unit, "全国")
        word = "已签署" if each.is_signed else "不予签署"
        persons = sum(each.counts.values())
        yield [each.get_level_display(), each.unit, name, word, each.reason, persons, each.sha256, each.at]


def _revisions(edition: Edition) -> Iterator[list[Any]]:
    found = Edition.objects.filter(year=edition.year).select_related("order").prefetch_related("errata")
    for each in found.order_by("number"):
        ordered = each.order
        yield [
            each.number,
            ordered.get_kind_display(),
            ordered.facts_on,
            ordered.taken_at,
            each.sha256,
            ordered.reason,
        ]
        for erratum in each.errata.all():
            yield [each.number, "勘误", ordered.facts_on, erratum.at, each.sha256, erratum.text]


def persons_of(edition: Edition) -> Table:
    """The persons with what identifies them: the columns of the canonical form, their digest, and who they are."""
    digest = {"digest": "校验值"}
    who = {"full_name": "姓名", "id_type": "证件类型", "id_number": "证件号", "mobile": "手机号"}
    return Table(
        "persons.csv",
        "名单",
        COLUMNS | digest | who,
        lambda: _persons(edition, list(who)),
        ("resident_id",),
        is_personal=True,
    )


def _persons(edition: Edition, who: list[str]) -> Iterator[list[Any]]:
    own = [name for name in COLUMNS if name != "snapshot_sha256"]
    found = (
        EditionPerson.objects.filter(edition=edition)
        .order_by("resident_id")
        .annotate(
            snapshot_sha256=SnapshotSha256("submission__snapshot"),
            **{name: identity(name) for name in who},
        )
        .values_list(*own, "snapshot_sha256", "digest", *who)
    )
    for row in found.iterator(chunk_size=_ROWS_AT_ONCE):
        place = len(COLUMNS)
        yield [*row[:place], bytes(row[place]).hex(), *row[place + 1 :]]
