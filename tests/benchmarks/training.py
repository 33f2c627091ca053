"""Target 4: the training workbook, every row changed, against a django-import-export resource of the same columns."""

import itertools
import uuid
from collections.abc import Callable
from functools import lru_cache

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.utils import override_settings
from import_export import resources
from import_export.formats.base_formats import XLSX

from bases.imports import services as imports
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from bases.workbooks.training_resource import MATCH, RESOURCES
from portal.sheets.writing import Column, write_template
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.snapshot import for_check
from tests.benchmarks.accounts import scene
from tests.benchmarks.decisions import complete_records
from tests.benchmarks.targets import Result, Target, rates

ROWS = 5_000
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
    found = Enrollment.objects.filter(pk__in=[each.pk for each in _records(ROWS)])
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


def _stock(content: bytes, *, passes: int) -> None:
    """One pass writes at once; two are its admin's way: a dry run that shows before → after, then the import."""
    data, resource = XLSX().create_dataset(content), StockTraining()
    for is_dry in (True, False) if passes == 2 else (False,):
        result = resource.import_data(data, dry_run=is_dry, raise_errors=True)
        if result.totals["update"] != ROWS:
            raise RuntimeError(f"the stock side did not update every row: {dict(result.totals)}")


def _fresh(make: Callable[[], bytes], job: Callable[[bytes], None]) -> tuple[int, Callable[[], None]]:
    files = iter([make() for _ in range(3)])
    return ROWS, lambda: job(next(files))


@override_settings(TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}})
def measure_training() -> Result:
    """Target 4. The product shows before → after first and writes when told so; the like of it on the other side is
    the admin's dry run and import. What one pass without a preview gives is printed beside it."""
    found = rates(
        {
            "product": _fresh(_product_file, _product),
            "one": _fresh(_stock_file, lambda content: _stock(content, passes=1)),
            "two": _fresh(_stock_file, lambda content: _stock(content, passes=2)),
        }
    )
    return Result(
        found["product"] / found["two"],
        notes=[
            f"{len(_RESOURCE.headers())} columns × {ROWS:,} rows on every side, every row changed, preview and import: "
            f"product {found['product']:,.0f} rows/s, every rule judged; stock import-export {found['two']:,.0f} "
            "rows/s, none judged",
            f"stock in one pass, without a preview: {found['one']:,.0f} rows/s, {found['product'] / found['one']:.1f} "
            "times",
        ],
    )


TARGETS = [Target(4, "training workbook, before → after, against import-export", ">=", 20, measure_training)]
