"""The log: the number on an error's page stands in it, and nobody's number does (TRUST-52)."""

import json
import logging
import re
import sys

import pytest

from portal import logs


def formatted(formatter: logging.Formatter, message: str, **more: object) -> str:
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, message, (), sys.exc_info() or None)
    record.__dict__.update(more)
    logs.with_request(record)
    return formatter.format(record)


def test_number_of_an_error_page_is_in_the_log(client, monkeypatch, caplog, settings):
    settings.DEBUG, client.raise_request_exception = False, False
    monkeypatch.setattr("portal.views.public._notices", lambda request: 1 / 0)
    caplog.handler.addFilter(logs.with_request)
    try:
        page = client.get("/")
    finally:
        caplog.handler.removeFilter(logs.with_request)
    assert page.status_code == 500
    number = re.search(r"编号：(\w{32})", page.content.decode())[1]
    (line,) = [each for each in caplog.records if each.exc_info]
    assert line.request_id == number


@pytest.mark.parametrize("kind", [logs.Plain("%(message)s"), logs.Json("%(message)s")])
@pytest.mark.parametrize(
    "number", ["110101199003072316", "11010119900307231X", "110101900307231", "13900001111"]
)
def test_no_line_holds_a_number_of_a_person(kind, number):
    """The kind: whatever wrote it, also the words of a database's error in a traceback."""
    try:
        raise ValueError(f"Key (id_number)=({number}) already exists.")
    except ValueError:
        line = formatted(kind, f"failed for {number}")
    assert number not in line
    assert "already exists" in line


def test_ids_stay_whole_and_a_json_line_is_one_object():
    number = "0123456789abcdef" * 2
    line = formatted(logs.Json("%(message)s%(request_id)s"), "made", request=type("R", (), {"id": number})())
    assert json.loads(line) == {"message": "made", "request_id": number} | {
        key: value for key, value in json.loads(line).items() if key == "exc_info"
    }
