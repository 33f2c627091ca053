"""统计: two dimensions crossed, the records behind each number, and both as files."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from bases.reveal import may_see
from portal import replica
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Role
from review.exports.answers import answer, export_form, refused
from review.exports.jobs import MEDIA_TYPES
from review.paging import KeysetPage, keyset_page, one_moment
from review.statistics import cross_table as statistics
from review.statistics import export as statistics_export
from review.statistics import frozen
from review.statistics.forms import StatisticsExportForm, StatisticsForm
from review.statistics.links import linked_lines

Answer = TypeVar("Answer")


def statistics_form(request: SignedInRequest) -> StatisticsForm:
    return StatisticsForm(request.GET, user=request.user)


def _about(form: StatisticsForm) -> dict[str, str]:
    """What is counted, in words (AM-32)."""
    source = form.chosen_source
    return {
        "source_in_words": statistics.SOURCES[source],
        "counts_what": statistics.COUNTS_WHAT[source],
        "unit": statistics.unit(source),
        "edition_in_words": frozen.in_words(form.chosen_edition) if form.chosen_edition else "",
    }


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def table(request: SignedInRequest) -> HttpResponse:
    """Two dimensions of the approved snapshots crossed; every number leads to its records (GOAL-P7)."""
    form = statistics_form(request)
    context = {"form": form, **_about(form)}
    if form.is_readable:
        crossed, read_until = _crossed(request, form)
        context |= {
            "table": crossed,
            "read_until": read_until,
            "lines": linked_lines(
                crossed, reverse("review:statistics-records"), form.asked, form.chosen_shown
            ),
            "until_words": statistics.until_words(form.as_of),
            "filters_in_words": statistics.in_words(form.filters),
            "query": request.GET.urlencode(),
        }
    return render(request, "review/statistics/statistics.html", context)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def records(request: SignedInRequest) -> HttpResponse:
    """Who is behind one number: the same filters, the same count, of the moment that is told."""
    form = statistics_form(request)
    context = {
        "form": form,
        **_about(form),
        "export_form": export_form(request, StatisticsExportForm),
        "may_unmask": may_see(request.user),
    }
    if form.is_readable:
        edition = form.chosen_edition
        then = edition.order.taken_at if edition else form.as_of

        def ask() -> tuple[datetime, KeysetPage]:
            with one_moment() as now:
                return now, _page(request, form)

        (now, page), read_until = _asked(form, ask)
        context |= {
            "page": page,
            "read_until": read_until,
            "as_of": then or now,
            "until_words": statistics.until_words(form.as_of),
            "filters_in_words": statistics.in_words(form.filters),
            "query": request.GET.urlencode(),
        }
    return render(request, "review/statistics/records.html", context)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export_table(request: SignedInRequest) -> HttpResponseBase:
    form = statistics_form(request)
    if not form.is_readable:
        return _unreadable(request)
    crossed, _ = _crossed(request, form)
    content = statistics_export.export_table(
        request.user,
        crossed,
        form.chosen_source,
        form.filters,
        form.as_of,
        form.chosen_edition,
        form.chosen_shown,
    )
    return download(content, "统计表")


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export_records(request: SignedInRequest) -> HttpResponseBase:
    """The complete list behind one number; masked unless asked for in full with a purpose (GOAL-N5)."""
    form, asked = statistics_form(request), StatisticsExportForm(request.POST)
    if not form.is_readable:
        return _unreadable(request)
    if not asked.is_valid():
        return refused(request, asked, reverse("review:statistics-records"))
    of = {"source": form.chosen_source}
    if form.as_of:
        of["as_of"] = form.as_of.isoformat()
    if form.chosen_edition:
        of["edition"] = str(form.chosen_edition.pk)
    return answer(request, asked.cleaned_data.pop("kind"), of | form.filters, asked)


def _asked(form: StatisticsForm, question: Callable[[], Answer]) -> tuple[Answer, datetime | None]:
    """Of the replica where there is one. An edition is read where it was frozen: a replica may not have all of it."""
    return (question(), None) if form.chosen_edition else replica.read(question, until=form.as_of)


def _crossed(request: SignedInRequest, form: StatisticsForm) -> tuple[statistics.CrossTable, datetime | None]:
    asked = form.chosen_source, form.filters, *form.crossed
    edition = form.chosen_edition

    def ask() -> statistics.CrossTable:
        if edition:
            return frozen.counted_table(request.user, edition, *asked)
        return statistics.counted_table(request.user, *asked, as_of=form.as_of)

    return _asked(form, ask)


def _page(request: SignedInRequest, form: StatisticsForm) -> KeysetPage:
    user, source, filters = request.user, form.chosen_source, form.filters
    if form.chosen_edition:
        people = frozen.counted(user, form.chosen_edition.pk, source, filters)
        return keyset_page(frozen.for_list(people), request.GET, most_counted=None)
    asked = user, source, filters, form.as_of
    found = statistics.for_list(statistics.counted(*asked), form.as_of)
    return keyset_page(found, request.GET, most_counted=None, number=statistics.number(*asked))


def _unreadable(request: SignedInRequest) -> HttpResponse:
    messages.error(request, "筛选条件无法识别，请重新选择。")
    return redirect(f"{reverse('review:statistics-records')}?{request.GET.urlencode()}")


def download(content: Iterator[bytes], name: str) -> StreamingHttpResponse:
    file_name = f"{name}_{timezone.localtime():%Y%m%d_%H%M%S}.xlsx"
    headers = {"Content-Disposition": content_disposition_header(True, file_name)}
    return StreamingHttpResponse(content, content_type=MEDIA_TYPES["xlsx"], headers=headers)
