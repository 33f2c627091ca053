"""The columns of a legacy roster: those of the field dictionary, found by their headers in any order (BR-25).

学习经历 has a group of columns for each level, named by it (本科毕业院校, 硕士毕业时间 …), or one group without a name
beside the column 学历层次.
"""

from collections.abc import Mapping
from typing import Any

from bases.workbooks.resource import cell_problem
from bases.workbooks.rows import shown
from portal.sheets.values import CellError, DamagedNumber
from residents.catalogue.catalogue import Problem
from residents.codes.study import EDUCATION_LEVEL
from residents.rules import account
from residents.rules.legacy import PARTS

BASE, PROVINCE = "培训基地", "培训所在省行政区划"
REQUIRED = [*(field.label for field in account.FIELDS), BASE]
ALIASES = {
    "招收年度": "招收年份",
    "身份证件类别": "证件类型",
    "身份证件类型": "证件类型",
    "身份证件号码": "证件号",
    "证件号码": "证件号",
    "手机号码": "手机号",
    "有效的手机号码": "手机号",
    "电子邮箱": "有效的电子邮箱地址",
    "QQ号码": "有效的QQ号码",
    "培训基地名称": BASE,
    "培训基地代码": BASE,
    "培训所在省份": PROVINCE,
    "专业": "培训专业",
    "培训年限": "核定的培训年限（年）",
    "核定的培训年限": "核定的培训年限（年）",
}
_SHORT = {"school": ("毕业院校", "在读院校"), "major": ("毕业专业", "在读专业")}
_NAMELESS = ""


def _columns() -> dict[str, tuple[str, str, str]]:
    """Header → (part, level of study or "", field name); of two blocks with one header the first keeps it."""
    columns: dict[str, tuple[str, str, str]] = {}
    for part in ("account", "training", "status", "basic", "work", "certificate"):
        for field in PARTS[part]:
            columns.setdefault(field.label, (part, _NAMELESS, field.name))
    for level, name in ((_NAMELESS, ""), *EDUCATION_LEVEL.items.items()):
        for field in PARTS["education"]:
            if not (level and field.name == "level"):
                columns.setdefault(f"{name}{field.label}", ("education", level, field.name))
    return columns


COLUMNS = _columns()
OPTIONAL = [PROVINCE, *(header for header in COLUMNS if header not in REQUIRED)]
_HEADERS = {place: header for header, place in COLUMNS.items()}


def aliases() -> dict[str, str]:
    """Other wordings of headers, with 毕业院校 and the like for every level."""
    found = dict(ALIASES)
    for level, name in ((_NAMELESS, ""), *EDUCATION_LEVEL.items.items()):
        for field, shorts in _SHORT.items():
            header = _HEADERS["education", level, field]
            found |= {f"{name}{short}": header for short in shorts}
    return found


class Cells:
    """One row by part, as residents.rules.legacy judges it, with the headers its problems belong to."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.raw: dict[str, Any] = {part: {} for part in PARTS}
        self.unreadable: dict[str, Problem] = {}
        self.base = self.province = None
        self._levels: list[str] = []
        levels: dict[str, dict[str, Any]] = {}
        for header, value in record.items():
            if header in (BASE, PROVINCE):
                continue
            part, level, name = COLUMNS[header]
            if part == "education":
                if value is not None:
                    levels.setdefault(level, {})[name] = value
            else:
                self._put(self.raw[part], f"{part}.{name}", name, value)
        self.base, self.province = (shown(record.get(header)) for header in (BASE, PROVINCE))
        self.raw["education"] = [self._level(level, cells) for level, cells in sorted(levels.items())]

    def _level(self, level: str, cells: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {"level": level} if level else {}
        for name, value in cells.items():
            self._put(row, f"education.{len(self._levels)}.{name}", name, value)
        self._levels.append(level)
        return row

    def _put(self, place: dict[str, Any], path: str, name: str, value: Any) -> None:
        if isinstance(value, CellError | DamagedNumber):
            self.unreadable[path] = cell_problem(value)
        else:
            place[name] = value

    def header(self, path: str) -> str:
        """The header of the column that a problem's path means; "base" is the training base."""
        if path == "base":
            return BASE
        part, _, rest = path.partition(".")
        level = _NAMELESS
        if part == "education" and "." in rest:
            index, _, rest = rest.partition(".")
            level = self._levels[int(index)]
            rest = rest if (part, level, rest) in _HEADERS else "school"
        return _HEADERS.get((part, level, rest), "学习经历" if part == "education" else "")
