"""How lines of the log look: with the id of the request they belong to, without numbers of persons (TRUST-52)."""

import logging
import re
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

# The id of the request this thread works on; the page of an error shows the same one.
request_number: ContextVar[str] = ContextVar("request_number", default="-")

# ID numbers of both lengths and mobile numbers, also amid the words of a database's error; ids in hex stay whole.
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(\d{6}\d{8}\d{3}[0-9Xx]|\d{15}|1\d{10})(?![0-9A-Za-z])")


def without_numbers(line: str) -> str:
    return _NUMBERS.sub(lambda found: f"{found[0][:3]}***{found[0][-2:]}", line)


def with_request(record: logging.LogRecord) -> bool:
    """A filter that lets everything pass and adds the request's id."""
    # Django's own lines carry the request itself, which has left this context by then.
    request = getattr(record, "request", None)
    record.request_id = getattr(request, "id", None) or request_number.get()
    return True


class Plain(logging.Formatter):
    """One line a person reads, with the traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        return without_numbers(super().format(record))


class Json(JsonFormatter):
    """One object a line, for a log collector."""

    def format(self, record: logging.LogRecord) -> str:
        # What Django attaches for its own handlers (request, response, server_time) is no JSON.
        for name in ("request", "response"):
            record.__dict__.pop(name, None)
        return without_numbers(super().format(record))
