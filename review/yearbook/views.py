"""年鉴: an edition's statistics to print, and 任务和录取 by workbook (GOAL-N11, GOAL-P13)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.imports.forms import UploadForm
from bases.scope import provinces_for
from portal.access import allow
from portal.downloads import workbook_response
from portal.parameters import choice
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.sheets.reading import SheetRefused
from review import sheets
from review.exports.answers import table_answer
from review.figures import official
from review.models import Edition
from review.paging import keyset_page, one_moment
from review.statistics import frozen
from review.yearbook import targets
from review.yearbook.definitions import DEFINITIONS
from review.yearbook.forms import ChosenForm, PeopleForm
from review.yearbook.tables import yearbook
from review.yearbook.units import units_of


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def pages(request: SignedInRequest) -> HttpResponse:
    """The yearbook of an edition, the newest where none is named: contents, tables with charts, definitions."""
    form = ChosenForm(request.GET)
    edition = form.chosen_edition
    context: dict[str, Any] = {
        "form": form,
        "edition": edition,
        "definitions": DEFINITIONS,
        "may_upload": _may_upload(request),
    }
    if edition:
        context |= {
            "tables": yearbook(request.user, edition, **form.lines),
            "lines_in_words": form.in_words,
            "edition_in_words": frozen.in_words(edition),
            "of": "全国" if request.user.role == Role.CMDA else "本省",
        }
    return render(request, "review/yearbook/pages.html", context)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def people(request: SignedInRequest) -> HttpResponse:
    """The persons behind one figure, as many as it says (GOAL-P7)."""
    form = PeopleForm(request.GET)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        edition = form.cleaned_data["edition"]
        with one_moment():
            page = keyset_page(frozen.for_list(form.people(request.user)), request.GET, most_counted=None)
        context |= {
            "page": page,
            "edition": edition,
            "words": form.in_words,
            "edition_in_words": frozen.in_words(edition),
        }
    return render(request, "review/yearbook/people.html", context, status=200 if form.is_valid() else 422)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def export(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """One table as a workbook, with the definitions below it."""
    edition = get_object_or_404(Edition.objects.select_related("order"), pk=pk)
    form = ChosenForm(request.GET)
    found = {table.key: table for table in yearbook(request.user, edition, **form.lines)}
    table = found[choice(request.POST, "table", found, next(iter(found)))]
    table.notes = [
        frozen.in_words(edition),
        *([form.in_words] if form.in_words else []),
        *(f"{name}：{words}" for name, words in DEFINITIONS.items()),
    ]
    unit = (
        "全国"
        if request.user.role == Role.CMDA
        else "、".join(units_of(request.user, edition).names.values())
    )
    content = official(table, unit=unit[:200], by=request.user)
    return table_answer(request, content, table.title, {"edition": str(pk)}, len(table.lines))


def _may_upload(request: SignedInRequest) -> bool:
    return provinces_for(request.user, Action.MANAGE_STAFF).exists()


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def upload(request: SignedInRequest) -> HttpResponse:
    """任务和录取: all rows of the file or none, each fault at its cell."""
    if not _may_upload(request):
        raise PermissionDenied
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, template="任务和录取模板", most_rows=targets.MOST_ROWS)
    faults: list[sheets.Fault] = []
    if request.method == "POST" and form.is_valid():
        try:
            sheet = sheets.read(form.cleaned_data["file"], targets.COLUMNS, max_rows=targets.MOST_ROWS)
        except SheetRefused as refused:
            form.add_error("file", f"{refused.text}{refused.repair}")
        else:
            made = targets.plan(sheet, by=request.user)
            if not made.faults:
                number = targets.apply(made, by=request.user)
                messages.success(request, f"已登记 {number} 行任务和录取数。")
                return redirect(reverse("review:yearbook"))
            faults = made.faults
    context = {"form": form, "faults": faults[:200], "columns": targets.COLUMNS}
    status = 422 if form.errors or faults else 200
    return render(request, "review/yearbook/upload.html", context, status=status)


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def template(request: SignedInRequest) -> HttpResponse:
    return workbook_response(targets.template(), "任务和录取模板.xlsx")
