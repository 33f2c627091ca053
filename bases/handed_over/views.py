"""移交副本: the list and one copy, for those who worked for the base before it went into another one."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from bases.models import HandedOver
from bases.scope import base_ids
from bases.submissions.sections import sections
from portal.access import allow
from portal.models import User
from portal.parameters import text, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role

PAGE_SIZE = 50


def copies_in_view(user: User) -> QuerySet[HandedOver]:
    """The copies kept by the bases that the person sees."""
    kept = HandedOver.objects.filter(succession__base__in=base_ids(user, Action.VIEW))
    return kept.select_related("succession__successor", "succession__base")


@require_GET
@allow(Role.BASE)
def copies(request: SignedInRequest) -> HttpResponse:
    """All copies, by name."""
    asked = text(request.GET, "q", longest=50).strip()
    found = copies_in_view(request.user).defer("snapshot").order_by("full_name", "pk")
    if asked:
        found = found.filter(full_name__contains=asked)
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "bases/handed_over/copies.html", {"page": page, "text": asked})


@require_GET
@allow(Role.BASE)
def one(request: SignedInRequest, pk: int) -> HttpResponse:
    """One record as it stood on the day, numbers masked."""
    kept = get_object_or_404(copies_in_view(request.user), pk=pk)
    context = {"kept": kept, "sections": sections(kept.snapshot)}
    return render(request, "bases/handed_over/copy.html", context)
