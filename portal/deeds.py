"""批量办理: what is done to many records at once is done by the worker, a few at once (GOAL-B8).

No web process works longer than two seconds: above `MOST_AT_ONCE` records the act is queued; its page shows how far it
is, may be left, and a message tells the end. The act and the word that it is done are one transaction, so a worker that
dies leaves nothing half done, and whoever takes over does it exactly once.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pghistory
from django.contrib import messages as flashes
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_tasks import task

from portal import jobs, retention
from portal.lanes import LONG, MOST_SHORT, SHORT
from portal.messages import services as messages
from portal.models import Deed, Job, Message, User
from portal.requests import SignedInRequest
from portal.service import will_pass

KIND = "deed"
MOST_AT_ONCE = 200
_SECONDS_BETWEEN_SIGNS = 10
_FAILED = "没有办成，没有改动任何记录。请稍后再办一次；仍然不成的，请联系技术支持。"


@dataclass(slots=True)
class Outcome:
    """How an act ended: (level of django.contrib.messages, words) for the reader, and the page that shows it."""

    link: str
    said: list[tuple[int, str]] = field(default_factory=list)
    # For the page of the link, of what only the worker does: what was found out, and a file.
    found: dict[str, Any] = field(default_factory=dict)
    file: bytes = b""

    def say(self, level: int, text: str) -> None:
        self.said.append((level, text))


# What can be done to many: its name in words, and the act, which gets who asked and what for; both as JSON holds them.
# Of what the worker does `asked["deed"]` is the key of the deed.
# Filled by bases/deeds.py and review/deeds.py.
Act = Callable[[User, dict[str, Any]], Outcome]
ACTS: dict[str, tuple[str, Act]] = {}


def carry_out(request: SignedInRequest, act: str, asked: Mapping[str, Any], *, number: int) -> HttpResponse:
    """Do it now where it is about few, else have it done; answers with the page to go to."""
    if number <= MOST_AT_ONCE:
        outcome = ACTS[act][1](request.user, dict(asked))
        for level, text in outcome.said:
            flashes.add_message(request, level, text)
        return redirect(outcome.link)
    with pghistory.context() as acting:
        context = dict(acting.metadata)
    with transaction.atomic():
        job = jobs.start(KIND, by=request.user, total=number, enqueue=_enqueue)
        deed = Deed.objects.create(job=job, act=act, asked=dict(asked), context=context)
    return redirect("portal:deed", deed.pk)


def title_of(deed: Deed) -> str:
    return ACTS[deed.act][0] if deed.act in ACTS else deed.act


def _enqueue(job: Job) -> None:
    lane = LONG if job.total > MOST_SHORT else SHORT
    carry_out_deed.using(queue_name=lane).enqueue(job.pk, turn=jobs.turn_of(job))


@task()
def carry_out_deed(job_id: int, turn: str = "") -> None:
    """What the worker is handed; `turn` is whose (run_worker)."""
    do(job_id)


def do(job_id: int) -> None:
    """Carry out a queued act, exactly once, and tell who asked for it; safe to repeat."""
    if not jobs.take(job_id):
        return
    deed = Deed.objects.select_related("job__requested_by").get(job=job_id)
    by = deed.job.requested_by
    try:
        with _signs_of_life(job_id), pghistory.context(**deed.context), transaction.atomic():
            outcome = _run(deed, by)
            deed.said, deed.link, deed.found = outcome.said, outcome.link, outcome.found
            if outcome.file:
                deed.file.save("", ContentFile(outcome.file), save=False)
            deed.save(update_fields=["said", "link", "found", "file"])
            # Whoever has ended it meanwhile has the last word: then nothing was done.
            jobs.finish(job_id, jobs.State.DONE, done=deed.job.total)
            words = "".join(text for _, text in deed.said)
            _tell(deed, by, f"{title_of(deed)}：已办完", words, deed.link)
    except Exception as error:
        # A database that is away or busy: it stays 进行中, and the clock queues it again.
        if not will_pass(error):
            _give_up(deed, jobs.why_failed(error))
        raise


def _give_up(deed: Deed, why: str) -> None:
    jobs.fail(deed.job_id, why)
    _tell_failed(deed, why)


def _tell_failed(deed: Deed, why: str) -> None:
    link = reverse("portal:deed", args=[deed.pk])
    _tell(deed, deed.job.requested_by, f"{title_of(deed)}：没有办成", f"{why}{_FAILED}", link)


def _given_up(job: Job) -> None:
    _tell_failed(Deed.objects.select_related("job__requested_by").get(job=job), job.result["why"])


def again(job_id: int) -> bool:
    """Try a failed one once more; False where it has not failed."""
    return jobs.repeat(job_id, enqueue=_enqueue)


def _run(deed: Deed, by: User) -> Outcome:
    if not by.is_active:
        outcome = Outcome(reverse("portal:desk"))
        outcome.say(flashes.ERROR, "申请人的账号已停用，没有办理。")
        return outcome
    return ACTS[deed.act][1](by, deed.asked | {"deed": deed.pk})


def _tell(deed: Deed, by: User, subject: str, body: str, link: str) -> None:
    # The address of a list with its filters may be longer than a message holds: then by way of the deed's own page.
    if len(link) > (Message._meta.get_field("link").max_length or 0):
        link = reverse("portal:deed", args=[deed.pk])
    messages.send([by], kind=KIND, subject=subject, body=body, link=link)


@contextmanager
def _signs_of_life(job_id: int) -> Iterator[None]:
    """By a thread with a connection of its own: what the act writes is seen by nobody before its transaction ends."""
    done = threading.Event()

    def give() -> None:
        try:
            while not done.wait(_SECONDS_BETWEEN_SIGNS):
                Job.objects.filter(pk=job_id).update(worked_at=timezone.now())
        finally:
            connection.close()

    signs = threading.Thread(target=give, daemon=True)
    signs.start()
    try:
        yield
    finally:
        done.set()
        signs.join()


def forget_findings(now: datetime | None = None) -> int:
    """For the clock: what acts found out, and their files, go on their day (portal/retention.py); returns how many."""
    old = Deed.objects.filter(job__created_at__lt=retention.until("deeds", now)).exclude(found={}, file="")
    for deed in old:
        deed.file.delete(save=False)
        deed.found = {}
        deed.save(update_fields=["found", "file"])
    return len(old)


def look_after_deeds() -> int:
    """The clock's part: acts whose worker was lost are queued again; returns how many."""
    lost = jobs.abandoned(KIND, give_up=_given_up)
    for job in lost:
        _enqueue(job)
    return len(lost)
