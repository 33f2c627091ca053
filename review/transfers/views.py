"""转换基地, the overseeing side: requests between bases, and the association's last resort (PAIN-15)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from bases.transfers import services as transfers
from bases.transfers.forms import LastResortForm
from portal.access import allow
from portal.parameters import choice, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.codes.training import ENDED
from residents.forms import show_problems
from residents.services.refusals import Refused
from residents.services.states import StateMoved

PAGE_SIZE = 50


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def transfer_list(request: SignedInRequest) -> HttpResponse:
    """Requests that leave or enter the province and wait for the old base, the longest waiting first (PAIN-15)."""
    found = transfers.in_view_of_reviewers(request.user)
    shown = choice(request.GET, "state", ("all",), "open")
    if shown == "open":
        found = found.filter(state="open")
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "review/transfers/transfers.html", {"page": page, "shown": shown})


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def transfer_release(request: SignedInRequest, pk: int) -> HttpResponse:
    """The last resort: the association sets 退培 in the holding base's place (PAIN-15), always with a reason."""
    asked = get_object_or_404(transfers.in_view_of_reviewers(request.user), pk=pk)
    if request.method == "GET" and asked.state != asked.State.OPEN:
        messages.info(request, f"这条转出请求现在是“{asked.get_state_display()}”，不能再处理。")
        return redirect(f"{reverse('review:transfers')}?state=all")
    if asked.enrollment.status == ENDED:
        messages.error(request, transfers.ENDED_HELD)
        return redirect("review:transfers")
    form = LastResortForm(request.POST or None, initial={"destination": asked.to_base.name})
    if request.method == "POST" and form.is_valid():
        try:
            transfers.release(pk, **form.cleaned_data, by=request.user)
        except Refused as refused:
            show_problems(form, refused.problems)
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("review:transfers")
        else:
            messages.success(request, f"已退培并转出，{asked.to_base.name}现在可以导入此人。")
            return redirect("review:transfers")
    page = {"asked": asked, "form": form}
    return render(request, "review/transfers/release.html", page, status=422 if form.errors else 200)
