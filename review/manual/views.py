"""说明与使用手册 (BR-36; GOAL-S7)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from portal.access import open_to_all
from portal.parameters import text
from review.manual import chapters as manual
from review.manual.steps import STEPS, TITLES


def _role(request: HttpRequest) -> str | None:
    return request.user.role if request.user.is_authenticated else None


@open_to_all
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The role's instructions in a few steps, the chapters, and what a search found."""
    role = _role(request)
    q = text(request.GET, "q").strip()[: manual.LONGEST_QUERY]
    context = {
        "q": q,
        "found": manual.search(q, role) if q else [],
        "chapters": manual.own_chapters(role),
        "steps": STEPS.get(role, ()),
        "steps_title": TITLES.get(role, ""),
    }
    return render(request, "review/manual/index.html", context)


@open_to_all
@require_GET
def chapter(request: HttpRequest, slug: str) -> HttpResponse:
    found = manual.BY_SLUG.get(slug)
    if found is None:
        raise Http404
    chapters = manual.own_chapters(_role(request))
    place = chapters.index(found)
    context = {
        "chapter": found,
        "sections": manual.sections_of(slug),
        # Our own template, rendered with escaping.
        "body": mark_safe(manual.body_of(slug)),  # nosec B308 B703 # our own template, escaping
        "before": chapters[place - 1] if place else None,
        "after": chapters[place + 1] if place + 1 < len(chapters) else None,
    }
    return render(request, "review/manual/chapter.html", context)


@open_to_all
@require_GET
def whole(request: HttpRequest) -> HttpResponse:
    """All chapters on one page, to read through or print."""
    chapters = [
        (each, mark_safe(manual.body_in_book(each.slug)))  # nosec B308 B703 # our own template, escaping
        for each in manual.own_chapters(_role(request))
    ]
    return render(request, "review/manual/whole.html", {"chapters": chapters})
