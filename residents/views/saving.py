"""What the form pages share: the form of a section as it was stored, typed or drafted, and the outcome of a save."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal.drafts import data_of, discard_draft, draft_for, save_draft
from portal.histories import event_model
from portal.parameters import is_on, whole_number
from portal.requests import SignedInRequest
from residents.codes.places import CHINA
from residents.forms import as_input, form_for, raw_of, show_problems
from residents.rules import basic, education, work
from residents.rules.fields import is_untouched
from residents.rules.identity import RESIDENT_ID
from residents.services.personal import RULES, Conflict, SaveResult
from residents.services.refusals import Refused
from residents.services.states import Closed
from residents.snapshot import context_of, values_of
from residents.views.desk import section_url
from residents.views.layout import groups_of
from residents.views.page import Page
from residents.words import in_words

# What surely fits the column.
LARGEST_VERSION = 10**9 - 1
Save = Callable[[Mapping[str, Any], int | None], SaveResult]


def offered(page: Page) -> dict[str, Any]:
    """The values the form opens with: what is stored, and what is known for a block never saved (AM-06, PAIN-24)."""
    values = page.stored
    enrollment = page.desk.enrollment
    told: Mapping[str, Any] = {}
    if page.section == "basic" and enrollment.resident.id_type == RESIDENT_ID:
        told = {"nationality": CHINA}
    elif page.section == "work":
        told = work.prefill(values_of(enrollment, "training"), enrollment.base.name)
    elif page.section == "education" and page.row is None:
        levels = [row.level for row in enrollment.resident.levels_of_study if row.level]
        told = education.default_row(context_of(enrollment), levels)
    # Proposed once: of a stored block what is missing must look so, since saving it untouched writes nothing (AM-37).
    if page.row is None:
        values |= {name: value for name, value in told.items() if values.get(name) is None}
    return values


def build_form(page: Page, **sent: Any) -> forms.Form:
    return form_for(page.fields, offered(page), context=context_of(page.desk.enrollment), **sent)


def show(request: SignedInRequest, page: Page, form: forms.Form | None = None, **more: Any) -> HttpResponse:
    """The form page: `form` as sent, else the draft where the address asks for it, else what is stored."""
    draft = draft_for(request.user, page.draft_key)
    version = page.version
    status = more.pop("status", 200)
    if form is None and draft and page.desk.entry.is_open and is_on(request.GET, "draft"):
        form, version, draft = build_form(page, data=data_of(draft)), draft.base_version, None
    elif form is None:
        form = build_form(page)
        _show_stored_problems(page, form)
    context = {
        "desk": page.desk,
        "page": page,
        "form": form,
        "groups": groups_of(page, form),
        "draft": draft if not form.is_bound else None,
        "version": version,
        "locked": _facts(page, own=False),
        "facts": _facts(page, own=True),
        "comments": page.comments,
        **more,
    }
    return render(request, "residents/section.html", context, status=status)


def _show_stored_problems(page: Page, form: forms.Form) -> None:
    if page.row is not None:
        found = RULES[page.section].problems(page.stored, context_of(page.desk.enrollment))
        show_problems(form, found, as_notices=True)


def _facts(page: Page, *, own: bool) -> list[tuple[str, str, str]]:
    """(name, label, words) of the resident's own fields, or of those nobody edits here (BR-52, AM-07, GOAL-R6)."""
    names = {item.name for item in page.fields}
    # Known from the ID number before anything is saved.
    resident = page.desk.enrollment.resident
    told = basic.derived(resident.id_type, resident.id_number) if page.section == "basic" else {}
    values = {**page.stored, **told}
    shown = [
        item for item in RULES[page.section].FIELDS if (item.name in names) is own and item.owner != "auto"
    ]
    return [(item.name, item.label, in_words(item, values.get(item.name), masked=False)) for item in shown]


