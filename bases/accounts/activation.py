"""When the mobile number alone is proof enough for a resident's first sign-in (首次激活)."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from bases.models import TrainingBase
from portal.models import User
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, WorkInfo
from residents.models.enrollment import LIVE
from residents.openness import personal_entry

_BLOCKS = (BasicInfo, EducationRecord, CertificateInfo, WorkInfo)
# An account nobody opened in this time is closed until its base looks at it again.
CLOSED_AFTER = timedelta(days=90)


def mobile_is_enough(user: User) -> bool:
    """Whether the mobile number alone may activate this resident's account (TRUST-59, TRUST-60).

    Colleagues know ID and mobile numbers, so it opens only an account that holds nothing yet, not older than 90 days,
    at a base that has not chosen printed one-time codes, and in intake only while residents may fill in; or one that
    its base has released by hand in the last 90 days.
    """
    if user.activation_released_at is not None:
        return _is_recent(user.activation_released_at)
    live = Enrollment.objects.filter(LIVE, resident__user=user).select_related("base__province").first()
    if live is None or live.base.activation_policy != TrainingBase.ActivationPolicy.MOBILE:
        return False
    # A person brought in again starts anew: what counts is the record, not the old account.
    if not _is_recent(live.created_at) or not personal_entry(live).is_open:
        return False
    own = Q(resident__user=user)
    return not any(block.objects.filter(own).exists() for block in _BLOCKS)


def _is_recent(moment: datetime) -> bool:
    return timezone.now() - moment < CLOSED_AFTER
