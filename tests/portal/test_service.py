"""Without its database the portal answers 503 in words and keeps what was typed; its probes tell what is away."""

import errno
import json
import socket
import time

import pytest
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.db.utils import InternalError
from django.http import HttpResponse
from django.test import RequestFactory

from portal import processes, service
from portal.models import ProcessSign
from review.api import problems
from tests.review.api.served import portal as served_portal


class Refusal(Exception):
    """As psycopg2 raises it."""

    def __init__(self, pgcode: str | None) -> None:
        super().__init__("x")
        self.pgcode = pgcode


def caused(kind: type[Exception], pgcode: str | None) -> Exception:
    try:
        try:
            raise Refusal(pgcode)
        except Refusal as cause:
            raise kind("x") from cause
    except kind as error:
        return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (caused(OperationalError, None), service.AWAY),
        (caused(InterfaceError, None), service.AWAY),
        # "server closed the connection unexpectedly", of a line that was cut in the middle of an answer.
        (caused(DatabaseError, None), service.AWAY),
        (caused(DataError, None), None),
        (caused(OperationalError, "57P01"), service.AWAY),
        (caused(OperationalError, "57P03"), service.AWAY),
        (caused(OperationalError, "08006"), service.AWAY),
        (caused(OperationalError, "53300"), service.AWAY),
        (caused(InternalError, "25006"), service.READ_ONLY),
        (caused(OperationalError, "57014"), service.BUSY),
        (caused(OperationalError, "55P03"), service.BUSY),
        (caused(OperationalError, "40P01"), service.BUSY),
        (caused(OperationalError, "53100"), service.FULL),
        (OSError(errno.ENOSPC, "full"), service.FULL),
        (OSError(errno.EROFS, "read-only"), service.READ_ONLY),
        (OSError(errno.ENOENT, "none"), None),
        (caused(InternalError, "XX000"), None),
        (ValueError("ours"), None),
        (ZeroDivisionError(), None),
    ],
)
def test_kinds_of_trouble(error, trouble):
    assert service.trouble_of(error) == trouble
    outer = RuntimeError("around it")
    outer.__cause__ = error
    assert service.trouble_of(outer) == trouble


@pytest.fixture
def broken_home(client, monkeypatch):
    """The home page fails as told; the client shows the answer."""
    client.raise_request_exception = False

    def fail_with(error: Exception) -> None:
        def fail(request):
            raise error

        monkeypatch.setattr("portal.views.public._notices", fail)

    return fail_with


@pytest.mark.parametrize("debug", [True, False])
def test_database_away_is_503_in_words(client, broken_home, settings, debug):
    settings.DEBUG = debug
    broken_home(caused(OperationalError, None))
    page = client.get("/")
    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert "no-store" in page["Cache-Control"]
    assert len(page["X-Request-ID"]) == 32
    assert service.AWAY.title in page.content.decode()


def test_an_error_of_ours_stays_one(client, broken_home, settings):
    settings.DEBUG = False
    broken_home(ValueError("ours"))
    assert client.get("/").status_code == 500


def answered(**fields) -> str:
    request = RequestFactory().post("/base/report/?x=1", fields)
    return service.answer(request, service.AWAY).content.decode()


def test_what_was_typed_is_in_the_answer_to_be_sent_again():
    page = answered(remark="手术<b>记录", choice=["1", "2"], csrfmiddlewaretoken="t")
    for field in ("手术&lt;b&gt;记录", 'name="choice" value="1"', 'name="choice" value="2"', 'value="t"'):
        assert field in page
    assert 'action="/base/report/?x=1"' in page
    assert "重新提交" in page


@pytest.mark.parametrize("name", ["password", "new_password1", "code"])
def test_passwords_are_not(name):
    page = answered(**{name: "Geheim-1", "account": "x"})
    assert "Geheim-1" not in page
    assert "重新提交</button>" not in page


