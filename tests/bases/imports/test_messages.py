"""Leave and return: progress with time left, and a message to the one who has left the page (GOAL-B8)."""

import re
import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from bases.imports import progress as import_progress
from bases.imports import services as imports
from bases.imports.progress import progress_of
from bases.imports.tasks import work_on_batch
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from bases.workbooks.signs import Stage, listening
from portal.messages.services import fold_into_digests
from portal.models import Message, MessageSettings
from tests import factories
from tests.bases.conftest import account_line
from tests.bases.workbooks.training_files import edited, template

pytestmark = pytest.mark.django_db


def subjects(user) -> list[str]:
    return list(Message.objects.filter(recipient=user).order_by("pk").values_list("subject", flat=True))


def unread(user) -> int:
    return Message.objects.filter(recipient=user, read_at__isnull=True).count()


def test_message_is_read_by_looking_at_the_result(upload, signed_in, base_officer):
    """GOAL-B8: whoever waits at the page needs no message; whoever left it a second before the end does."""
    batch = upload([account_line()])
    client, address = signed_in(base_officer), reverse("bases:import-batch", args=[batch.pk])
    client.get(address)
    work_on_batch.call(batch.pk)
    assert unread(base_officer) == 1
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert unread(base_officer) == 1
    assert "条未读" not in client.get(address).text
    assert unread(base_officer) == 0


def test_result_that_was_looked_at_needs_no_digest(upload, signed_in, base_officer):
    """GOAL-S4: 每日汇总 tells only what is new to the person."""
    MessageSettings.objects.create(user=base_officer, choices={"other": "daily"})
    batch = upload([account_line()])
    work_on_batch.call(batch.pk)
    assert Message.objects.get(recipient=base_officer).shown_at is None
    signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk]))
    assert fold_into_digests(timezone.now() + timedelta(days=1)) == 0


def test_message_to_the_sender_who_has_left_after_the_check_and_after_the_import(upload, base_officer):
    """GOAL-B8: with the sum line and the way to the batch."""
    batch = upload([account_line(), account_line(mobile="1")], name="七月名单.xlsx")
    work_on_batch.call(batch.pk)
    message = Message.objects.get(recipient=base_officer)
    assert (message.subject, message.body, message.link) == (
        "“七月名单.xlsx”已检查完毕，请确认导入",
        "共 2 行：新增 1 行，更新 0 行，没有变化 0 行，有误 1 行。",
        f"/base/imports/{batch.pk}/",
    )
    batch.refresh_from_db()
    imports.confirm(batch, mode="good_rows", by=base_officer)
    work_on_batch.call(batch.pk)
    assert subjects(base_officer)[1:] == ["“七月名单.xlsx”已导入完毕"]


def test_colleague_who_looks_is_not_the_one_who_waits(upload, signed_in, base, base_officer):
    """GOAL-B8: the message goes to whoever sent the file; his colleague at the page is another person."""
    colleague = factories.UserFactory()
    factories.grant(colleague, base)
    batch = upload([account_line()])
    work_on_batch.call(batch.pk)
    signed_in(colleague).get(reverse("bases:import-batch", args=[batch.pk]))
    assert (unread(base_officer), len(subjects(colleague))) == (1, 0)


def test_message_about_a_training_workbook(rows, base, send, base_officer):
    """GOAL-B8 for the other kind: the same page behind the link."""
    batch = send(edited(template(rows, base), {(1, "备注"): "x"}))
    imports.confirm(batch, mode="good_rows", by=base_officer)
    work_on_batch.call(batch.pk)
    message = Message.objects.get(recipient=base_officer)
    assert message.body == "共 3 行：新增 0 行，更新 1 行，没有变化 2 行，有误 0 行。"
    assert message.link == reverse("bases:import-batch", args=[batch.pk])


