"""What the page of one record displays to a reviewer, gathered with a constant number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from bases.accreditation import ends
from bases.models import Submission
from bases.report.services import WITHOUT_ANSWER
from bases.scope import reaches
from bases.submissions.differences import Change, changes
from bases.submissions.remarks import with_remarks
from bases.submissions.sections import Section, comments_of, sections
from portal.calendar import Opening
from portal.models import User
from portal.prepared import Asked, prepared
from portal.roles import Action
from residents.catalogue.catalogue import Problem, problem
from residents.completeness import Section as Judged
from residents.completeness import reported_sections
from residents.history import Entry, timeline
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import Module, ReviewStatus
from residents.openness import Times, review_entry
from residents.places import REPEATED, names_of
from residents.rules.identity import is_stand_in
from residents.snapshot import snapshot_of
from review.decisions.services import why_not_revocable
from review.models import QualityFinding
from review.quality.checks import CHECKS
from review.quality.services import unmarked
from review.queue import lists as queue
from review.records.sources import sources

Outcome = Submission.Outcome


class Hint(NamedTuple):
    """What the machine says of the content, to look at (GOAL-P10): where it stands, what it is, what it means."""

    where: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The parts of the page. `shown` is the submission under review or decided last; None means that the record was
    never reported or is being changed, and the living data are displayed read-only (BR-58)."""

    shown: Submission | None
    compared_with: Submission | None
    changes: list[Change]
    # The return that this 上报 answers, and what has changed since; None where it answers none (BR-47, BR-66).
    returned: Submission | None
    since_return: list[Change]
    # The last event behind each change, in the same order; None where the history has none.
    sources: list[Entry | None]
    sections: list[Section]
    rows: list[str]
    submissions: list[Submission]
    status_changes: list[StatusChange]
    history: list[Entry]
    entry: Opening
    is_pending: bool
    # What the end of the specialty at the base says of what waits (AM-45).
    obstacle: Problem | None
    # What the personal part of a reported 暂停, 结束 or 退培 lacks (AM-41).
    gaps: list[Judged]
    hints: list["Hint"]
    # The person's other records, newest first; `is_in_view` says whether this reader may open one.
    others: list[Enrollment]
    may_review: bool
    may_revoke: bool
    before: int | None
    after: int | None

    @property
    def changes_with_sources(self) -> list[tuple[Change, Entry | None]]:
        return list(zip(self.changes, self.sources, strict=True))


def record_page(user: User, enrollment: Enrollment, filters: Mapping, *, masked: bool) -> RecordPage:
    submissions = _submissions(enrollment)
    shown = submissions[0] if submissions and submissions[0].outcome != Outcome.WITHDRAWN else None
    snapshot = shown.snapshot if shown else snapshot_of(enrollment)
    earlier = [row for row in submissions if row.outcome == Outcome.APPROVED and row != shown]
    compared_with = earlier[0] if earlier else None
    entry = review_entry(enrollment)
    may_act = reaches(user, enrollment, Action.REVIEW)
    is_pending = (
        shown is not None
        and shown.outcome == Outcome.PENDING
        and enrollment.review_status == ReviewStatus.PENDING
    )
    history = timeline(enrollment, with_names=True, masked=masked)
    returned = _answered(submissions) if shown else None
    found = changes(compared_with.snapshot, snapshot, masked=masked) if compared_with else []
    module = shown.module if shown else enrollment.module
    judged = reported_sections(snapshot, module, has_moved=enrollment.has_moved)
    around = queue.neighbours(user, filters, shown) if shown and is_pending else (None, None)
    return RecordPage(
        shown=shown,
        compared_with=compared_with,
        changes=found,
        returned=returned,
        since_return=changes(returned.snapshot, snapshot, masked=masked) if returned else [],
        sources=sources(
            found, history, since=compared_with.reported_at, until=shown.reported_at if shown else None
        )
        if compared_with
        else [],
        sections=sections(snapshot, masked=masked, comments=comments_of(_commented(shown, returned), [])),
        rows=rows_in(snapshot),
        submissions=submissions,
        status_changes=list(enrollment.status_changes.select_related("changed_by")),
        history=history,
        entry=entry,
        is_pending=is_pending,
        obstacle=_obstacle(enrollment) if is_pending else None,
        gaps=_gaps(judged) if shown and _may_have_gaps(shown) else [],
        hints=[*_hints(judged), *_findings(enrollment)],
        others=_others(user, enrollment),
        may_review=may_act and is_pending and entry.is_open,
        may_revoke=may_act and shown is not None and _is_revocable(enrollment, shown),
        before=around[0],
        after=around[1],
    )


