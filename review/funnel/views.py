"""填报进度: how far the intake is by province or base, and the records behind each number."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.lists.take_home import Column, take_home
from bases.models import Province
from bases.reveal import may_see
from bases.scope import bases_for, current_base, provinces_for
from bases.seasons import asked_cycle
from portal import audit
from portal.access import allow
from portal.downloads import workbook_response
from portal.models import CollectionCycle
from portal.parameters import moment as moment_sent
from portal.parameters import number_of, text, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.sheets.streaming import stream_xlsx
from residents.lapses import IS_TAKEN_UP
from residents.updating import update_in, update_of
from review.funnel import circular as circulars
from review.funnel import funnel
from review.funnel import updates as registry_update
from review.funnel.by_day import DAILY, Day
from review.funnel.circular import Circular
from review.funnel.departures import departures
from review.funnel.funnel import Counted, Line
from review.funnel.stages import LISTS, STAGES, at_stage
from review.paging import keyset_page, one_moment

STAFF = (Role.BASE, Role.PROVINCE, Role.CMDA)
_COLUMNS = (
    Column("姓名", lambda row: row.resident.full_name),
    Column("证件号", lambda row: row.resident.id_number, 22, is_number=True),
    Column("培训基地", lambda row: row.base.name, 30),
    Column("培训专业", lambda row: row.specialty.name if row.specialty else "", 20),
    Column("个人信息", lambda row: row.get_personal_state_display(), 12),
    Column("上报", lambda row: row.get_report_status_display(), 12),
    Column("审核", lambda row: "锁定失效" if row.lapsed_at else row.get_review_status_display(), 12),
    Column("备注", lambda row: "后来删除" if row.deleted_at else "已另有记录" if row.is_taken_up else "", 12),
)


def _asked(request: SignedInRequest) -> tuple[CollectionCycle | None, dict[str, str]]:
    """The cycle and the organisation of the address; 404 for one outside the scope."""
    cycle = asked_cycle(request, current_base(request) if request.user.role == Role.BASE else None)
    province, base = text(request.GET, "province", longest=20), text(request.GET, "base", longest=20)
    if province and not provinces_for(request.user, Action.VIEW).filter(pk=province).exists():
        raise Http404
    if base and not bases_for(request.user, Action.VIEW).filter(pk=number_of(base) or 0).exists():
        raise Http404
    return cycle, {name: value for name, value in (("province", province), ("base", base)) if value}


@require_GET
@allow(*STAFF)
def progress(request: SignedInRequest) -> HttpResponse:
    """填报进度: the funnel by province or base with the daily curve; every number leads to its records (GOAL-P7)."""
    cycle, where = _asked(request)
    page: dict[str, Any] = {
        "cycle": cycle,
        "cycles": CollectionCycle.objects.order_by("-year"),
        "has_circular": request.user.role in (Role.PROVINCE, Role.CMDA),
    }
    if cycle:
        page |= _organisations(request, where)
        counted = _counted(request, cycle, where)
        asked = {"year": cycle.year, **where}
        # Of a number that was kept, its list tells the moment too.
        moment = {"as_of": counted.as_of.isoformat()} if counted.is_kept else {}
        total = _linked(funnel.total(counted.lines), asked, moment, "")
        days = counted.days
        page |= {
            "stages": [title for title, _ in STAGES.values()],
            "steps": list(zip((title for title, _ in STAGES.values()), total["cells"], strict=True)),
            "daily": [STAGES[stage][0] for stage in DAILY],
            "lines": [
                _linked(line, asked, moment, "province" if page["is_national"] else "base")
                for line in counted.lines
            ],
            "total": total,
            "departures": departures(request.user, cycle, **where),
            "days": days,
            "days_apart": _days_apart(days),
            "as_of": counted.as_of,
            "is_kept": counted.is_kept,
        }
    return render(request, "review/funnel/funnel.html", page)


def _counted(request: SignedInRequest, cycle: CollectionCycle, where: dict[str, str]) -> Counted:
    """The nation by province for the association, else the bases of the scope or of one organisation in it."""
    if request.user.role == Role.CMDA and not where:
        return funnel.nation(cycle.year)
    return funnel.within(request.user, cycle, **where)


class _DayForm(forms.Form):
    """The day and the stage of a circular; a day without one is today."""

    day = forms.DateField(
        label="日期", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    stage = forms.ChoiceField(
        label="逐日列出", required=False, choices=[(name, STAGES[name][0]) for name in circulars.TOLD]
    )


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def circular(request: SignedInRequest) -> HttpResponse:
    """日报: a day's numbers unit by unit, the days before it, and a text to paste (GOAL-P12)."""
    cycle, where = _asked(request)
    page: dict[str, Any] = {"cycle": cycle, "cycles": CollectionCycle.objects.order_by("-year")}
    if cycle:
        counted = _counted(request, cycle, where)
        known = circulars.season(counted)
        form = _DayForm(request.GET if request.GET else None)
        asked = form.cleaned_data if form.is_valid() else {}
        day = asked.get("day") or timezone.localdate()
        page |= _organisations(request, where) | {
            "form": _DayForm(initial={"day": day, "stage": asked.get("stage") or circulars.TOLD[0]}),
            "is_invalid": form.is_bound and not form.is_valid(),
            "as_of": counted.as_of,
            "is_kept": counted.is_kept,
        }
        if known:
            day = min(max(day, known[0]), known[-1])
            told = circulars.circular(counted, day)
            stage = asked.get("stage") or circulars.TOLD[0]
            shown = told.days[-circulars.DAYS_SHOWN :]
            page |= {
                "circular": told,
                "lines": _told_lines(counted, told, cycle, where, page["is_national"]),
                "text": told.text(f"{page['title']}{cycle.year} 年住院医师招收信息采集日报"),
                "stages": [STAGES[name][0] for name in circulars.TOLD],
                "rates": circulars.RATES.values(),
                "stage": STAGES[stage][0],
                "days": shown,
                "by_days": circulars.by_days(counted, stage, shown),
                "before": known[0] < day and day - timedelta(days=1),
                "after": day < known[-1] and day + timedelta(days=1),
            }
    return render(request, "review/funnel/circular.html", page)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def circular_file(request: SignedInRequest) -> HttpResponse:
    """日报 of the whole season as a workbook: a row a unit and day."""
    cycle, where = _asked(request)
    if cycle is None:
        raise Http404
    counted = _counted(request, cycle, where)
    unit = _organisations(request, where)["unit"]
    audit.record("export", by=request.user, target=cycle, request=request, list="日报", **where)
    content = stream_xlsx(
        circulars.headers(unit), circulars.rows(counted), sheet_name="日报", widths=[12, 30, *[14] * 11]
    )
    return workbook_response(b"".join(content), f"{cycle.year}年招收日报_{timezone.localdate():%Y%m%d}.xlsx")


