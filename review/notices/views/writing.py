"""公告 and the contact block, written by the association."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.access import allow
from portal.form_words import outcome_of
from portal.models import Notice, SiteContact
from portal.parameters import is_on, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from review.notices import services
from review.notices.forms import ContactForm, NoticeForm
from review.notices.readers import readers_of

PAGE_SIZE = 50


@require_GET
@allow(Role.CMDA)
def notices(request: SignedInRequest) -> HttpResponse:
    """The association's notices, published and withdrawn (BR-95), and the contact block (BR-94)."""
    found = Notice.objects.select_related("published_by").prefetch_related("provinces", "files")
    return render(request, "review/notices/notices.html", {"notices": found[:200]})


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def notice(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    """Write a notice, or change a published one."""
    shown = get_object_or_404(Notice, pk=pk) if pk else None
    form = NoticeForm(request.POST or None, request.FILES or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        saved = services.save_notice(form, by=request.user)
        messages.success(
            request, f"公告“{saved.title}”已发布。" if shown is None else outcome_of(form, "公告已保存。")
        )
        return redirect("review:announcements")
    return render(request, "review/notices/notice.html", {"notice": shown, "form": form})


@require_GET
@allow(Role.CMDA)
def readings(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who has read a notice: persons, and the units in which nobody has, or all of them."""
    shown = get_object_or_404(Notice, pk=pk)
    readers = readers_of(shown)
    shows_all = is_on(request.GET, "all")
    units = readers.units if shows_all else readers.silent
    context = {
        "notice": shown,
        "readers": readers,
        "shows_all": shows_all,
        "page": Paginator(units, PAGE_SIZE).get_page(whole_number(request.GET, "page")),
    }
    return render(request, "review/notices/readings.html", context)


@require_POST
@allow(Role.CMDA)
def withdraw_notice(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a notice off the home page, or put it back."""
    get_object_or_404(Notice, pk=pk)
    shown = services.withdraw_or_restore(pk, by=request.user)
    messages.success(request, f"公告“{shown.title}”已{'撤下' if shown.withdrawn_at else '恢复显示'}。")
    return redirect("review:announcements")


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def contact(request: SignedInRequest) -> HttpResponse:
    """The contact block of sign-in and help pages (BR-94)."""
    shown = SiteContact.objects.filter(pk=1).first() or SiteContact(pk=1)
    form = ContactForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        services.save_contact(form, by=request.user)
        messages.success(request, outcome_of(form, "联系方式已更新。"))
        return redirect("review:contact")
    return render(request, "review/notices/contact.html", {"form": form})
