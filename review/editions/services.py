"""Editions are ordered here, frozen and computed again by the worker, and corrected by the next (GOAL-N7)."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, Max
from django.urls import reverse
from django_tasks import task

from bases.models import Province, Specialty, TrainingBase
from portal import audit, jobs
from portal.lanes import LONG
from portal.messages import services as messages
from portal.models import Job, User
from residents.codes import CODE_LISTS
from residents.services.states import StateMoved
from review.editions import canonical, standing
from review.models import Edition, EditionCheck, EditionCount, EditionOrder, EditionPerson, Erratum

FREEZING, CHECKING = "edition", "edition_check"
Kind = EditionOrder.Kind
# Any fixed number: orders and numbers of editions are given one after the other.
_LOCK = 2019_032
MOST_NAMED = 100
_COUNTED = ("standing", "province_id", "specialty_id", "intake_year", "trainee_type", "status")


def order(
    *,
    year: int,
    kind: str,
    facts_on: date,
    taken_at: datetime | None = None,
    reason: str = "",
    sign_until: date | None = None,
    by: User,
) -> EditionOrder:
    """Ask for an edition, of the last moment of which everything is known unless an earlier one is given; the worker
    freezes it. Raises StateMoved where another is in the making, or the kind does not fit what there is."""
    with transaction.atomic():
        _one_at_a_time()
        if job := Job.objects.filter(kind=FREEZING, state__in=jobs.OPEN).first():
            raise StateMoved(f"正在封版（{job.get_state_display()}），完成后才能再封一版。")
        last = latest(year)
        if kind == Kind.FIRST and last:
            raise StateMoved(f"{year} 年度已有第 {last.number} 版，请选“定期修订”或“更正”，并写明原因。")
        if kind != Kind.FIRST and not last:
            raise StateMoved(f"{year} 年度还没有初版，请选“初版”。")
        ordered = EditionOrder.objects.create(
            year=year,
            kind=kind,
            facts_on=facts_on,
            taken_at=taken_at or standing.settled_moment(),
            supersedes=last,
            reason=reason,
            sign_until=sign_until,
            ordered_by=by,
            job=jobs.start(FREEZING, by=by, total=0, enqueue=lambda job: freeze_edition.enqueue(job.pk)),
        )
        audit.record("edition_ordered", by=by, target=ordered, year=year, kind=kind, reason=reason)
    return ordered


def latest(year: int) -> Edition | None:
    """The newest edition of a year; None where it has none (GOAL-N7)."""
    return Edition.objects.filter(year=year).order_by("-number").first()


@task(queue_name=LONG)
def freeze_edition(job_id: int) -> None:
    """What the worker is handed."""
    freeze(job_id)


def freeze(job_id: int) -> None:
    """The worker's part of an order; safe to repeat, steps that were written stay written."""
    if not jobs.take(job_id):
        return
    ordered = EditionOrder.objects.select_related("ordered_by").get(job=job_id)
    try:
        edition = _freeze(ordered)
    except jobs.Cancelled:
        jobs.finish(job_id, jobs.State.CANCELLED)
        return
    except Exception:
        jobs.finish(job_id, jobs.State.FAILED)
        raise
    jobs.finish(job_id, jobs.State.DONE, done=edition.persons)
    messages.send(
        [ordered.ordered_by],
        kind=FREEZING,
        subject=f"{edition.year} 年度第 {edition.number} 版已封版，共 {edition.persons:,} 人",
        link=reverse("review:edition", args=[edition.pk]),
    )


def _freeze(ordered: EditionOrder) -> Edition:
    job_id = ordered.job_id
    with standing.as_of(ordered.taken_at) as steps:
        total, done = sum(number for *_, number in steps), 0
        Job.objects.filter(pk=job_id).update(total=total)
        for low, high, number in steps:
            written = EditionPerson.objects.filter(
                edition_id=ordered.pk, resident_id__gt=low, resident_id__lte=high
            )
            if not written.exists():
                standing.freeze(ordered.pk, ordered.facts_on, low, high)
            done += number
            jobs.report(job_id, done)
    with transaction.atomic():
        _one_at_a_time()
        edition = Edition.objects.create(
            order=ordered,
            year=ordered.year,
            number=1 + (Edition.objects.filter(year=ordered.year).aggregate(last=Max("number"))["last"] or 0),
            persons=total,
            counts=dict(
                _people(ordered.pk).values_list("standing").annotate(number=Count("pk")).order_by("standing")
            ),
            bases={
                "due": TrainingBase.objects.filter(is_active=True).count(),
                "reported": _people(ordered.pk).filter(standing="current").values("base").distinct().count(),
            },
            names=_names(),
            versions={"format": canonical.FORMAT, "rules": canonical.RULES, "lists": _digests_of_lists()},
            sha256=canonical.sha256(ordered.facts_on, ordered.taken_at, _digests(ordered.pk)),
        )
        _count(edition)
        audit.record(
            "edition_frozen",
            by=ordered.ordered_by,
            target=edition,
            year=edition.year,
            number=edition.number,
            persons=edition.persons,
            sha256=edition.sha256,
        )
    return edition


