"""The import desk: template, upload, progress, preview, confirmation and result of one batch of any kind of workbook
(BR-27, BR-29, BR-35, BR-43, BR-48, BR-56, BR-67, BR-70; GOAL-B1 … GOAL-B12)."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.extensions.services import asking_entry
from bases.handed_over.lapsed import left_to
from bases.imports import services as imports
from bases.imports.access import batch_for, may_act, show_rows
from bases.imports.batch import BatchMoved, State
from bases.imports.choices import has_open_questions, matches_of, questions_of
from bases.imports.copies import services as copies
from bases.imports.forms import ConfirmForm, UploadForm
from bases.imports.messages import has_seen
from bases.imports.offers import Offers, has_annotated_copy, offers_of
from bases.imports.page import accounts_of, first_import, page_of, problem_groups
from bases.imports.progress import progress_of
from bases.imports.undo.restore import restored_rows
from bases.imports.undo.services import kept_rows
from bases.lists.selection import chosen
from bases.lists.take_home import Column, take_home
from bases.models import ImportBatch, TrainingBase
from bases.reveal import Purpose, demand, reveal
from bases.scope import current_base, required_base, specialty_bases_for, workplace
from bases.workbooks.accounts import first_untaken_year
from bases.workbooks.kinds import KINDS, Kind, filled_template, import_opening, kind_of, opening_of
from portal import deeds
from portal.access import allow
from portal.calendar import open_cycles
from portal.downloads import workbook_response
from portal.models import CollectionCycle, Deed, Step, User
from portal.parameters import choice, is_on, text, texts, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.rules.account import DOUBTED, HELD_ELSEWHERE

BATCHES_A_PAGE = 20
_WORKING = (State.UPLOADED, State.CHECKING, State.APPLYING)
# What the list of earlier imports can be narrowed to: its word, and the states.
_SHOWN = {
    "open": ("未完成", (*_WORKING, State.CHECKED)),
    "applied": ("已导入", (State.APPLIED,)),
    "closed": ("未导入或已撤销", (State.REFUSED, State.CANCELLED, State.UNDONE)),
}
_ACCOUNTS = KINDS[ImportBatch.Kind.ACCOUNTS]


@allow(Role.BASE)
@require_http_methods(["GET", "POST"])
def uploads(request: SignedInRequest, kind: Kind = _ACCOUNTS, module: Module = Module.INTAKE) -> HttpResponse:
    """Template and upload of one kind and module, and the earlier batches of the base (BR-70)."""
    base = _base_for(request, kind, Action.VIEW if request.method == "GET" else kind.action)
    cycle = _cycle(request, kind, module, base)
    state = kind.opening(base, module, cycle)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, template=kind.template_title)
    if request.method == "POST" and not state.is_open:
        messages.error(request, state.reason)
        return redirect("bases:import-upload", kind, module)
    if request.method == "POST" and form.is_valid():
        batch = imports.store_upload(
            form.cleaned_data["file"],
            kind=kind.key,
            module=module,
            base=base,
            by=request.user,
            token=form.cleaned_data["token"],
            cycle=cycle,
        )
        return redirect("bases:import-batch", batch.pk)
    imports.requeue_abandoned()
    context = {"kind": kind, "module": module, "opening": state, "form": form}
    context |= _surroundings(request, kind, module, base, cycle)
    return render(request, "bases/imports/uploads.html", context, status=422 if form.errors else 200)


def _base_for(request: SignedInRequest, kind: Kind, action: Action) -> TrainingBase:
    """The base whose workbook it is. A department secretary has that of 培训信息 alone. Raises PermissionDenied."""
    return workplace(request, action) if kind.is_filled else required_base(request, action)


def _cycle(
    request: SignedInRequest, kind: Kind, module: Module, base: TrainingBase
) -> CollectionCycle | None:
    """The cycle asked for, else the one that takes this workbook of the base now (AM-42)."""
    year = whole_number(request.GET, "cycle", most=9999)
    if year is not None:
        return get_object_or_404(CollectionCycle, year=year)
    return kind.cycle(base, module)


def _choosable(kind: Kind, module: Module, base: TrainingBase) -> list[CollectionCycle]:
    """The years between which an import of accounts is to be chosen: those whose intake is open for this base."""
    if kind.is_filled or module != Module.INTAKE:
        return []
    found = open_cycles(Step.BASE_FILL, province_id=base.province_id, base_id=base.pk)
    return found if len(found) > 1 else []


def _surroundings(
    request: SignedInRequest, kind: Kind, module: Module, base: TrainingBase, cycle: CollectionCycle | None
) -> dict:
    """What the upload page shows beside its form."""
    desk = current_base(request)
    batches = _earlier(request, kind, base)
    return {
        "shown": choice(request.GET, "batches", _SHOWN),
        "choices": [("", "全部"), *((name, words) for name, (words, _) in _SHOWN.items())],
        "kinds": [each for each in KINDS.values() if desk or each.is_filled],
        "modules": Module,
        "cycle": cycle,
        # A training workbook is always taken, and its records may nevertheless be closed.
        "late": import_opening(base, module, cycle) if kind.is_filled and module == Module.INTAKE else None,
        "has_desk": desk is not None,
        "is_askable": kind.is_filled and asking_entry(base, cycle).is_open,
        "choosable": _choosable(kind, module, base),
        "untaken": None if kind.is_filled else first_untaken_year(base),
        "registry_is_open": not kind.is_filled
        and kind.opening(base, Module.REGISTRY, kind.cycle(base, Module.REGISTRY)).is_open,
        "may_act": current_base(request, kind.action) == base
        if desk
        else specialty_bases_for(request.user, kind.action).exists(),
        "batches": Paginator(batches, BATCHES_A_PAGE).get_page(whole_number(request.GET, "page")),
        "left": left_to([base.pk]).count() if not kind.is_filled and module == Module.REGISTRY else 0,
        "count": _records(kind, request.GET, request.user, desk and base, module).count(),
        "carried": [
            (name, value)
            for name in request.GET
            for value in texts(request.GET, name)
            if name not in ("page", "batches", "cycle")
        ],
    }


def _earlier(request: SignedInRequest, kind: Kind, base: TrainingBase) -> QuerySet[ImportBatch]:
    """The list of earlier imports as it is narrowed; of a department secretary his own."""
    batches = ImportBatch.objects.filter(base=base, kind=kind.key).select_related("uploaded_by")
    if current_base(request) is None:
        batches = batches.filter(uploaded_by=request.user)
    shown = choice(request.GET, "batches", _SHOWN)
    return batches.filter(state__in=_SHOWN[shown][1]) if shown else batches


@allow(Role.BASE)
@require_POST
def export(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """The list of earlier imports as a file (GOAL-B19)."""
    base = _base_for(request, kind, Action.VIEW)
    columns = (
        Column("文件", lambda each: each.file_name, 40),
        Column("模块", lambda each: each.get_module_display(), 20),
        Column("上传时间", lambda each: timezone.localtime(each.uploaded_at), 18),
        Column("上传人", lambda each: each.uploaded_by.full_name, 12),
        Column("状态", lambda each: each.get_state_display(), 14),
        Column("行数", lambda each: each.rows_total, 10),
        Column(kind.good, lambda each: _entered(each), 10),
        Column(kind.same, lambda each: each.rows_unchanged, 10),
        Column("有误", lambda each: each.rows_refused, 10),
    )
    found = _earlier(request, kind, base)
    return take_home(request, found, columns, kind="imports", title="导入记录", at=base)


def _entered(batch: ImportBatch) -> int | str:
    return batch.rows_created + batch.rows_updated if batch.state == State.APPLIED else ""


def _records(
    kind: Kind, params: QueryDict, user: User, base: TrainingBase | None, module: Module
) -> QuerySet[Enrollment]:
    """The records that fill the template: those ticked in the list, or all of its filters (GOAL-B12, GOAL-B16). Full
    numbers go out, so only for those who may edit."""
    if not kind.is_filled:
        return Enrollment.objects.none()
    params = params.copy()
    params["module"] = module
    if not is_on(params, "range", "selected") or not texts(params, "choice"):
        params["range"] = "all"
    return chosen(params, user, base, kind.action)


@allow(Role.BASE)
@require_POST
def template(request: SignedInRequest, kind: Kind, module: Module) -> HttpResponse:
    """The template of one kind and module (BR-27, BR-29); one that holds full ID numbers is logged, and made by the
    worker where it holds many (GOAL-B8)."""
    base = _base_for(request, kind, kind.action if kind.is_filled else Action.VIEW)
    cycle = _cycle(request, kind, module, base)
    if cycle is None:
        raise Http404
    if kind.is_filled:
        demand(request.user, base)
    records = _records(kind, request.POST, request.user, current_base(request) and base, module)
    people = dict(records.values_list("pk", "resident_id"))
    if len(people) > deeds.MOST_AT_ONCE:
        asked = {"kind": kind.key, "module": module, "year": cycle.year, "base": base.pk, "ids": list(people)}
        return deeds.carry_out(request, "fill_template", asked, number=len(people))
    content = filled_template(kind, records, base=base, module=module, cycle_year=cycle.year)
    return _handed_out(request, content, people.values(), kind, base, module, cycle.year)


@allow(Role.BASE)
@require_GET
def template_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The filled template that the worker made for him; each time it is fetched its numbers leave the house."""
    deed = get_object_or_404(Deed, pk=pk, act="fill_template", job__requested_by=request.user)
    if not deed.file:
        raise Http404
    of = deed.found
    base = get_object_or_404(TrainingBase, pk=of["base"])
    with deed.file.open("rb") as file:
        content = file.read()
    return _handed_out(
        request, content, of["people"], KINDS[of["kind"]], base, Module(of["module"]), of["year"]
    )


