"""Target 5: the list behind the statistics as a workbook, against an import-export resource of the same columns."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from import_export import fields, resources
from import_export.formats.base_formats import XLSX

from bases.models import Submission
from portal.sheets.streaming import stream_xlsx
from review.statistics.cross_table import counted
from review.statistics.export import COLUMNS, list_sheet
from tests.benchmarks.nation import nation
from tests.benchmarks.targets import Result, Target, rates, seconds

STOCK_ROWS = 3_000
# A process of its own: what it had in memory before would hide what the export takes.
_ALONE = """
import resource, sys, django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from portal.models import User
from tests.benchmarks.exports import export_list
for piece in export_list(User.objects.get(pk=sys.argv[2]), **dict([sys.argv[3].split("=")])):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _stock_resource() -> resources.ModelResource:
    members: dict[str, Any] = {}
    for number, column in enumerate(COLUMNS):
        name = f"column_{number}"
        if isinstance(column.source, str):
            members[name] = fields.Field(column.source, column.header)
        else:
            members[name] = fields.Field(column_name=column.header)
            members[f"dehydrate_{name}"] = _from_snapshot(column.header)
    names = tuple(name for name in members if not name.startswith("dehydrate"))
    meta = type("Meta", (), {"model": Submission, "fields": names})
    return type("StockList", (resources.ModelResource,), {**members, "Meta": meta})()


_IN_SNAPSHOT = {
    "姓名": ("identity", "full_name"),
    "证件类型": ("identity", "id_type"),
    "证件号": ("identity", "id_number"),
    "手机号": ("identity", "mobile"),
    "培训实际开始时间": ("training", "actual_start_date"),
    "预计培训结束时间": ("training", "planned_end_date"),
}


def _from_snapshot(header: str) -> Callable[[Any, Submission], Any]:
    block, name = _IN_SNAPSHOT[header]
    return lambda resource, row: row.snapshot[block].get(name)


def _stock_export(found: Any) -> None:
    rows = found.select_related("province", "base", "specialty")[:STOCK_ROWS]
    XLSX().export_data(_stock_resource().export(rows))


def export_list(user: Any, **filters: str) -> Iterator[bytes]:
    """The list of a statistic in full, as its export streams it."""
    sheet = list_sheet(user, {"source": "current", **filters}, unmasked=True)
    with transaction.atomic(), closing(sheet.rows):
        yield from stream_xlsx(sheet.headers, sheet.rows, sheet_name="统计名单", widths=sheet.widths)


def _memory(user: Any, filters: str) -> int:
    """KB."""
    command = [sys.executable, "-c", _ALONE, settings.DATABASES["default"]["NAME"], str(user.pk), filters]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure_export() -> Result:
    """Target 5."""
    user, year = nation().association, timezone.localdate().year
    found = counted(user, "current", {"year": str(year)})
    rows, everything = found.count(), counted(user, "current", {}).count()

    def product() -> None:
        for _ in export_list(user, year=str(year)):
            pass

    speed = rates({"product": (rows, product), "stock": (STOCK_ROWS, lambda: _stock_export(found))})
    first = seconds(lambda: next(export_list(user, year=str(year))))
    few, many = (_memory(user, filters) for filters in (f"year={year}", "sex=1"))
    return Result(
        speed["product"] / speed["stock"],
        also=[
            (f"memory at {everything:,} rows against {rows:,}, times", many / few, "<=", 1.2),
            ("first byte, % of the time", 100 * first * speed["product"] / rows, "<=", 5),
        ],
        notes=[
            f"{len(COLUMNS)} columns; product {speed['product']:,.0f} rows/s over {rows:,} rows, stock import-export "
            f"{speed['stock']:,.0f} rows/s over {STOCK_ROWS:,}; memory {few / 1024:.0f} and {many / 1024:.0f} MB",
        ],
    )


TARGETS = [Target(5, "list export to .xlsx against django-import-export", ">=", 20, measure_export)]
