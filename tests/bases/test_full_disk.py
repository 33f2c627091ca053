"""A disk without room, of files or of the database: told, nothing half there, and it goes on by itself (TRUST-49)."""

import errno
import os
import uuid

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import OperationalError, connection

from bases.imports import services as imports
from bases.imports.worker import apply_batch
from bases.models import ImportBatch, Submission
from portal import deeds, service
from portal.backups import stored_files
from portal.models import Deed, Message
from residents.models import Enrollment, Resident, StatusChange
from tests.bases.conftest import account_line, workbook
from tests.bases.desk import complete, state
from tests.database import as_owner

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/base/imports/accounts/intake/"


class Full:
    """A file whose disk takes a hundred bytes more."""

    def __init__(self, file) -> None:
        self.file, self.room = file, 100

    def write(self, data: bytes) -> int:
        self.file.write(data[: self.room])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        self.file.close()


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


@pytest.fixture
def full_disk(monkeypatch):
    """A function: from now on no file finds room, or with False all do again."""
    opened = os.fdopen

    def be(is_full: bool = True) -> None:
        way = (lambda *given: Full(opened(*given))) if is_full else opened
        monkeypatch.setattr("django.core.files.storage.filesystem.os.fdopen", way)

    yield be
    be(False)


@pytest.fixture
def full_database():
    """A function: from now on the third row of this table finds no room, as PostgreSQL tells it; "" ends that."""
    made: list[str] = []

    def be(table: str = "") -> None:
        with as_owner(), connection.cursor() as cursor:
            for each in made:
                cursor.execute(
                    f"DROP TRIGGER test_full ON {each}; DROP FUNCTION test_full; DROP SEQUENCE test_rows"
                )
            made[:] = [table] if table else []
            if table:
                cursor.execute("CREATE SEQUENCE test_rows; GRANT USAGE ON SEQUENCE test_rows TO PUBLIC")
                cursor.execute(
                    "CREATE FUNCTION test_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "IF nextval('test_rows') > 2 THEN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; "
                    "END IF; RETURN NEW; END $$"
                )
                cursor.execute(
                    f"CREATE TRIGGER test_full BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION test_full()"
                )

    yield be
    be()


def told(answer) -> str:
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    body = answer.content.decode()
    assert service.FULL.title in body
    return body


def test_a_file_without_room_leaves_nothing_and_comes_in_later(desk, base, cycle, full_disk):
    """TRUST-49: no batch, no half file; the same form again is taken once there is room."""
    desk.raise_request_exception = False
    content, token = workbook([account_line(intake_year=str(cycle.year))]), uuid.uuid4()

    def send():
        return desk.post(ADDRESS, {"file": SimpleUploadedFile("名单.xlsx", content), "token": token})

    full_disk()
    assert "没有保存任何内容" in told(send())
    assert not ImportBatch.objects.exists()
    assert list(stored_files("")) == []
    full_disk(False)
    assert send().status_code == 302
    assert [default_storage.size(name) for name in stored_files("")] == [len(content)]


def test_a_body_without_room_is_told(desk, cycle, monkeypatch):
    """TRUST-49: the part of a large upload that the server sets aside before anybody reads it."""

    def refuse(handler, *_):
        handler.file.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    desk.raise_request_exception = False
    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", refuse)
    file = SimpleUploadedFile("名单.xlsx", b"x" * 3_000_000)
    told(desk.post(ADDRESS, {"file": file, "token": uuid.uuid4()}))
    assert not ImportBatch.objects.exists()


def test_an_import_without_room_writes_no_row_and_then_each_once(checked, full_database):
    """TRUST-49: in mid-import; the clock takes it up again by itself."""
    batch = checked([account_line(mobile=f"1380013800{n}") for n in range(4)])
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    full_database("residents_enrollment")
    with pytest.raises(OperationalError) as raised:
        apply_batch(batch.pk)
    assert service.trouble_of(raised.value) == service.FULL
    assert (Enrollment.objects.count(), Resident.objects.count(), StatusChange.objects.count()) == (0, 0, 0)
    full_database()
    batch.refresh_from_db()
    assert batch.state == "applying"
    ImportBatch.objects.update(worked_at=batch.worked_at - 2 * imports.ABANDONED_AFTER)
    assert imports.requeue_abandoned() == 1
    apply_batch(batch.pk)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, Enrollment.objects.count(), Resident.objects.count()) == ("applied", 4, 4)


def test_a_form_without_room_comes_back_whole(desk, base, cycle, full_database):
    """TRUST-49: nothing of it is written, and what was sent stands in the answer to be sent again."""
    desk.raise_request_exception = False
    rows = [complete(base, cycle.year) for _ in range(4)]
    form = {"ids": ",".join(str(row.pk) for row in rows), "declared": "on", "next": "/base/records/intake/"}
    full_database("bases_submission")
    body = told(desk.post("/base/report/", form))
    assert f'name="ids" value="{form["ids"]}"' in body
    assert not Submission.objects.exists()
    assert {state(row) for row in rows} == {("0", "0")}
    full_database()
    assert desk.post("/base/report/", form).status_code == 302
    assert Submission.objects.count() == 4


def test_work_of_the_worker_without_room_says_so(desk, base, cycle, full_database, monkeypatch):
    """TRUST-49: whoever waits is told why, and nothing was done."""
    monkeypatch.setattr(deeds, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(deeds, "_enqueue", lambda job: None)
    ids = ",".join(str(complete(base, cycle.year).pk) for _ in range(4))
    desk.post("/base/report/", {"ids": ids, "declared": "on", "next": "/base/records/intake/"})
    full_database("bases_submission")
    deed = Deed.objects.get()
    with pytest.raises(OperationalError):
        deeds.do(deed.job_id)
    deed.refresh_from_db()
    assert deed.job.state == "failed"
    assert service.FULL.title in Message.objects.get(kind="deed").body
    assert not Submission.objects.exists()
    full_database()
    assert deeds.again(deed.job_id)
    deeds.do(deed.job_id)
    assert Submission.objects.count() == 4


def test_a_file_of_the_worker_without_room_leaves_no_half(desk, base, cycle, full_disk, monkeypatch):
    """TRUST-49: of the filled template of many."""
    monkeypatch.setattr(deeds, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(deeds, "_enqueue", lambda job: None)
    for _ in range(2):
        complete(base, cycle.year)
    desk.post("/base/imports/training/intake/template/", {"range": "all"})
    full_disk()
    deed = Deed.objects.get()
    with pytest.raises(OSError, match="space"):
        deeds.do(deed.job_id)
    deed.refresh_from_db()
    assert (deed.job.state, deed.file.name) == ("failed", "")
    assert [name for name in stored_files("") if name.startswith("deeds")] == []
    assert service.FULL.title in Message.objects.get(kind="deed").body
