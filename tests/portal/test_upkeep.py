"""Rows nobody reads any more go: finished tasks once grew for ever."""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portal import upkeep


def row(status: str, days: float) -> DBTaskResult:
    ended = None if status in ("READY", "RUNNING") else timezone.now() - timedelta(days=days)
    return DBTaskResult.objects.create(
        status=status,
        args_kwargs={"args": [], "kwargs": {}},
        task_path="portal.messages.tasks.send_due_messages",
        backend_name="default",
        run_after=timezone.now(),
        finished_at=ended,
    )


def test_finished_tasks_go_after_their_days_and_open_ones_never(db):
    cache.delete("pruned")
    kept = {
        row(status, days).pk
        for status, days in [
            (TaskResultStatus.SUCCESSFUL, upkeep.DONE_DAYS - 1),
            (TaskResultStatus.FAILED, upkeep.FAILED_DAYS - 1),
            (TaskResultStatus.READY, 99),
            (TaskResultStatus.RUNNING, 99),
        ]
    }
    row(TaskResultStatus.SUCCESSFUL, upkeep.DONE_DAYS + 1)
    row(TaskResultStatus.FAILED, upkeep.FAILED_DAYS + 1)
    assert upkeep.prune() == 2
    assert set(DBTaskResult.objects.values_list("pk", flat=True)) == kept
    row(TaskResultStatus.SUCCESSFUL, 99)
    assert upkeep.prune() == 0
