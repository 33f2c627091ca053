"""What the portal answers when it cannot work: a calm 503 with Retry-After in place of an error; and the probes."""

import contextlib
import errno
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.signals import got_request_exception
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from portal import metrics, processes
from portal.drafts import NEVER_KEPT

log = logging.getLogger(__name__)
access = logging.getLogger("portal.access_log")
RETRY_SECONDS = 10
PROBES = "/health/"
METRICS = "/metrics"
# Said by the queue before the threads (portal/web_queue.py).
LATE = "HTTP_PORTAL_LATE"
# What a page of 503 carries so that it can be sent once more; more is told to be typed again.
MOST_CARRIED = 200_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no service, and what became of what was sent, in words for whoever waits."""

    title: str
    text: str
    outcome: str = "这次操作没有保存任何内容。"


AWAY = Trouble(
    "平台暂时不能使用",
    "数据库正在恢复或维护，通常几分钟内恢复。",
    # The line may have broken between a commit and its answer.
    "这次操作一般没有保存；如果正在保存时中断，也可能已经保存。恢复后请先查看，再决定是否重新提交。",
)
READ_ONLY = Trouble("平台暂时只能查看", "数据库正在维护，现在可以查看，不能保存。")
BUSY = Trouble("平台繁忙", "这次操作等待过久，已停止。")
# Too many at once: what has waited longer than it may is not begun (portal/web_queue.py).
CROWDED = Trouble("平台繁忙", "现在使用的人很多，请稍等片刻。")
FULL = Trouble("存储空间不足", "服务器的存储空间已满，技术人员需要处理。")
STORE = Trouble("文件暂时不能存取", "存放文件的服务没有应答或拒绝了请求，技术人员需要处理。")

# SQLSTATE of PostgreSQL, or its class.
_STATES = {
    "25006": READ_ONLY,
    "57014": BUSY,  # statement_timeout
    "55P03": BUSY,  # lock_timeout
    "25P03": BUSY,  # idle_in_transaction_session_timeout
    "40P01": BUSY,  # deadlock
    "40001": BUSY,
    "53100": FULL,
    "53200": BUSY,
    "53300": AWAY,  # too many connections
    "58030": FULL,
    "08": AWAY,
    "57P": AWAY,
}
_FULL = {errno.ENOSPC, errno.EDQUOT}
# What a bucket's client raises; by name, since only an installation with a bucket loads it.
_OF_STORE = ("botocore.", "boto3.")


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What kind of trouble an exception, or what it came from, stands for; None for an error of ours."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _FULL:
            return FULL
        if isinstance(error, OSError) and error.errno == errno.EROFS:
            return READ_ONLY
        if type(error).__module__.startswith(_OF_STORE):
            return STORE
        state = getattr(error, "pgcode", None) or ""
        if found := _STATES.get(state) or _STATES.get(state[:3]) or _STATES.get(state[:2]):
            return found
        # Without a state the line was cut, or never came about. A line that is cut in the middle of an answer gives
        # the plain DatabaseError.
        is_cut = isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError
        if not state and is_cut and error.__cause__ is not None:
            cause_state = getattr(error.__cause__, "pgcode", None)
            if not cause_state:
                return AWAY
        error = error.__cause__ or error.__context__
    return None


def note_trouble(request: HttpRequest | None = None, **_: object) -> None:
    """Called by Django where any layer raised: what kind it was is kept for the answer."""
    if request is not None and (trouble := trouble_of(sys.exc_info()[1])):
        request.trouble = trouble  # type: ignore[attr-defined]


got_request_exception.connect(note_trouble, dispatch_uid="portal.service")


def will_pass(error: BaseException) -> bool:
    """Whether the same work, begun again, may succeed: the database was away or busy, or the store of files away."""
    return trouble_of(error) in (AWAY, BUSY, STORE)


GetResponse = Callable[[HttpRequest], HttpResponse]


def guard(get_response: GetResponse) -> GetResponse:
    """The outermost middleware: answers the probes itself, whatever name or scheme they ask by, and puts 503 in place
    of an error that is none of ours (TRUST-49)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        if request.path.startswith(PROBES):
            return probe(request)
        if request.path == METRICS:
            return metrics.answer(request)
        response = get_response(request)
        trouble = getattr(request, "trouble", None)
        if trouble is not None and response.status_code == 500:
            request_id = response.get("X-Request-ID", "")
            response = answer(request, trouble)
            response["X-Request-ID"] = request_id
        access.info(
            "%s %s %s %.3f",
            request.method,
            request.path,
            response.status_code,
            time.monotonic() - began,
            extra={"status": response.status_code, "request": request},
        )
        return response

    return middleware


