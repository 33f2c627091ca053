from collections.abc import Mapping

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from portal import jobs
from portal.access import allow
from portal.roles import Role
from residents.services.states import StateMoved
from review.exports import jobs as export_jobs
from review.exports.forms import ExportForm
from review.models import Export

PAGE_SIZE = 30
_KEPT = "export_form"


def export_form(request: HttpRequest, kind: type[ExportForm] = ExportForm) -> ExportForm:
    """The form of a page of people; after a refusal with what was typed and what is wrong with it, once."""
    return kind(request.session.pop(_KEPT, None))


def refused(request: HttpRequest, form: ExportForm, page: str) -> HttpResponse:
    """Back to the page of the list, with the faults of the form and all that was typed."""
    request.session[_KEPT] = {name: form.data[name] for name in form.fields if name in form.data}
    for text in (text for texts in form.errors.values() for text in texts):
        messages.error(request, text)
    return redirect(f"{page}?{request.GET.urlencode()}")


def answer(request: HttpRequest, kind: str, asked: Mapping[str, str], form: ExportForm) -> HttpResponse:
    """A short list as a download; a long one is queued, and the page of one's exports shows how far it is."""
    export = export_jobs.ask(request.user, kind, asked, **form.cleaned_data)
    if export.job_id:
        messages.success(request, f"已开始导出 {export.rows} 行，完成后会发消息给您；可以离开本页。")
        return redirect("review:exports")
    headers = {"Content-Disposition": content_disposition_header(True, _file_name(export))}
    media_type = export_jobs.MEDIA_TYPES[export.file_format]
    return StreamingHttpResponse(export_jobs.content(export), content_type=media_type, headers=headers)


def _file_name(export: Export) -> str:
    moment = timezone.localtime(export.requested_at)
    return f"{export_jobs.KINDS[export.kind].title}_{moment:%Y%m%d_%H%M%S}.{export.file_format}"


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def exports(request: HttpRequest) -> HttpResponse:
    """我的导出: what one has exported, how far the worker is, until when a file can be fetched (GOALS N5)."""
    page = Paginator(export_jobs.own(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    for each in page.object_list:
        kind = export_jobs.KINDS.get(each.kind)
        each.title = kind.title if kind else "统计表"
        each.in_words = kind.words(each.filters) if kind else []
    working = any(each.job and each.job.state in jobs.OPEN for each in page.object_list)
    name = "review/exports/_exports.html" if request.htmx else "review/exports/exports.html"
    return render(request, name, {"page": page, "working": working, "now": timezone.now()})


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def export_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of one's own export; somebody else's is not there (TRUST 33)."""
    export = get_object_or_404(export_jobs.own(request.user), pk=pk)
    try:
        file = export_jobs.fetch(export, by=request.user, request=request)
    except StateMoved as gone:
        messages.error(request, str(gone))
        return redirect("review:exports")
    media_type = export_jobs.MEDIA_TYPES[export.file_format]
    return FileResponse(file, as_attachment=True, filename=_file_name(export), content_type=media_type)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    export = get_object_or_404(export_jobs.own(request.user), pk=pk, job__isnull=False)
    jobs.cancel(export.job_id)
    messages.success(request, "已取消这次导出。")
    return redirect("review:exports")
