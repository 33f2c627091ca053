"""我的导出: one's own exports, how far they are, and their files."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal import jobs
from portal.access import allow
from portal.parameters import whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.states import StateMoved
from review.exports import jobs as export_jobs
from review.exports.answers import file_name

PAGE_SIZE = 30


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def exports(request: SignedInRequest) -> HttpResponse:
    """我的导出: what one has exported, how far the worker is, until when a file can be fetched (GOAL-N5)."""
    page = Paginator(export_jobs.own(request.user), PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    for each in page.object_list:
        kind = export_jobs.KINDS.get(each.kind)
        each.title = kind.title if kind else "统计表"
        each.in_words = kind.words(each.filters) if kind else []
    working = any(each.job and each.job.state in jobs.OPEN for each in page.object_list)
    name = "review/exports/_exports.html" if request.htmx else "review/exports/exports.html"
    return render(request, name, {"page": page, "working": working, "now": timezone.now()})


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def export_file(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """The file of one's own export; somebody else's is not there (TRUST-33)."""
    export = get_object_or_404(export_jobs.own(request.user), pk=pk)
    try:
        file = export_jobs.fetch(export, by=request.user, request=request)
    except StateMoved as gone:
        messages.error(request, str(gone))
        return redirect("review:exports")
    media_type = export_jobs.MEDIA_TYPES[export.file_format]
    return FileResponse(file, as_attachment=True, filename=file_name(export), content_type=media_type)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """A failed export is made once more, by the rights and records of now."""
    export = get_object_or_404(export_jobs.own(request.user), pk=pk, job__isnull=False)
    if export_jobs.again(cast(int, export.job_id)):
        messages.success(request, "已重新开始导出。")
    else:
        messages.info(request, "这次导出没有失败，不需要重试。")
    return redirect("review:exports")


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    export = get_object_or_404(export_jobs.own(request.user), pk=pk, job__isnull=False)
    jobs.cancel(cast(int, export.job_id))
    messages.success(request, "已取消这次导出。")
    return redirect("review:exports")
