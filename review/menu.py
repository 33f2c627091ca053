"""The main menu of each role: what is done daily is open, the rest in groups (docs/glossary.md)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from django.urls import reverse

from bases.scope import base_ids, has_place
from portal.models import User
from portal.roles import Action, Role
from residents.models.enrollment import Module


@cache
def _address(route: str, arguments: tuple[str, ...] = ()) -> str:
    """Every page has the menu, and its addresses stay while the program runs."""
    return reverse(route, args=arguments)


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu; it is marked as the current one on every page below its address, and below `also`."""

    words: str
    route: str
    arguments: tuple[str, ...] = ()
    is_exact: bool = False
    also: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return _address(self.route, self.arguments)

    def holds(self, path: str) -> bool:
        if path == self.address:
            return True
        below = [] if self.is_exact else [self.address]
        return any(path.startswith(each) for each in (*below, *map(_address, self.also)))


@dataclass(frozen=True, slots=True)
class Group:
    """Entries behind one word; beside it, where they are needed all day and the word leads to a page of its own."""

    words: str
    entries: tuple[Entry, ...]
    route: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry or group as a page displays it."""

    words: str
    address: str = ""
    is_current: bool = False
    entries: list["Shown"] = field(default_factory=list)


RECORDS = Entry("全部住院医师", "review:residents")
TRANSFERS = Entry("转出请求", "review:transfers")
CORRECTIONS = Entry("更正申请", "review:corrections")
CHECKS = Entry("身份核实", "review:identity-checks")
MERGES = Entry("重复人员合并", "review:merges")
EXTENSIONS = Entry("延长填报时间申请", "review:extensions")
COMPLETIONS = Entry("提前结业补报", "review:completions")
FUNNEL = Entry("填报进度", "review:funnel")
SWITCHES = Entry("报送方式", "review:switches", also=("review:api-keys",))
SIGNATURES = Entry("签署", "review:signatures")
EXAMS = Entry("结业考核", "review:exams")
FUNDING = Entry("经费核算", "review:funding")
STAFF = Entry("人员", "review:staff")
YEAR_END = Group("年终", (EXAMS, FUNDING, SIGNATURES))
DATA = Group(
    "数据",
    (
        FUNNEL,
        Entry("统计", "review:statistics"),
        Entry("年度版", "review:editions"),
        Entry("年鉴", "review:yearbook"),
        EXAMS,
        FUNDING,
        SIGNATURES,
        Entry("数据质量", "review:quality"),
        Entry("我的导出", "review:exports"),
    ),
)

AUDIT = Entry("操作记录", "review:audit")

MENUS: dict[str, tuple[Entry | Group, ...]] = {
    Role.RESIDENT: (
        Entry("我的信息", "residents:home", is_exact=True),
        Entry("修改与查看记录", "residents:history"),
    ),
    Role.BASE: (
        Entry("工作台", "bases:desk", is_exact=True),
        Group(
            "住院医师管理",
            (
                Entry("招收信息管理", "bases:record-list", (Module.INTAKE,)),
                Entry("住院医师信息管理", "bases:record-list", (Module.REGISTRY,)),
            ),
            route="manual:index",
        ),
        Entry("批量导入", "bases:import-list"),
        FUNNEL,
        Entry("账号查找与重置", "bases:accounts"),
        Entry("转出与转入", "bases:transfers"),
        STAFF,
        YEAR_END,
    ),
    Role.PROVINCE: (
        Entry("待审核", "review:queue", is_exact=True, also=("review:assignments",)),
        RECORDS,
        Group("申请办理", (TRANSFERS, CORRECTIONS, CHECKS, EXTENSIONS, COMPLETIONS)),
        DATA,
        Group("设置", (SWITCHES, STAFF)),
    ),
    Role.CMDA: (
        Entry("总览", "review:national", is_exact=True),
        Entry("采集周期", "review:windows"),
        RECORDS,
        Group("申请办理", (TRANSFERS, CORRECTIONS, CHECKS, MERGES, EXTENSIONS, SWITCHES, COMPLETIONS)),
        DATA,
        Group(
            "设置",
            (
                Entry("机构", "review:organisations"),
                STAFF,
                Entry("公告与联系方式", "review:announcements"),
                AUDIT,
                Entry("运行状况", "review:running"),
            ),
        ),
    ),
    Role.AUDITOR: (AUDIT,),
}


# A department secretary has the people of his specialties and their workbook.
SECRETARY: tuple[Entry | Group, ...] = (
    *MENUS[Role.BASE][:2],
    Entry(
        "批量填写培训信息", "bases:import-upload", ("training", Module.REGISTRY), also=("bases:import-list",)
    ),
)
NOWHERE: tuple[Entry | Group, ...] = (Entry("工作台", "portal:desk", is_exact=True),)


def menu_for(user: User, path: str) -> list[Shown]:
    """The menu of this person: nothing in it that he may not open."""
    entries = MENUS[user.role]
    if not has_place(user):
        entries = NOWHERE
    elif user.role == Role.BASE and not base_ids(user, Action.VIEW):
        entries = SECRETARY
    return [_shown(each, path) for each in entries]


def menu_of(role: str, path: str) -> list[Shown]:
    """The menu of this role with the page at `path`, and its group, marked."""
    return [_shown(each, path) for each in MENUS[role]]


def entries_of(role: str) -> Iterator[Entry]:
    """Every entry of a role's menu, in groups or not."""
    for each in MENUS[role]:
        yield from each.entries if isinstance(each, Group) else (each,)


def _shown(each: Entry | Group, path: str) -> Shown:
    if isinstance(each, Entry):
        return Shown(each.words, each.address, each.holds(path))
    entries = [_shown(entry, path) for entry in each.entries]
    is_current = any(entry.is_current for entry in entries)
    return Shown(each.words, _address(each.route) if each.route else "", is_current, entries)