def test_what_became_of_it_is_said_only_where_it_is_known():
    """TRUST-49: a line that breaks may have lost the answer of a commit; a full disk, a wait that was ended and a
    database that only reads have not."""
    sent, read = RequestFactory().post("/", {"remark": "x"}), RequestFactory().get("/")
    for trouble in (service.AWAY, service.READ_ONLY, service.BUSY, service.FULL):
        said = "没有保存任何内容" in service.answer(sent, trouble).content.decode()
        assert said == (trouble is not service.AWAY)
        assert trouble.outcome not in service.answer(read, trouble).content.decode()
    assert "也可能已经保存" in answered(remark="x")


def test_a_form_too_large_is_not_carried():
    assert 'name="text"' not in answered(text="x" * (service.MOST_CARRIED + 1))


def test_interface_says_503_by_its_schema():
    """Whether a view met the trouble or something before it."""
    request = RequestFactory().get("/api/v1/bases/")
    by_view = problems._unexpected(request, caused(OperationalError, None))

    def fail(request):
        request.trouble = service.AWAY
        return HttpResponse(status=500)

    for answer in (by_view, problems.answers(fail)(request)):
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
        assert answer["Retry-After"] == "10"
        assert json.loads(answer.content)["code"] == "busy"
    assert problems._unexpected(request, ValueError("ours")).status_code == 500


# --- probes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.0.0.9", "portal.example.cn", "anything:8000"])
def test_probes_answer_whatever_name_and_scheme_they_ask_by(db, client, settings, host):
    """A probe by IP got 400."""
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["portal.example.cn"], True
    for name in ("live", "ready", "write"):
        answer = client.get(f"/health/{name}", headers={"Host": host})
        assert (answer.status_code, answer.json()["state"]) == (200, "ok")
    assert client.get("/health/nothing").status_code == 404
    assert client.post("/health/live").status_code == 405


def test_the_alarm_tells_of_silent_worker_and_clock(db, client):
    for kind in processes.KINDS:
        processes.beat(processes.new_name(kind), kind)
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()["silent"]) == (200, [])
    ProcessSign.objects.filter(kind="clock").update(seen_at="2020-01-01 00:00Z")
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()["silent"]) == (503, ["clock"])
    # A web process without a clock still serves.
    assert client.get("/health/ready").status_code == 200


def test_write_probe_leaves_nothing(db, client):
    before = ProcessSign.objects.count()
    assert client.get("/health/write").status_code == 200
    assert ProcessSign.objects.count() == before


def test_write_probe_tells_of_a_database_that_does_not_take_it(db, client, monkeypatch):
    def refuse(*_):
        raise caused(InternalError, "25006")

    monkeypatch.setattr(service.processes, "beat", refuse)
    monkeypatch.setattr(service.connection, "close", lambda: None)
    answer = client.get("/health/write")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert client.get("/health/ready").status_code == 200


def test_live_needs_no_database(client):
    """Without the mark no test may ask the database."""
    assert client.get("/health/live").status_code == 200


# --- the real server -------------------------------------------------------------------------------------------------


def stalled(port: int, text: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), 5)
    line.sendall(text)
    return line


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_slow_clients_do_not_stop_the_site_and_large_bodies_are_not_read():
    """Half-sent headers silenced the site; 200 MB of a stranger were read."""
    with served_portal() as address:
        port = int(address.rsplit(":", 1)[1])
        head = b"POST /sign-in/staff/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        lines = [stalled(port, head) for _ in range(40)]
        lines += [stalled(port, head + b"Content-Length: 5000\r\n\r\nabc") for _ in range(40)]
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), 10) as visitor:
            visitor.sendall(b"GET /privacy/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            visitor.settimeout(10)
            assert visitor.recv(15) == b"HTTP/1.1 200 OK"
        assert time.monotonic() - began < 10
        with socket.create_connection(("127.0.0.1", port), 10) as large:
            large.sendall(head + b"Content-Length: 200000000\r\n\r\n")
            assert b"413" in large.recv(40)
        for line in lines:
            line.close()


def test_guard_is_outermost(settings):
    assert settings.MIDDLEWARE[0] == "portal.service.guard"
    answer = service.guard(lambda request: HttpResponse("x"))(RequestFactory().get("/"))
    assert answer.content == b"x"
