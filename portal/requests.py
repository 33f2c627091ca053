"""What a request carries once the middleware has seen it, for annotations: Django's own stubs cannot know."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from portal.models import User


class Request(HttpRequest):
    """Any request behind the middleware: its id goes into the log, the history and the answer."""

    id: str
    htmx: HtmxDetails
    session_expired: bool


class SignedInRequest(Request):
    """A request that `portal.access.allow` has let through: somebody is signed in."""

    user: User
    # The list from which the page was opened, where it knows: the menu marks that one (`portal.context.frame`).
    opened_from: str
