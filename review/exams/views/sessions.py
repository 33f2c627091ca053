"""结业考核: the sessions, how far each has come, who is meant, signing up."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.reveal import may_see
from bases.scope import provinces_for
from portal.access import allow
from portal.parameters import is_on, numbers_of, texts
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.exams import services
from review.exams.due import STAGES, TO_ACCEPT, TO_CONFIRM, Check, by_base, due, missing_of
from review.exams.forms import DropForm, PeopleForm, SessionForm
from review.exams.roster import people as people_of
from review.exports.answers import answer, export_form, refused
from review.exports.forms import ExportForm
from review.figures import Figure, FigureTable, Line
from review.models import ExamSession
from review.paging import keyset_page

EVERYBODY = (Role.BASE, Role.PROVINCE, Role.CMDA)


@require_GET
@allow(*EVERYBODY)
def exams(request: SignedInRequest) -> HttpResponse:
    """考核批次 in the user's view, the newest first."""
    context = {
        "sessions": services.in_view(request.user),
        "may_make": provinces_for(request.user, Action.REVIEW).exists(),
    }
    return render(request, "review/exams/exams.html", context)


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def new(request: SignedInRequest) -> HttpResponse:
    """A session of one's own province; its bases are told."""
    form = SessionForm(request.POST or None, provinces=provinces_for(request.user, Action.REVIEW))
    if request.method == "POST" and form.is_valid():
        try:
            session = services.create(form.cleaned_data, by=request.user)
        except StateMoved as moved:
            form.add_error(None, str(moved))
        else:
            messages.success(request, "考核批次已建立，已通知本省各培训基地。")
            return redirect("review:exam", session.pk)
    return render(request, "review/exams/new.html", {"form": form})


def session_of(request: SignedInRequest, pk: int) -> ExamSession:
    """404 for the session of another province."""
    return get_object_or_404(services.in_view(request.user), pk=pk)


def session_to_act(request: SignedInRequest, pk: int) -> ExamSession:
    """403 for whoever may only look at it."""
    session = session_of(request, pk)
    if not services.may_act(request.user, session):
        raise PermissionDenied
    return session


@require_GET
@allow(*EVERYBODY)
def exam(request: SignedInRequest, pk: int) -> HttpResponse:
    """One session: the funnel by base and specialty (X2), what there is to do, the files of results."""
    session = session_of(request, pk)
    found = due(request.user, session)
    role = request.user.role if services.may_act(request.user, session) else ""
    context = {
        "session": session,
        "opening": services.confirming(session),
        "table": _funnel(session, by_base(found)),
        "to_confirm": found.filter(TO_CONFIRM).count() if role == Role.BASE else 0,
        "to_accept": found.filter(TO_ACCEPT).count() if role == Role.PROVINCE else 0,
        "is_province": role == Role.PROVINCE,
        "may_unmask": may_see(request.user),
        "uploads": session.uploads.select_related("import_batch__uploaded_by").order_by("-pk")[:20]
        if role == Role.PROVINCE
        else [],
    }
    return render(request, "review/exams/exam.html", context)


def _funnel(session: ExamSession, rows: list[dict[str, Any]]) -> FigureTable:
    address = reverse("review:exam-people", args=[session.pk])
    table = FigureTable(
        "报名漏斗", ["培训基地、专业", *(words for words, _ in STAGES.values())], key="exam-funnel"
    )
    totals = dict.fromkeys(STAGES, 0)

    def figures(row: dict[str, Any], where: dict[str, str]) -> list[Figure]:
        return [
            Figure(row[stage], f"{address}?{urlencode({'stage': stage, **where})}" if row[stage] else "")
            for stage in STAGES
        ]

    for row in rows:
        where = {"base": str(row["base_id"]), "specialty": row["specialty_id"] or ""}
        name = f"{row['base__name']} {row['specialty__name'] or '未选专业'}"
        table.lines.append(Line(name, figures(row, where)))
        totals = {stage: number + row[stage] for stage, number in totals.items()}
    table.lines.append(Line("合计", figures(totals, {}), is_total=True))
    return table


