"""The quality list as an export: every finding of the filters, numbers masked (GOAL-N5, GOAL-P9)."""

from collections.abc import Generator, Mapping
from typing import Any

from django.db.models import OuterRef, Subquery

from portal.calendar import wall_clock
from portal.masking import mask
from portal.models import User
from review.exports.sheets import ROWS_AT_ONCE, Sheet
from review.models import QualityMark
from review.quality import services as quality
from review.quality.checks import CHECKS
from review.quality.forms import QualityFilter

_HEADERS = {
    "提示类型": 22,
    "省份": 12,
    "培训基地": 30,
    "招收年份": 10,
    "姓名": 12,
    "证件号": 22,
    "提示内容": 60,
    "发现时间": 20,
    "核实说明": 40,
    "核实人": 12,
    "核实时间": 20,
}
_COLUMNS = (
    "kind",
    "base__province__name",
    "base__name",
    "intake_year",
    "enrollment__resident__full_name",
    "enrollment__resident__id_number",
    "detail",
    "found_at",
    "reason",
    "marked_by",
    "marked_at",
)


def list_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """As many rows as the list counts; numbers stay masked, whatever was asked."""
    found = quality.findings(user, QualityFilter(user, asked).values)
    return Sheet(list(_HEADERS), list(_HEADERS.values()), found.count, _rows(found))


def _rows(found: Any) -> Generator[list]:
    marks = QualityMark.objects.filter(
        kind=OuterRef("kind"), subject=OuterRef("subject"), fingerprint=OuterRef("fingerprint")
    )
    rows = found.annotate(
        reason=Subquery(marks.values("reason")),
        marked_by=Subquery(marks.values("marked_by__full_name")),
        marked_at=Subquery(marks.values("marked_at")),
    )
    rows = rows.order_by("pk").values_list(*_COLUMNS)
    for kind, *place, number, detail, found_at, reason, who, marked_at in rows.iterator(ROWS_AT_ONCE):
        yield [
            CHECKS[kind].title,
            *place,
            mask(number) if number else None,
            detail,
            wall_clock(found_at),
            reason,
            who,
            wall_clock(marked_at) if marked_at else None,
        ]