def _handed_out(
    request: SignedInRequest,
    content: bytes,
    people: Iterable[int],
    kind: Kind,
    base: TrainingBase,
    module: Module,
    year: int,
) -> HttpResponse:
    if kind.is_filled:
        reveal(
            "export",
            people,
            by=request.user,
            at=base,
            target=base,
            purpose=Purpose.FILLED_TEMPLATE.value,
            request=request,
            kind=f"{kind.key}_template",
            module=module,
        )
    return workbook_response(content, f"{year}年{kind.template_title}（{module.label}）.xlsx")


@allow(Role.BASE, Role.PROVINCE)
@require_GET
def batch(request: SignedInRequest, pk: int) -> HttpResponse:
    """One batch in whatever state it is; while the worker has it, the page asks again by itself."""
    found = batch_for(request.user, pk, to_act=False)
    acts = may_act(request.user, found)
    context = {"batch": found, "kind": kind_of(found), "may_act": acts}
    if found.state in _WORKING:
        imports.requeue_abandoned()
        name = "bases/imports/_progress.html" if request.htmx else "bases/imports/progress.html"
        return render(request, name, context | {"progress": progress_of(found)})
    if request.htmx and copies.is_in_work(found):
        return HttpResponse(status=204)
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    has_seen(request.user, found)
    return render(request, "bases/imports/batch.html", context | _judged(request, found, acts))


