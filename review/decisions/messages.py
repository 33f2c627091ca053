"""Whom a decision notifies: the base's staff one message a base and batch, never one a record; of an approval, and of a
decision taken back, the resident too (GOAL-S4)."""

from collections.abc import Sequence

from django.urls import reverse

from bases.models import Submission, TrainingBase
from bases.staff import recipients, secretaries
from portal.messages.services import send
from residents.openness import mended_by_interface


def approved(decided: Sequence[Submission], *, event: int | None = None) -> None:
    """`event` is the line of the audit log that names the records of a decision on many."""
    _notify(decided, "approved", "审核通过", "审核通过的信息已纳入统计和“住院医师信息管理”。", event)
    _notify_residents(decided, "approved", "您的信息已通过省级审核")


def returned(decided: Sequence[Submission], *, comment: str, event: int | None = None) -> None:
    """A base can do nothing about what a platform delivered; the platform reads its own feed."""
    decided = [row for row in decided if not mended_by_interface(row.enrollment)]
    _notify(decided, "returned", "退回修改", f"退回修改意见：{comment}", event)


def revoked(submissions: Sequence[Submission], *, event: int | None = None) -> None:
    """Decisions taken back together, for one reason."""
    if submissions:
        _notify(submissions, "revoked", "审核决定已撤销", submissions[0].revocation, event)
    _notify_residents(submissions, "revoked", "省级撤销了对您信息的审核决定，请以首页显示的状态为准")


def _notify_residents(decided: Sequence[Submission], kind: str, subject: str) -> None:
    people = {submission.enrollment.resident.user_id for submission in decided}
    send(people, kind=kind, subject=subject, link=reverse("residents:home"))


def _notify(decided: Sequence[Submission], kind: str, word: str, body: str, event: int | None) -> None:
    """One message to each of the active staff of each base and module; it leads to the record, or to the list of
    exactly these."""
    by_base: dict[tuple[int, str], list[Submission]] = {}
    for submission in decided:
        by_base.setdefault((submission.base_id, submission.module), []).append(submission)
    staff = recipients(TrainingBase, {base for base, _ in by_base})
    for (base_id, _), submissions in by_base.items():
        send(
            staff.get(base_id, []),
            kind=kind,
            subject=_subject(submissions, word),
            body=body,
            link=_link(submissions, event),
        )
    _notify_departments(decided, kind, word, body, event)


def _notify_departments(
    decided: Sequence[Submission], kind: str, word: str, body: str, event: int | None
) -> None:
    """Department secretaries hear of the people of their own specialties."""
    by_place: dict[tuple[int, str], dict[str, list[Submission]]] = {}
    for submission in decided:
        modules = by_place.setdefault((submission.base_id, submission.specialty_id), {})
        modules.setdefault(submission.module, []).append(submission)
    for place, people in secretaries(by_place).items():
        for found in by_place[place].values():
            send(people, kind=kind, subject=_subject(found, word), body=body, link=_link(found, event))


def _subject(submissions: Sequence[Submission], word: str) -> str:
    first = submissions[0].enrollment.resident.full_name
    who = first if len(submissions) == 1 else f"{first}等 {len(submissions)} 人"
    return f"省级审核：{who}{word}"


def _link(submissions: Sequence[Submission], event: int | None) -> str:
    if len(submissions) == 1:
        return reverse("bases:record", args=[submissions[0].enrollment_id])
    address = reverse("bases:record-list", args=[submissions[0].module])
    return f"{address}?year=all&told={event}" if event else address
