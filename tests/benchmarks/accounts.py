"""Targets 1 to 3: the account workbook, from the file to persons, accounts, enrollments and history."""

import itertools
import random
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pghistory
from django.conf.global_settings import PASSWORD_HASHERS as DJANGO_HASHERS
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test.utils import override_settings

from bases.imports import services as imports
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from portal.sheets.writing import Column, write_template
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.pinyin import pinyin_key
from residents.rules.identity import to_18_digits
from residents.services.accounts import create_accounts
from residents.standing import AccountRow
from tests import factories
from tests.benchmarks.stock import copy_straight, stock_import
from tests.benchmarks.targets import Result, Target, rates

ROWS = 10_000
HASHED_ROWS = 12
FIRST_PASSWORD = "000000"

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_serials = itertools.count()
_random = random.Random(854)


def persons(count: int) -> list[dict[str, Any]]:
    """Made-up persons nobody has met in this run, as clean values."""
    return [_person(next(_serials)) for _ in range(count)]


def _person(serial: int) -> dict[str, Any]:
    days, order = divmod(serial, 900)
    year, day = divmod(days, 336)
    number = to_18_digits(f"330106{80 + year:02d}{day // 28 + 1:02d}{day % 28 + 1:02d}{order:03d}")
    name = _random.choice(_SURNAMES) + "".join(chr(0x4E00 + _random.randrange(2500)) for _ in range(2))
    return {
        "intake_year": scene()[0].year,
        "full_name": name,
        "id_type": "01",
        "id_number": number,
        "mobile": f"13{serial % 10**9:09d}",
    }


@lru_cache
def scene() -> tuple[Any, Any, Any]:
    """(cycle, base, officer), made once."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory()
    officer = factories.UserFactory()
    factories.grant(officer, base)
    return cycle, base, officer


def workbook(rows: list[dict[str, Any]]) -> bytes:
    columns = [Column(header) for header in ("招收年份", "姓名", "证件类型", "证件号", "手机号")]
    lines = [
        [str(row["intake_year"]), row["full_name"], row["id_type"], row["id_number"], row["mobile"]]
        for row in rows
    ]
    return write_template(columns, lines, sheet_name="账号模板", version="bench", text_rows=len(rows))


def product_import(content: bytes) -> None:
    """What the product does with an upload: store, read in a child, judge, keep verdicts, confirm, write, count."""
    _, base, officer = scene()
    batch = imports.store_upload(
        SimpleUploadedFile("bench.xlsx", content),
        kind=ImportBatch.Kind.ACCOUNTS,
        module=Module.INTAKE,
        base=base,
        by=officer,
        token=uuid.uuid4(),
    )
    check_batch(batch.pk)
    imports.confirm(batch, mode=ImportBatch.Mode.ALL_OR_NOTHING, by=officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    if (batch.state, batch.rows_created) != (ImportBatch.State.APPLIED, batch.rows_total):
        raise RuntimeError(f"the product did not import every row: {batch.refusal}")


def _fresh(count: int, job: Callable[[bytes], None]) -> tuple[int, Callable[[], None]]:
    """(rows, job over a new workbook each time); the workbooks are made before anything is timed."""
    files = iter([workbook(persons(count)) for _ in range(3)])
    return count, lambda: job(next(files))


@override_settings(
    WORKBOOK_MAX_ROWS=ROWS,
    TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}},
)
def measure_workbook() -> Result:
    """Target 1."""
    _, base, officer = scene()
    product_import(workbook(persons(100)))  # imports of modules and the pinyin table are not the rows' cost
    found = rates(
        {
            "product": _fresh(ROWS, product_import),
            "one": _fresh(ROWS, lambda content: stock_import(content, base=base, by=officer)),
            "two": _fresh(ROWS, lambda content: stock_import(content, base=base, by=officer, passes=2)),
        }
    )
    return Result(
        found["product"] / found["one"],
        also=[("against its admin's two passes", found["product"] / found["two"], ">=", 40)],
        notes=[
            f"{ROWS:,} rows a file on every side: product {found['product']:,.0f} rows/s, upload to counts; stock "
            f"import-export {found['one']:,.0f} rows/s in one pass, {found['two']:,.0f} in two",
            "no hashing on either side, history triggers on for both",
        ],
    )


def insert_step(rows: list[dict[str, Any]]) -> None:
    """The product's insert step alone: look-up, staging, four INSERT … SELECT, commit."""
    cycle, base, officer = scene()
    batch = ImportBatch.objects.create(
        kind="accounts", module="intake", cycle=cycle, base=base, uploaded_by=officer, file_sha256=""
    )
    clean = [AccountRow(number, **row) for number, row in enumerate(rows, 2)]
    before = Enrollment.objects.count()
    with transaction.atomic(), pghistory.context(user=officer.pk, channel="import", batch=batch.pk):
        create_accounts(clean, base=base, module="intake", batch=batch, by=officer)
    if Enrollment.objects.count() != before + len(rows):
        raise RuntimeError("the insert step left rows out")


def _limit(rows: list[dict[str, Any]]) -> None:
    _, base, officer = scene()
    with transaction.atomic():
        copy_straight(rows, base=base, by=officer)


def _rows(count: int, job: Callable[[list[dict]], None]) -> tuple[int, Callable[[], None]]:
    lists = iter([persons(count) for _ in range(3)])
    return count, lambda: job(next(lists))


def _with_keys(job: Callable[[list[dict]], None]) -> Callable[[list[dict]], None]:
    return lambda rows: job([row | {"name_key": pinyin_key(row["full_name"])} for row in rows])


def measure_insert() -> Result:
    """Target 2."""
    insert_step(persons(100))
    found = rates({"product": _rows(ROWS, insert_step), "limit": _rows(ROWS, _with_keys(_limit))})
    share = 100 * found["product"] / found["limit"]
    return Result(
        share,
        notes=[
            f"product {found['product']:,.0f} rows/s; COPY straight into the same four tables {found['limit']:,.0f} "
            f"rows/s; {ROWS:,} rows each, history triggers on for both, the value is a percentage",
        ],
    )


def measure_hashing() -> Result:
    """Target 3."""
    _, base, officer = scene()
    insert_step(persons(100))

    def stock_with_hash(content: bytes) -> None:
        with override_settings(PASSWORD_HASHERS=DJANGO_HASHERS):
            stock_import(content, base=base, by=officer, password=FIRST_PASSWORD)

    found = rates({"product": _rows(ROWS, insert_step), "stock": _fresh(HASHED_ROWS, stock_with_hash)})
    return Result(
        found["product"] / found["stock"],
        notes=[
            f"product's insert step {found['product']:,.0f} rows/s over {ROWS:,} rows, nothing hashed; stock "
            f"import-export in one pass with Django's default hash for each row {found['stock']:.1f} rows/s "
            f"over {HASHED_ROWS} rows",
        ],
    )


TARGETS = [
    Target(1, "account workbook to persons, accounts, enrollments, history", ">=", 20, measure_workbook),
    Target(2, "its insert step against COPY straight into the tables (%)", ">=", 50, measure_insert),
    Target(3, "the insert step against stock defaults, a hash for every row", ">=", 2000, measure_hashing),
]
