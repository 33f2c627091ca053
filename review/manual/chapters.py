"""The manual: its chapters, which chapter each page leads to, and finding a word in it (BR-36, GOAL-S7).

Chapters are templates in templates/review/manual/chapters/. What the program itself knows — messages, fields, code
lists — is taken from the rules and code lists, so manual and program cannot differ.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import strip_tags

from portal import retention
from portal.roles import Role
from portal.sheets import refusals
from residents.catalogue.catalogue import CATALOGUE, Entry
from residents.codes import CODE_LISTS
from residents.codes.code_list import edition
from residents.rules.fields import Field
from residents.words import BLOCKS

EVERYBODY = frozenset(Role)
_SECTION = re.compile(r'<h2 id="([\w-]+)">(.*?)</h2>', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# A run of letters and digits, or of anything else between blanks and punctuation.
_WORDS = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_BLANKS = re.compile(r"\s+")
EXCERPT = 60
MOST_FOUND = 50
MOST_NEAR = 10
LONGEST_QUERY = 40


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter: its address, its title and the roles it is written for (BR-36)."""

    slug: str
    title: str
    roles: frozenset[Role] = EVERYBODY

    @property
    def template(self) -> str:
        return f"review/manual/chapters/{self.slug}.html"

    @property
    def url(self) -> str:
        return reverse("manual:chapter", args=[self.slug])

    @property
    def sections(self) -> list[tuple[str, str, str]]:
        return sections_of(self.slug)


@dataclass(frozen=True, slots=True)
class Found:
    """One section that holds the words looked for."""

    chapter: Chapter
    section: str
    anchor: str
    excerpt: str

    @property
    def url(self) -> str:
        return f"{self.chapter.url}#{self.anchor}" if self.anchor else self.chapter.url


_R, _B, _P, _C = (frozenset({role}) for role in (Role.RESIDENT, Role.BASE, Role.PROVINCE, Role.CMDA))
CHAPTERS = (
    Chapter("sign-in", "登录、激活与密码"),
    Chapter("resident", "住院医师：填写和更新个人信息", _R),
    Chapter("base-accounts", "培训基地：添加账号与帮助登录", _B),
    Chapter("base-records", "培训基地：名单、培训信息与上报", _B),
    Chapter("base-registry", "培训基地：往年住院医师、状态与转换", _B),
    Chapter("review", "省级：审核", _P),
    Chapter("review-other", "省级与协会：转出、更正、报送方式、补报", _P | _C),
    Chapter("statistics", "统计、进度与导出", _B | _P | _C),
    Chapter("editions", "年度版：封版、签署与数据包", _B | _P | _C),
    Chapter("exams", "结业考核与证书", _B | _P | _C),
    Chapter("funding", "经费核算", _B | _P | _C),
    Chapter("national", "中国医师协会：采集周期、机构与公告", _C),
    Chapter("staff", "人员与权限", _B | _P | _C),
    Chapter("messages", "消息与设置"),
    Chapter("words", "名词、状态与截止时间"),
    Chapter("fields", "字段说明"),
    Chapter("codes", "代码表"),
    Chapter("errors", "提示与改法"),
    Chapter("releases", "版本说明"),
)
BY_SLUG = {chapter.slug: chapter for chapter in CHAPTERS}


def own_chapters(role: str | None) -> list[Chapter]:
    """The chapters of one role first; a stranger gets them in their order."""
    return sorted(CHAPTERS, key=lambda chapter: role is not None and Role(role) not in chapter.roles)


# --- chapters made from the program ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """One message as the manual explains it: what it says with blanks for what changes, and what to do."""

    title: str
    text: str
    repair: str
    is_warning: bool = False


def generated() -> dict[str, Any]:
    """What the chapters on messages, fields and codes are made from."""
    return {
        "message_groups": [
            ("错误", [words_of(entry) for entry in CATALOGUE.values() if not entry.is_warning]),
            ("提醒", [words_of(entry) for entry in CATALOGUE.values() if entry.is_warning]),
        ],
        "file_messages": [
            Words("", _blanks(text), _blanks(repair)) for text, repair in refusals.REASONS.values()
        ],
        "blocks": [(block, [line_of(field) for field in block.fields]) for block in BLOCKS],
        "code_lists": list(CODE_LISTS.items()),
        "kept": {kept.key: kept.lasts.days for kept in retention.TABLE if kept.days},
    }


def words_of(entry: Entry) -> Words:
    return Words(entry.title, _blanks(entry.text), _blanks(entry.repair), entry.is_warning)


def _blanks(template: str) -> str:
    """Where the program puts what was typed or a limit, the manual has an ellipsis, and for the shape a field asks for
    it points to the fields."""
    return _PLACEHOLDER.sub("…", template.replace("{hint}", "请按“字段说明”中该项目的要求填写。"))


