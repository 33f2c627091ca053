"""How long what the platform keeps of persons is kept: the one table that the clock obeys and docs/operations.md shows.

A kind of rows has its days and the chore that lets it go, or no days and the reason why it stays. What a chore deletes
and when, it asks here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind: `models` are the tables ("app.Model") in which it lies; `setting` names the days that the operator may
    change. Without days it stays, for the reason in `words`."""

    key: str
    name: str
    models: tuple[str, ...]
    words: str
    days: int | None = None
    setting: str = ""
    chore: str = ""

    @property
    def lasts(self) -> timedelta:
        """For how long. Raises ValueError for what stays."""
        days = getattr(settings, self.setting) if self.setting else self.days
        if days is None:
            raise ValueError(f"{self.key} has no end.")
        return timedelta(days=days)

    @property
    def period(self) -> str:
        """In the words of the table of docs/operations.md."""
        if self.setting:
            return f"`{self.setting}`，默认 {self.days} 天"
        return f"{self.days} 天" if self.days else "不自动删除"


_WITH_THE_RECORD = "培训期间，以及结业证书核验所必需的期间；由处理者书面决定后删除"
_EVIDENCE = (
    "与所记录的信息相同，至少三年（网络安全法第二十一条：不少于六个月）；不提供单条删除；到期的由处理者书面决定后，"
    '以所有者账户运行 `python manage.py purge_history --before 日期 --reason "…"`，散列保留，清理本身也被封存'
)

TABLE: tuple[Kept, ...] = (
    Kept(
        "uploads",
        "导入的表格原件、批注副本，及导入行中的完整证件号和手机号",
        ("bases.ImportBatch", "bases.ImportRow"),
        "`clock` 自动删除；行中的号码改为脱敏，行数和结果保留",
        90,
        "UPLOAD_RETENTION_DAYS",
        "bases.imports.forgetting.forget_old_files",
    ),
    Kept(
        "unconfirmed",
        "检查后一直没有确认的导入批次",
        ("bases.ImportBatch", "bases.ImportRow"),
        "`clock` 自动取消，文件和号码随之删除",
        30,
        chore="bases.imports.forgetting.end_unconfirmed",
    ),
    Kept(
        "exports",
        "导出的文件",
        ("review.Export",),
        "`clock` 自动删除；导出记录保留",
        7,
        "EXPORT_DAYS",
        "review.exports.jobs.forget_expired",
    ),
    Kept(
        "deeds",
        "批量办理的检查结果和生成的表格",
        ("portal.Deed",),
        "`clock` 自动删除；办理记录保留",
        7,
        chore="portal.deeds.forget_findings",
    ),
    Kept(
        "deliveries",
        "接口请求的应答（用于安全重试）",
        ("review.ApiDelivery",),
        "`clock` 自动删除",
        3,
        chore="review.api.deliveries.forget_old",
    ),
    Kept(
        "attempts",
        "登录尝试（账号为散列值，含来源地址）",
        ("portal.SignInAttempt",),
        "`clock` 自动删除",
        180,
        chore="portal.upkeep.forget_attempts",
    ),
    Kept(
        "drafts",
        "没有提交的表单草稿",
        ("portal.FormDraft",),
        "保存表单时删除；`clock` 自动删除放弃的",
        180,
        chore="portal.upkeep.forget_drafts",
    ),
    Kept(
        "readings",
        "公告的已阅记录",
        ("portal.NoticeReading",),
        "`clock` 自动删除；公告及其附件保留，移除的附件随后删除",
        365,
        chore="portal.upkeep.forget_readings",
    ),
    Kept(
        "records",
        "住院医师信息、账号、上报和审核通过的内容、移交副本、提前结业补报、结业考核和证书",
        (
            "portal.User",
            "residents.Resident",
            "residents.BasicInfo",
            "residents.EducationRecord",
            "residents.WorkInfo",
            "residents.CertificateInfo",
            "residents.Enrollment",
            "bases.Submission",
            "bases.HandedOver",
            "review.CompletionRecord",
            "review.ExamEntry",
        ),
        _WITH_THE_RECORD,
    ),
    Kept(
        "requests",
        "证件更正、身份核实、转出、证书更正等申请及其证明材料，重复人员合并的记录，历史数据迁移的问题行",
        (
            "bases.CorrectionRequest",
            "bases.IdentityCheck",
            "bases.LegacyFault",
            "bases.TransferRequest",
            "review.CertificateCorrection",
            "residents.IdentityCorrection",
            "residents.PersonMerge",
        ),
        _WITH_THE_RECORD,
    ),
    Kept(
        "history",
        "修改记录、操作记录、查看完整号码的记录、站外通知记录",
        ("portal.AuditEvent", "residents.Disclosure", "portal.Delivery"),
        _EVIDENCE,
    ),
)
KINDS = {kept.key: kept for kept in TABLE}


def until(key: str, now: datetime | None = None) -> datetime:
    """What is older than this moment goes."""
    return (now or timezone.now()) - KINDS[key].lasts


def chores() -> Iterable[str]:
    """The names of the chores by which the clock obeys the table."""
    return dict.fromkeys(kept.chore for kept in TABLE if kept.chore)
