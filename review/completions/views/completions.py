"""提前结业补报: the provinces' deliveries, from the template to the association's acceptance."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Province
from bases.scope import provinces_for
from portal import audit
from portal.access import allow
from portal.downloads import workbook_response
from portal.parameters import whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.downloads import evidence_response
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from review.completions import services as completions
from review.completions.forms import BatchForm, SendBackForm
from review.completions.resource import completion_template
from review.models import CompletionBatch

PAGE_SIZE = 50


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def batches(request: SignedInRequest) -> HttpResponse:
    """提前结业补报: what the provinces have sent in, and where a province sends from (BR-16 … BR-18)."""
    page = {
        "page": Paginator(completions.in_view(request.user), PAGE_SIZE).get_page(
            whole_number(request.GET, "page")
        ),
        "places": [
            (province, completions.batch_opening(province))
            for province in provinces_for(request.user, Action.UPLOAD_COMPLETIONS).order_by("code")
        ],
    }
    return render(request, "review/completions/completions.html", page)


def _acting_province(request: SignedInRequest, code: str) -> Province:
    return get_object_or_404(provinces_for(request.user, Action.UPLOAD_COMPLETIONS), pk=code)


@require_GET
@allow(Role.PROVINCE)
def template(request: SignedInRequest, province: str) -> HttpResponse:
    """附件1 as a workbook, with the province's own bases to choose from (BR-17, BR-23)."""
    of = _acting_province(request, province)
    return workbook_response(completion_template(of.pk), f"提前结业信息采集模板（{of.short_name}）.xlsx")


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def upload(request: SignedInRequest, province: str) -> HttpResponse:
    """Upload of the filled workbook with the certificate sample; what is in it is judged by the worker."""
    of = _acting_province(request, province)
    opening = completions.batch_opening(of)
    if request.method == "GET" and not opening.is_open:
        messages.error(request, opening.reason)
        return redirect("review:completions")
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = BatchForm(*sent, template="提前结业信息采集模板")
    if request.method == "POST" and form.is_valid():
        try:
            batch = completions.upload(
                of,
                workbook=form.cleaned_data["file"],
                sample=form.cleaned_data["sample"],
                token=form.cleaned_data["token"],
                by=request.user,
            )
        except (Refused, StateMoved) as stopped:
            messages.error(request, str(stopped))
            return redirect("review:completions")
        return redirect("bases:import-batch", batch.import_batch_id)
    page = {"province": of, "form": form, "opening": opening}
    return render(request, "review/completions/upload.html", page, status=422 if form.errors else 200)


def _seen(request: SignedInRequest, pk: int) -> CompletionBatch:
    return get_object_or_404(completions.in_view(request.user), pk=pk)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def batch(request: SignedInRequest, pk: int) -> HttpResponse:
    """One batch: its rows with masked numbers, the certificate sample, the decision."""
    return _show(request, _seen(request, pk), SendBackForm())


def _show(request: SignedInRequest, shown: CompletionBatch, form: SendBackForm) -> HttpResponse:
    rows = shown.records.select_related("base", "specialty").order_by("pk")
    is_sent = shown.state == CompletionBatch.State.SENT
    page = {
        "batch": shown,
        "page": Paginator(rows, PAGE_SIZE).get_page(whole_number(request.GET, "page")),
        "may_decide": is_sent and request.user.role == Role.CMDA,
        "may_withdraw": is_sent and _may_act(request, shown),
        "form": form,
    }
    return render(request, "review/completions/completion.html", page, status=422 if form.errors else 200)


def _may_act(request: SignedInRequest, shown: CompletionBatch) -> bool:
    of = provinces_for(request.user, Action.UPLOAD_COMPLETIONS)
    return of.filter(pk=shown.province_id).exists()


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def sample(request: SignedInRequest, pk: int) -> FileResponse:
    shown = _seen(request, pk)
    response = evidence_response(shown.certificate_sample.name, "结业证书模板")
    audit.record("file", by=request.user, target=shown, request=request, file="completion.sample")
    return response


@require_POST
@allow(Role.PROVINCE)
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    if not _may_act(request, _seen(request, pk)):
        raise PermissionDenied
    return _carry_out(request, pk, completions.withdraw, "已撤回这批补报，可以更正后重新上传。")


@require_POST
@allow(Role.CMDA)
def accept(request: SignedInRequest, pk: int) -> HttpResponse:
    _seen(request, pk)
    return _carry_out(request, pk, completions.accept, "已接收，计入提前结业统计。")


@require_POST
@allow(Role.CMDA)
def send_back(request: SignedInRequest, pk: int) -> HttpResponse:
    shown = _seen(request, pk)
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _show(request, shown, form)
    words = "已退回，省级可以更正后重新上传。"
    return _carry_out(request, pk, completions.send_back, words, comment=form.cleaned_data["comment"])


def _carry_out(
    request: HttpRequest, pk: int, act: Callable[..., None], done: str, **more: str
) -> HttpResponse:
    try:
        act(pk, by=request.user, **more)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, done)
    return redirect("review:completion", pk)