def handle(request: SignedInRequest, page: Page, save: Save) -> HttpResponse:
    """Save what was posted and say what became of it; whatever the outcome, nothing typed is lost (GOAL-R4,
    PAIN-22). What was only proposed and not touched is not stored (AM-37)."""
    form = build_form(page, data=request.POST, files=request.FILES)
    raw = raw_of(form)
    version = sent_version(request)
    # Of a stored row the service sees by itself that nothing is new.
    if page.row is None and is_untouched(page.fields, offered(page), raw):
        messages.info(request, "没有改动，无需保存。")
        return redirect(_next(request, page))
    try:
        result = save(raw, version)
    except Refused as refusal:
        show_problems(form, refusal.problems)
        return show(request, page, form, version="" if version is None else version, status=422)
    except Conflict as conflict:
        return _show_conflict(request, page, raw, conflict)
    except Closed as closed:
        return _show_closed(request, page, form, closed)
    discard_draft(request.user, page.draft_key)
    _say(request, result)
    return redirect(_next(request, page))


def _next(request: HttpRequest, page: Page) -> str:
    if "another" in request.POST and page.may_add_another:
        return reverse("residents:education-add")
    return page.desk.next_url(page.section) if "next" in request.POST else _back(page)


def sent_version(request: HttpRequest) -> int | None:
    """The version the form was opened with; None for anything that cannot be one."""
    return whole_number(request.POST, "version", most=LARGEST_VERSION)


def _back(page: Page) -> str:
    return section_url(page.section)


def _say(request: HttpRequest, result: SaveResult) -> None:
    if not result.changed and not result.answered:
        messages.info(request, "没有改动，无需保存。")
        return
    messages.success(request, "已保存，培训基地现在就能看到，无需上报。")
    if result.answered:
        messages.info(request, f"已答复 {result.answered} 条退回意见。")
    for found in result.warnings.values():
        for problem in found:
            messages.warning(request, str(problem))


def _show_closed(request: SignedInRequest, page: Page, form: forms.Form, closed: Closed) -> HttpResponse:
    text = str(closed)
    if closed.opening.in_grace:
        data = request.POST.copy()
        data.pop("csrfmiddlewaretoken", None)
        # The version of the typed form, not today's: taken up again, it must not overwrite a save in between.
        version = sent_version(request)
        save_draft(
            request.user, page.draft_key, data.urlencode(), page.version if version is None else version
        )
        text += "您的内容在截止后 5 分钟内提交，已存为草稿，没有写入记录；请联系培训基地申请延长填报时间。"
    else:
        text += "您填写的内容仍显示在下面，但没有保存。"
    messages.error(request, text)
    return show(request, page, form, closed=True, status=409)


def _show_conflict(
    request: HttpRequest, page: Page, raw: Mapping[str, Any], conflict: Conflict
) -> HttpResponse:
    """Both values of each field that differs, to choose from (GOAL-R4). Proposed is what this window changed; where
    only the other one did, the stored value."""
    opened = _opened_with(page, sent_version(request))
    labels = {item.name: item for item in page.fields}
    choices, files = [], []
    for name, (stored, sent) in conflict.fields.items():
        item = labels.get(name)
        if item is None:
            continue
        if item.kind == "file":
            files.append(item.label)
            continue
        values = [
            (as_input(item, value) or "", in_words(item, value, masked=False)) for value in (stored, sent)
        ]
        choice = {"name": name, "label": item.label, "stored": values[0], "sent": values[1]}
        choices.append({**choice, "untouched": name in opened and opened[name] == sent})
    differing = {choice["name"] for choice in choices}
    kept = [
        (name, value)
        for name, value in raw.items()
        if name not in differing and name in labels and labels[name].kind != "file"
    ]
    context = {
        "desk": page.desk,
        "page": page,
        "choices": choices,
        "files": files,
        "kept": kept,
        "version": conflict.version,
    }
    return render(request, "residents/conflict.html", context, status=409)


def _opened_with(page: Page, version: int | None) -> dict[str, Any]:
    """The block as it was when the form was opened, from its history; empty where that is not known."""
    if version == 0:
        return dict.fromkeys((item.name for item in page.fields if item.name != "mobile"), None)
    if page.row is None:
        return {}
    events = event_model(type(page.row)).objects.filter(pgh_obj=page.row, version=version)
    event = events.order_by("-pgh_id").first()
    return values_of(event, page.section) if event else {}
