"""我的全部信息: all that the portal keeps of one resident, in words, as PIPL 45 lets him ask (GOAL-R9).

Each floor names what it keeps; the setting OWN_COPY lists who is asked, since this stands below the desks.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from portal.models import FormDraft, Message, SignInAttempt, User

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of what is kept: its name and its rows, each label → words."""

    title: str
    rows: list[Row]


def parts_of(user: User) -> list[Part]:
    """Everything kept of this person, floor by floor; parts without rows too, so that nobody has to guess."""
    return [part for name in settings.OWN_COPY for part in import_string(name)(user)]


def row(**values: Any) -> Row:
    """Label → words of what is there; moments in Beijing time, blanks left out."""
    return {label: words for label, value in values.items() if (words := _words(value))}


def account(user: User) -> list[Part]:
    """The account, its sign-ins, the messages in its box and what was typed and not saved."""
    tried = SignInAttempt.objects.filter(account=user.username).order_by("-at")
    # What is longer ago the person has seen; the box itself keeps it for as long as the account.
    box = Message.objects.filter(recipient=user).order_by("-created_at")
    drafts = FormDraft.objects.filter(user=user).order_by("-saved_at")
    return [
        Part(
            "账号",
            [
                row(
                    账号=user.username,
                    建立时间=user.created_at,
                    激活时间=user.activated_at,
                    激活地址=user.activated_from,
                    修改密码时间=user.password_changed_at,
                    重置时间=user.password_reset_at,
                    通知邮箱=user.email,
                    同意个人信息处理告知的版本=user.privacy_accepted_version,
                    同意时间=user.privacy_accepted_at,
                )
            ],
        ),
        Part("登录记录", [row(时间=each.at, 地址=each.address, 成功=each.succeeded) for each in tried]),
        Part(
            "站内消息",
            [
                row(时间=each.created_at, 标题=each.subject, 内容=each.body, 已读时间=each.read_at)
                for each in box
            ],
        ),
        Part(
            "未保存的草稿",
            [row(时间=each.saved_at, 内容="；".join(_typed(each))) for each in drafts],
        ),
    ]


def _typed(draft: FormDraft) -> list[str]:
    return ["、".join(entries) for name, entries in draft.data.items() if name != "version" and any(entries)]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)
