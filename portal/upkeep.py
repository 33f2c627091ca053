"""Rows that nobody reads any more go: what would otherwise grow for ever."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portal import retention
from portal.models import FormDraft, NoticeReading, SignInAttempt

# A failed task keeps its traceback for longer: somebody may still ask why.
DONE_DAYS, FAILED_DAYS = 3, 30
EVERY_SECONDS = 3600


def prune() -> int:
    """For the clock, once an hour: finished tasks after DONE_DAYS, failed ones after FAILED_DAYS; returns how many."""
    if not cache.add("pruned", True, EVERY_SECONDS):
        return 0
    now = timezone.now()
    done = DBTaskResult.objects.finished().filter(finished_at__lt=now - timedelta(days=DONE_DAYS))
    kept = DBTaskResult.objects.failed().filter(finished_at__gte=now - timedelta(days=FAILED_DAYS))
    return done.exclude(pk__in=kept.values("pk")).delete()[0]


def forget_attempts(now: datetime | None = None) -> int:
    """For the clock: tries to sign in that are older than the table of portal/retention.py keeps them."""
    return SignInAttempt.objects.filter(at__lt=retention.until("attempts", now)).delete()[0]


def forget_drafts(now: datetime | None = None) -> int:
    """Likewise drafts that nobody came back to."""
    return FormDraft.objects.filter(saved_at__lt=retention.until("drafts", now)).delete()[0]


def forget_readings(now: datetime | None = None) -> int:
    """Likewise who has read a notice."""
    return NoticeReading.objects.filter(read_at__lt=retention.until("readings", now)).delete()[0]