_KINDS = {
    "text": "文字",
    "name": "姓名",
    "code": "选项",
    "bool": "是/否",
    "date": "日期",
    "month": "年月",
    "int": "整数",
    "mobile": "手机号",
    "phone": "手机号或境外号码",
    "email": "电子邮箱",
    "id_number": "证件号",
    "uscc": "统一社会信用代码",
    "file": "文件",
}
_OWNERS = {"resident": "住院医师", "base": "培训基地", "locked": "导入后锁定", "auto": "系统自动"}


def line_of(field: Field) -> dict[str, str]:
    """One field in words: what it takes, when it is asked, who writes it."""
    shape = _KINDS[field.kind]
    if field.max_length and field.kind in ("text", "name"):
        shape += f"，最多 {field.max_length} 字"
    if field.minimum is not None and field.maximum is not None:
        shape += f"，{field.minimum} 至 {field.maximum}"
    if field.asked or field.needed:
        need = "符合条件时必填" if field.required else "符合条件时选填"
    else:
        need = "上报前必填" if field.required else "选填"
    return {
        "label": field.label,
        "shape": shape,
        "codes": field.codes or "",
        "need": need if field.owner != "auto" else "不用填写",
        "owner": _OWNERS[field.owner],
        "help": "".join(part for part in (field.help, field.hint) if part),
    }


# --- search ------------------------------------------------------------------------------------------------------


def body_of(slug: str) -> str:
    """The HTML of one chapter. It says the same to everybody, so one process makes it once for each edition of the code
    lists."""
    return _body_of(slug, edition())


@lru_cache(maxsize=64)
def _body_of(slug: str, _edition: int) -> str:
    chapter = BY_SLUG[slug]
    return render_to_string(chapter.template, generated() | {"chapter": chapter})


def body_in_book(slug: str) -> str:
    """As `body_of`, one level lower and with anchors of its own, for all chapters on one page."""
    lower = body_of(slug).replace('<h2 id="', f'<h3 id="{slug}-').replace("</h2>", "</h3>")
    return lower.replace('href="#', f'href="#{slug}-')


def sections_of(slug: str) -> list[tuple[str, str, str]]:
    """(anchor, heading, text) of each section of a chapter; what comes before the first has no anchor."""
    return _sections_of(slug, edition())


@lru_cache(maxsize=64)
def _sections_of(slug: str, _edition: int) -> list[tuple[str, str, str]]:
    parts = _SECTION.split(body_of(slug))
    found = [("", BY_SLUG[slug].title, _plain(parts[0]))]
    for position in range(1, len(parts), 3):
        anchor, heading, text = parts[position : position + 3]
        found.append((anchor, _plain(heading), _plain(text)))
    return found


def _plain(html: str) -> str:
    return _BLANKS.sub(" ", unescape(strip_tags(html.replace("<", " <")))).strip()


def search(text: str, role: str | None) -> list[Found]:
    """The sections that hold all the words, own chapters first; where none does, those nearest to what was typed, for
    a question is written without blanks."""
    words = _WORDS.findall(text.casefold())
    return (list(_found(words, role)) or _nearest(words, role))[:MOST_FOUND] if words else []


def _nearest(words: list[str], role: str | None) -> list[Found]:
    """Sections with at least two pieces and a third of all, those with the most first."""
    pieces = list(dict.fromkeys(piece for word in words for piece in _pieces(word)))
    near = []
    for chapter in own_chapters(role):
        for anchor, heading, text in sections_of(chapter.slug):
            whole = f"{heading} {text}".casefold()
            held = [piece for piece in pieces if piece in whole]
            if len(held) >= max(2, len(pieces) / 3):
                in_heading = sum(piece in heading for piece in held)
                near.append((len(held), in_heading, Found(chapter, heading, anchor, _excerpt(text, held[0]))))
    return [found for *_, found in sorted(near, key=lambda each: each[:2], reverse=True)][:MOST_NEAR]


def _pieces(word: str) -> list[str]:
    """Two characters each of a word of Chinese; letters and digits stay whole."""
    if len(word) < 3 or word.isascii():
        return [word]
    return [word[start : start + 2] for start in range(len(word) - 1)]


def _found(words: list[str], role: str | None) -> Iterator[Found]:
    for chapter in own_chapters(role):
        for anchor, heading, text in sections_of(chapter.slug):
            whole = f"{heading} {text}".casefold()
            if all(word in whole for word in words):
                yield Found(chapter, heading, anchor, _excerpt(text, words[0]))


def _excerpt(text: str, word: str) -> str:
    position = max(text.casefold().find(word), 0)
    start = max(position - EXCERPT // 2, 0)
    excerpt = text[start : start + EXCERPT * 2]
    return ("…" if start else "") + excerpt + ("…" if start + len(excerpt) < len(text) else "")
