"""运行状况, for the association: processes, the clock's doubts, what was set aside."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from bases.imports.batch import BatchMoved
from bases.imports.services import can_be_processed_again
from bases.models import ImportBatch
from portal import clock_trust, processes
from portal.access import allow
from portal.chain.standing import broken, comparisons
from portal.models import ClockState, Job
from portal.requests import SignedInRequest
from portal.roles import Role
from review.running import services


@require_GET
@allow(Role.CMDA)
def status(request: SignedInRequest) -> HttpResponse:
    """What is at work and what is not, the queries do not grow with the rows."""
    ages, now = processes.ages(), timezone.now()
    kinds = [
        {
            "name": name,
            # As the server calls the process, for whoever starts it again.
            "process": kind,
            "waits": waits,
            "seen_at": None if ages[kind] is None else now - timedelta(seconds=ages[kind] or 0),
            "is_alive": (age := ages[kind]) is not None and age <= processes.SILENT_SECONDS,
        }
        for kind, (name, waits) in processes.KINDS.items()
    ]
    batches = [
        (batch, can_be_processed_again(batch)) for batch in services.stopped_batches()[: services.MOST]
    ]
    jobs = [(job, services.KINDS[job.kind][0]) for job in services.failed_jobs()[: services.MOST]]
    context = {
        "steps": services.first_steps(),
        "broken": broken(comparisons()),
        "kinds": kinds,
        "waiting": services.waiting_tasks(),
        "clock": ClockState.objects.select_related("confirmed_by").filter(pk=1).first(),
        "now": now,
        "database_now": clock_trust.read().database,
        "batches": batches,
        "jobs": jobs,
        "days": services.DAYS,
    }
    return render(request, "review/running/status.html", context)


@require_POST
@allow(Role.CMDA)
def confirm_clock(request: SignedInRequest) -> HttpResponse:
    """The time shown is right: what waited for it happens within a minute."""
    if clock_trust.confirm(by=request.user):
        messages.success(request, "已确认时间正确，暂停的定时操作将在一分钟内执行。")
    else:
        messages.info(request, "没有等待确认的定时操作。")
    return redirect("review:running")


@require_POST
@allow(Role.CMDA)
def job_again(request: SignedInRequest, pk: int) -> HttpResponse:
    if services.job_again(get_object_or_404(Job, pk=pk), by=request.user):
        messages.success(request, "已重新开始。")
    else:
        messages.info(request, "这项任务没有失败，或已经重新开始。")
    return redirect("review:running")


@require_POST
@allow(Role.CMDA)
def batch_again(request: SignedInRequest, pk: int) -> HttpResponse:
    try:
        services.batch_again(get_object_or_404(ImportBatch, pk=pk), by=request.user)
        messages.success(request, "已重新开始检查。")
    except BatchMoved as moved:
        messages.error(request, str(moved))
    return redirect("review:running")