def test_message_about_a_refused_file_tells_the_reason(upload, base_officer):
    batch = upload(b"%PDF-1.7")
    work_on_batch.call(batch.pk)
    message = Message.objects.get(recipient=base_officer)
    assert message.subject == "“招收名单.xlsx”未被接受，请查看原因"
    assert message.body.startswith("这不是表格文件")


def test_message_about_an_import_that_was_not_possible_any_more(checked, base_officer, cycle):
    """BR-39: the window closed between confirmation and worker; no word of success."""
    batch = checked([account_line()])
    imports.confirm(batch, mode="good_rows", by=base_officer)
    cycle.windows.update(closes_at=timezone.now())
    work_on_batch.call(batch.pk)
    assert subjects(base_officer) == ["“招收名单.xlsx”没有导入，请查看原因"]


def test_task_that_runs_twice_tells_once(upload, base_officer):
    batch = upload([account_line()])
    work_on_batch.call(batch.pk)
    work_on_batch.call(batch.pk)
    assert len(subjects(base_officer)) == 1


def test_no_message_about_a_batch_given_up(upload, base_officer):
    batch = upload([account_line()])
    imports.cancel(batch)
    work_on_batch.call(batch.pk)
    assert subjects(base_officer) == []


def stage(words: str, done: int = 0, total: int = 0, seconds: int = 10) -> Stage:
    """What the worker does since so many seconds."""
    return Stage(words, timezone.now() - timedelta(seconds=seconds), done, total)


@pytest.mark.parametrize("state", ["checking", "applying"])
def test_waiting_page_tells_rows_done_and_seconds_left(state, checked, signed_in, base_officer):
    """GOAL-B8: by the rows that the worker says it has done, and the time they took."""
    batch = checked([account_line()])
    ImportBatch.objects.filter(pk=batch.pk).update(state=state, rows_total=4000, worked_at=timezone.now())
    import_progress.begin(batch.pk)
    import_progress.write_sign(batch.pk, stage("正在检查", 1000, 4000))
    text = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    found = re.search(r"正在检查 25%，大约还需 (\d+) 秒", text)
    assert found, text
    assert 25 <= int(found[1]) <= 30
    assert "已完成 1000 行，共 4000 行" in text
    # What is being written cannot be taken back by a click.
    assert ("取消这次导入" in text) == (state == "checking")
    assert re.search(r'<noscript>\s*<meta http-equiv="refresh" content="3">\s*</noscript>', text)


@pytest.mark.parametrize(
    ("state", "told", "words"),
    [
        ("checking", None, "正在读取文件"),
        ("applying", None, "正在导入"),
        ("applying", "正在导入：写入账号", "正在导入：写入账号"),
    ],
)
def test_what_is_not_done_row_by_row_has_no_percent(state, told, words, upload):
    """GOAL-B8: what is not known is not made up, and no bar climbs by the clock."""
    batch = upload([account_line()])
    batch.state, batch.rows_created = state, 40000
    import_progress.begin(batch.pk)
    import_progress.write_sign(batch.pk, told and stage(told, seconds=600))
    progress = progress_of(batch)
    assert (progress.words, progress.percent, progress.seconds) == (words, None, None)


@pytest.mark.parametrize("kind", ["accounts", "training"])
def test_worker_tells_what_it_does(kind, request, base_officer):
    """GOAL-B8: every stage of the check and of the import, with the rows done one by one."""
    if kind == "accounts":
        batch = request.getfixturevalue("upload")([account_line(), account_line(mobile="13900000001")])
    else:
        rows, base = request.getfixturevalue("rows"), request.getfixturevalue("base")
        batch = request.getfixturevalue("send")(edited(template(rows, base), {(1, "备注"): "x"}))
        ImportBatch.objects.update(state="uploaded")
        batch.rows.all().delete()
    with listening() as board:
        check_batch(batch.pk)
        assert board.stage.words == "正在保存检查结果"
        batch.refresh_from_db()
        imports.confirm(batch, mode="good_rows", by=base_officer)
        apply_batch(batch.pk)
        assert board.stage.words == "正在导入：记录结果"


