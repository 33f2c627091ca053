"""The columns of a base's two lists, for page and file alike: which there are, which are shown unless others are chosen
(GOAL-B19)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bases.lists.records import Stage
from portal.calendar import wall_clock
from portal.masking import mask
from portal.templatetags.portal_tags import days_since
from residents.codes import CODE_LISTS
from residents.models import Enrollment
from residents.models.enrollment import Module, ReportStatus, ReviewStatus


@dataclass(frozen=True, slots=True)
class Column:
    """`value` of a record in the intake or the registry; `is_number`: a number of a person, masked unless asked for in
    full (TRUST-51)."""

    key: str
    label: str
    width: int
    value: Callable[[Enrollment, bool], Any]
    is_shown: bool = True
    is_number: bool = False
    # Of one of the lists only.
    module: str = ""

    def cell(self, row: Enrollment, *, is_intake: bool, masked: bool = True) -> Any:
        """What a file says of the record in this column, and the page where it has no badge for it."""
        value = self.value(row, is_intake)
        return mask(value or "") if self.is_number and masked else value


def _code(name: str) -> Callable[[Enrollment, bool], str]:
    def words(row: Enrollment, is_intake: bool) -> str:
        code = getattr(row, name)
        return CODE_LISTS[name].label(code) if code else ""

    return words


def _report(row: Enrollment, is_intake: bool) -> str:
    status = ReportStatus.REPORTED if is_intake and row.registered_at else row.report_status
    return CODE_LISTS["report_status"].label(status)


def _review(row: Any, is_intake: bool) -> str:
    if is_intake and row.registered_at:
        return CODE_LISTS["review_status"].label(ReviewStatus.APPROVED)
    if row.lapsed_at:
        return str(Stage(row.stage).label)
    return (
        CODE_LISTS["review_status"].label(row.review_status)
        if row.review_status != ReviewStatus.NONE
        else "未审核"
    )


def _active(row: Any, is_intake: bool) -> Any:
    return wall_clock(row.activated_at) if row.activated_at else "从未登录"


COLUMNS = (
    Column("number", "证件号", 22, lambda row, _: row.resident.id_number, is_number=True),
    Column("year", "招收年份", 10, lambda row, _: row.intake_year),
    Column("specialty", "培训专业", 18, lambda row, _: row.specialty.name if row.specialty else ""),
    Column("trainee_type", "人员类型", 26, _code("trainee_type")),
    Column("personal", "个人信息", 12, _code("personal_state")),
    Column("training", "培训信息", 10, lambda row, _: "已完整" if row.training_complete else "未完整"),
    Column("report", "上报", 10, _report),
    Column("review", "审核", 10, _review),
    Column("status", "培训状态", 10, _code("status"), module=Module.REGISTRY),
    Column("waiting", "已停留（天）", 12, lambda row, _: days_since(row.state_since)),
    Column("mobile", "手机号", 16, lambda row, _: row.resident.mobile, is_shown=False, is_number=True),
    Column("years", "核定年限", 10, lambda row, _: row.approved_years, is_shown=False),
    Column("start", "实际开始时间", 16, lambda row, _: row.actual_start_date, is_shown=False),
    Column("end", "预计结束时间", 16, lambda row, _: row.planned_end_date, is_shown=False),
    Column("active", "账号激活时间", 20, _active, is_shown=False),
    Column("added", "导入时间", 20, lambda row, _: wall_clock(row.created_at), is_shown=False),
)


def of_module(module: str) -> list[Column]:
    return [column for column in COLUMNS if column.module in ("", module)]


def chosen_columns(module: str, keys: Iterable[str]) -> list[Column]:
    """The named columns in their order; those that are shown by default where none is named."""
    named, found = set(keys), of_module(module)
    return [column for column in found if column.key in named] or [
        column for column in found if column.is_shown
    ]
