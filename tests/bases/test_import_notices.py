"""The end of a long wait reaches the one who waited (GOALS B8)."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from bases import imports
from bases.import_notices import PATIENCE
from bases.models import ImportBatch
from bases.tasks import work_on_batch
from portal.models import Message
from tests.bases.conftest import account_line

pytestmark = pytest.mark.django_db


def queued_long_ago(batch: ImportBatch) -> None:
    ImportBatch.objects.filter(pk=batch.pk).update(worked_at=timezone.now() - PATIENCE - timedelta(seconds=1))


def test_no_message_to_somebody_who_still_looks_at_the_page(upload):
    work_on_batch.call(upload([account_line()]).pk)
    assert Message.objects.count() == 0


def test_message_after_a_long_wait_for_the_check_and_for_the_import(upload, base_officer):
    batch = upload([account_line()], name="七月名单.xlsx")
    queued_long_ago(batch)
    work_on_batch.call(batch.pk)
    message = Message.objects.get(recipient=base_officer)
    assert (message.subject, message.link) == (
        "“七月名单.xlsx”已检查完毕，请确认导入",
        f"/base/imports/{batch.pk}/",
    )
    imports.confirm(batch, mode="good_rows", by=base_officer)
    queued_long_ago(batch)
    work_on_batch.call(batch.pk)
    assert Message.objects.order_by("pk").last().subject == "“七月名单.xlsx”已导入完毕"


def test_message_about_a_refused_file(upload, base_officer):
    batch = upload(b"%PDF-1.7")
    queued_long_ago(batch)
    work_on_batch.call(batch.pk)
    assert Message.objects.get(recipient=base_officer).subject == "“招收名单.xlsx”未被接受，请查看原因"


def test_no_message_about_a_batch_given_up(upload):
    batch = upload([account_line()])
    imports.cancel(batch)
    queued_long_ago(batch)
    work_on_batch.call(batch.pk)
    assert Message.objects.count() == 0


def test_clock_takes_up_what_a_dead_worker_left(upload, settings, django_capture_on_commit_callbacks):
    """GOALS B9: nobody need look at the page for an abandoned batch to go on."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    batch = upload([account_line()])
    ImportBatch.objects.update(state="checking", worked_at=timezone.now() - 2 * imports.ABANDONED_AFTER)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("run_clock", "--once")
    batch.refresh_from_db()
    assert batch.state == "checked"
