"""The form pages of the resident's blocks and his files (BR-43, BR-52, BR-53, BR-55, BR-64, BR-78, BR-80)."""

from typing import cast

from django.contrib import messages
from django.db.models import Model
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.downloads import evidence_response
from residents.models import EducationRecord
from residents.rules.education import MOST_ROWS
from residents.services.personal import RULES, Block, delete_education, save_block, save_education
from residents.services.states import StateMoved
from residents.snapshot import block_of
from residents.views.desk import Desk, required_desk, section_url
from residents.views.page import Page
from residents.views.saving import build_form, handle, sent_version, show
from residents.words import BLOCKS

LABELS = {block.key: block.label for block in BLOCKS}


@allow(Role.RESIDENT)
@require_http_methods(["GET", "POST"])
def section(request: SignedInRequest, slug: str) -> HttpResponse:
    """基本信息, 证书信息 or 工作信息: one page, one save."""
    desk = required_desk(request.user, slug)
    if slug == "education":
        raise Http404
    row = cast(Block | None, block_of(desk.enrollment.resident, slug))
    page = Page(desk, slug, row, section_url(slug), LABELS[slug])
    if request.method == "GET":
        return show(request, page)
    return handle(
        request,
        page,
        lambda raw, version: save_block(
            desk.enrollment, slug, raw, by=request.user, expected_version=version
        ),
    )


@allow(Role.RESIDENT)
@require_GET
def education(request: SignedInRequest) -> HttpResponse:
    """学习经历: the levels of study, at most five."""
    desk = required_desk(request.user)
    rows = desk.enrollment.resident.levels_of_study
    comments, keys = desk.comments_at("education"), {str(row.pk) for row in rows}
    context = {
        "desk": desk,
        "rows": [(row, [each for each in comments if each.row == str(row.pk)]) for row in rows],
        "comments": [each for each in comments if each.row not in keys],
        "may_add": len(rows) < MOST_ROWS,
        "next_url": desk.next_url("education"),
        "step": next(step for step in desk.steps if step.key == "education"),
    }
    return render(request, "residents/education.html", context)


@allow(Role.RESIDENT)
@require_http_methods(["GET", "POST"])
def education_add(request: SignedInRequest) -> HttpResponse:
    """An empty form for one more level of study; while nothing can be saved there is none."""
    entry = required_desk(request.user, "education").entry
    if request.method == "GET" and not entry.is_open:
        messages.info(request, entry.reason)
        return redirect("residents:education")
    return _education_form(request, None)


@allow(Role.RESIDENT)
@require_http_methods(["GET", "POST"])
def education_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _education_form(request, _own_level(request, pk))


def _education_form(request: SignedInRequest, row: EducationRecord | None) -> HttpResponse:
    desk = required_desk(request.user, "education")
    url = reverse("residents:education-edit", args=[row.pk]) if row else reverse("residents:education-add")
    page = Page(desk, "education", row, url, "修改学习经历" if row else "添加学习经历")
    if request.method == "GET":
        return show(request, page)
    pk = row.pk if row else None
    try:
        return handle(
            request,
            page,
            lambda raw, version: save_education(
                desk.enrollment, pk, raw, by=request.user, expected_version=version
            ),
        )
    except EducationRecord.DoesNotExist:
        return _show_deleted(request, desk)


def _show_deleted(request: SignedInRequest, desk: Desk) -> HttpResponse:
    """The row went in another tab while it was edited here: what was typed can be added anew."""
    messages.error(
        request, "这条学习经历已在别处删除，没有保存。您填写的内容仍在下面，再次保存将重新添加这一条。"
    )
    page = Page(desk, "education", None, reverse("residents:education-add"), "添加学习经历")
    return show(request, page, build_form(page, data=request.POST), status=409)


@allow(Role.RESIDENT)
@require_POST
def education_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    row = _own_level(request, pk)
    desk = required_desk(request.user, "education")
    try:
        delete_education(desk.enrollment, row.pk, by=request.user, expected_version=sent_version(request))
    except EducationRecord.DoesNotExist:
        messages.info(request, "这条学习经历已经删除。")
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, "已删除这条学习经历。")
    return redirect("residents:education")


@allow(Role.RESIDENT)
@require_GET
def file(request: SignedInRequest, slug: str, name: str) -> FileResponse:
    """A file of the resident's own block; others have no address here (TRUST-33: each download has its own right)."""
    desk = required_desk(request.user, slug)
    return _file_response(
        block_of(desk.enrollment.resident, slug) if slug != "education" else None, slug, name
    )


@allow(Role.RESIDENT)
@require_GET
def education_scan(request: SignedInRequest, pk: int) -> FileResponse:
    return _file_response(_own_level(request, pk), "education", "scan")


def _own_level(request: HttpRequest, pk: int) -> EducationRecord:
    return get_object_or_404(EducationRecord, pk=pk, resident__user=request.user)


def _file_response(row: Model | None, section: str, name: str) -> FileResponse:
    labels = {item.name: item.label for item in RULES[section].FIELDS if item.kind == "file"}
    stored = getattr(row, name, None) if name in labels else None
    return evidence_response(stored.name if stored else "", labels.get(name, ""))
