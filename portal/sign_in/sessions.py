"""Ending a person's sessions where his password stays: with a new password Django ends them by itself."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.models import User


def end_sessions(user: User) -> int:
    """Sign this person out everywhere; returns how many sessions ended.

    Reads every running session, since none carries its owner in a column: for rare acts only.
    """
    engine = import_module(settings.SESSION_ENGINE)
    ended = 0
    for stored in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if stored.get_decoded().get(SESSION_KEY) == str(user.pk):
            # Through the engine, so that the cached copy goes too.
            engine.SessionStore(stored.session_key).delete()
            ended += 1
    return ended
