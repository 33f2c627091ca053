"""采集周期: the association's pages of the yearly cycles, their windows (时间窗口) and their effects."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Province
from bases.seasons import default_cycle
from portal.access import allow
from portal.form_words import UNCHANGED
from portal.models import CollectionCycle, CycleWindow, Step
from portal.parameters import is_on, numbers_of, text, texts, whole_number
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.revival import lapsed_of
from residents.services.states import StateMoved
from review.windows import board as step_board
from review.windows import revival
from review.windows import services as windows
from review.windows.forms import CycleForm, PlaceForm, ReviveForm, WindowForm

ROWS_A_PAGE = 20


@require_GET
@allow(Role.CMDA)
def cycle(request: SignedInRequest, year: int | None = None) -> HttpResponse:
    """The windows of one cycle, the one with open work by default, step by step and province by province (GOAL-N1)."""
    shown = get_object_or_404(CollectionCycle, year=year) if year else default_cycle(request.user)
    context: dict[str, Any] = {"cycles": windows.cycles(), "cycle": shown, "cycle_form": CycleForm()}
    if shown:
        context |= {
            "steps": windows.steps_of(shown),
            "history": windows.history(shown),
            "is_unused": windows.is_unused(shown),
        }
    return render(request, "review/windows/windows.html", context)


@require_GET
@allow(Role.CMDA)
def board(request: SignedInRequest, year: int) -> HttpResponse:
    """Provinces × steps: what is open where and until when, how far the intake has come (GOAL-N1)."""
    shown = get_object_or_404(CollectionCycle, year=year)
    context: dict[str, Any] = {"cycle": shown, "steps": list(Step), "lines": step_board.lines(shown)}
    return render(request, "review/windows/board.html", context)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def lapsed(request: SignedInRequest, year: int) -> HttpResponse:
    """Who lapsed at the lock of this cycle, whether each can live again and could get on then; a POST with a reason
    lets those ticked, all of the filter or those of it who could get on live again while the cycle is open for them
    (AM-43)."""
    shown = get_object_or_404(CollectionCycle, year=year)
    places = PlaceForm(request.GET)
    found = places.narrow(lapsed_of(shown)).select_related("resident", "base__province").order_by("-pk")
    form = ReviveForm(request.POST if request.method == "POST" else None)
    result = None
    if request.method == "POST" and form.is_valid():
        if is_on(request.POST, "range", "all"):
            chosen = list(found.values_list("pk", flat=True))
        elif is_on(request.POST, "range", "workable"):
            chosen = revival.prospects(found).workable
        else:
            chosen = numbers_of(texts(request.POST, "choice"))
        try:
            result = revival.bring_back(
                chosen, cycle=shown, by=request.user, reason=form.cleaned_data["reason"]
            )
        except StateMoved as moved:
            messages.error(request, str(moved))
        form = ReviveForm()
    # The button says how many it brings back: nothing is offered that would not be done.
    everybody = list(found)
    told = revival.prospects(everybody)
    page = Paginator(everybody, ROWS_A_PAGE).get_page(whole_number(request.GET, "page"))
    context: dict[str, Any] = {
        "cycle": shown,
        "places": places,
        "page": page,
        "rows": [(row, told.why.get(row.pk, ""), told.entries.get(row.pk)) for row in page.object_list],
        "revivable": len(told.entries),
        "workable": len(told.workable),
        "wants_time": told.wants_time,
        "form": form,
        "result": result,
    }
    return render(request, "review/windows/lapsed.html", context, status=422 if form.errors else 200)


@require_POST
@allow(Role.CMDA)
def create_cycle(request: SignedInRequest) -> HttpResponse:
    form = CycleForm(request.POST)
    if form.is_valid():
        try:
            made = windows.create_cycle(**form.cleaned_data, by=request.user)
        except windows.CycleExists as taken:
            form.add_error("year", str(taken))
        else:
            if made.windows.exists():
                next_step = "各环节时间沿用上一周期并顺延，请逐项核对。"
            else:
                next_step = "请设置各环节的开放时间，设置以前都保持关闭。"
            messages.success(request, f"已建立“{made.title}”，{next_step}")
            return redirect("review:cycle", year=made.year)
    latest = default_cycle(request.user)
    context: dict[str, Any] = {"cycles": windows.cycles(), "cycle": latest, "cycle_form": form}
    if latest:
        context |= {"steps": windows.steps_of(latest), "history": windows.history(latest)}
    return render(request, "review/windows/windows.html", context)


@require_POST
@allow(Role.CMDA)
def delete_cycle(request: SignedInRequest, year: int) -> HttpResponse:
    """A cycle set up by mistake goes, once that was ticked."""
    shown = get_object_or_404(CollectionCycle, year=year)
    if "sure" not in request.POST:
        messages.error(request, "请先勾选确认，再删除。")
        return redirect("review:cycle", year=year)
    try:
        windows.delete_cycle(shown, by=request.user)
    except windows.CycleInUse as refused:
        messages.error(request, str(refused))
        return redirect("review:cycle", year=year)
    messages.success(request, f"已删除“{shown.title}”。")
    return redirect("review:windows")


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def edit(request: SignedInRequest, year: int, step: str) -> HttpResponse:
    """Set one window: the first POST lists whom it reaches, the second, confirmed, saves it."""
    in_cycle = get_object_or_404(CollectionCycle, year=year)
    if step not in Step.values:
        return redirect("review:cycle", year=year)
    province = Province.objects.filter(pk=text(request.GET, "province", longest=20)).first()
    present = CycleWindow.objects.filter(cycle=in_cycle, step=step, province=province).first()
    choosing = "province" in request.GET and province is None
    form = WindowForm(request.POST or None, window=present, choosing=choosing)
    context: dict[str, Any] = {
        "cycle": in_cycle,
        "step": Step(step),
        "province": province,
        "present": present,
        "form": form,
    }
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        target = form.cleaned_data.get("province") or province
        shown = CycleWindow.objects.filter(cycle=in_cycle, step=step, province=target).first()
        if shown and form.times == {"opens_at": shown.opens_at, "closes_at": shown.closes_at}:
            messages.info(request, UNCHANGED)
            return redirect("review:cycle", year=year)
        preview = windows.preview(in_cycle, Step(step), target, **form.times)
        if "confirmed" in request.POST and _is_saved(request, in_cycle, Step(step), target, form, preview):
            return redirect("review:cycle", year=year)
        context |= {
            "target": target,
            "present": shown,
            "seen": windows.mark_of(shown),
            "preview": preview,
        }
    return render(request, "review/windows/window.html", context)


@dataclass(frozen=True, slots=True)
class _Line:
    """One step on the page of all: its window as it is, the form, what a change would do."""

    step: Step
    present: CycleWindow | None
    form: WindowForm
    preview: windows.Preview | None = None

    @property
    def seen(self) -> str:
        return windows.mark_of(self.present)

    @property
    def is_changed(self) -> bool:
        return "opens_at" in self.form.cleaned_data and self.form.has_changed()


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def edit_all(request: SignedInRequest, year: int) -> HttpResponse:
    """The national windows of every step on one page: the first POST shows what the changes do, the second, confirmed,
    saves them together."""
    in_cycle = get_object_or_404(CollectionCycle, year=year)
    present = {window.step: window for window in in_cycle.windows.filter(province__isnull=True)}
    # Not `or None`: a POST with nothing in it is judged too.
    sent = request.POST if request.method == "POST" else None
    lines = [
        _Line(step, present.get(step), WindowForm(sent, window=present.get(step), prefix=step))
        for step in Step
    ]
    context: dict[str, Any] = {"cycle": in_cycle, "lines": lines}
    is_valid = request.method == "POST" and not any(line.form.errors for line in lines)
    if is_valid and "again" not in request.POST:
        changed = {line.step: line.form.times for line in lines if line.is_changed}
        if not changed:
            messages.info(request, "各环节的时间没有变化，没有保存。")
            return redirect("review:cycle", year=year)
        previews = windows.preview_all(in_cycle, changed)
        first = next(iter(previews.values()))
        if "confirmed" in request.POST and _all_saved(request, in_cycle, changed, first):
            return redirect("review:cycle", year=year)
        context |= {
            "changes": [replace(line, preview=previews[line.step]) for line in lines if line.step in changed],
            # The lock is one for the whole cycle, whichever step is looked at.
            "lapsing": first.lapsing,
        }
    return render(
        request,
        "review/windows/all.html",
        context,
        status=422 if request.method == "POST" and not is_valid else 200,
    )


def _all_saved(
    request: SignedInRequest,
    in_cycle: CollectionCycle,
    changed: dict[Step, dict[str, datetime]],
    preview: windows.Preview,
) -> bool:
    if not _agrees(request, preview):
        return False
    seen = {step: text(request.POST, f"{step}-seen") for step in changed}
    try:
        windows.set_windows(in_cycle, changed, by=request.user, seen=seen)
    except windows.WindowMoved as moved:
        messages.error(request, str(moved))
        return False
    messages.success(request, f"已保存 {len(changed)} 个环节的开放时间（全国），立即生效。")
    return True


def _is_saved(
    request: SignedInRequest,
    in_cycle: CollectionCycle,
    step: Step,
    target: Province | None,
    form: WindowForm,
    preview: windows.Preview,
) -> bool:
    """Save what was confirmed; False, with the reason, where it was not seen so or lapses what nobody agreed to."""
    if not _agrees(request, preview):
        return False
    try:
        windows.set_window(
            in_cycle, step, target, **form.times, by=request.user, seen=text(request.POST, "seen")
        )
    except windows.WindowMoved as moved:
        messages.error(request, str(moved))
        return False
    messages.success(request, f"已保存“{step.label}”（{target or '全国'}）的开放时间，立即生效。")
    return True


def _agrees(request: HttpRequest, preview: windows.Preview) -> bool:
    if preview.lapsing and "lapse" not in request.POST:
        messages.error(request, f"将有 {preview.lapsing} 人锁定失效，请勾选确认后再保存。")
        return False
    return True


@require_POST
@allow(Role.CMDA)
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """A province follows the national window again: the first POST lists whom that reaches, the second does it."""
    window = get_object_or_404(CycleWindow, pk=pk, province__isnull=False)
    preview = windows.preview_removal(window)
    is_gone = "confirmed" in request.POST and _is_removed(request, window, preview)
    shown = CycleWindow.objects.filter(pk=pk).select_related("province").first()
    if is_gone or shown is None:
        return redirect("review:cycle", year=window.cycle.year)
    context: dict[str, Any] = {
        "cycle": window.cycle,
        "window": shown,
        "target": shown.province,
        "preview": preview,
        "seen": windows.mark_of(shown),
    }
    return render(request, "review/windows/remove.html", context)


def _is_removed(request: SignedInRequest, window: CycleWindow, preview: windows.Preview) -> bool:
    if not _agrees(request, preview):
        return False
    try:
        windows.remove_provincial_window(window, by=request.user, seen=text(request.POST, "seen"))
    except windows.WindowMoved as moved:
        messages.error(request, str(moved))
        return False
    messages.success(request, f"{window.province}的“{window.get_step_display()}”已改回全国统一时间。")
    return True
