"""States and codes of a record in words and colour. Built into every template (settings TEMPLATES)."""

from functools import lru_cache

from django import template
from django.utils.html import format_html

from residents.codes import CODE_LISTS
from residents.models.enrollment import PersonalState, ReportStatus, ReviewStatus, Status

register = template.Library()

# kind -> value -> (words, colour class of portal.css)
_BADGES: dict[str, dict[str, tuple[str, str]]] = {
    "report": {"0": (ReportStatus("0").label, "grey"), "1": (ReportStatus("1").label, "blue")},
    "review": {
        "0": ("未审核", "grey"),
        "1": (ReviewStatus("1").label, "amber"),
        "2": (ReviewStatus("2").label, "green"),
        "3": (ReviewStatus("3").label, "red"),
    },
    "personal": {
        "0": (PersonalState("0").label, "grey"),
        "1": (PersonalState("1").label, "amber"),
        "2": (PersonalState("2").label, "green"),
        "3": (PersonalState("3").label, "red"),
    },
    "status": {
        "1": (Status("1").label, "green"),
        "2": (Status("2").label, "amber"),
        "3": (Status("3").label, "amber"),
        "4": (Status("4").label, "blue"),
        "5": (Status("5").label, "grey"),
    },
    "lapsed": {"1": ("锁定失效", "grey")},
    "training": {"True": ("已完整", "green"), "False": ("未完整", "amber")},
    "outcome": {
        "pending": ("待审核", "amber"),
        "approved": ("审核通过", "green"),
        "returned": ("退回修改", "red"),
        "withdrawn": ("已撤回上报", "grey"),
        "revoked": ("审核已撤销", "red"),
    },
    "verdict": {
        "create": ("新增", "green"),
        "update": ("更新", "blue"),
        "unchanged": ("已存在，未重复导入", "grey"),
        "refused": ("有误", "red"),
        "undone": ("已撤销", "grey"),
        "kept": ("保留", "amber"),
        "restored": ("已恢复", "green"),
        "waiting": ("未导入", "grey"),
    },
    "batch": {
        "uploaded": ("等待检查", "amber"),
        "checking": ("正在检查", "amber"),
        "refused": ("文件未被接受", "red"),
        "checked": ("待确认", "blue"),
        "applying": ("正在导入", "amber"),
        "applied": ("已导入", "green"),
        "cancelled": ("已取消", "grey"),
        "undone": ("已撤销", "grey"),
    },
    "job": {
        "waiting": ("排队中", "grey"),
        "running": ("进行中", "amber"),
        "done": ("已完成", "green"),
        "failed": ("失败", "red"),
        "cancelled": ("已取消", "grey"),
    },
    "cycle": {
        "0": ("未开放", "grey"),
        "1": ("填报中", "green"),
        "2": ("审核中", "amber"),
        "3": ("已锁定", "blue"),
    },
}

# kind of request or batch -> state -> colour class of portal.css; what is not named is grey. The words are the model's.
_STATE_COLOURS: dict[str, dict[str, str]] = {
    "completion": {"sent": "amber", "accepted": "green", "returned": "red"},
    "correction": {"province": "amber", "cmda": "amber", "done": "green", "refused": "red"},
    "identity_check": {
        "province": "amber",
        "cmda": "amber",
        "corrected": "green",
        "freed": "green",
        "refused": "red",
    },
    "delivery": {"sent": "green", "failed": "red", "unknown": "amber"},
    "extension": {"province": "amber", "cmda": "amber", "granted": "green", "refused": "red"},
    "switch": {"waiting": "amber", "scheduled": "blue", "confirmed": "green", "refused": "red"},
    "transfer": {"open": "amber", "released": "green", "refused": "red"},
}


@register.filter
def state_colour(state: str, kind: str) -> str:
    """The colour of a state whose words its model knows; `badge` knows both."""
    return _STATE_COLOURS[kind].get(state, "grey")


@register.simple_tag
@lru_cache
def badge(kind: str, value: str) -> str:
    """A state as a coloured word; the colour never says it alone."""
    words, colour = _BADGES[kind].get(str(value), (str(value), "grey"))
    return format_html('<span class="state state-{}">{}</span>', colour, words)


@register.filter
def code_label(value: str | None, name: str) -> str:
    """The label of a code in one of the code lists; empty for none."""
    return CODE_LISTS[name].label(str(value)) if value not in (None, "") else ""


@register.filter
def yes_no(value: bool | None) -> str:
    return "" if value is None else ("是" if value else "否")
