"""Target 4: the training workbook, every row changed, against a django-import-export resource of the same columns."""

import itertools
import uuid
from collections.abc import Callable
from functools import lru_cache

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.utils import override_settings
from import_export import resources
from import_export.formats.base_formats import XLSX

from bases import imports
from bases.import_work import apply_batch, check_batch
from bases.lists import Module
from bases.models import ImportBatch
from bases.reporting import for_check
from bases.training_resource import MATCH, RESOURCES
from portal.sheets.writing import Column, write_template
from residents.models import Enrollment
from tests.benchmarks.accounts import scene
from tests.benchmarks.decisions import complete_records
from tests.benchmarks.targets import Result, Target, rates

ROWS, STOCK_ROWS = 5_000, 300
_changes = itertools.count(1)
_RESOURCE = RESOURCES[Module.INTAKE]
_NUMBER = "resident__id_number"
_OWN = tuple(field.name for field in _RESOURCE.rule_fields() if field.name not in (*MATCH, "intake_year"))


class StockTraining(resources.ModelResource):
    """Codes, dates and truth values as they are stored; finds the record and compares it, as by default."""

    class Meta:
        model = Enrollment
        fields = (_NUMBER, *_OWN)
        import_id_fields = (_NUMBER,)


@lru_cache
def _records(count: int) -> list[Enrollment]:
    found = for_check(Enrollment.objects.filter(pk__in=complete_records(count)))
    return list(found.order_by("pk"))


def _file(headers: list[str], lines: list[list[str]]) -> bytes:
    """The last column is the remark, another one in every file."""
    remark = f"第{next(_changes)}次核对"
    return write_template(
        [Column(header) for header in headers],
        [[*line[:-1], remark] for line in lines],
        sheet_name=_RESOURCE.title,
        version=_RESOURCE.version,
        text_rows=len(lines),
    )


def _product_file() -> bytes:
    return _file(_RESOURCE.headers(), list(_RESOURCE().rows(_records(ROWS))))


def _stock_file() -> bytes:
    found = Enrollment.objects.filter(pk__in=[each.pk for each in _records(STOCK_ROWS)])
    lines = [
        ["" if value is None else str(int(value) if isinstance(value, bool) else value) for value in row]
        for row in found.values_list(_NUMBER, *_OWN)
    ]
    return _file([_NUMBER, *_OWN], lines)


def _product(content: bytes) -> None:
    """Upload, read in a child, judge, keep before → after of every row, confirm, write."""
    _, base, officer = scene()
    batch = imports.store_upload(
        SimpleUploadedFile("bench.xlsx", content),
        kind=ImportBatch.Kind.TRAINING,
        module=Module.INTAKE,
        base=base,
        by=officer,
        token=uuid.uuid4(),
    )
    check_batch(batch.pk)
    imports.confirm(batch, mode=ImportBatch.Mode.ALL_OR_NOTHING, by=officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    if (batch.state, batch.rows_updated) != (ImportBatch.State.APPLIED, ROWS):
        raise RuntimeError(f"the product did not update every row: {batch.state} {batch.refusal}")


def _stock(content: bytes) -> None:
    result = StockTraining().import_data(XLSX().create_dataset(content), raise_errors=True)
    if result.totals["update"] != STOCK_ROWS:
        raise RuntimeError(f"the stock side did not update every row: {dict(result.totals)}")


def _fresh(
    rows: int, make: Callable[[], bytes], job: Callable[[bytes], None]
) -> tuple[int, Callable[[], None]]:
    files = iter([make() for _ in range(3)])
    return rows, lambda: job(next(files))


@override_settings(TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}})
def measure_training() -> Result:
    """Target 4."""
    found = rates(
        {
            "product": _fresh(ROWS, _product_file, _product),
            "stock": _fresh(STOCK_ROWS, _stock_file, _stock),
        }
    )
    return Result(
        found["product"] / found["stock"],
        notes=[
            f"{len(_RESOURCE.headers())} columns, every row changed; product {found['product']:,.0f} rows/s over "
            f"{ROWS:,} rows, upload to written; stock import-export {found['stock']:,.0f} rows/s over "
            f"{STOCK_ROWS} rows in one pass, nothing judged",
        ],
    )


TARGETS = [Target(4, "training workbook, before → after, against import-export", ">=", 20, measure_training)]
