"""Why a recruit lapsed at the lock and which door is open to him now, as letter and page say it (AM-05, AM-31)."""

from residents.models import Enrollment
from residents.models.enrollment import ReviewStatus

WORDS = {
    "waiting": "您的招收信息已上报，到招收信息锁定时省级尚未审核通过，因此失效。",
    "returned": "您的招收信息被省级退回，到招收信息锁定时没有修改并重新上报，因此失效。",
    "unreported": "您的招收信息到锁定时培训基地没有上报，因此失效。",
}
_NEXT = "您仍在培训的，请联系{}在“住院医师信息管理”中补录；补录后账号、密码和已填的个人信息继续使用。"
_KINDS = {ReviewStatus.PENDING.value: "waiting", ReviewStatus.RETURNED.value: "returned"}


def next_door(heir: object) -> str:
    """Who can add the person again: his base, or the one that goes on for it (AM-46)."""
    return _NEXT.format(f"承接基地“{heir}”" if heir else "培训基地")


def why_lapsed(enrollment: Enrollment) -> str:
    """The whole sentence for the person; "" for a record that has not lapsed."""
    if enrollment.lapsed_at is None:
        return ""
    return WORDS[_KINDS.get(enrollment.review_status, "unreported")] + next_door(enrollment.base.heir)
