"""What the bases and their requests hold of one resident, for 我的全部信息 (GOAL-R9)."""

from bases.models import CorrectionRequest, Submission, TransferRequest
from portal.models import User
from portal.own_copy import Part, row


def reports(user: User) -> list[Part]:
    """Every 上报 and what became of it, and the requests that bases made about the person."""
    submissions = Submission.objects.filter(enrollment__resident__user=user).select_related(
        "base", "specialty"
    )
    transfers = TransferRequest.objects.filter(enrollment__resident__user=user).select_related(
        "to_base", "enrollment__base"
    )
    corrections = CorrectionRequest.objects.filter(resident__user=user).select_related("base")
    return [
        Part(
            "上报和审核",
            [
                row(
                    上报时间=each.reported_at,
                    培训基地=each.base.name,
                    培训专业=each.specialty.name,
                    方式=each.get_channel_display(),
                    结果=each.get_outcome_display(),
                    审核时间=each.decided_at,
                    退回意见=each.comment,
                    撤销时间=each.revoked_at,
                    撤销理由=each.revocation_reason,
                )
                for each in submissions.order_by("pk")
            ],
        ),
        Part(
            "转出请求",
            [
                row(
                    时间=each.asked_at,
                    原基地=each.enrollment.base.name,
                    提出的基地=each.to_base.name,
                    说明=each.reason,
                    结果=each.get_state_display(),
                    处理时间=each.answered_at,
                    处理说明=each.answer,
                )
                for each in transfers.order_by("pk")
            ],
        ),
        Part(
            "证件更正申请",
            [
                row(
                    时间=each.asked_at,
                    培训基地=each.base.name,
                    原证件号=each.old_id_number,
                    新证件号=each.new_id_number,
                    理由=each.reason,
                    结果=each.get_state_display(),
                    处理时间=each.decided_at,
                    处理意见=each.comment,
                )
                for each in corrections.order_by("pk")
            ],
        ),
    ]
