"""What a base keeps of a person who has left it: the copy it reported, not the living data of the next base (AM-20)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from bases.models import Submission
from residents.models import Enrollment
from residents.models.enrollment import Status
from residents.snapshot import identity_values, personal_part, snapshot_of

_OWN = ("training", "status")


def last_snapshots(enrollments: Iterable[Enrollment]) -> dict[int, dict[str, Any]]:
    """The newest reported snapshot of each record that is no longer live, by its id; no query where all are live."""
    left = [row.pk for row in enrollments if not row.is_live]
    if not left:
        return {}
    newest = (
        Submission.objects.filter(enrollment__in=left)
        .order_by("enrollment", "-number")
        .distinct("enrollment")
    )
    return dict(newest.values_list("enrollment", "snapshot"))


def approved_snapshots(enrollment_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The last approved snapshot of each record that has one, by its id."""
    newest = (
        Submission.objects.filter(enrollment__in=enrollment_ids, outcome=Submission.Outcome.APPROVED)
        .order_by("enrollment", "-number")
        .distinct("enrollment")
    )
    return dict(newest.values_list("enrollment", "snapshot"))


def snapshot_as_kept(enrollment: Enrollment, reported: dict[str, Any] | None) -> dict[str, Any]:
    """The record as its base may see and report it: living while the person is here, afterwards the personal part of
    `reported`, or his identity alone where nothing was ever reported."""
    if enrollment.is_live:
        return snapshot_of(enrollment)
    own = snapshot_of(enrollment)
    personal = (
        personal_part(reported)
        if reported
        else {"identity": identity_values(enrollment.resident, enrollment)}
    )
    return {**personal, **{key: own[key] for key in _OWN}}


def end_of_period(enrollment: Enrollment) -> datetime | None:
    """When the person left the base's hands: what happens to him later is not displayed here. None while he is here."""
    if enrollment.is_live:
        return None
    if ended := enrollment.lapsed_at or enrollment.further_training_allowed_at:
        return ended
    left = [
        change.changed_at
        for change in enrollment.status_changes.all()
        if change.to_status == Status.WITHDRAWN
    ]
    return min(left, default=enrollment.updated_at)
