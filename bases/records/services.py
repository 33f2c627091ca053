"""A base's changes to a record, with what they mean for 上报: in the registry each real one un-reports (BR-83)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from bases.report.withdrawal import unreport_after_change
from bases.transfer_requests import settle
from portal.models import User
from residents.models import StatusChange
from residents.services import status, training
from residents.services.training import Change


def save_training(
    enrollment_id: int, values: Mapping[str, Any], *, by: User, expected_version: int | None = None
) -> tuple[Change, bool]:
    """Store 培训信息; the second answer is whether the record was 已上报 and is now 未上报 (BR-83, PAIN-19).

    Raises what residents.services.training.save_training raises.
    """
    with transaction.atomic():
        change = training.save_training(enrollment_id, values, by=by, expected_version=expected_version)
        unreported = bool(change and unreport_after_change([change.enrollment], by=by))
    return change, unreported


def change_status(
    enrollment_id: int, values: Mapping[str, Any], *, by: User, expected_version: int | None = None
) -> tuple[StatusChange | None, bool]:
    """Write a change of 培训状态; the second answer as in `save_training`."""
    with transaction.atomic():
        change = status.change_status(enrollment_id, values, by=by, expected_version=expected_version)
        unreported = bool(change and unreport_after_change([change.enrollment], by=by))
        if change is not None:
            settle([change.enrollment], by=by)
    return change, unreported


def correct_name(enrollment_id: int, raw_name: str, *, by: User, reason: str = "") -> tuple[Change, bool]:
    """Correct 姓名 (AM-07); the second answer as in `save_training`."""
    with transaction.atomic():
        change = training.correct_name(enrollment_id, raw_name, by=by, reason=reason)
        unreported = bool(change and unreport_after_change([change.enrollment], by=by))
    return change, unreported
