"""What belongs to the signed-in person whatever his role: in-site messages and drafts of forms."""

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal import drafts
from portal.access import allow
from portal.models import Message
from portal.roles import Role


@allow(*Role)
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    own = Message.objects.filter(recipient=request.user).order_by("-created_at")
    page = Paginator(own, 30).get_page(request.GET.get("page"))
    return render(request, "portal/messages.html", {"page": page})


@allow(*Role)
@require_POST
def open_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one message as read and go to what it is about."""
    message = get_object_or_404(Message, pk=pk, recipient=request.user)
    Message.objects.filter(pk=pk, read_at__isnull=True).update(read_at=timezone.now())
    return redirect(message.link or "portal:messages")


@allow(*Role)
@require_POST
def read_all_messages(request: HttpRequest) -> HttpResponse:
    Message.objects.filter(recipient=request.user, read_at__isnull=True).update(read_at=timezone.now())
    return redirect("portal:messages")


@allow(*Role)
@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Keep what is being typed, or drop it (discard=1)."""
    form = request.POST.get("form", "")
    if request.POST.get("discard"):
        drafts.discard_draft(request.user, form)
        flash.success(request, "草稿已放弃。")
        target = request.POST.get("next", "")
        is_own = url_has_allowed_host_and_scheme(
            target, {request.get_host()}, require_https=request.is_secure()
        )
        return redirect(target if is_own else reverse("portal:desk"))
    version = request.POST.get("base_version", "0")
    drafts.save_draft(
        request.user,
        form,
        request.POST.get("data", ""),
        int(version) if version.isdecimal() and len(version) < 10 else 0,
    )
    return HttpResponse(status=204)
