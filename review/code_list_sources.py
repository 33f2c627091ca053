"""Where each code list comes from, and so who may change it between two yearly cycles (DOMAIN §3, §7)."""

from dataclasses import dataclass

from residents.codes import CODE_LISTS
from residents.codes.code_list import CodeList

_NATIONAL = {
    "id_type": "WS 364.3 CV02.01.101，另加居住证等本地扩展",
    "sex": "GB/T 2261.1",
    "marital_status": "GB/T 2261.2",
    "ethnicity": "GB/T 3304",
    "province": "GB/T 2260，新疆生产建设兵团为 66",
    "hukou_province": "GB/T 2260，另加港澳台",
    "nationality": "GB/T 2659",
    "education_code": "GB/T 4658",
    "degree_code": "GB/T 6864",
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


@dataclass(frozen=True, slots=True)
class Shown:
    """One list on the page: its source in words, and whether its years can be changed here."""

    name: str
    codes: CodeList
    source: str
    is_yearly: bool

    @property
    def rows(self) -> list[tuple[str, str, bool]]:
        """(code, name, offered in forms) of every item."""
        return [(code, label, code in self.codes.offered) for code, label in self.codes.items.items()]


def shown_lists() -> list[Shown]:
    """Every code list of the program, those that can be changed first, then in the order of the dictionary."""
    found = [Shown(name, codes, _source(name), name == YEARLY) for name, codes in CODE_LISTS.items()]
    return sorted(found, key=lambda each: not each.is_yearly)


def _source(name: str) -> str:
    if name == YEARLY:
        return "全国培训专业目录，启用和停用年份可以按年修改"
    if name in _NATIONAL:
        return f"国家或行业标准：{_NATIONAL[name]}"
    if name in _NOTICE:
        return "采集通知规定的状态和流程，随程序固定"
    return "采集通知的字段表，随程序固定"
