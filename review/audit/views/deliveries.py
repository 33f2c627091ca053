"""Messages that left the portal, and sending again what a gateway refused (GOAL-S4)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.access import allow
from portal.messages.deliveries import send_again
from portal.models import Delivery
from portal.requests import SignedInRequest
from portal.roles import Role
from review.audit.delivery_log import SUMMED_DAYS, deliveries, sums
from review.audit.forms import DeliveryFilter
from review.audit.words import role_in_words
from review.paging import keyset_page


@require_GET
@allow(Role.CMDA)
def delivery_log(request: SignedInRequest) -> HttpResponse:
    """To whom something was sent, which way, with what outcome; no text of a message and no address."""
    filters = DeliveryFilter(request.GET)
    found = deliveries(filters.values)
    page = keyset_page(found, request.GET, by="created_at", descending=True)
    for row in page.rows:
        row.role_words = role_in_words(row.recipient.role)
    context = {
        "filters": filters,
        "page": page,
        "sums": sums(),
        "states": Delivery.State.labels,
        "days": SUMMED_DAYS,
        "failed": found.filter(state=Delivery.State.FAILED).count(),
    }
    return render(request, "review/audit/deliveries.html", context)


@require_POST
@allow(Role.CMDA)
def delivery_again(request: SignedInRequest) -> HttpResponse:
    """Send again what failed among the results of the filter in the address."""
    count = send_again(deliveries(DeliveryFilter(request.GET).values), by=request.user)
    if count:
        messages.success(request, f"{count} 条通知已重新排队，几分钟内发送。")
    else:
        messages.info(request, "没有发送失败的通知需要重发。")
    return redirect("review:deliveries")
