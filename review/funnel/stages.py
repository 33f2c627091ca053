"""The stages of the intake: what a record has reached, and the lists of those that lie on the way."""

from django.db.models import Q, QuerySet

from residents.lapses import IS_MISSING
from residents.models import Enrollment
from residents.models.enrollment import GONE, PersonalState, ReportStatus, ReviewStatus


def _conditions(approved: Q) -> dict[str, Q]:
    """What a record and the kept numbers know alike. Once approved, a recruit stays so in the intake, whatever his
    living record does since (AM-30)."""
    return {
        "imported": Q(),
        "personal": approved | Q(personal_state=PersonalState.COMPLETE),
        "reported": approved | Q(report_status=ReportStatus.REPORTED),
        "approved": approved,
        "waiting": ~approved & Q(review_status=ReviewStatus.PENDING),
        "returned": ~approved & Q(review_status=ReviewStatus.RETURNED),
    }


# Of the columns of bases.models.IntakeCount, which counts those that lapsed too.
KEPT = _conditions(Q(is_approved=True))
_APPROVED = Q(intake_submission__isnull=False)
OWN = _conditions(_APPROVED)
STAGES: dict[str, tuple[str, Q]] = {
    "imported": ("账号已导入", OWN["imported"]),
    "activated": ("已激活", Q(resident__user__activated_at__isnull=False)),
    "personal": ("个人信息完整", OWN["personal"]),
    "complete": (
        "个人与培训信息都完整",
        _APPROVED | Q(personal_state=PersonalState.COMPLETE, training_complete=True),
    ),
    "reported": ("已上报", OWN["reported"]),
    "approved": ("审核通过", OWN["approved"]),
}
# What the board and the overview count besides: where records lie that are not through (AM-29).
LISTS = STAGES | {
    "waiting": ("待审核", OWN["waiting"] & ~GONE),
    "returned": ("退回修改", OWN["returned"] & ~GONE),
    # And whom nobody has added again since.
    "lapsed": ("锁定失效", IS_MISSING),
}


def at_stage(found: QuerySet[Enrollment], stage: str) -> QuerySet[Enrollment]:
    return found.filter(LISTS[stage][1])
