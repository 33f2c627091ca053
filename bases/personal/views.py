"""退回住院医师 and 提醒住院医师: what a base asks of its residents about their personal info."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from bases.lists.selection import LONGEST_LIST, chosen, named, way_back
from bases.personal.forms import ReminderForm
from bases.personal.return_forms import CANNED, ManyReturnForm, ReturnForm
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
    records = _with_studies(_chosen(request))
    fields = personal_fields(records[0]) if len(records) == 1 else []
    form = _return_form(request, records, fields)
    if form.is_bound and form.is_valid():
        asked = {
            "ids": [record.pk for record in records],
            "comments": form.comments(),
            "batch": str(form.cleaned_data["batch"]),
            "back": way_back(request),
        }
        return deeds.carry_out(request, "return_personal", asked, number=len(records))
    return render(
        request,
        "bases/personal/return_form.html",
        {
            **_people(records),
            "fields": _with_words(fields, form),
            "canned": CANNED,
            "form": form,
            "back": way_back(request),
        },
        status=422 if form.errors else 200,
    )


def _with_studies(records: QuerySet[Enrollment]) -> list[Enrollment]:
    """One record with all that its fields show; of many only what tells which blocks and levels all of them have."""
    first = list(records.order_by("pk")[:2])
    if len(first) == 1:
        return list(for_check(records))
    return list(
        records.order_by("pk")
        .select_related("resident")
        .only("registered_at", "resident__full_name")
        .prefetch_related("resident__education_records")
    )


def _people(records: Sequence[Enrollment]) -> dict[str, Any]:
    """Whom a page is about: all of them by their keys, and the first with their names."""
    return {
        "count": len(records),
        "ids": ",".join(str(record.pk) for record in records),
        "records": records[:MOST_NAMED],
    }


def _return_form(request: HttpRequest, records: list[Enrollment], fields: list[Section]) -> ReturnForm:
    sent = request.POST if request.method == "POST" else None
    if len(records) > 1:
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
    people = _chosen(request).select_related("resident").order_by("pk")
    records = list(
        people.only("resident__full_name").annotate(activated_at=F("resident__user__activated_at"))
    )
    never = [row for row in records if not row.activated_at]
    form = ReminderForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ids = [row.pk for row in records]
        asked = {"ids": ids, "text": form.cleaned_data["text"], "back": way_back(request)}
        return deeds.carry_out(request, "remind", asked, number=len(ids))
    return render(
        request,
        "bases/personal/remind.html",
        {
            **_people(records),
            "never": never[:MOST_NAMED],
            "never_count": len(never),
            "form": form,
            "back": way_back(request),
        },
        status=422 if form.errors else 200,
    )