def _told_lines(
    counted: Counted, told: Circular, cycle: CollectionCycle, where: dict[str, str], is_national: bool
) -> list[dict]:
    """The lines of a circular with its total; the name of a province leads to its bases, on the same day, and what was
    reached by today to its records, as in the funnel (GOAL-P7)."""
    address = reverse("review:circular")
    asked: dict[str, str | int] = {"year": cycle.year, "day": told.day.isoformat()}
    deeper = [
        f"{address}?{urlencode(asked | {'province': line.key})}" if is_national else ""
        for line in counted.lines
    ]
    lines: list[dict] = []
    keys = [*({"province" if is_national else "base": line.key} for line in counted.lines), {}]
    is_today = told.day == circulars.season(counted)[-1]
    moment = {"as_of": counted.as_of.isoformat()} if counted.is_kept else {}
    for unit, leads_to, key in zip([*told.units, told.total], [*deeper, ""], keys, strict=True):
        of: dict[str, Any] = {"year": cycle.year, **where, **key, **moment}
        people = [_records_at(stage, of) if is_today else "" for stage in circulars.TOLD]
        numbers = [(unit.reached[stage], unit.that_day[stage]) for stage in circulars.TOLD]
        lines.append(
            {
                "name": unit.name,
                "deeper": leads_to,
                "numbers": [(*number, link) for number, link in zip(numbers, people, strict=True)],
                "rates": unit.rates.values(),
                "is_total": unit is told.total,
            }
        )
    return lines


def _records_at(stage: str, asked: dict[str, Any]) -> str:
    """The address of the records behind a number of the funnel."""
    return f"{reverse('review:funnel-records')}?{urlencode(asked | {'stage': stage})}"


