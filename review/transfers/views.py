"""转换基地, the overseeing side: requests between bases, and the association's last resort (PAIN-15)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from bases.transfers import services as transfers
from bases.transfers.forms import FurtherTrainingForm, LastResortForm
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
    """The last resort: the association sets 退培 in the holding base's place (PAIN-15), or lets a finished resident be
    trained once more, which leaves his 结束 as it is (AM-25). Always with a reason."""
    asked = get_object_or_404(transfers.in_view_of_reviewers(request.user), pk=pk)
    has_ended = asked.enrollment.status == ENDED
    act = transfers.allow_further_training if has_ended else transfers.release
    form = (FurtherTrainingForm if has_ended else LastResortForm)(
        request.POST or None, initial={"destination": asked.to_base.name}
    )
    if request.method == "POST" and form.is_valid():
        try:
            act(pk, **form.cleaned_data, by=request.user)
        except Refused as refused:
            show_problems(form, refused.problems)
        except StateMoved as moved:
            messages.error(request, str(moved))
            return redirect("review:transfers")
        else:
            done = "已准许再次培训" if has_ended else "已退培并转出"
            messages.success(request, f"{done}，{asked.to_base.name}现在可以导入此人。")
            return redirect("review:transfers")
    page = {"asked": asked, "form": form, "has_ended": has_ended}
    return render(request, "review/transfers/release.html", page, status=422 if form.errors else 200)
