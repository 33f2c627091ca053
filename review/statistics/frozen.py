"""The statistics asked of an edition: the same tables and lists over its frozen persons (GOAL-N7).

Of persons only: what counts records instead has no edition. A number and its list come from the same rows.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Aggregate, Count, DateTimeField, QuerySet, Sum, Value

from bases.models import Source, Submission
from bases.models.counts import COUNTED_BY
from portal.calendar import wall_clock
from portal.models import User
from review.editions import comparison
from review.editions.comparison import identity
from review.exports.sheets import Column, Sheet, label, sheet_of
from review.models import Edition, EditionCount, EditionPerson
from review.statistics.cross_table import (
    BESIDE,
    DIMENSIONS,
    CrossTable,
    Group,
    _beside,
    _crossed,
    _narrowed,
    _written,
)

# What an edition can be asked for.
SOURCES = (Source.CURRENT, Source.ENDED, Source.WAITING)
COLUMNS = (
    Column("省份", "province__name"),
    Column("培训基地", "base__name", width=30),
    Column("培训专业", "specialty__name", width=18),
    Column("招收年份", "intake_year", width=10),
    Column("姓名", identity("full_name")),
    Column("证件类型", identity("id_type"), label("id_type"), 18),
    Column("证件号", identity("id_number"), width=22, is_personal=True),
    Column("手机号", identity("mobile"), width=16, is_personal=True),
    Column("性别", "sex", label("sex"), 8),
    Column("人员类型", "trainee_type", label("trainee_type"), 26),
    Column("核定的培训年限（年）", "approved_years"),
    Column("培训实际开始时间", "started_on", width=18),
    Column("预计培训结束时间", "planned_end", width=18),
    Column("截止日的培训状态", "status", label("status"), 18),
    Column("状态变更日期", "status_since", width=14),
    Column("最高学历", "highest_education", label("education_level"), 10),
    Column("最高学位", "highest_degree", label("degree_code"), 24),
    Column("应届毕业生", "is_fresh_graduate", width=12),
    Column("农村订单定向", "is_rural_oriented"),
    Column("西部支援行动", "is_western_support"),
    Column("审核通过时间", "submission__decided_at", wall_clock, 20),
)


def counted(user: User, edition: int, source: str, filters: Mapping[str, str]) -> QuerySet[EditionPerson]:
    """The persons of an edition who stand here, within the provinces the user sees."""
    found = EditionPerson.objects.filter(edition_id=edition, standing=source)
    narrowed: QuerySet[EditionPerson] = _narrowed(found, user, filters)
    return narrowed


def for_list(found: QuerySet[EditionPerson]) -> QuerySet[EditionPerson]:
    """With what a list of statistics shows; nobody of an edition is marked as deleted later."""
    return comparison.for_list(found).annotate(deleted_later=Value(None, output_field=DateTimeField()))


def counted_table(
    user: User, edition: Edition, source: str, filters: Mapping[str, str], rows: str, columns: str
) -> CrossTable:
    """As the live table; from the kept numbers of the edition where they tell the dimensions apart."""
    row, column = DIMENSIONS[rows], DIMENSIONS[columns]
    sources = (source, *BESIDE.get(Source(source), ()))
    found: QuerySet[Any]
    number: Aggregate
    if {DIMENSIONS[key].column for key in (*filters, rows, columns)} <= set(COUNTED_BY):
        found, number = EditionCount.objects.all(), Sum("number")
    else:
        found, number = EditionPerson.objects.all(), Count("pk")
    found = found.filter(edition=edition, standing__in=sources)
    groups: dict[str, list[Group]] = {each: [] for each in sources}
    grouped = _narrowed(found, user, filters).order_by()
    counts = grouped.values_list("standing", row.column, column.column).annotate(counted=number)
    for each, first, second, count in counts:
        groups[each].append((_written(first), _written(second), count))
    beside = {each: _beside(each, groups[each]) for each in sources[1:]}
    return _crossed(groups[source], row, column, edition.order.taken_at, **beside)


def edition_of(asked: Mapping[str, str]) -> Edition | None:
    """The edition that an export was asked of."""
    if "edition" not in asked:
        return None
    return Edition.objects.select_related("order").get(pk=int(asked["edition"]))


def in_words(edition: Edition) -> str:
    """Where the numbers come from, for headings and files."""
    return f"{edition}，截止日 {edition.order.facts_on:%Y-%m-%d}，SHA-256 {edition.sha256[:12]}…"


def list_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """Everybody whom `counted` finds."""
    filters = dict(asked)
    edition, source = int(filters.pop("edition")), filters.pop("source")
    found = counted(user, edition, source, filters)
    return sheet_of(found, COLUMNS, unmasked=unmasked, person="resident_id")


def submissions(user: User, asked: Mapping[str, str]) -> QuerySet[Submission]:
    """What was collected of them, as it was approved."""
    filters = dict(asked)
    edition, source = int(filters.pop("edition")), filters.pop("source")
    return Submission.objects.filter(pk__in=counted(user, edition, source, filters).values("submission"))
