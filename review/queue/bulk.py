"""What a decision on many records is about to do, explained before it is confirmed (GOAL-P3, GOAL-P6)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, Window

from bases.accreditation import refusals
from bases.models import Submission
from bases.scope import enrollments_for
from bases.submissions.unchanged import with_untouched
from portal import deeds
from portal.models import AuditEvent, User
from portal.roles import Action
from residents.openness import Times, entries_of, mended_by_interface, review_entry
from review.decisions import claims
from review.decisions import services as decisions
from review.decisions.services import why_not_revocable
from review.quality.checks import CHECKS
from review.quality.services import findings
from review.queue import lists as queue

MOST_BATCHES = 200


@dataclass(frozen=True, slots=True)
class Prospect:
    """How the choice will fare: `ready` can be decided now; `moved` has changed since the list was loaded; `closed`
    (reason, how many) cannot be decided by the calendar. `held` (colleague, how many) and `untouched` are part of the
    ready ones. `is_partial`: the filter finds more than one click decides."""

    ready: int
    moved: int
    closed: list[tuple[str, int]]
    held: list[tuple[str, int]]
    untouched: int
    is_partial: bool
    # How many of the ready ones each base has, and how many open findings of each kind the quality list has on them.
    bases: list[tuple[str, int]]
    findings: list[tuple[str, int]]
    # How many of the ready ones go back to the province's interface and not to a base.
    by_interface: int

    @property
    def held_count(self) -> int:
        return sum(count for _, count in self.held)


def prospect(choices: Mapping[int, int], user: User, *, is_return: bool = False) -> Prospect:
    """Of submission id → version as on the page; a constant number of queries."""
    standing = [pk for pk, version in choices.items() if version != queue.NEVER]
    submissions = queue.submissions_in_view(user).filter(pk__in=standing).defer("snapshot")
    rows = list(submissions.select_related("base", "enrollment__base__province"))
    entries = entries_of([row.enrollment for row in rows], review_entry)
    reasons = {pk: entry.reason for pk, entry in entries.items() if not entry.is_open}
    if not is_return:
        reasons = refusals([row.enrollment for row in rows]) | reasons
    ready = [row for row in rows if row.enrollment_id not in reasons]
    closed = Counter(reasons[row.enrollment_id] for row in rows if row.enrollment_id in reasons)
    held = Counter(claim.reviewer.full_name for claim in claims.held_by_others(ready, user).values())
    again = Submission.objects.filter(pk__in=[row.pk for row in ready], turn__gt=1)
    return Prospect(
        ready=len(ready),
        moved=len(choices) - len(standing),
        closed=closed.most_common(),
        held=held.most_common(),
        untouched=with_untouched(again).filter(is_untouched=True).count(),
        is_partial=len(standing) == queue.MOST_AT_ONCE,
        bases=Counter(row.base.name for row in ready).most_common(),
        findings=_findings(ready, user),
        by_interface=sum(mended_by_interface(row.enrollment) for row in ready),
    )


def _findings(ready: list[Submission], user: User) -> list[tuple[str, int]]:
    found = findings(user, {}).filter(enrollment__in=[row.enrollment_id for row in ready])
    counted = found.order_by().values_list("kind").annotate(number=Count("pk"))
    numbers = dict(counted.values_list("kind", "number"))
    return [(check.title, numbers[kind]) for kind, check in CHECKS.items() if kind in numbers]


def without_held(choices: Mapping[int, int], user: User) -> dict[int, int]:
    """The choice but for what colleagues have open now."""
    held = claims.held_by_others(Submission.objects.filter(pk__in=choices).only("pk"), user)
    return {pk: version for pk, version in choices.items() if pk not in held}


def batches_of(user: User) -> list[AuditEvent]:
    """The user's newest decisions on several records at once, each with its batch id in `detail`."""
    events = AuditEvent.objects.filter(actor=user, action__in=("approve", "return"))
    many = Q(target_id="") | ~Q(detail__left_out=[])
    return list(events.filter(many, detail__has_key="batch").order_by("-at")[:MOST_BATCHES])


@dataclass(frozen=True, slots=True)
class Revocation:
    """How much of a batch was taken back, and by whom, when and why last."""

    number: int
    by: str
    at: datetime | None
    reason: str


def revocations_of(batches: Iterable[str]) -> dict[str, Revocation]:
    """By batch, what was taken back of it since; nothing of a batch that stands as a whole. One query."""
    revoked = Submission.objects.filter(
        decision_batch__in=list(batches), outcome=Submission.Outcome.REVOKED
    ).annotate(in_batch=Window(Count("pk"), partition_by="decision_batch"))
    last = revoked.order_by("decision_batch", "-revoked_at").distinct("decision_batch")
    rows = last.values_list(
        "decision_batch", "in_batch", "revoked_by__full_name", "revoked_at", "revocation_reason"
    )
    return {str(batch): Revocation(number, by, at, reason) for batch, number, by, at, reason in rows}


def revocable(decided: list[int], batch: UUID, user: User) -> int:
    """How many decisions of a batch still stand and could be taken back now by this user; of a large one, whose
    contents are not compared for a number on a page, but for what the bases have changed since. Constant queries."""
    if len(decided) <= deeds.MOST_AT_ONCE:
        return len(decisions.standing(decided, batch, user))
    standing = (Submission.Outcome.APPROVED, Submission.Outcome.RETURNED)
    rows = list(
        Submission.objects.filter(
            pk__in=decided,
            decision_batch=batch,
            outcome__in=standing,
            enrollment__in=enrollments_for(user, Action.REVIEW).values("pk"),
        )
        .select_related("enrollment__base__province")
        .defer("snapshot")
    )
    times = Times(row.enrollment for row in rows)
    return sum(not why_not_revocable(row.enrollment, row, times) for row in rows)