def _judged(request: HttpRequest, found: ImportBatch, acts: bool) -> dict:
    """What the page says of a batch that the worker is through with, and what it offers."""
    verdict, waiting = text(request.GET, "verdict", longest=20), found.rows.waiting().count()
    groups = problem_groups(found)
    fault = text(request.GET, "fault", longest=100)
    fault = fault if any(group.title == fault for group in groups) else ""
    opening, good = opening_of(found), found.rows_created + found.rows_updated
    kept, restored = kept_rows(found), restored_rows(found)
    return {
        "accounts": accounts_of(found),
        "first_import": first_import(found),
        "offers": offers_of(found, opening, waiting) if acts else Offers(),
        "earlier": imports.earlier_upload(found),
        "groups": groups,
        "fault": fault,
        "page": page_of(found, verdict, whole_number(request.GET, "page"), fault),
        "verdict": verdict,
        "opening": opening,
        "copy_is_ready": copies.is_ready(found),
        "copy_in_work": copies.is_in_work(found),
        "questions": questions_of(found),
        "matches": matches_of(found),
        "is_asked": found.state == State.CHECKED and has_open_questions(found),
        "kept_rows": kept,
        "restored_rows": restored,
        "undone_rows": good - waiting - kept - restored,
        "waiting_rows": waiting,
        "may_process_again": acts and imports.can_be_processed_again(found),
        "good_rows": good,
        "written_rows": good - waiting,
        "asks_reason": imports.asks_reason(found),
        "held_codes": HELD_ELSEWHERE,
        "doubted_codes": DOUBTED,
    }


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def process_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Check a batch once more whose check failed through no fault of the file."""
    found = batch_for(request.user, pk)
    try:
        imports.process_again(found, by=request.user)
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:import-batch", pk=pk)


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    """Import the good rows, or all if all are good (GOAL-B6)."""
    found = batch_for(request.user, pk)
    form = ConfirmForm(request.POST)
    if form.is_valid():
        try:
            values = form.cleaned_data
            imports.confirm(found, mode=values["mode"], reason=values["reason"], by=request.user)
        except BatchMoved as moved:
            messages.error(request, str(moved))
    else:
        messages.error(request, "请选择导入方式；确认理由不超过 200 个字。")
    return redirect("bases:import-batch", pk)


@allow(Role.BASE, Role.PROVINCE)
@require_POST
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a batch up before anything of it is written."""
    found = batch_for(request.user, pk)
    try:
        imports.cancel(found)
        messages.success(request, "已取消，没有导入任何数据。")
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("bases:import-batch", pk)


@allow(Role.BASE, Role.PROVINCE)
@require_http_methods(["GET", "POST"])
def annotated(request: SignedInRequest, pk: int) -> HttpResponse:
    """The user's own workbook back, with its faults marked: asked for by POST, fetched by GET once the worker has made
    it (GOAL-B5, GOAL-B8). It holds full numbers (TRUST-51)."""
    found = batch_for(request.user, pk)
    if not has_annotated_copy(found):
        raise Http404
    if request.method == "POST":
        copies.ask(found, by=request.user)
        return redirect("bases:import-batch", pk)
    if not copies.is_ready(found):
        messages.info(request, "标注了检查结果的文件还没有生成，请在本页点击“生成”。")
        return redirect("bases:import-batch", pk)
    name = found.file_name.rpartition(".")[0] or found.file_name
    show_rows(request, found, found.rows.all(), Purpose.ANNOTATED_COPY, action="download")
    with found.copy.open("rb") as file:
        return workbook_response(file.read(), f"{name}-检查结果.xlsx")
