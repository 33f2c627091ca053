"""移交副本: the list and one copy, for those who worked for the base before it went into another one."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods

from bases.handed_over.lapsed import left_to
from bases.lists.take_home import Column, take_home
from bases.models import HandedOver, TrainingBase
from bases.scope import base_ids, current_base
from bases.submissions.sections import sections
from bases.workbooks.doors import Door, door_of_year
from portal.access import allow
from portal.models import User
from portal.parameters import text, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import ReviewStatus

PAGE_SIZE = 50
_COLUMNS = (
    Column("姓名", lambda kept: kept.full_name),
    Column("原培训基地", lambda kept: kept.succession.base.name, 30),
    Column("承接基地", lambda kept: kept.succession.successor.name, 30),
    Column("移交日期", lambda kept: kept.succession.day),
    Column("当日审核状态", lambda kept: dict(ReviewStatus.choices).get(kept.review_status, "")),
)


def copies_in_view(user: User) -> QuerySet[HandedOver]:
    """The copies kept by the bases that the person sees."""
    kept = HandedOver.objects.filter(succession__base__in=base_ids(user, Action.VIEW))
    return kept.select_related("succession__successor", "succession__base")


@require_http_methods(["GET", "POST"])
@allow(Role.BASE)
def copies(request: SignedInRequest) -> HttpResponse:
    """All copies, by name, as a file by POST; before them whom the person's bases may add again."""
    asked = text(request.GET, "q", longest=50).strip()
    found = copies_in_view(request.user).defer("snapshot").order_by("full_name", "pk")
    if asked:
        found = found.filter(full_name__contains=asked)
    if request.method == "POST":
        at = current_base(request)
        return take_home(request, found, _COLUMNS, kind="handed_over", title="移交副本名单", at=at)
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    left = left_to(base_ids(request.user, Action.IMPORT_ACCOUNTS))
    of = {"base": whole_number(request.GET, "base"), "intake_year": whole_number(request.GET, "year")}
    lapsed = list(left.filter(**{name: value for name, value in of.items() if value is not None}))
    context = {
        "page": page,
        "text": asked,
        "lapsed": lapsed,
        "others": left.count() - len(lapsed),
        "doors": _doors(lapsed),
    }
    return render(request, "bases/handed_over/copies.html", context)


def _doors(lapsed: list[Enrollment]) -> list[tuple[int, TrainingBase, Door]]:
    """Year by year at which base the people may be added now, and where, or why not yet (AM-31)."""
    bases = {record.base_id: record.base for record in lapsed}
    heirs = {pk: heir for pk, base in bases.items() if (heir := base.heir)}
    places = {(record.intake_year, heirs[record.base_id]) for record in lapsed if record.base_id in heirs}
    return [
        (year, heir, door_of_year(heir, year))
        for year, heir in sorted(places, key=lambda place: (-place[0], place[1].pk))
    ]


@require_GET
@allow(Role.BASE)
def one(request: SignedInRequest, pk: int) -> HttpResponse:
    """One record as it stood on the day, numbers masked."""
    kept = get_object_or_404(copies_in_view(request.user), pk=pk)
    context = {"kept": kept, "sections": sections(kept.snapshot)}
    return render(request, "bases/handed_over/copy.html", context)
