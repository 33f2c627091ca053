"""核对信息 and 信息采集表: every answer on one page before the resident is done, and the same on paper (GOAL-R8)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.access import allow
from portal.models import CollectionCycle
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.lapses import why_lapsed
from residents.rules.fields import Field
from residents.services.personal import confirm_all_unchanged, own_fields
from residents.services.states import StateMoved
from residents.snapshot import FIELDS, block_of, identity_values, values_of
from residents.updating import asked_of
from residents.views.desk import Desk, Step, required_desk, section_url
from residents.views.layout import file_url
from residents.words import in_words


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in words, empty where it still is missing; the address of its file, if it is one; the address where
    the person changes it, if he may."""

    name: str
    label: str
    words: str
    file: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one block, in 学习经历 of one level of study under its name."""

    title: str
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Part:
    """One section of the page: how complete it is, and its answers."""

    step: Step
    blocks: list[Answers]


@allow(Role.RESIDENT)
@require_GET
def check(request: SignedInRequest) -> HttpResponse:
    """Every answer, each with 修改; what is missing stands at its place; then what happens next (GOAL-R8)."""
    desk = required_desk(request.user)
    context = {
        "desk": desk,
        "identity": _identity(desk),
        "parts": _parts(desk),
        "cycle": _cycle_to_confirm(desk),
        "lapsed": why_lapsed(desk.enrollment),
    }
    return render(request, "residents/check.html", context)


@allow(Role.RESIDENT)
@require_POST
def confirm_all(request: SignedInRequest) -> HttpResponse:
    """全部信息无变化 for this year in one act (GOAL-R5, GOAL-R8)."""
    desk = required_desk(request.user)
    update = asked_of(desk.enrollment)
    if update is None or update.cycle is None:
        raise Http404
    try:
        is_new = confirm_all_unchanged(desk.enrollment, update.cycle, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        said = "已确认全部信息无变化，培训基地可以看到。" if is_new else "全部信息本年度已确认过。"
        messages.success(request, said)
    return redirect("residents:check")


@allow(Role.RESIDENT)
@require_GET
def sheet(request: SignedInRequest) -> HttpResponse:
    """住院医师信息采集表 for paper: his own full numbers, with lines for the signatures (GOAL-R8)."""
    desk = required_desk(request.user)
    basic = block_of(desk.enrollment.resident, "basic")
    context = {
        "desk": desk,
        "identity": _identity(desk),
        "parts": _parts(desk),
        "training": _answers(FIELDS["training"], values_of(desk.enrollment, "training")),
        "photo": file_url("basic", basic, "photo") if getattr(basic, "photo", None) else "",
        "today": timezone.localdate(),
    }
    return render(request, "residents/sheet.html", context)


def _cycle_to_confirm(desk: Desk) -> CollectionCycle | None:
    """The year for which all his sections can be confirmed at once now: open, complete, not all confirmed yet."""
    update = asked_of(desk.enrollment) if desk.entry.is_open else None
    if update is None or not desk.complete.personal_is_complete or desk.comments:
        return None
    confirmations = desk.enrollment.resident.confirmations.filter(cycle=update.cycle)
    confirmed = confirmations.values_list("section", flat=True)
    return update.cycle if {step.key for step in desk.steps} - set(confirmed) else None


def _identity(desk: Desk) -> list[Answer]:
    return _answers(FIELDS["identity"], identity_values(desk.enrollment.resident, desk.enrollment))


def _parts(desk: Desk) -> list[Part]:
    return [Part(step, _blocks(desk, step)) for step in desk.steps]


def _blocks(desk: Desk, step: Step) -> list[Answers]:
    resident, section = desk.enrollment.resident, step.section
    if step.key != "education":
        row = block_of(resident, step.key)
        missing = {item.field for item in section.missing}
        return [Answers("", _of_row(desk, step.key, row, missing))]
    level = next(item for item in FIELDS["education"] if item.name == "level")
    return [
        Answers(
            in_words(level, row.level) or "未选学历层次",
            _of_row(desk, "education", row, {item.field for item in section.missing if item.row == position}),
        )
        for position, row in enumerate(resident.levels_of_study)
    ]


def _of_row(desk: Desk, section: str, row: Any, missing: Collection[str]) -> list[Answer]:
    """The answers of one row; what the ID number tells or nobody edits has no way to a form (GOAL-R6)."""
    url = (
        reverse("residents:education-edit", args=[row.pk]) if section == "education" else section_url(section)
    )
    own = {item.name for item in own_fields(desk.enrollment, section)} if desk.entry.is_open else set()
    found = _answers(FIELDS[section], values_of(row, section), missing)
    files = {item.name for item in FIELDS[section] if item.kind == "file"}
    return [
        replace(
            each,
            file=file_url(section, row, each.name) if each.name in files and each.words else "",
            url=f"{url}#id_{each.name}_box" if each.name in own else "",
        )
        for each in found
    ]


def _answers(
    fields: Iterable[Field], values: Mapping[str, Any], missing: Collection[str] = ()
) -> list[Answer]:
    """What is answered and what still is missing; what was left out because nobody asks for it stays out."""
    found = [(item, in_words(item, values.get(item.name), masked=False)) for item in fields]
    return [Answer(item.name, item.label, words) for item, words in found if words or item.name in missing]
