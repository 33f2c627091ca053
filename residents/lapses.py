"""Why a recruit lapsed at the lock and which door is open to him now, as letter and page say it (AM-05, AM-31); and
which lapsed record another one of the same person stands for (AM-32)."""

from django.db.models import Exists, OuterRef, Q

from residents.models import Enrollment
from residents.models.enrollment import IN_THE_INTAKE, LIVE, ReviewStatus

_OTHERS = Enrollment.objects.filter(resident=OuterRef("resident")).exclude(pk=OuterRef("pk"))
_OF_THE_YEAR = Q(intake_year=OuterRef("intake_year")) & (Q(lapsed_at__isnull=True) | Q(pk__gt=OuterRef("pk")))
# Lapsed, and counted in the intake of its year no more: a living or later record of that intake stands for the person.
COUNTED_BY_ANOTHER = Q(lapsed_at__isnull=False) & Q(Exists(_OTHERS.filter(IN_THE_INTAKE, _OF_THE_YEAR)))
# Lapsed, and nobody need add the person again: a base holds him, or did so later in that year.
IS_TAKEN_UP = Q(lapsed_at__isnull=False) & Q(
    Exists(_OTHERS.filter(LIVE | _OF_THE_YEAR, deleted_at__isnull=True))
)
IS_MISSING = Q(lapsed_at__isnull=False) & ~IS_TAKEN_UP

WORDS = {
    "waiting": "您的招收信息已上报，到招收信息锁定时省级尚未审核通过，因此失效。",
    "returned": "您的招收信息被省级退回，到招收信息锁定时没有修改并重新上报，因此失效。",
    "unreported": "您的招收信息到锁定时培训基地没有上报，因此失效。",
}
_NEXT = "您仍在培训的，请联系{}补录；补录后账号、密码和已填的个人信息继续使用。"
_KINDS = {ReviewStatus.PENDING.value: "waiting", ReviewStatus.RETURNED.value: "returned"}


def next_door(heir: object) -> str:
    """Who can add the person again: his base, or the one that goes on for it (AM-46)."""
    return _NEXT.format(f"承接基地“{heir}”" if heir else "培训基地")


def why_lapsed(enrollment: Enrollment) -> str:
    """The whole sentence for the person; "" for a record that has not lapsed."""
    if enrollment.lapsed_at is None:
        return ""
    return WORDS[_KINDS.get(enrollment.review_status, "unreported")] + next_door(enrollment.base.heir)
