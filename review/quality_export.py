"""The quality list as a workbook: every finding of the filters, numbers masked (GOALS N5, P9)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from portal import audit
from portal.masking import mask
from portal.models import User
from portal.sheets.streaming import stream_xlsx
from review import quality
from review.models import Export, QualityMark
from review.quality_checks import CHECKS

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
_ROWS_AT_ONCE = 2000


def export(user: User, filters: Mapping) -> Iterator[bytes]:
    """The bytes of an .xlsx with as many rows as the list counts; logged before the first byte leaves."""
    found = quality.findings(user, filters)
    asked = {name: str(getattr(value, "pk", value)) for name, value in filters.items()}
    export = Export.objects.create(requested_by=user, kind="quality_list", filters=asked, rows=found.count())
    audit.record("export", by=user, target=export, rows=export.rows, masked=True)
    widths = list(_HEADERS.values())
    return stream_xlsx(list(_HEADERS), _rows(found), sheet_name="数据质量提示", widths=widths)


def _rows(found: Any) -> Iterator[list]:
    marks = QualityMark.objects.filter(
        kind=OuterRef("kind"), subject=OuterRef("subject"), fingerprint=OuterRef("fingerprint")
    )
    rows = found.annotate(
        reason=Subquery(marks.values("reason")),
        marked_by=Subquery(marks.values("marked_by__full_name")),
        marked_at=Subquery(marks.values("marked_at")),
    )
    rows = rows.order_by("pk").values_list(*_COLUMNS)
    for kind, *place, number, detail, found_at, reason, who, marked_at in rows.iterator(_ROWS_AT_ONCE):
        yield [
            CHECKS[kind].title,
            *place,
            mask(number) if number else None,
            detail,
            _local(found_at),
            reason,
            who,
            _local(marked_at) if marked_at else None,
        ]


def _local(moment: Any) -> Any:
    return timezone.localtime(moment).replace(tzinfo=None)