def _organisations(request: SignedInRequest, where: dict[str, str]) -> dict[str, Any]:
    """Whose numbers they are, and what the lines are."""
    is_national = request.user.role == Role.CMDA and not where
    province = Province.objects.filter(pk=where.get("province")).first()
    return {
        "is_national": is_national,
        "unit": "省级单位" if is_national else "培训基地",
        "province": province,
        "title": province.name if province else "",
    }


def _linked(line: Line, asked: dict[str, Any], moment: dict[str, str], organisation: str) -> dict:
    """A line of the page: its cells as (number, address of its records), its name leading one step deeper."""
    asked = asked | ({organisation: line.key} if organisation else {})
    cells = [(line.numbers[stage], _records_at(stage, asked | moment)) for stage in STAGES]
    deeper = f"{reverse('review:funnel')}?{urlencode(asked)}" if organisation == "province" else ""
    return {"name": line.name, "cells": cells, "percent": line.percent, "deeper": deeper}


@require_http_methods(["GET", "POST"])
@allow(*STAFF)
def records(request: SignedInRequest) -> HttpResponse:
    """The records behind one number of the funnel: the same filters, the same count, with the moment of either. A base
    takes them home by POST (GOAL-B19)."""
    cycle, where = _asked(request)
    stage = text(request.GET, "stage") or "imported"
    if cycle is None or stage not in LISTS:
        raise Http404
    found = at_stage(funnel.records(request.user, cycle, **where), stage)
    found = found.select_related("resident", "base", "specialty").annotate(is_taken_up=IS_TAKEN_UP)
    is_base = request.user.role == Role.BASE
    if request.method == "POST":
        if not is_base:
            raise PermissionDenied
        return take_home(
            request,
            found.order_by("-pk"),
            _COLUMNS,
            kind="funnel_records",
            title=LISTS[stage][0],
            at=current_base(request),
            person=lambda row: row.resident_id,
        )
    with one_moment() as as_of:
        number = funnel.number(request.user, cycle, stage, **where)
        rows = keyset_page(found, request.GET, most_counted=None, number=number)
    page = {
        "page": rows,
        "as_of": as_of,
        "figure_of": _figure_of(request),
        "stage": LISTS[stage][0],
        "cycle": cycle,
        "record_route": "bases:record" if is_base else "review:record",
        "may_take_home": is_base and bool(rows.count),
        "may_unmask": is_base and may_see(request.user, current_base(request)),
    }
    return render(request, "review/funnel/records.html", page)


@require_GET
@allow(*STAFF)
def updates(request: SignedInRequest) -> HttpResponse:
    """集中更新进度: who in the registry has confirmed every section this year, by province or base (BR-14)."""
    base = current_base(request) if request.user.role == Role.BASE else None
    province = text(request.GET, "province", longest=20)
    named = provinces_for(request.user, Action.VIEW).filter(pk=province).first() if province else None
    if province and named is None:
        raise Http404
    first = provinces_for(request.user, Action.VIEW).order_by("pk").first()
    of = base.province_id if base else (named.pk if named else None)
    if of is None and request.user.role == Role.PROVINCE and first is not None:
        of = first.pk
    place: dict[str, Any] = {"province_id": of, "base_id": base.pk if base else None}
    year = whole_number(request.GET, "year", most=9999)
    if year is not None:
        update = update_in(get_object_or_404(CollectionCycle, year=year), **place)
    else:
        update = update_of(**place)
    cycle = update.cycle
    lines = registry_update.lines(request.user, cycle, province=province) if cycle else []
    page = {
        "cycle": cycle,
        "cycles": CollectionCycle.objects.order_by("-year"),
        "update": update,
        "lines": lines,
        "province": named,
        "is_national": request.user.role == Role.CMDA and named is None,
        "total": registry_update.Line(
            "", "合计", sum(each.asked for each in lines), sum(each.done for each in lines)
        ),
    }
    return render(request, "review/funnel/updates.html", page)


def _figure_of(request: SignedInRequest) -> datetime | None:
    """When the number was counted that led here; nothing where the address does not say it of late."""
    found, now = moment_sent(request.GET, "as_of"), timezone.now()
    return found if found and now - timedelta(days=1) < found <= now else None


def _days_apart(days: list[Day]) -> int:
    """How many days apart the lines are: of a long time not every day is listed."""
    return (days[-1].day - days[-2].day).days if len(days) > 1 else 1
