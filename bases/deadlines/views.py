"""待更新的培训状态: residents whose 延期, 暂停 or 结束 has run out without a new status."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from bases.deadlines.overdue_statuses import stale
from bases.lists.records import scope_of
from bases.lists.take_home import Column, take_home
from bases.scope import bases_for, current_base
from portal.access import allow
from portal.parameters import key, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role

PAGE_SIZE = 50
_COLUMNS = (
    Column("姓名", lambda each: each.resident.full_name),
    Column("招收年份", lambda each: each.intake_year, 10),
    Column("培训专业", lambda each: each.specialty.name if each.specialty else "", 20),
    Column("培训状态", lambda each: each.get_status_display(), 12),
    Column("到期或结束日期", lambda each: each.stale_since),
    Column(
        "已过天数",
        lambda each: (timezone.localdate() - each.stale_since).days if each.stale_since else "",
        10,
    ),
)


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def stale_statuses(request: SignedInRequest) -> HttpResponse:
    """延期, 暂停 and 结束 not yet back to 在培, the longest first (BR-82, PAIN-20); as a file by POST."""
    base = current_base(request)
    if named := key(request.GET, "base"):
        # The reminder names its base: a person may work for several.
        asked = bases_for(request.user, Action.VIEW).filter(pk=named).first()
        base = asked or base
    found = stale(scope_of(request.user, base)).select_related("resident", "specialty")
    if request.method == "POST":
        return take_home(request, found, _COLUMNS, kind="stale_statuses", title="待更新的培训状态", at=base)
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "bases/deadlines/stale.html", {"base": base, "page": page})
