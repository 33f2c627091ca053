from django.db.models import Q

from bases.models import TrainingBase
from portal.models import User
from residents.models import BasicInfo, EducationRecord, Enrollment
from residents.models.enrollment import LIVE


def mobile_is_enough(user: User) -> bool:
    """Whether the mobile number alone may activate this resident's account (TRUST §1.3).

    Colleagues know ID and mobile numbers, so it opens only an account that holds nothing yet, at a base that has not
    chosen printed one-time codes; or one that its base has released by hand.
    """
    if user.activation_released_at is not None:
        return True
    live = Enrollment.objects.filter(LIVE, resident__user=user).select_related("base").first()
    if live is None or live.base.activation_policy != TrainingBase.ActivationPolicy.MOBILE:
        return False
    own = Q(resident__user=user)
    return not (BasicInfo.objects.filter(own).exists() or EducationRecord.objects.filter(own).exists())
