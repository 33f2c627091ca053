"""When the mobile number alone is proof enough for a resident's first sign-in (首次激活)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils import timezone

from bases.models import TrainingBase
from portal.calendar import Opening
from portal.models import User
from residents.models import Enrollment
from residents.models.enrollment import LIVE
from residents.openness import entries_of, personal_entry
from residents.standing import with_personal_info

# An account nobody opened in this time is closed until its base looks at it again.
CLOSED_AFTER = timedelta(days=90)


def mobile_is_enough(user: User) -> bool:
    """Whether the mobile number alone may activate this resident's account (TRUST-59, TRUST-60)."""
    if user.activation_released_at is not None:
        return _is_recent(user.activation_released_at)
    live = Enrollment.objects.filter(LIVE, resident__user=user).select_related(
        "base__province", "resident__user"
    )
    return bool(opened_by_mobile(live))


def opened_by_mobile(enrollments: Collection[Enrollment]) -> set[int]:
    """The ids of those of these records whose account the mobile number alone may activate; seven queries, however
    many. Expects `base__province` and `resident__user` to be loaded.

    Colleagues know ID and mobile numbers, so it opens only an account that holds nothing yet, not older than 90 days,
    at a base that has not chosen printed one-time codes, and in intake only while residents may fill in; or one that
    its base has released by hand in the last 90 days.
    """
    waiting = [each for each in enrollments if each.is_live and not each.resident.user.is_activated]
    if not waiting:
        return set()
    entries = entries_of(waiting, personal_entry)
    filled = with_personal_info([each.resident_id for each in waiting])
    found = set()
    for each in waiting:
        if (released := each.resident.user.activation_released_at) is not None:
            is_open = _is_recent(released)
        else:
            # A person brought in again starts anew: what counts is the record, not the old account.
            is_open = takes_mobile(each, entries[each.pk]) and each.resident_id not in filled
        if is_open:
            found.add(each.pk)
    return found


def takes_mobile(record: Enrollment, entry: Opening) -> bool:
    """Whether the mobile number opens the account of this record now if it holds nothing; `entry` is its
    personal_entry."""
    is_mobile = record.base.activation_policy == TrainingBase.ActivationPolicy.MOBILE
    return is_mobile and _is_recent(record.created_at) and entry.is_open


def _is_recent(moment: datetime) -> bool:
    return timezone.now() - moment < CLOSED_AFTER