def shed(get_response: GetResponse) -> GetResponse:
    """Who has waited too long for a thread is asked to come again, before anything is done for him; files of the pages
    are handed out all the same."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.META.get(LATE) != "1":
            return get_response(request)
        response = answer(request, CROWDED)
        # Django would log each as an error of the server; the line of the access log tells it.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    return middleware


def answer(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """503 that says when to come again. A form's fields come back in it, to be sent once more; files and passwords do
    not."""
    fields, is_whole = _typed(request)
    page = {"trouble": trouble, "seconds": RETRY_SECONDS, "fields": fields, "is_whole": is_whole}
    response = render(request, "503.html", page, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    add_never_cache_headers(response)
    return response


def _typed(request: HttpRequest) -> tuple[list[tuple[str, str]], bool]:
    """The fields of a POST as they were sent, and whether these are all of it."""
    if request.method != "POST":
        return [], True
    try:
        sent, files = request.POST, request.FILES
    except Exception:  # a body that was cut or is none
        return [], False
    kept: QueryDict = sent
    fields = [
        (name, value)
        for name, values in kept.lists()
        if name == "csrfmiddlewaretoken" or name not in NEVER_KEPT
        for value in values
    ]
    secret = any(name in sent for name in NEVER_KEPT if name != "csrfmiddlewaretoken")
    is_small = sum(len(name) + len(value) for name, value in fields) <= MOST_CARRIED
    return (fields if is_small else []), is_small and not files and not secret


# --- probes ----------------------------------------------------------------------------------------------------------


def probe(request: HttpRequest) -> HttpResponse:
    """live: this process answers. ready: it reaches its database. write: it can store. Without a word after it, for
    the operator's alarm: all that, and worker and clock are alive."""
    name = request.path.removeprefix(PROBES).strip("/")
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    if name not in _PROBES:
        return HttpResponse(status=404)
    try:
        told = _PROBES[name]()
        status = 503 if name == "" and told["silent"] else 200
    except (Error, OSError) as error:
        log.warning("Probe %s failed: %s", name or "all", type(error).__name__)
        told, status = {"state": "unavailable", "reason": type(error).__name__}, 503
        with contextlib.suppress(Error):
            connection.close()
    response = JsonResponse(told, status=status)
    if status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    add_never_cache_headers(response)
    return response


def live() -> dict:
    return {"state": "ok"}


def ready() -> dict:
    """Ages in whole seconds; None where there never was such a process. A web process is ready without them: taken
    out of service for a dead worker, nobody could even read."""
    ages = processes.ages()
    return {
        "state": "ok",
        "seconds_since": {kind: None if age is None else round(age) for kind, age in ages.items()},
        "silent": [kind for kind, age in ages.items() if age is None or age > processes.SILENT_SECONDS],
    }


def write() -> dict:
    """A row is written and rolled back: a database that is read-only or full is told."""
    with transaction.atomic():
        processes.beat(processes.new_name("probe"), "probe")
        transaction.set_rollback(True)
    return {"state": "ok"}


def everything() -> dict:
    write()
    return ready()


_PROBES: dict[str, Callable[[], dict]] = {"live": live, "ready": ready, "write": write, "": everything}
