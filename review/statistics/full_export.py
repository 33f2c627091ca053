"""完整采集信息: all that was collected of each approved record, one line a person (GOAL-N5).

The columns come from the dictionary of fields, so a field added there is in the file without further code. The values
are those of the snapshot the province approved, as the list of the same number.
"""

from collections.abc import Generator, Mapping

from django.db.models import QuerySet

from bases.models import Source, Submission
from bases.submissions.wide import Part, parts_of_a_record
from portal.calendar import wall_clock
from portal.models import User
from review.exports.sheets import ROWS_AT_ONCE, Sheet
from review.statistics import frozen
from review.statistics.cross_table import counted, deleted_later
from review.statistics.export import of_export

_ABOUT = (("省份", 14), ("培训基地", 30), ("上报时间", 20), ("审核通过时间", 20))
# Of an approved original only (AM-32).
_DELETED_LATER = ("后来删除", 20)


def record_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """As many lines as the list of the same filters has."""
    source, filters, as_of = of_export(asked)
    is_frozen = "edition" in asked
    found = frozen.submissions(user, asked) if is_frozen else counted(user, source, filters, as_of)
    found = found.annotate(deleted_later=deleted_later(as_of))
    about = (*_ABOUT, _DELETED_LATER) if source == Source.INTAKE else _ABOUT
    parts = parts_of_a_record()
    return Sheet(
        headers=[header for header, _ in about] + [header for part in parts for header in part.headers],
        widths=[width for _, width in about] + [width for part in parts for width in part.widths],
        count=found.count,
        rows=_rows(found, parts, len(about), masked=not unmasked),
        people=found.order_by().values_list("enrollment__resident", flat=True) if unmasked else None,
    )


def _rows(found: QuerySet[Submission], parts: list[Part], about: int, *, masked: bool) -> Generator[list]:
    columns = (
        "province__name",
        "base__name",
        "reported_at",
        "decided_at",
        "deleted_later",
        "snapshot",
    )
    rows = found.order_by("pk").values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE // 10)
    for province, base, *moments, snapshot in rows:
        line = [province, base, *(moment and wall_clock(moment) for moment in moments)][:about]
        for part in parts:
            line += part.values(snapshot, masked)
        yield line