def _obstacle(enrollment: Enrollment) -> Problem | None:
    """Why the report cannot be approved, whatever it says, or what its reviewer should know of its specialty."""
    if is_stand_in(enrollment.resident.id_number):
        return problem("number_freed")
    return ends([enrollment]).get(enrollment.pk)


def _gaps(judged: list[Judged]) -> list[Judged]:
    return [part for part in judged if part.missing and part.key != "training"]


def _hints(judged: list[Judged]) -> list[Hint]:
    found = ((part.label, said) for part in judged for _, said in part.problems)
    return list(dict.fromkeys(Hint(label, said.title, str(said)) for label, said in found))


def _findings(enrollment: Enrollment) -> list[Hint]:
    return [
        Hint("数据质量", CHECKS[each.kind].title, f"{each.detail}{CHECKS[each.kind].help}")
        for each in _unmarked.ask(record=enrollment.pk)
    ]


@prepared
def _unmarked() -> QuerySet[QualityFinding]:
    return unmarked(QualityFinding.objects.filter(enrollment=Asked("record"))).order_by("pk")


def _others(user: User, enrollment: Enrollment) -> list[Enrollment]:
    """Base, year and state of the person's other records may be known to whoever reviews him (AM-28); only those in
    his scope are links."""
    rows = _of_person.ask(resident=enrollment.resident_id, record=enrollment.pk)
    for row in rows:
        row.is_in_view = reaches(user, row, Action.VIEW)
    return rows


@prepared
def _of_person() -> QuerySet[Enrollment]:
    rows = Enrollment.objects.filter(resident=Asked("resident"), deleted_at__isnull=True)
    others = rows.exclude(pk=Asked("record")).select_related("base", "specialty")
    return others.order_by("-intake_year", "-pk")


def _may_have_gaps(shown: Submission) -> bool:
    return shown.module == Module.REGISTRY and shown.status in WITHOUT_ANSWER


def rows_in(snapshot: Mapping[str, Any]) -> list[str]:
    """The names of its rows of 学习经历."""
    return names_of(snapshot.get(REPEATED) or [])


def shown_snapshot(enrollment: Enrollment) -> dict[str, Any]:
    """What the page displays: the last report, or the living data of a record that is being changed."""
    latest = enrollment.submissions.order_by("-number").first()
    return latest.snapshot if latest and latest.outcome != Outcome.WITHDRAWN else snapshot_of(enrollment)


def _submissions(enrollment: Enrollment) -> list[Submission]:
    """Newest first, each with its field comments in words."""
    found = with_remarks(_reported.ask(record=enrollment.pk))
    for each in found:
        each.enrollment = enrollment
    return found


@prepared
def _reported() -> QuerySet[Submission]:
    found = Submission.objects.filter(enrollment=Asked("record"))
    return found.select_related("reported_by", "decided_by", "revoked_by").order_by("-number")


def _answered(submissions: list[Submission]) -> Submission | None:
    """The return that the newest submission comes after, if that was the province's last word."""
    earlier = (row for row in submissions[1:] if row.outcome != Outcome.WITHDRAWN)
    last = next(earlier, None)
    return last if last and last.outcome == Outcome.RETURNED else None


def _commented(shown: Submission | None, returned: Submission | None) -> Submission | None:
    """Whose remarks stand at the fields: those of the decision shown, else of the return that the report answers."""
    return shown if shown and shown.field_comments else returned


def _is_revocable(enrollment: Enrollment, shown: Submission) -> bool:
    return shown.outcome in (Outcome.APPROVED, Outcome.RETURNED) and not why_not_revocable(
        enrollment, shown, Times([enrollment])
    )
