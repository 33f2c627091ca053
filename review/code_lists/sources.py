"""Where each code list comes from, and so who may change it between two yearly cycles (docs/codes.md,
docs/codes.md#edited)."""

from dataclasses import dataclass

from residents.codes import CODE_LISTS
from residents.codes.code_list import CodeList
from residents.services.code_lists import EDITABLE

_NATIONAL = {
    "id_type": "卫生行业标准第 364.3 号，另加居住证等本地扩展",
    "sex": "第 2261.1 号",
    "marital_status": "第 2261.2 号",
    "ethnicity": "第 3304 号",
    "hukou_province": "第 2260 号，另加港澳台",
    "nationality": "第 2659 号",
    "education_code": "第 4658 号",
    "degree_code": "第 6864 号",
}
_NOTICE = frozenset(
    {
        "status",
        "report_status",
        "review_status",
        "personal_state",
        "cycle_state",
        "reporting_mode",
        "switch_module",
        "switch_state",
        "program_type",
    }
)
YEARLY = "specialty"
_EDITED = {
    "reason": "按培训状态分列，可以增加、改名和停用",
    "qualification_level": "可以增加、改名和停用",
    "qualification_class": "可以增加、改名和停用；“执业类型（类别）”使用同一份代码",
    "province": "国家标准第 2260 号，新疆生产建设兵团为 66；只有兵团的名称和简称可以修改",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One list on the page: its source in words, and whether its years can be changed here."""

    name: str
    codes: CodeList
    source: str
    is_yearly: bool

    @property
    def is_editable(self) -> bool:
        """Whether the association changes its items here (docs/codes.md#edited)."""
        return self.name in EDITABLE

    @property
    def rows(self) -> list[tuple[str, str, bool]]:
        """(code, name, offered in forms) of every item."""
        return [(code, label, code in self.codes.offered) for code, label in self.codes.items.items()]


def shown_lists() -> list[Shown]:
    """Every code list of the program, those that can be changed first, then in the order of the dictionary."""
    found = [Shown(name, codes, _source(name), name == YEARLY) for name, codes in CODE_LISTS.items()]
    return sorted(found, key=lambda each: not (each.is_yearly or each.is_editable))


def _source(name: str) -> str:
    if name == YEARLY:
        return "全国培训专业目录，启用和停用年份可以按年修改"
    if name in _EDITED:
        return _EDITED[name]
    if name in _NATIONAL:
        return f"国家或行业标准：{_NATIONAL[name]}"
    if name in _NOTICE:
        return "采集通知规定的状态和流程，随程序固定"
    return "采集通知的字段表，随程序固定"
