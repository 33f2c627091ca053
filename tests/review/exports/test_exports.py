"""Background exports: GOAL-N5, GOAL-B8; TRUST-33, TRUST-39, TRUST-41, TRUST-51; PAIN-26."""

import csv
import datetime
import errno
import gc
import io
import sys

import openpyxl
import psycopg2
import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bases.models import ProvinceUserGrant
from portal import jobs
from portal.models import AuditEvent, Job, Message
from review.exports import jobs as exports
from review.models import Export
from tests import factories

MASKED_NUMBER = 5


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


@pytest.fixture
def people(base, cycle):
    names = ["=1+1", "陈𠮷", "欧阳若曦"]
    return [
        factories.EnrollmentFactory(
            base=base, intake_year=cycle.year, resident=factories.ResidentFactory(full_name=name)
        )
        for name in names
    ]


@pytest.fixture
def long_list(monkeypatch):
    """Three rows are a long list."""
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 2)


@pytest.fixture
def queued(long_list, people, provincial_reviewer):
    return exports.ask(provincial_reviewer, "residents_list", {})


def rows_of(content: bytes) -> list[tuple]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


def streamed(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_short_list_comes_at_once_and_has_as_many_rows_as_the_page(
    signed_in, provincial_reviewer, people, base
):
    """GOAL-N5, TRUST-41: same filter, same count; masked; names as text."""
    client, asked = signed_in(provincial_reviewer), f"?base={base.pk}"
    page = client.get(reverse("review:residents") + asked)
    rows = rows_of(streamed(client.post(reverse("review:residents-export") + asked)))
    assert len(rows) - 1 == page.context["page"].count == 3
    assert {row[3] for row in rows[1:]} == {"=1+1", "陈𠮷", "欧阳若曦"}
    numbers = {each.resident.id_number for each in people}
    assert numbers.isdisjoint(row[MASKED_NUMBER] for row in rows)
    line = AuditEvent.objects.get(action="export")
    assert (line.actor, line.detail["rows"], line.detail["masked"]) == (provincial_reviewer, 3, True)


@pytest.mark.django_db(transaction=True)
def test_download_broken_off_leaves_no_cursor_behind(people, provincial_reviewer, monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    export = Export.objects.create(
        requested_by=provincial_reviewer, kind="residents_list", filters={}, rows=3
    )
    pieces = exports.content(export)
    assert next(pieces)
    pieces.close()
    del pieces
    gc.collect()
    assert unraisable == []


def test_csv_is_guarded_against_formulas(signed_in, provincial_reviewer, people):
    """TRUST-39: what a spreadsheet would run gets an apostrophe; Excel reads the Chinese."""
    answer = signed_in(provincial_reviewer).post(reverse("review:residents-export"), {"file_format": "csv"})
    content = streamed(answer)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert "'=1+1" in {row[3] for row in rows}
    assert answer.headers["Content-Type"].startswith("text/csv")


def test_a_refused_export_keeps_what_was_typed(signed_in, provincial_reviewer, people):
    """GOAL-N5, TRUST-16: a purpose too short is told at its field, in the open form, and nothing has to be chosen
    again."""
    client = signed_in(provincial_reviewer)
    answer = client.post(
        reverse("review:residents-export") + "?status=1",
        {"unmasked": "on", "file_format": "csv", "purpose": "核发"},
    )
    page = client.get(answer.url)
    form = page.context["export_form"]
    assert (form["purpose"].value(), form["file_format"].value(), form["unmasked"].value()) == (
        "核发",
        "csv",
        True,
    )
    assert "至少 4 个字" in form.errors["purpose"][0]
    assert '<details class="unmask" open>' in page.text
    assert not client.get(answer.url).context["export_form"].is_bound


def test_full_numbers_need_right_and_purpose(signed_in, provincial_reviewer, people, province):
    """GOAL-N5, TRUST-51."""
    client, address = signed_in(provincial_reviewer), reverse("review:residents-export")
    refused = client.post(address, {"unmasked": "on", "purpose": ""})
    assert (refused.status_code, Export.objects.count()) == (302, 0)
    rows = rows_of(streamed(client.post(address, {"unmasked": "on", "purpose": "核发补助"})))
    assert {row[MASKED_NUMBER] for row in rows[1:]} == {each.resident.id_number for each in people}
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    assert signed_in(reader).post(address, {"unmasked": "on", "purpose": "核发补助"}).status_code == 403


def test_long_list_is_made_by_the_worker_and_fetched_by_its_owner_only(
    queued, signed_in, provincial_reviewer, other_province_reviewer, national_officer
):
    """GOAL-N5: leave and return; message at the end; the link belongs to one person (TRUST-33)."""
    assert (queued.job.state, queued.rows) == ("waiting", 3)
    exports.make(queued.job_id)
    queued.refresh_from_db()
    assert (queued.job.state, queued.rows, queued.job.done) == ("done", 3, 3)
    assert Message.objects.filter(recipient=provincial_reviewer, kind="export").count() == 1
    address = reverse("review:export-file", args=[queued.pk])
    others = [
        signed_in(user).get(address).status_code for user in (other_province_reviewer, national_officer)
    ]
    assert others == [404, 404]
    assert Client().get(address).status_code == 302
    client = signed_in(provincial_reviewer)
    assert "可下载" in client.get(reverse("review:exports")).content.decode()
    assert len(rows_of(streamed(client.get(address)))) == 4
    assert AuditEvent.objects.filter(action="download", actor=provincial_reviewer).count() == 1


def test_expired_file_is_gone_and_said_so(queued, signed_in, provincial_reviewer):
    """GOAL-N5: the link expires; the clock deletes the file (PAIN-26)."""
    exports.make(queued.job_id)
    queued.refresh_from_db()
    storage, name = queued.file.storage, queued.file.name
    later = queued.expires_at + datetime.timedelta(seconds=1)
    Export.objects.filter(pk=queued.pk).update(expires_at=timezone.now())
    client = signed_in(provincial_reviewer)
    answer = client.get(reverse("review:export-file", args=[queued.pk]), follow=True)
    assert "已过期" in answer.content.decode()
    exports.forget_expired(later)
    assert not storage.exists(name)


def test_worker_killed_is_followed_by_another(queued):
    """A job without a sign of life is queued again, three times at most; a second worker leaves a living one alone."""
    assert jobs.take(queued.job_id)
    assert not jobs.take(queued.job_id)
    for _ in range(2):
        Job.objects.update(worked_at=timezone.now() - datetime.timedelta(minutes=5))
        assert [job.pk for job in jobs.abandoned("export")] == [queued.job_id]
        assert jobs.take(queued.job_id)
    Job.objects.update(worked_at=timezone.now() - datetime.timedelta(minutes=5))
    assert jobs.abandoned("export") == []
    assert Job.objects.get().state == "failed"


@pytest.mark.parametrize(
    ("error", "words"),
    [(OSError(errno.ENOSPC, "full"), "存储空间不足。"), (ValueError("ours"), "处理时出错，已记录。")],
)
def test_failed_export_says_why_and_offers_to_repeat(
    queued, signed_in, provincial_reviewer, monkeypatch, error, words
):
    def fail(export):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(exports, "_sheet", fail)
        with pytest.raises(type(error)):
            exports.make(queued.job_id)
    told = Message.objects.get(recipient=provincial_reviewer, kind="export")
    assert words in told.body
    client = signed_in(provincial_reviewer)
    shown = client.get(reverse("review:exports")).content.decode()
    assert words in shown
    assert "重试" in shown
    client.post(reverse("review:export-again", args=[queued.pk]))
    exports.make(queued.job_id)
    queued.refresh_from_db()
    assert (queued.job.state, queued.rows) == ("done", 3)


def test_database_away_amid_an_export_is_tried_again_by_the_clock(queued, monkeypatch):
    def fail(export):
        raise OperationalError("away") from psycopg2.OperationalError("away")

    with monkeypatch.context() as broken:
        broken.setattr(exports, "_sheet", fail)
        with pytest.raises(OperationalError):
            exports.make(queued.job_id)
    Job.objects.update(worked_at=timezone.now() - datetime.timedelta(minutes=5))
    exports.look_after()
    assert Job.objects.get().state == "waiting"
    exports.make(queued.job_id)
    assert Job.objects.get().state == "done"


def test_cancelled_leaves_no_file(queued, signed_in, provincial_reviewer, monkeypatch):
    """Before the worker takes it, and in the middle of its work."""
    monkeypatch.setattr(exports, "_ROWS_BETWEEN_SIGNS", 1)
    client = signed_in(provincial_reviewer)
    client.post(reverse("review:export-cancel", args=[queued.pk]))
    exports.make(queued.job_id)
    second = exports.ask(provincial_reviewer, "residents_list", {})
    taken = jobs.take
    monkeypatch.setattr(jobs, "take", lambda pk: taken(pk) and (jobs.cancel(pk) or True))
    exports.make(second.job_id)
    states = Export.objects.order_by("pk").values_list("job__state", "file")
    assert list(states) == [("cancelled", ""), ("cancelled", "")]


def test_rights_taken_away_meanwhile_count(queued, provincial_reviewer, province):
    """What the person may no longer see is not in the file."""
    ProvinceUserGrant.objects.filter(user=provincial_reviewer).delete()
    exports.make(queued.job_id)
    queued.refresh_from_db()
    assert queued.rows == 0


def test_page_of_exports_costs_the_same_for_three(
    people, signed_in, provincial_reviewer, django_assert_num_queries
):
    """Two of them ask whether the person has a place at all (AM-46)."""
    client, address = signed_in(provincial_reviewer), reverse("review:exports")
    exports.ask(provincial_reviewer, "residents_list", {})
    client.get(address)
    with django_assert_num_queries(7):
        client.get(address)
    for _ in range(2):
        exports.ask(provincial_reviewer, "statistics_list", {"source": "current"})
    with django_assert_num_queries(7):
        client.get(address)
