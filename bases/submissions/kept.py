"""What a base keeps of a person who has left it: his data as they were when he left (AM-49) or as the base reported
them last, not the living data of the next base (AM-20)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from bases.models import Submission
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import Status
from residents.snapshot import identity_values, personal_part, snapshot_of

_OWN = ("training", "status")


def last_snapshots(enrollments: Iterable[Enrollment]) -> dict[int, dict[str, Any]]:
    """What the base keeps of the person of each record that is no longer live, by its id: the personal blocks as they
    were at the 退培 (AM-49), else the newest reported snapshot; no query where all are live."""
    left = [row for row in enrollments if not row.is_live]
    if not left:
        return {}
    newest = (
        Submission.objects.filter(enrollment__in=[row.pk for row in left])
        .order_by("enrollment", "-number")
        .distinct("enrollment")
    )
    gone = [row.pk for row in left if row.status == Status.WITHDRAWN]
    withdrawals = (
        StatusChange.objects.filter(enrollment__in=gone, personal_then__isnull=False)
        .order_by("enrollment", "-pk")
        .distinct("enrollment")
    )
    return dict(newest.values_list("enrollment", "snapshot")) | dict(
        withdrawals.values_list("enrollment", "personal_then")
    )


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