def test_progress_of_a_batch_that_waits_tells_how_many_are_ahead(upload):
    first, second = upload([account_line()]), upload([account_line()])
    assert (progress_of(first).words, progress_of(first).ahead) == ("等待检查", 0)
    assert progress_of(second).ahead == 1


def test_clock_takes_up_what_a_dead_worker_left(upload, settings, django_capture_on_commit_callbacks):
    """GOAL-B9: nobody need look at the page for an abandoned batch to go on."""
    settings.TASKS = {
        "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    }
    batch = upload([account_line()])
    ImportBatch.objects.update(state="checking", worked_at=timezone.now() - 2 * imports.ABANDONED_AFTER)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("run_clock", "--once")
    batch.refresh_from_db()
    assert batch.state == "checked"


def test_two_batches_of_one_moment_are_no_hindrance(upload):
    """The order of waiting batches is by the moment they were queued."""
    first, second = upload([account_line()]), upload([account_line()])
    ImportBatch.objects.filter(pk=first.pk).update(worked_at=timezone.now() + timedelta(seconds=1))
    first.refresh_from_db()
    assert (progress_of(first).ahead, progress_of(second).ahead) == (1, 0)


@pytest.mark.parametrize("state", ["uploaded", "checking", "applying"])
def test_dead_worker_is_told_as_such(state, upload, monkeypatch, signed_in, base_officer):
    """GOAL-B8: no bar climbs while nobody works; the file is safe and the batch can be given up."""
    batch = upload([account_line()])
    past = timezone.now() - timedelta(minutes=2)
    ImportBatch.objects.update(state=state, rows_total=1000)
    with monkeypatch.context() as patched:
        patched.setattr(import_progress.timezone, "now", lambda: past)
        import_progress.begin(batch.pk)
        import_progress.write_sign(batch.pk, stage("正在检查", 500, 1000))
        import_progress.begins_to_wait(batch.pk)

    text = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "后台任务暂未响应" in text
    assert "上传的文件已保存，没有丢失" in text
    assert not re.search(r"\d+%", text.partition('role="status"')[2].partition("</div>")[0])
    assert "取消这次导入" in text


@pytest.mark.parametrize("state", ["uploaded", "applying"])
def test_batch_that_no_worker_takes_up_is_told_so(state, upload, checked, base_officer):
    """GOAL-B8: also once it was confirmed, and behind others that wait as long."""
    first, batch = upload([account_line()]), upload([account_line()])
    long_ago = timezone.now() - timedelta(minutes=2)
    for each in (first, batch):
        cache.set(f"import-waits:{each.pk}", long_ago)
    batch.state = state
    assert progress_of(batch).is_silent
    import_progress.begin(first.pk)
    assert not progress_of(batch).is_silent, "a worker is busy with the one before"


@pytest.mark.django_db(transaction=True)
def test_worker_gives_signs_of_life_from_inside_its_transaction(monkeypatch):
    """GOAL-B8: seen by others while the worker's own transaction is open."""
    monkeypatch.setattr(import_progress, "_SECONDS_BETWEEN_SIGNS", 0.01)
    seen = []
    watcher = threading.Thread(target=_watch, args=(seen, threading.Event()))
    with transaction.atomic():
        Message.objects.count()
        with import_progress.at_work(7):
            watcher.start()
            watcher.join()
    assert len(seen) == 2, "two different signs, both before the end of the transaction"


def _watch(seen: list, pause: threading.Event) -> None:
    """Collect two different signs from a connection of its own, for ten seconds at most."""
    try:
        for _ in range(1000):
            sign = cache.get("import-sign:7")
            if sign and sign not in seen:
                seen.append(sign)
            if len(seen) == 2:
                return
            pause.wait(0.01)
    finally:
        connection.close()
