"""全部住院医师 as an export: the records as they are now, reported or not (BR-58; GOAL-N5)."""

from collections.abc import Mapping

from django.db.models import Case, Value, When

from portal.calendar import wall_clock
from portal.models import User
from review.exports.sheets import Column, Sheet, label, sheet_of
from review.records.filters import RecordFilter
from review.records.lists import LAPSED, REVIEW_STATES, all_records

_REVIEW = Case(When(lapsed_at__isnull=False, then=Value(LAPSED)), default="review_status")
COLUMNS = (
    Column("省份", "base__province__name"),
    Column("培训基地", "base__name", width=30),
    Column("招收年份", "intake_year", width=10),
    Column("姓名", "resident__full_name"),
    Column("证件类型", "resident__id_type", label("id_type"), 18),
    Column("证件号", "resident__id_number", width=22, is_personal=True),
    Column("手机号", "resident__mobile", width=16, is_personal=True),
    Column("培训专业", "specialty__name", width=18),
    Column("人员类型", "trainee_type", label("trainee_type"), 26),
    Column("核定的培训年限（年）", "approved_years"),
    Column("培训实际开始时间", "actual_start_date", width=18),
    Column("预计培训结束时间", "planned_end_date", width=18),
    Column("培训状态", "status", label("status"), 10),
    Column("个人信息状态", "personal_state", label("personal_state"), 12),
    Column("上报状态", "report_status", label("report_status"), 10),
    Column("审核状态", _REVIEW, REVIEW_STATES.get, 10),
    Column("导入时间", "created_at", wall_clock, 20),
)


def list_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """As many rows as the list counts under the same filters."""
    return sheet_of(all_records(user, RecordFilter(user, asked).values), COLUMNS, unmasked=unmasked)
