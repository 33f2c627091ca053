"""The short-lived process that opens uploaded files: `python -m portal.sheets.child`, JSON on stdin.

A hostile file can make any reader ask for hundreds of gigabytes and abort. Here only this process dies.
The answer on stdout is JSON (never pickle): {"result": …} or {"refused": what `SheetRefused` is made of}.
"""

import json
import resource
import sys
from collections.abc import Callable
from typing import Any

from portal.sheets.books import open_book
from portal.sheets.headers import HeaderSearch
from portal.sheets.inspection import inspect
from portal.sheets.locks import without_default_password
from portal.sheets.refusals import SheetRefused, refused
from portal.sheets.tables import find_table

ADDRESS_SPACE_BYTES = 1 << 30
CPU_SECONDS = 7
MAX_FILE_BYTES = 300 << 20  # openpyxl keeps sheets in temporary files while it writes
MAX_ANSWER_BYTES = 100 << 20


def limit_resources(cpu_seconds: int, address_space: int = ADDRESS_SPACE_BYTES) -> None:
    """Bounds memory, processor time and written bytes of this process, and turns core dumps off."""
    _lower(resource.RLIMIT_AS, address_space)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    _lower(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, limit: int) -> None:
    """Sets a limit, unless the machine's own is lower already: asking for more than that is an error."""
    allowed = resource.getrlimit(kind)[1]
    if allowed != resource.RLIM_INFINITY:
        limit = min(limit, allowed)
    resource.setrlimit(kind, (limit, limit))


def read(request: dict[str, Any]) -> dict[str, Any]:
    """The table of the requested file as a JSON-ready dictionary. Raises SheetRefused."""
    search = HeaderSearch(request["expected"], request["optional"], request["ignorable"], request["aliases"])
    path = without_default_password(request["path"])
    kind = inspect(path, request["max_bytes"])
    book = open_book(path, kind)
    try:
        table = find_table(book, search, request["max_rows"], request["sheet"])
    except SheetRefused as refusal:
        refusal.template_version = book.template_version()
        raise
    return table | {"kind": kind, "is_1904": book.is_1904, "template_version": book.template_version()}


def answer(task: Callable[[dict[str, Any]], object], request: dict[str, Any]) -> bytes:
    """The result of `task(request)` or its refusal, as bytes. Whatever a reader throws is a refusal."""
    try:
        content = json.dumps({"result": task(request)}, ensure_ascii=False).encode()
        if len(content) > MAX_ANSWER_BYTES:
            raise refused("too_much_text")
        return content
    except BaseException as error:  # a panic of the Rust reader is no Exception
        return refusal_of(error)


def refusal_of(error: BaseException) -> bytes:
    """The answer to give for what a reader threw."""
    if isinstance(error, SheetRefused):
        refusal = error
    elif isinstance(error, MemoryError):
        refusal = refused("too_demanding")
    elif isinstance(error, FileNotFoundError):
        refusal = refused("no_file")
    else:
        refusal = refused("unreadable")
    told: list[object] = [refusal.code, refusal.text, refusal.repair, refusal.template_version]
    told += [refusal.sheets, refusal.columns]
    return json.dumps({"refused": told}).encode()


def serve(task: Callable[[dict[str, Any]], object], cpu_seconds: int = CPU_SECONDS) -> None:
    """Answers the one request on stdin, within the limits."""
    limit_resources(cpu_seconds)
    sys.stdout.buffer.write(answer(task, json.load(sys.stdin.buffer)))


if __name__ == "__main__":
    serve(read)
