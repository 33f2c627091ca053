"""What signing in and typing leave behind is deleted in time: tries, sessions, drafts (the clock's part)."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone

from portal.models import FormDraft, SignInAttempt

# The address of a right try stays known for so long.
ATTEMPTS = timedelta(days=90)
# Longer than any window of a cycle.
DRAFTS = timedelta(days=180)
_EVERY = timedelta(hours=1)


def prune_when_due() -> None:
    """Once an hour, however many rounds the clock makes and wherever it runs."""
    if cache.add("portal.sign_in.pruning", True, _EVERY.total_seconds()):
        prune(timezone.now())


def prune(now: datetime) -> tuple[int, int, int]:
    """Delete what has had its time; how many tries, sessions and drafts that were."""
    return (
        SignInAttempt.objects.filter(at__lt=now - ATTEMPTS).delete()[0],
        Session.objects.filter(expire_date__lt=now).delete()[0],
        FormDraft.objects.filter(saved_at__lt=now - DRAFTS).delete()[0],
    )
