"""培训信息模板: the list seen as a template, the file back, before → after, confirmation (BR-29, 35, 56; GOALS B12)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases import imports
from bases.import_forms import ConfirmForm, UploadForm
from bases.import_report import PAGE_SIZE, annotated_copy, problem_groups, progress_of, rows_of
from bases.import_work import BatchMoved, State
from bases.lists import Module
from bases.models import ImportBatch, TrainingBase
from bases.reporting import for_check
from bases.scope import bases_for, current_base
from bases.selection import chosen
from bases.training_resource import training_template
from bases.views.imports import workbook_response
from portal import audit
from portal.access import allow
from portal.calendar import current_cycle
from portal.models import User
from portal.roles import Action, Role
from portal.sheets.reading import SheetRefused
from residents.models import Enrollment

KIND = ImportBatch.Kind.TRAINING
SHOWN_BATCHES = 20
_WORKING = (State.UPLOADED, State.CHECKING, State.APPLYING)


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def uploads(request: HttpRequest, module: Module) -> HttpResponse:
    """Template of the records seen and upload of it, of one module, and the earlier files of the base."""
    base = _base(request, Action.VIEW if request.method == "GET" else Action.EDIT_TRAINING)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    form.fields["file"].label = "填好的培训信息模板"
    if request.method == "POST" and form.is_valid():
        batch = imports.store_upload(
            form.cleaned_data["file"],
            kind=KIND,
            module=module,
            base=base,
            by=request.user,
            token=form.cleaned_data["token"],
        )
        return redirect("bases:training-batch", batch.pk)
    imports.requeue_abandoned()
    context = {
        "module": module,
        "modules": Module,
        "form": form,
        "count": _records(request.GET, request.user, base, module).count(),
        "carried": [(name, value) for name, values in request.GET.lists() for value in values],
        "may_act": current_base(request, Action.EDIT_TRAINING) == base,
        "batches": ImportBatch.objects.filter(base=base, kind=KIND).select_related("uploaded_by")[
            :SHOWN_BATCHES
        ],
    }
    return render(request, "bases/training/uploads.html", context, status=422 if form.errors else 200)


def _records(params: QueryDict, user: User, base: TrainingBase, module: Module) -> QuerySet[Enrollment]:
    """The records ticked in the list, or all of its filters; full numbers go out, so only for those who may edit."""
    params = params.copy()
    params["module"] = module
    if params.get("range") != "selected" or not params.getlist("choice"):
        params["range"] = "all"
    return chosen(params, user, base, Action.EDIT_TRAINING)


@allow(Role.BASE)
@require_POST
def template(request: HttpRequest, module: Module) -> HttpResponse:
    """The template filled with the chosen records. It holds full ID numbers, so the download is logged."""
    base = _base(request, Action.EDIT_TRAINING)
    records = for_check(_records(request.POST, request.user, base, module)).order_by("-intake_year", "pk")
    content = training_template(records, module=module, base=base)
    audit.record(
        "export", by=request.user, target=base, request=request, kind="training_template", module=module
    )
    return workbook_response(content, f"培训信息模板（{module.label}）.xlsx")


@allow(Role.BASE)
@require_GET
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One file in whatever state it is; while the worker has it, the page asks again by itself."""
    found = _batch_for(request.user, pk, Action.VIEW)
    may_act = _may_act(request.user, found)
    if found.state in _WORKING:
        imports.requeue_abandoned()
        context = {"batch": found, "progress": progress_of(found), "may_act": may_act}
        name = "bases/training/_progress.html" if request.htmx else "bases/training/progress.html"
        return render(request, name, context)
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    verdict = request.GET.get("verdict", "")
    rows = rows_of(found, verdict).select_related("enrollment__resident")
    context = {
        "batch": found,
        "groups": problem_groups(found),
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "verdict": verdict,
        "may_act": may_act,
    }
    return render(request, "bases/training/batch.html", context)


@allow(Role.BASE)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the good rows, or all if all are good (GOALS B6)."""
    found = _batch_for(request.user, pk, Action.EDIT_TRAINING)
    form = ConfirmForm(request.POST)
    try:
        if form.is_valid():
            imports.confirm(found, mode=form.cleaned_data["mode"], by=request.user)
        else:
            messages.error(request, "请选择导入方式。")
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:training-batch", pk)


@allow(Role.BASE)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a file up before anything of it is written."""
    found = _batch_for(request.user, pk, Action.EDIT_TRAINING)
    try:
        imports.cancel(found)
        messages.success(request, "已取消，没有修改任何数据。")
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:training-batch", pk)


@allow(Role.BASE)
@require_GET
def annotated(request: HttpRequest, pk: int) -> HttpResponse:
    """The user's own workbook back, with its faults marked (GOALS B5)."""
    found = _batch_for(request.user, pk, Action.EDIT_TRAINING)
    if not found.file or found.state not in (State.CHECKED, State.APPLIED):
        raise Http404
    try:
        content = annotated_copy(found)
    except SheetRefused as refusal:
        messages.error(request, f"无法生成带标注的文件：{refusal.text}")
        return redirect("bases:training-batch", pk)
    name = found.file_name.rpartition(".")[0] or found.file_name
    return workbook_response(content, f"{name}-检查结果.xlsx")


def _base(request: HttpRequest, action: Action) -> TrainingBase:
    base = current_base(request, action)
    if base is None or current_cycle() is None:
        raise PermissionDenied
    return base


def _batch_for(user: User, pk: int, action: Action) -> ImportBatch:
    """404 for another base's file; 403 for one that the user may only look at."""
    bases = list(bases_for(user, Action.VIEW).values_list("pk", flat=True))
    batches = ImportBatch.objects.select_related("base__province", "cycle", "uploaded_by", "confirmed_by")
    found = get_object_or_404(batches, pk=pk, kind=KIND, base_id__in=bases)
    if action is not Action.VIEW and not _may_act(user, found):
        raise PermissionDenied
    return found


def _may_act(user: User, found: ImportBatch) -> bool:
    return bases_for(user, Action.EDIT_TRAINING).filter(pk=found.base_id).exists()
