"""待更新的培训状态: residents whose 延期, 暂停 or 结束 has run out without a new status."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bases.deadlines.overdue_statuses import stale
from bases.lists.records import scope_of
from bases.scope import bases_for, current_base
from portal.access import allow
from portal.parameters import key, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role

PAGE_SIZE = 50


@require_GET
@allow(Role.BASE)
def stale_statuses(request: SignedInRequest) -> HttpResponse:
    """延期, 暂停 and 结束 not yet back to 在培, the longest first (BR-82, PAIN-20)."""
    base = current_base(request)
    if named := key(request.GET, "base"):
        # The reminder names its base: a person may work for several.
        asked = bases_for(request.user, Action.VIEW).filter(pk=named).first()
        base = asked or base
    found = stale(scope_of(request.user, base)).select_related("resident", "specialty")
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "bases/deadlines/stale.html", {"base": base, "page": page})
