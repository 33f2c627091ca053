"""账号导入: template, upload, progress, preview, confirmation and result of one batch (BR-27, 43, 48, 67, 70)."""

from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases import imports
from bases.import_forms import ConfirmForm, UploadForm
from bases.import_report import annotated_copy, page_of, problem_groups, progress_of
from bases.import_work import BatchMoved, State, import_opening
from bases.lists import Module
from bases.models import ImportBatch, TrainingBase
from bases.resources import account_template
from bases.scope import bases_for, current_base
from bases.undo import can_be_undone, kept_rows
from portal.access import allow
from portal.calendar import current_cycle
from portal.models import User
from portal.roles import Action, Role
from portal.sheets.reading import SheetRefused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_BATCHES = 20
_WORKING = (State.UPLOADED, State.CHECKING, State.APPLYING)


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def uploads(request: HttpRequest, module: Module = Module.INTAKE) -> HttpResponse:
    """Template and upload of one module, and the earlier batches of the base."""
    base = _base(request, Action.VIEW if request.method == "GET" else Action.IMPORT_ACCOUNTS)
    state = import_opening(base, module, current_cycle())
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST":
        if not state.is_open:
            messages.error(request, state.reason)
            return redirect("bases:import-upload", module)
        if form.is_valid():
            batch = imports.store_upload(
                form.cleaned_data["file"],
                kind=ImportBatch.Kind.ACCOUNTS,
                module=module,
                base=base,
                by=request.user,
                token=form.cleaned_data["token"],
            )
            return redirect("bases:import-batch", batch.pk)
    imports.requeue_abandoned()
    batches = ImportBatch.objects.filter(base=base, kind=ImportBatch.Kind.ACCOUNTS)
    context = {
        "module": module,
        "modules": Module,
        "opening": state,
        "form": form,
        "may_act": current_base(request, Action.IMPORT_ACCOUNTS) == base,
        "batches": batches.select_related("uploaded_by")[:SHOWN_BATCHES],
        "cycle": current_cycle(),
    }
    return render(request, "bases/imports/uploads.html", context, status=422 if form.errors else 200)


@allow(Role.BASE)
@require_GET
def template(request: HttpRequest, module: Module) -> HttpResponse:
    """The account template of one module (BR-27)."""
    _base(request, Action.VIEW)
    cycle = current_cycle()
    if cycle is None:
        raise Http404
    content = account_template(cycle_year=cycle.year, module=module)
    return workbook_response(content, f"{cycle.year}年账号模板（{module.label}）.xlsx")


@allow(Role.BASE)
@require_GET
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch in whatever state it is; while the worker has it, the page asks again by itself."""
    found = batch_for(request.user, pk, Action.VIEW)
    if found.state in _WORKING:
        imports.requeue_abandoned()
        context = {"batch": found, "progress": progress_of(found), "may_act": _may_act(request.user, found)}
        name = "bases/imports/_progress.html" if request.htmx else "bases/imports/progress.html"
        return render(request, name, context)
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    verdict, waiting = request.GET.get("verdict", ""), found.rows.waiting().count()
    context = {
        "batch": found,
        "earlier": imports.earlier_upload(found),
        "groups": problem_groups(found),
        "page": page_of(found, verdict, request.GET.get("page")),
        "verdict": verdict,
        "may_act": _may_act(request.user, found),
        "opening": import_opening(found.base, found.module, found.cycle),
        "kept_rows": kept_rows(found),
        "waiting_rows": waiting,
        "written_rows": found.rows_created - waiting,
        "can_be_undone": can_be_undone(found),
    }
    return render(request, "bases/imports/batch.html", context)


@allow(Role.BASE)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the good rows, or all if all are good (GOALS B6)."""
    found = batch_for(request.user, pk, Action.IMPORT_ACCOUNTS)
    form = ConfirmForm(request.POST)
    if form.is_valid():
        try:
            imports.confirm(found, mode=form.cleaned_data["mode"], by=request.user)
        except BatchMoved as moved:
            messages.error(request, str(moved))
    else:
        messages.error(request, "请选择导入方式。")
    return redirect("bases:import-batch", pk)


@allow(Role.BASE)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a batch up before anything of it is written."""
    found = batch_for(request.user, pk, Action.IMPORT_ACCOUNTS)
    try:
        imports.cancel(found)
        messages.success(request, "已取消，没有导入任何数据。")
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:import-batch", pk)


@allow(Role.BASE)
@require_GET
def annotated(request: HttpRequest, pk: int) -> HttpResponse:
    """The user's own workbook back, with its faults marked (GOALS B5)."""
    found = batch_for(request.user, pk, Action.VIEW)
    if not found.file or found.state not in (State.CHECKED, State.APPLIED):
        raise Http404
    try:
        content = annotated_copy(found)
    except SheetRefused as refusal:
        messages.error(request, f"无法生成带标注的文件：{refusal.text}")
        return redirect("bases:import-batch", pk)
    return workbook_response(
        content, f"{found.file_name.rpartition('.')[0] or found.file_name}-检查结果.xlsx"
    )


def workbook_response(content: bytes, file_name: str) -> HttpResponse:
    """An .xlsx to save under a Chinese name; the name is quoted, so it can break out of no header."""
    disposition = f"attachment; filename=\"workbook.xlsx\"; filename*=UTF-8''{quote(file_name, safe='')}"
    return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": disposition})


def _base(request: HttpRequest, action: Action) -> TrainingBase:
    base = current_base(request, action)
    if base is None:
        raise PermissionDenied
    return base


def batch_for(user: User, pk: int, action: Action) -> ImportBatch:
    """404 for another base's batch; 403 for one that the user may only look at."""
    bases = bases_for(user, Action.VIEW).values_list("pk", flat=True)
    batches = ImportBatch.objects.select_related("base__province", "cycle", "uploaded_by", "confirmed_by")
    found = get_object_or_404(batches, pk=pk, kind=ImportBatch.Kind.ACCOUNTS, base_id__in=list(bases))
    if action is not Action.VIEW and not _may_act(user, found):
        raise PermissionDenied
    return found


def _may_act(user: User, found: ImportBatch) -> bool:
    return bases_for(user, Action.IMPORT_ACCOUNTS).filter(pk=found.base_id).exists()
