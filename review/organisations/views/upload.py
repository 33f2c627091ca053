"""机构名录 and 工作人员名单 by workbook: the template, the upload with its preview, the confirmation."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.imports.forms import UploadForm
from portal.access import allow
from portal.models import User
from portal.parameters import text
from portal.requests import SignedInRequest
from portal.roles import Role
from portal.sheets.reading import SheetRefused
from review import sheets
from review.exports.jobs import MEDIA_TYPES
from review.organisations import directory
from review.staff import workbook as staff_workbook

KINDS = {"bases": (directory, "机构名录"), "staff": (staff_workbook, "工作人员名单")}


# A province invites the people of its own bases; the directory is the association's.
OF_PROVINCES = {"staff"}


def _kind(request: SignedInRequest, kind: str) -> tuple:
    """The kind of workbook. 404 for none, 403 for one that is not this role's."""
    if kind not in KINDS:
        raise Http404
    if request.user.role != Role.CMDA and kind not in OF_PROVINCES:
        raise PermissionDenied
    return KINDS[kind]


def _plan(workbook: Any, sheet: sheets.Sheet, by: User) -> Any:
    return workbook.plan(sheet, by=by) if workbook is staff_workbook else workbook.plan(sheet)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def template(request: SignedInRequest, kind: str) -> HttpResponse:
    workbook, name = _kind(request, kind)
    headers = {"Content-Disposition": content_disposition_header(True, f"{name}模板.xlsx")}
    return HttpResponse(workbook.template(), content_type=MEDIA_TYPES["xlsx"], headers=headers)


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def upload(request: SignedInRequest, kind: str) -> HttpResponse:
    """Upload a workbook and see what it would do; nothing is written before the confirmation."""
    workbook, name = _kind(request, kind)
    form = UploadForm(
        request.POST or None, request.FILES or None, template=name, most_rows=workbook.MOST_ROWS
    )
    context = {
        "kind": kind,
        "name": name,
        "form": form,
        "columns": workbook.COLUMNS,
    }
    if request.method == "POST" and form.is_valid():
        try:
            sheet = sheets.read(form.cleaned_data["file"], workbook.COLUMNS, max_rows=workbook.MOST_ROWS)
        except SheetRefused as refused:
            form.add_error("file", f"{refused.text}{refused.repair}")
        else:
            rows = sheets.carry(sheet, by=request.user, kind=kind)
            return _preview(request, context, _plan(workbook, sheet, request.user), rows)
    return render(request, "review/organisations/upload.html", context)


def _preview(request: HttpRequest, context: dict, made: object, rows: str) -> HttpResponse:
    return render(request, "review/organisations/preview.html", context | {"plan": made, "rows": rows})


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def apply(request: SignedInRequest, kind: str) -> HttpResponse:
    """Write what was previewed; judged again, so that what changed meanwhile is shown instead of overwritten."""
    workbook, name = _kind(request, kind)
    rows = text(request.POST, "rows", longest=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    try:
        sheet = sheets.carried(rows, by=request.user, kind=kind)
    except signing.BadSignature:
        messages.error(request, "预览已过期，没有写入任何数据。请重新上传。")
        return redirect("review:directory-upload", kind=kind)
    made = _plan(workbook, sheet, request.user)
    if made.faults:
        messages.error(request, "情况已经变化，没有写入任何数据，请看下面的说明。")
        context = {"kind": kind, "name": name}
        return _preview(request, context, made, rows)
    if kind == "staff":
        slips = staff_workbook.apply(made, by=request.user, request=request)
        pages = staff_workbook.pages_of(slips, by=request.user)
        context = {"slips": slips, "pages": pages, "workbook": staff_workbook.slips_as_workbook(slips)}
        return render(request, "review/organisations/slips.html", context)
    directory.apply(made, by=request.user)
    done = "，".join(f"{words} {number}" for words, number in made.counts.items() if number)
    messages.success(request, f"机构名录已导入：{done}。")
    return redirect("review:bases")
