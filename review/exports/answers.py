"""What a page answers to an export (导出): a download at once, or a place in the queue."""

from collections.abc import Iterator, Mapping

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header

from portal import audit
from portal.requests import SignedInRequest
from review.exports import jobs as exports
from review.exports.forms import ExportForm
from review.models import Export

_KEPT = "export_form"


def export_form(request: HttpRequest, kind: type[ExportForm] = ExportForm) -> ExportForm:
    """The form of a page of people; after a refusal with what was typed and what is wrong with it, once."""
    return kind(request.session.pop(_KEPT, None))


def refused(request: HttpRequest, form: ExportForm, page: str) -> HttpResponse:
    """Back to the page of the list, with the faults of the form and all that was typed."""
    request.session[_KEPT] = {name: form.data[name] for name in form.fields if name in form.data}
    for text in (text for texts in form.errors.values() for text in texts):
        messages.error(request, str(text))
    return redirect(f"{page}?{request.GET.urlencode()}")


def answer(request: SignedInRequest, kind: str, asked: Mapping[str, str], form: Form) -> HttpResponseBase:
    """A short list as a download; a long one is queued, and the page of one's exports shows how far it is."""
    export = exports.ask(request.user, kind, asked, **form.cleaned_data)
    if export.job_id:
        messages.success(request, f"已开始导出 {export.rows} 行，完成后会发消息给您；可以离开本页。")
        return redirect("review:exports")
    headers = {"Content-Disposition": content_disposition_header(True, file_name(export))}
    media_type = exports.MEDIA_TYPES[export.file_format]
    return StreamingHttpResponse(exports.content(export), content_type=media_type, headers=headers)


def table_answer(
    request: SignedInRequest, content: Iterator[bytes], title: str, asked: Mapping[str, str], rows: int
) -> StreamingHttpResponse:
    """A table of figures, which holds nobody's number, as a workbook; logged like every export."""
    with transaction.atomic():
        export = Export.objects.create(
            requested_by=request.user, kind="statistics_table", filters=dict(asked), rows=rows
        )
        audit.record("export", by=request.user, target=export, title=title, rows=rows, masked=True)
    name = f"{title}_{timezone.localtime(export.requested_at):%Y%m%d_%H%M%S}.xlsx"
    headers = {"Content-Disposition": content_disposition_header(True, name)}
    return StreamingHttpResponse(content, content_type=exports.MEDIA_TYPES["xlsx"], headers=headers)


def file_name(export: Export) -> str:
    moment = timezone.localtime(export.requested_at)
    return f"{exports.KINDS[export.kind].title}_{moment:%Y%m%d_%H%M%S}.{export.file_format}"
