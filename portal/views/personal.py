"""What belongs to the signed-in person whatever his role: in-site messages and drafts of forms."""

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import drafts, searching
from portal.access import allow
from portal.addresses import own_address
from portal.form_words import outcome_of
from portal.messages.forms import MessageSettingsForm
from portal.messages.services import Topic, box, mark_read, of_topic, save_settings
from portal.models import Delivery, Message, MessageSettings
from portal.parameters import choice, is_on, moment, numbers_of, text, texts, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from portal.sign_in.services import set_letter_keys

MESSAGES_A_PAGE, DELIVERIES_SHOWN = 30, 10


@allow(*Role)
@require_GET
def messages(request: SignedInRequest) -> HttpResponse:
    """The person's messages, unread first, filtered by topic and unread; a digest with its parts (GOAL-S4)."""
    own, loaded_at = box(request.user), timezone.now().isoformat()
    topic, unread_only = choice(request.GET, "topic", Topic.values), is_on(request.GET, "unread")
    if topic:
        own = own.filter(of_topic(topic)).distinct()
    if unread_only:
        own = own.filter(read_at__isnull=True)
    own = own.annotate(is_read=Q(read_at__isnull=False)).order_by("is_read", "-created_at", "-pk")
    page = Paginator(own.prefetch_related("parts"), MESSAGES_A_PAGE).get_page(
        whole_number(request.GET, "page")
    )
    context = {"page": page, "topics": Topic.choices, "topic": topic, "unread_only": unread_only}
    context["loaded_at"] = loaded_at
    return render(request, "portal/messages.html", context)


@allow(*Role)
@require_POST
def open_message(request: SignedInRequest, pk: int) -> HttpResponse:
    """Mark one message as read and go to what it is about."""
    own = Message.objects.filter(recipient=request.user, shown_at__isnull=False)
    message = get_object_or_404(own, pk=pk)
    mark_read(own.filter(pk=pk))
    return redirect(message.address or "portal:messages")


@allow(*Role)
@require_POST
def read_all_messages(request: SignedInRequest) -> HttpResponse:
    """What was on the page; what came after it was loaded, also into one of its merged messages, stays unread."""
    loaded_at, sent = moment(request.POST, "loaded"), texts(request.POST, "shown")
    keys = numbers_of(sent)
    if loaded_at is None or len(keys) != len(sent):
        flash.error(request, "页面内容不完整，没有标记。请刷新本页后再试。")
        return redirect("portal:messages")
    shown = box(request.user).filter(pk__in=keys)
    count = mark_read(shown.exclude(parts__created_at__gt=loaded_at))
    flash.success(request, f"已将 {count} 条消息标为已读。" if count else "没有未读消息。")
    return redirect("portal:messages")


@allow(*Role)
@require_http_methods(["GET", "POST"])
def message_settings(request: SignedInRequest) -> HttpResponse:
    """消息设置: what this person hears of, when, and where besides the portal; with what was sent last."""
    stored = MessageSettings.objects.filter(user=request.user).first()
    form = MessageSettingsForm(request.POST or None, user=request.user, settings=stored)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if form.has_changed():
            save_settings(
                request.user, choices=form.choices, channel=values["channel"], email=values["email"]
            )
        flash.success(request, outcome_of(form, "消息设置已保存，对此后的消息生效。"))
        return redirect("portal:message-settings")
    sent = Delivery.objects.filter(recipient=request.user).select_related("message").order_by("-created_at")
    context = {"form": form, "sent": sent[:DELIVERIES_SHOWN]}
    return render(request, "portal/message_settings.html", context, status=422 if form.errors else 200)


@allow(Role.PROVINCE, Role.CMDA)
@require_POST
def letter_keys(request: SignedInRequest) -> HttpResponse:
    """Turn the single-letter keys of the review pages on or off for oneself (WCAG 2.1.4)."""
    wanted = "letter_keys" in request.POST
    set_letter_keys(request.user, wanted)
    flash.success(request, f"单字母快捷键已{'启用' if wanted else '停用'}。")
    return redirect("portal:message-settings")


@allow(*Role)
@require_POST
def draft(request: SignedInRequest) -> HttpResponse:
    """Keep what is being typed, or drop it (discard=1)."""
    form = text(request.POST, "form")
    if is_on(request.POST, "discard"):
        drafts.discard_draft(request.user, form)
        flash.success(request, "草稿已放弃。")
        return redirect(own_address(request, text(request.POST, "next"), reverse("portal:desk")))
    version = whole_number(request.POST, "base_version", most=10**9 - 1)
    drafts.save_draft(
        request.user,
        form,
        text(request.POST, "data", longest=drafts.LONGEST),
        version or 0,
    )
    return HttpResponse(status=204)


@require_POST
@allow(Role.BASE, Role.PROVINCE, Role.CMDA)
def search(request: SignedInRequest) -> HttpResponse:
    """Lead a posted search on to its list, without a person's number in the address (TRUST-52)."""
    fields = request.POST.copy()
    path = own_address(request, text(request.POST, "list"))
    for name in ("list", "csrfmiddlewaretoken"):
        fields.pop(name, None)
    if not path or "?" in path:
        return redirect("portal:desk")
    return redirect(searching.address_of(path, fields))