@require_GET
@allow(*EVERYBODY)
def people(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who is behind one figure: each with what he lacks, every gap with its page (X1)."""
    session, form = session_of(request, pk), PeopleForm(request.GET, user=request.user)
    _, found = people_of(request.user, {"session": str(pk), **form.asked})
    page = keyset_page(found, request.GET, most_counted=None)
    missing = missing_of(page.rows)
    for row in page.rows:
        row.missing = [(check.words, _gap(request, row.pk, check)) for check in missing[row.pk]]
    context = {
        "session": session,
        "form": form,
        "page": page,
        "opening": services.confirming(session),
        # Where somebody of the list may be signed up or taken off it.
        "may_act": (form.asked.get("stage") or "due") in ("due", "eligible", "confirmed", "accepted")
        and services.may_act(request.user, session),
        "is_base": request.user.role == Role.BASE,
        "is_province": request.user.role == Role.PROVINCE,
        "drop_form": DropForm(),
        "export_form": export_form(request),
        "may_unmask": may_see(request.user),
    }
    return render(request, "review/exams/people.html", context)


def _gap(request: SignedInRequest, record: int, check: Check) -> str:
    """Where this reader mends it, or sees it."""
    return reverse(check.route if request.user.role == Role.BASE else "review:record", args=[record])


def _chosen(request: SignedInRequest) -> list[int] | None:
    """The records ticked; None for all of the session."""
    return None if is_on(request.POST, "range", "all") else numbers_of(texts(request.POST, "ids"))


@require_POST
@allow(Role.BASE)
def confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    """基地确认: of those chosen, or of all, whoever lacks nothing."""
    session = session_to_act(request, pk)
    try:
        number = services.confirm(session, _chosen(request), by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        _tell(request, number, f"已确认 {number} 人，等待省级确认。", "没有资格齐全、尚未确认的人。")
    return redirect("review:exam", pk)


@require_POST
@allow(Role.PROVINCE)
def accept(request: SignedInRequest, pk: int) -> HttpResponse:
    """省级确认: of those chosen, or of all, whoever a base has confirmed and is 在培 still (BR-82)."""
    number = services.accept(session_to_act(request, pk), _chosen(request), by=request.user)
    _tell(request, number, f"已确认 {number} 人参加考核。", "没有基地已确认、仍为“在培”的人。")
    return redirect("review:exam", pk)


@require_POST
@allow(Role.BASE, Role.PROVINCE)
def drop(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take chosen people off the list again; the province says why."""
    session, form = session_to_act(request, pk), DropForm(request.POST)
    chosen = _chosen(request)
    if request.user.role == Role.PROVINCE and not form.is_valid():
        messages.error(request, str(form.errors["reason"][0]))
        return redirect("review:exam", pk)
    reason = form.cleaned_data.get("reason", "") if form.is_valid() else ""
    number = services.drop(session, chosen or [], by=request.user, reason=reason)
    _tell(
        request,
        number,
        f"已取消 {number} 人的报名。",
        "没有选中可以取消报名的人；省级已确认的由省级退回，已有成绩的不能取消。",
    )
    return redirect("review:exam", pk)


def _tell(request: SignedInRequest, number: int, done: str, nobody: str) -> None:
    if number:
        messages.success(request, done)
    else:
        messages.warning(request, nobody)


@require_POST
@allow(*EVERYBODY)
def export(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """The list as a workbook."""
    session_of(request, pk)
    form, asked = PeopleForm(request.GET, user=request.user), ExportForm(request.POST)
    if not asked.is_valid():
        return refused(request, asked, reverse("review:exam-people", args=[pk]))
    return answer(request, "exam_roster", {"session": str(pk), **form.asked}, asked)


@require_GET
@allow(*EVERYBODY)
def printed(request: SignedInRequest, pk: int) -> HttpResponse:
    """报名名册 on paper: whoever the province has confirmed and is 在培 (BR-82), with the place for signatures."""
    session = session_of(request, pk)
    _, found = people_of(request.user, {"session": str(pk), "stage": "accepted"})
    rows = found.filter(status="1").order_by("base__code", "specialty_id", "resident__name_key", "pk")
    return render(request, "review/exams/print.html", {"session": session, "rows": rows})
