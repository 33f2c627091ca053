"""Worker and clock as others see them: signs of life, who is told when one falls silent, tasks of the dead."""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection, connections
from django.db.models import DateTimeField, Func
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portal.messages import services as messages
from portal.models import ProcessSign, User
from portal.roles import Role

# What each kind is called where people read it, and what waits while it is silent.
KINDS = {
    "worker": ("后台处理", "导入和核对"),
    "long": ("大批量处理", "导出、带标注的文件和大批量办理"),
    "outside": ("通知发送", "邮件和短信"),
    "clock": ("定时处理", "截止、锁定、提醒和失败任务的恢复"),
}
BEAT_SECONDS = 5
SILENT_SECONDS = 60
# A restart takes less; from then on the association is told.
TELL_SECONDS = 180
FORGET = timedelta(days=1)
log = logging.getLogger(__name__)
# The clock of the machine may be wrong; the database's is one for all.
_now = Func(function="clock_timestamp", output_field=DateTimeField())


def new_name(kind: str) -> str:
    return f"{kind}@{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(3)}"


def beat(name: str, kind: str) -> None:
    """One sign of life."""
    if not ProcessSign.objects.filter(name=name).update(seen_at=_now):
        ProcessSign.objects.create(name=name, kind=kind, started_at=_now, seen_at=_now)


def ages() -> dict[str, float | None]:
    """Seconds since the last sign of each kind, None where there never was one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, extract(epoch FROM clock_timestamp() - max(seen_at))::float "
            "FROM portal_processsign GROUP BY kind"
        )
        found = dict(cursor.fetchall())
    return {kind: found.get(kind) for kind in KINDS}


def silent(seconds: float = SILENT_SECONDS) -> dict[str, float | None]:
    """The kinds of which nothing was heard for so long."""
    return {kind: age for kind, age in ages().items() if age is None or age > seconds}


def tell_of_silent() -> int:
    """Tell the association, once a day and kind, of what has fallen silent; returns how many messages."""
    told = 0
    for kind, age in silent(TELL_SECONDS).items():
        if age is None:
            # It never ran here: an installation in the making.
            continue
        name, waits = KINDS[kind]
        told += messages.send(
            list(User.objects.filter(role=Role.CMDA, is_active=True)),
            kind="process_silent",
            subject=f"{name}已停止 {age / 60:.0f} 分钟",
            body=f"{waits}正在等待，恢复后会自动继续。请联系运维人员查看服务器日志并启动它。",
            link="/review/running/",
            key=f"silent:{kind}:{timezone.localdate():%Y%m%d}",
        )
    return told


def reap() -> int:
    """Mark the tasks of dead workers as failed and forget old signs; returns how many tasks. What they worked on is
    queued again by its own rule (portal/jobs.py, bases/imports)."""
    cutoff = timezone.now() - timedelta(seconds=SILENT_SECONDS)
    alive = set(ProcessSign.objects.filter(seen_at__gte=cutoff).values_list("name", flat=True))
    running = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING, started_at__lt=cutoff)
    dead = [row.pk for row in running.only("pk", "worker_ids") if not alive.intersection(row.worker_ids[-1:])]
    ProcessSign.objects.filter(seen_at__lt=timezone.now() - FORGET).delete()
    return DBTaskResult.objects.filter(pk__in=dead, status=TaskResultStatus.RUNNING).update(
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        exception_class_path="portal.processes.WorkerDied",
        traceback="The worker showed no sign of life any more.",
    )


@contextmanager
def alive(name: str, kind: str) -> Iterator[None]:
    """A sign of life every BEAT_SECONDS as long as the block runs, from a thread: a long task holds up none."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                beat(name, kind)
                if kind == "worker":
                    # The clock looks after the workers, and one of them after the clock.
                    tell_of_silent()
            except (DatabaseError, InterfaceError) as error:
                log.warning("No sign of life of %s: %s", name, type(error).__name__)
                connections.close_all()
            stop.wait(BEAT_SECONDS)
        connections.close_all()

    thread = threading.Thread(target=run, name="signs-of-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
