"""The stages of the intake: what a record has reached, and the lists of those that lie on the way."""

from django.db.models import Q, QuerySet

from residents.lapses import IS_MISSING
from residents.models import Enrollment
from residents.models.enrollment import GONE, PersonalState, ReportStatus, ReviewStatus

_APPROVED = Q(intake_submission__isnull=False)
STAGES: dict[str, tuple[str, Q]] = {
    "imported": ("账号已导入", Q()),
    "activated": ("已激活", Q(resident__user__activated_at__isnull=False)),
    "personal": ("个人信息完整", _APPROVED | Q(personal_state=PersonalState.COMPLETE)),
    "complete": (
        "个人与培训信息都完整",
        _APPROVED | Q(personal_state=PersonalState.COMPLETE, training_complete=True),
    ),
    "reported": ("已上报", _APPROVED | Q(report_status=ReportStatus.REPORTED)),
    "approved": ("审核通过", _APPROVED),
}
# What the board and the overview count besides: where records lie that are not through (AM-29).
LISTS = STAGES | {
    "waiting": ("待审核", Q(review_status=ReviewStatus.PENDING) & ~GONE),
    "returned": ("退回修改", Q(review_status=ReviewStatus.RETURNED) & ~GONE),
    # And whom nobody has added again since.
    "lapsed": ("锁定失效", IS_MISSING),
}


def at_stage(found: QuerySet[Enrollment], stage: str) -> QuerySet[Enrollment]:
    return found.filter(LISTS[stage][1])
