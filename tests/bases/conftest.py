"""What the tests of imports need: workbooks of made-up persons, and batches of them."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.copies import services as copies
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from bases.workbooks.accounts import account_template
from portal.sheets.writing import Column, write_template
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import approved, complete

HEADERS = ("招收年份", "姓名", "证件类型", "证件号", "手机号")


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    """The tests of this folder call the worker's part themselves."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


def account_line(**values) -> dict:
    """One line of an account workbook, by field name, with a new valid person."""
    line = {
        "intake_year": "",
        "full_name": "陈雨桐",
        "id_type": "居民身份证",
        "id_number": factories.id_number(),
        "mobile": "13800138000",
    }
    return line | values


def workbook(lines, headers=HEADERS) -> bytes:
    """An .xlsx with text cells under the headers."""
    rows = [list(line.values()) if isinstance(line, dict) else line for line in lines]
    columns = [Column(header) for header in headers]
    return write_template(columns, rows, sheet_name="Sheet1", version="x", text_rows=len(rows))


@pytest.fixture
def upload(base, base_officer, cycle):
    """A function: lines or bytes → a stored batch that waits for its check."""

    def store(content, *, by=None, at=None, module="intake", token=None, name="招收名单.xlsx") -> ImportBatch:
        if not isinstance(content, bytes):
            for line in content:
                line["intake_year"] = line["intake_year"] or str(cycle.year)
            content = workbook(content)
        return imports.store_upload(
            SimpleUploadedFile(name, content),
            kind="accounts",
            module=module,
            base=at or base,
            by=by or base_officer,
            token=token or uuid.uuid4(),
        )

    return store


@pytest.fixture
def checked(upload):
    """A function: as `upload`, and checked."""

    def check(content, **more) -> ImportBatch:
        batch = upload(content, **more)
        check_batch(batch.pk)
        batch.refresh_from_db()
        return batch

    return check


@pytest.fixture
def imported(checked):
    """A function: as `checked`, confirmed and applied."""

    def run(content, *, mode="good_rows", **more) -> ImportBatch:
        batch = checked(content, **more)
        imports.confirm(batch, mode=mode, by=batch.uploaded_by)
        apply_batch(batch.pk)
        batch.refresh_from_db()
        return batch

    return run


@pytest.fixture
def rows(base, cycle) -> list[Enrollment]:
    """Three complete recruits of the base."""
    return [complete(base, cycle.year) for _ in range(3)]


@pytest.fixture
def registered(base, cycle, base_officer, provincial_reviewer) -> list[Enrollment]:
    """Three approved records of last year's cohort."""
    late = {"origin": "late", "registered_at": timezone.now()}
    return [
        approved(complete(base, cycle.year - 1, **late), base_officer, provincial_reviewer) for _ in range(3)
    ]


@pytest.fixture
def send(base, base_officer, cycle):
    """A function: workbook bytes → the checked batch."""

    def store(content: bytes, *, module: str = "intake", at=None, by=None) -> ImportBatch:
        batch = imports.store_upload(
            SimpleUploadedFile("培训信息.xlsx", content),
            kind="training",
            module=module,
            base=at or base,
            by=by or base_officer,
            token=uuid.uuid4(),
        )
        check_batch(batch.pk)
        batch.refresh_from_db()
        return batch

    return store


@pytest.fixture
def write(base_officer):
    """A function: confirm a checked batch and let the worker write it."""

    def apply(batch: ImportBatch, mode: str = "good_rows") -> ImportBatch:
        imports.confirm(batch, mode=mode, by=base_officer)
        apply_batch(batch.pk)
        batch.refresh_from_db()
        assert batch.state == "applied", batch.refusal
        return batch

    return apply


@pytest.fixture
def template(cycle) -> bytes:
    return account_template(cycle_year=cycle.year, module="intake")


def counts(batch: ImportBatch) -> tuple[int, int, int, int]:
    """(all rows, created, unchanged, refused)."""
    return batch.rows_total, batch.rows_created, batch.rows_unchanged, batch.rows_refused


def problem_codes(batch: ImportBatch) -> dict[int, list[tuple[str, str]]]:
    """Row number as Excel shows it → (cell, rule) of its problems."""
    return {
        row.sheet_row: [(f"{each['column']}{row.sheet_row}", each["code"]) for each in row.problems]
        for row in batch.rows.all()
        if row.problems
    }


@pytest.fixture
def desk(signed_in, base_officer):
    """A browser of an officer of `base`."""
    return signed_in(base_officer)


def fetch_copy(client, batch):
    """Ask for the annotated copy of a batch in the page, let the worker make it, fetch it."""
    address = reverse("bases:import-annotated", args=[batch.pk])
    client.post(address)
    batch.refresh_from_db()
    if batch.copy_job_id:
        copies.make(batch.copy_job_id)
    return client.get(address)
