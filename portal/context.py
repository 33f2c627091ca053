"""What the frame of every page needs: contact block, server time, unread messages, notices to read, menu."""

from functools import cache

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from portal.messages.services import unread_in
from portal.models import SiteContact
from portal.prepared import prepared


@prepared
def _contact() -> QuerySet[SiteContact]:
    return SiteContact.objects.filter(pk=1)


def frame(request: HttpRequest) -> dict:
    """What the frame of every page displays: contact block, server time, count of unread messages, notices that he has
    not read, menu. Lazy: no query is made by a page that does not print it."""
    user = getattr(request, "user", None)

    @cache
    def unread_count() -> int:
        if user is None or not user.is_authenticated:
            return 0
        return unread_in(user)

    @cache
    def notices_to_read() -> list:
        if user is None or not user.is_authenticated:
            return []
        return import_string(settings.NOTICES_TO_READ)(user)

    def menu() -> list:
        if user is None or not user.is_authenticated:
            return []
        return import_string(settings.MENU)(user, getattr(request, "opened_from", "") or request.path)

    return {
        "contact": lambda: next(iter(_contact.ask()), None),
        "server_time": timezone.now,
        "unread_count": unread_count,
        "notices_to_read": notices_to_read,
        "menu": menu,
    }
