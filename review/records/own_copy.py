"""What provinces and the association hold of one resident, for 我的全部信息 (GOAL-R9)."""

from portal.models import User
from portal.own_copy import Part, row
from review.models import ApiRecord, CompletionRecord, ExamEntry, QualityFinding


def kept_by_reviewers(user: User) -> list[Part]:
    """Deliveries by the interface, 提前结业 rows, exams and the hints of the quality list."""
    delivered = ApiRecord.objects.filter(enrollment__resident__user=user)
    completions = CompletionRecord.objects.filter(resident__user=user).select_related("base", "specialty")
    exams = ExamEntry.objects.filter(enrollment__resident__user=user).select_related("session")
    hints = QualityFinding.objects.filter(enrollment__resident__user=user)
    return [
        Part(
            "接口传送",
            [row(时间=each.delivered_at, 省级平台编号=each.external_id) for each in delivered.order_by("pk")],
        ),
        Part(
            "提前结业补报",
            [
                row(
                    培训基地=each.base.name,
                    培训专业=each.specialty.name,
                    开始时间=each.actual_start_date,
                    结束时间=each.actual_end_date,
                    证书编号=each.certificate_no,
                    证书取得时间=each.certificate_date,
                    有效=each.is_current,
                )
                for each in completions.order_by("pk")
            ],
        ),
        Part(
            "结业考核和合格证书",
            [
                row(
                    考核批次=each.session.name,
                    基地确认=each.confirmed_at,
                    省级确认=each.accepted_at,
                    考核结果=each.get_result_display(),
                    结束日期=each.ended_on,
                    证书编号=each.certificate_no,
                    发证日期=each.certificate_date,
                )
                for each in exams.order_by("pk")
            ],
        ),
        Part("数据质量提示", [row(时间=each.found_at, 内容=each.detail) for each in hints.order_by("pk")]),
    ]
