"""What is not ours, mail server, SMS platform, scanner, may be silent: nothing waits for it without end."""

import socket
import threading
import time

import pytest
from django.conf import settings as conf
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from bases.imports.forms import UploadForm
from portal import checks, gateways, outside
from portal.messages import deliveries, sending
from portal.messages.services import send
from portal.messages.tasks import send_due_messages
from portal.models import Delivery
from residents.services.uploads import upload_problem
from tests import factories

HERE = "tests.portal.test_outside"
State = Delivery.State
released = threading.Event()


def silent(*_: object) -> None:
    released.wait(30)


def broken(*_: object) -> None:
    raise OSError("socket of the scanner is away")


def without_text(channel: str, address: str) -> None:
    """No gateway: it does not take the text."""


@pytest.fixture(autouse=True)
def _release():
    released.clear()
    yield
    released.set()


@pytest.fixture
def silent_server():
    """A mail server that takes the connection and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_silent_call_is_left_behind():
    started = time.monotonic()
    with pytest.raises(outside.Silent):
        outside.call(silent, seconds=0.05)
    assert time.monotonic() - started < 10
    assert outside.call(lambda: 7, seconds=5) == 7
    with pytest.raises(OSError, match="away"):
        outside.call(broken, seconds=5)


def test_so_many_silent_ones_refuse_the_next_at_once():
    for _ in range(outside.MOST_SILENT):
        with pytest.raises(outside.Silent):
            outside.call(silent, seconds=0.01)
    with pytest.raises(ConnectionError):
        outside.call(lambda: 7, seconds=5)
    released.set()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert outside.call(lambda: 7, seconds=5) == 7
            return
        except ConnectionError:
            time.sleep(0.01)
    raise AssertionError("ended calls are not counted as free")


@pytest.mark.parametrize("scanner", ["silent", "broken", "nowhere"])
def test_an_unscanned_file_is_refused_in_words(settings, scanner):
    """The kind: whatever keeps the scanner from saying, page and workbook say so and store nothing."""
    settings.UPLOAD_SCANNER, settings.SCANNER_SECONDS = f"{HERE}.{scanner}", 0.05
    problem = upload_problem("evidence", SimpleUploadedFile("a.pdf", b"%PDF-1.4 x"))
    assert problem.code == "file_not_scanned"
    form = UploadForm(
        {"token": "00000000-0000-4000-8000-000000000000"},
        {"file": SimpleUploadedFile("a.xlsx", b"x")},
        template="账号模板",
    )
    assert "没有保存" in form.errors["file"][0]


def test_a_silent_gateway_is_not_asked_twice_and_an_unusable_one_is_tried_again(db, settings):
    person = factories.UserFactory(email="a@example.cn")
    send([person], kind="password_reset", subject="退回")
    settings.MESSAGE_GATEWAY, settings.GATEWAY_SECONDS = f"{HERE}.silent", 0.05
    sending.send_due()
    assert Delivery.objects.get().state == State.SENDING

    Delivery.objects.update(state=State.WAITING, due_at=timezone.now(), tries=0)
    settings.MESSAGE_GATEWAY = f"{HERE}.nowhere"
    sending.send_due()
    row = Delivery.objects.get()
    assert (row.state, row.tries) == (State.WAITING, 1)
    assert "nowhere" in row.error


def test_a_silent_mail_server_is_a_refusal_within_its_time(db, settings, silent_server):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", silent_server, 0.2
    settings.MESSAGE_GATEWAY = "portal.gateways.mail"
    send([factories.UserFactory(email="a@example.cn")], kind="password_reset", subject="退回")
    sending.send_due()
    assert (Delivery.objects.get().state, Delivery.objects.get().tries) == (State.WAITING, 1)
    (fault,) = checks.outside_answers()
    assert "MESSAGE_GATEWAY" in fault.msg


def test_one_task_waits_however_often_the_worker_is_woken(db, settings):
    """A task more each round piled up behind a silent server."""
    settings.TASKS = {
        "default": {**conf.TASKS["default"], "BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}
    }
    for _ in range(3):
        deliveries._enqueue()
    rows = DBTaskResult.objects.filter(task_path=send_due_messages.module_path)
    assert list(rows.values_list("queue_name", flat=True)) == [outside.LANE]


def test_a_gateway_that_only_mails_is_given_no_sms(db, settings):
    settings.MESSAGE_GATEWAY = "portal.gateways.mail"
    send([factories.UserFactory(email="", mobile="13900000001")], kind="returned", subject="退回")
    assert not Delivery.objects.exists()


def test_a_resident_is_written_to_at_his_address_of_basic_information(db, settings, enrollment):
    settings.MESSAGE_GATEWAY, settings.PORTAL_URL = "portal.gateways.mail", "https://portal.example.cn"
    factories.fill_personal(enrollment.resident)
    enrollment.resident.basic.email = "own@example.cn"
    enrollment.resident.basic.save()
    send([enrollment.resident.user], kind="password_reset", subject="退回")
    assert sending.send_due() == 1
    (letter,) = mail.outbox
    assert letter.to == ["own@example.cn"]
    assert letter.body.endswith("请登录平台查看。https://portal.example.cn/messages/")


@pytest.mark.parametrize(
    ("name", "path"),
    [("MESSAGE_GATEWAY", f"{HERE}.without_text"), ("UPLOAD_SCANNER", f"{HERE}.without_text")],
)
def test_code_that_takes_something_else_is_told_at_start(settings, name, path):
    setattr(settings, name, path)
    (fault,) = checks.named_code_exists()
    assert name in fault.msg


@pytest.mark.parametrize(
    ("name", "value"),
    [("MESSAGE_GATEWAY", "portal.gateways.mail"), ("HISTORY_ANCHOR_MAIL", ["a@example.cn"])],
)
def test_the_check_before_a_start_refuses_mail_that_nobody_sends(settings, silent_server, name, value):
    """Mails went to the log for good, and were told as sent."""
    setattr(settings, name, value)
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", silent_server, 0.2
    for kind in ("console", "smtp"):
        settings.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
        (fault,) = checks.outside_answers()
        assert name in fault.msg
        assert ("邮件不会发出" in fault.msg) == (kind == "console")


def test_the_check_before_a_start_tries_the_scanner(settings):
    assert checks.outside_answers() == []
    settings.UPLOAD_SCANNER = f"{HERE}.broken"
    (fault,) = checks.outside_answers()
    assert "UPLOAD_SCANNER" in fault.msg
    assert "away" in fault.msg


def test_channels_of_the_gateways(settings):
    assert gateways.channels() == gateways.BOTH
    settings.MESSAGE_GATEWAY = "portal.gateways.mail"
    assert gateways.channels() == ("mail",)