def _count(edition: Edition) -> None:
    """Write the kept numbers, of a nation some hundred thousand kinds, without bringing them here."""
    columns = ", ".join(_COUNTED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {EditionCount._meta.db_table} (edition_id, {columns}, number)"
            f" SELECT edition_id, {columns}, count(*) FROM {EditionPerson._meta.db_table}"
            f" WHERE edition_id = %s GROUP BY edition_id, {columns}",  # nosec B608 # names of models
            [edition.pk],
        )


def _people(edition: int) -> models.QuerySet[EditionPerson]:
    return EditionPerson.objects.filter(edition_id=edition)


def _digests(edition: int) -> Iterator[bytes]:
    rows = _people(edition).order_by("resident_id").values_list("digest", flat=True)
    for digest in rows.iterator(chunk_size=20_000):
        yield bytes(digest)


def _names() -> dict[str, Any]:
    """What the keys of this day are called, so that the edition reads the same when they are called otherwise."""
    organisations: dict[str, type[models.Model]] = {
        "province": Province,
        "base": TrainingBase,
        "specialty": Specialty,
    }
    named = {
        key: {str(pk): name for pk, name in model._default_manager.order_by("pk").values_list("pk", "name")}
        for key, model in organisations.items()
    }
    return named | {"code": {name: dict(each.items) for name, each in CODE_LISTS.items()}}


def _digests_of_lists() -> dict[str, str]:
    return {
        name: hashlib.sha256(json.dumps(dict(each.items), ensure_ascii=False).encode()).hexdigest()[:16]
        for name, each in CODE_LISTS.items()
    }


def add_erratum(edition: Edition, *, text: str, by: User) -> Erratum:
    """Say what is wrong in an edition; it stays as it is."""
    with transaction.atomic():
        erratum = Erratum.objects.create(edition=edition, text=text, by=by)
        audit.record("edition_erratum", by=by, target=edition, text=text)
    return erratum


# --- computing again -----------------------------------------------------------------------------------------------


def ask_check(edition: Edition, *, by: User) -> Job:
    """Have the worker compute an edition again. Raises StateMoved while one is being computed."""
    kind = f"{CHECKING}:{edition.pk}"
    with transaction.atomic():
        _one_at_a_time()
        if Job.objects.filter(kind=kind, state__in=jobs.OPEN).exists():
            raise StateMoved("本版正在复算，请稍候。")
        return jobs.start(
            kind, by=by, total=edition.persons, enqueue=lambda job: check_edition.enqueue(job.pk)
        )


def open_check(edition: Edition) -> Job | None:
    """The computation that is waiting or running."""
    return Job.objects.filter(kind=f"{CHECKING}:{edition.pk}", state__in=jobs.OPEN).first()


@task(queue_name=LONG)
def check_edition(job_id: int) -> None:
    """What the worker is handed."""
    check(job_id)


def check(job_id: int) -> None:
    """The worker's part: the edition's SHA-256 from its frozen rows, and from the records as of its 入库截点."""
    if not jobs.take(job_id):
        return
    job = Job.objects.select_related("requested_by").get(pk=job_id)
    edition = Edition.objects.select_related("order").get(pk=int(job.kind.partition(":")[2]))
    facts_on, taken_at = edition.order.facts_on, edition.order.taken_at
    digests: dict[str, list[bytes]] = {standing.COMPUTE_FROZEN: [], standing.COMPUTE: []}
    differing: dict[str, list[int]] = {standing.COMPUTE_FROZEN: [], standing.COMPUTE: []}
    done = 0
    try:
        with standing.as_of(taken_at) as steps:
            for low, high, number in steps:
                for statement in digests:
                    some, other = standing.compute(statement, edition.pk, facts_on, low, high)
                    digests[statement].append(some)
                    differing[statement] += other
                done += number
                jobs.report(job_id, done)
    except jobs.Cancelled:
        jobs.finish(job_id, jobs.State.CANCELLED)
        return
    except Exception:
        jobs.finish(job_id, jobs.State.FAILED)
        raise
    frozen, records = (canonical.sha256(facts_on, taken_at, each) for each in digests.values())
    with transaction.atomic():
        made = EditionCheck.objects.create(
            edition=edition,
            by=job.requested_by,
            frozen_sha256=frozen,
            records_sha256=records,
            differing={
                name: {"number": len(each), "first": each[:MOST_NAMED]}
                for name, each in zip(("frozen", "records"), differing.values(), strict=True)
            },
        )
        audit.record(
            "edition_checked",
            by=job.requested_by,
            target=edition,
            result="ok" if made.frozen_agrees and made.records_agree else "refused",
        )
    jobs.finish(job_id, jobs.State.DONE, done=done)
    agrees = "一致" if made.frozen_agrees and made.records_agree else "不一致，请查看"
    messages.send(
        [job.requested_by],
        kind=FREEZING,
        subject=f"{edition.year} 年度第 {edition.number} 版复算完成：{agrees}",
        link=reverse("review:edition", args=[edition.pk]),
    )


def look_after(now: datetime | None = None) -> None:
    """A chore of the clock: work that lost its worker is queued again."""
    for job in jobs.abandoned(FREEZING, now):
        freeze_edition.enqueue(job.pk)
    checks = Job.objects.filter(kind__startswith=f"{CHECKING}:", state__in=jobs.OPEN)
    for kind in checks.values_list("kind", flat=True).distinct():
        for job in jobs.abandoned(kind, now):
            check_edition.enqueue(job.pk)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
