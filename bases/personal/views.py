"""退回住院医师 and 提醒住院医师: what a base asks of its residents about their personal info."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from bases.lists.selection import LONGEST_LIST, chosen, named, way_back
from bases.personal.forms import ReminderForm
from bases.personal.return_forms import CANNED, ManyReturnForm, ReturnForm
from bases.personal.returns import told_apart
from bases.scope import current_base
from bases.submissions.sections import Section, common_fields, personal_fields
from portal import deeds
from portal.access import allow
from portal.parameters import text
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.snapshot import for_check

# By their names; of more a page says how many.
MOST_NAMED = 100


@allow(Role.BASE)
def return_to_resident(request: SignedInRequest) -> HttpResponse:
    """退回住院医师: personal info of one record or of many, with comments at its fields (BR-45, BR-61; GOAL-B14)."""
    records = _chosen(request)
    closed: list[tuple[Enrollment, str]] = []
    if request.method == "GET":
        # Said before anybody writes an opinion that could not be sent.
        rows = records.select_related("resident", "base__province").order_by("pk")
        answering, closed = told_apart(list(rows))
        records = records.filter(pk__in=[each.pk for each in answering]) if closed else records
    people = _people(records)
    fields = personal_fields(for_check(records).get()) if people["count"] == 1 else []
    form = _return_form(request, records, people["count"], fields)
    if form.is_bound and form.is_valid():
        asked = {
            "ids": people["ids"],
            "comments": form.comments(),
            "batch": str(form.cleaned_data["batch"]),
            "back": way_back(request),
        }
        return deeds.carry_out(request, "return_personal", asked, number=people["count"])
    return render(
        request,
        "bases/personal/return_form.html",
        {
            **people,
            "closed": closed[:MOST_NAMED],
            "closed_count": len(closed),
            "closed_more": len(closed[MOST_NAMED:]),
            "fields": _with_words(fields, form),
            "canned": CANNED,
            "form": form,
            "back": way_back(request),
        },
        status=422 if form.errors else 200,
    )


def _people(records: QuerySet[Enrollment]) -> dict[str, Any]:
    """Whom a page is about: all of them by their keys, and the first with their names."""
    ids = list(records.order_by("pk").values_list("pk", flat=True))
    return {"ids": ids, "count": len(ids), "records": _first(records)}


def _first(records: QuerySet[Enrollment]) -> list[Enrollment]:
    return list(records.select_related("resident").order_by("pk")[:MOST_NAMED])


def _return_form(
    request: HttpRequest, records: QuerySet[Enrollment], count: int, fields: list[Section]
) -> ReturnForm:
    sent = request.POST if request.method == "POST" else None
    if count > 1:
        return ManyReturnForm(sent, fields=common_fields(records))
    return ReturnForm(sent, paths=[line.path for section in fields for line in section.lines])


def _chosen(request: SignedInRequest) -> QuerySet[Enrollment]:
    """What the list has chosen, and at the POST what was on the page."""
    if request.method == "POST":
        return named([text(request.POST, "ids", longest=LONGEST_LIST)], request.user, Action.RETURN_PERSONAL)
    return chosen(request.GET, request.user, current_base(request), Action.RETURN_PERSONAL)


def _with_words(fields: list[Section], form: ReturnForm) -> list[tuple[Section, list[tuple]]]:
    """Each section with (line, what was typed for it)."""
    return [
        (section, [(line, form.data.get(f"comment:{line.path}", "")) for line in section.lines])
        for section in fields
    ]


@allow(Role.BASE)
def remind(request: SignedInRequest) -> HttpResponse:
    """提醒住院医师 to fill in or update, one or many (BR-14, BR-33)."""
    records = _chosen(request)
    people = _people(records)
    form = ReminderForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = {"ids": people["ids"], "text": form.cleaned_data["text"], "back": way_back(request)}
        return deeds.carry_out(request, "remind", asked, number=people["count"])
    never = records.filter(resident__user__activated_at=None)
    return render(
        request,
        "bases/personal/remind.html",
        {
            **people,
            "never": _first(never),
            "never_count": never.count(),
            "form": form,
            "back": way_back(request),
        },
        status=422 if form.errors else 200,
    )
