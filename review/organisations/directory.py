"""The directory of training bases and their accredited specialties by workbook, all or nothing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from bases.models import Province, Specialty, SpecialtyBase, TrainingBase
from portal import audit
from portal.models import User
from portal.parameters import number_of
from portal.sheets.writing import Column, write_template
from residents.codes.code_list import fold
from residents.pinyin import pinyin_key
from residents.rules.identity import clean_uscc
from review.organisations.closing import why_not_closed
from review.organisations.effects import Effect, effects
from review.organisations.services import announce, announce_names
from review.sheets import Fault, Line, Sheet

# A nation: some 1,200 bases with up to 34 specialties each would be more than anybody uploads at once.
MOST_ROWS = 20_000
IN_USE = {"在用": True, "停用": False}
COLUMNS = (
    Column("省份", required=True, rule="省级单位的名称或两位代码。", example="浙江省"),
    Column(
        "基地代码", required=True, rule="至多 12 位字母、数字、短横线；是基地的唯一标识。", example="33001"
    ),
    Column("培训基地", 34, required=True, rule="与公章一致的全称。", example="浙江示范医科大学附属第一医院"),
    Column("统一社会信用代码", 22, rule="18 位；留空表示不改。"),
    Column("状态", 10, rule="在用或停用；留空表示不改，新基地为在用。", choices=tuple(IN_USE)),
    Column("培训专业", 24, rule="专业名称或四位代码，一行一个专业；只维护基地时留空。", example="内科"),
    Column("起始招收年份", 14, rule="留空表示不改，新的专业基地为 2014。", example="2014"),
    Column("终止招收年份", 14, rule="继续有效的留空。"),
)
_OF_BASE = {
    "province": "省份",
    "name": "培训基地",
    "uscc": "统一社会信用代码",
    "is_active": "状态",
}
_CODE = re.compile(r"[A-Za-z0-9-]{1,12}")
_FIRST_YEAR, _LAST_YEAR = 2014, 2099


@dataclass(slots=True)
class Plan:
    """What the rows ask for, by base code; `faults` non-empty means that nothing is written."""

    faults: list[Fault] = field(default_factory=list)
    new_bases: dict[str, TrainingBase] = field(default_factory=dict)
    changed_bases: dict[str, TrainingBase] = field(default_factory=dict)
    new_specialties: list[SpecialtyBase] = field(default_factory=list)
    changed_specialties: list[SpecialtyBase] = field(default_factory=list)
    unchanged: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Numbers in words' order: what the preview and the audit log say."""
        return {
            "新增基地": len(self.new_bases),
            "修改基地": len(self.changed_bases),
            "新增专业基地": len(self.new_specialties),
            "修改专业基地": len(self.changed_specialties),
            "无变化的行": self.unchanged,
        }

    @property
    def effects(self) -> list[Effect]:
        """What the file does to what is there already."""
        return effects(list(self.changed_bases.values()), self.changed_specialties)

    @property
    def changes_nothing(self) -> bool:
        return not (self.new_bases or self.changed_bases or self.new_specialties or self.changed_specialties)


def template() -> bytes:
    return write_template(
        COLUMNS,
        sheet_name="机构名录",
        notes=["一个基地有几个专业就填几行，基地的各列每行都填且一致。文件里没有的基地和专业保持不变。"],
        version="directory-1",
        text_rows=MOST_ROWS,
    )


def plan(sheet: Sheet) -> Plan:
    """Judge every row against the rules, the file itself and the directory; five queries, nothing is written."""
    made = Plan()
    known = _Known(sheet)
    seen: dict[str, tuple[dict, int]] = {}
    pairs: dict[tuple[str, str], int] = {}
    for line in sheet.lines:
        faults = sheet.told(line)
        facts = _facts(sheet, line, faults, known)
        years = _years(sheet, line, faults)
        if not faults:
            _agree(sheet, line, faults, facts, seen, pairs)
        made.faults += faults
        if not faults:
            _settle(made, facts, years, known)
    return made


class _Known:
    """What the directory holds of the file's bases, provinces and specialties."""

    def __init__(self, sheet: Sheet) -> None:
        codes = {line.cells.get("基地代码") for line in sheet.lines} - {None}
        names = {line.cells.get("培训基地") for line in sheet.lines} - {None}
        self.provinces: dict[str, Province] = {}
        for province in Province.objects.all():
            self.provinces |= dict.fromkeys([province.code, province.name, province.short_name], province)
        self.specialties: dict[str, Specialty] = {}
        for specialty in Specialty.objects.all():
            self.specialties |= {specialty.code: specialty, fold(specialty.name): specialty}
        self.bases = {base.code: base for base in TrainingBase.objects.filter(code__in=codes)}
        owners = TrainingBase.objects.filter(name__in=names).values_list("province_id", "name", "code")
        self.owners = {(province, name): code for province, name, code in owners}
        self._open_work: dict[int, str] = {}
        if any(line.cells.get("状态") == "停用" for line in sheet.lines):
            self._open_work = why_not_closed(self.bases.values())
        held = SpecialtyBase.objects.filter(base__code__in=codes).select_related("base", "specialty")
        self.held = {(row.base.code, row.specialty_id): row for row in held}

    def province(self, text: str) -> Province:
        if text not in self.provinces:
            raise ValueError(f"“{text}”不是省级单位。请填写名称或两位代码，例如“浙江省”。")
        return self.provinces[text]

    def open_work(self, base: TrainingBase) -> str:
        return self._open_work.get(base.pk, "")

    def specialty(self, text: str) -> Specialty:
        found = self.specialties.get(text.zfill(4)) or self.specialties.get(fold(text))
        if found is None:
            raise ValueError(f"“{text}”不在培训专业目录中。请填写目录中的名称或四位代码。")
        return found


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError("基地代码只能含字母、数字和短横线，至多 12 位。")
    return text


def _name(text: str) -> str:
    if len(text) > 100:
        raise ValueError("名称超过 100 个字。请缩短。")
    return text


def _state(text: str) -> bool:
    if text not in IN_USE:
        raise ValueError("请填写“在用”或“停用”。")
    return IN_USE[text]


def _year(text: str) -> int:
    year = number_of(text, _FIRST_YEAR, _LAST_YEAR)
    if year is None:
        raise ValueError(f"请填写 {_FIRST_YEAR} 至 {_LAST_YEAR} 之间的四位年份。")
    return year


def _facts(sheet: Sheet, line: Line, faults: list[Fault], known: _Known) -> dict[str, Any]:
    facts = {
        "province": sheet.checked(line, "省份", faults, known.province, "没有填写省份。请补填。"),
        "code": sheet.checked(line, "基地代码", faults, _code, "没有填写基地代码。请补填。"),
        "name": sheet.checked(line, "培训基地", faults, _name, "没有填写培训基地名称。请补填。"),
        "uscc": sheet.checked(line, "统一社会信用代码", faults, clean_uscc),
        "is_active": sheet.checked(line, "状态", faults, _state),
        "specialty": sheet.checked(line, "培训专业", faults, known.specialty),
    }
    if faults:
        return facts
    base, province = known.bases.get(facts["code"]), facts["province"]
    if base and base.province_id != province.pk:
        faults.append(sheet.fault(line, "省份", "该基地代码已属于另一个省，基地的省份不能修改。请核对代码。"))
    if base and base.is_active and facts["is_active"] is False and (reason := known.open_work(base)):
        faults.append(sheet.fault(line, "状态", reason))
    owner = known.owners.get((province.pk, facts["name"]))
    if owner not in (None, facts["code"]):
        text = f"本省已有同名的培训基地，代码为 {owner}。请核对代码或名称。"
        faults.append(sheet.fault(line, "培训基地", text))
    return facts


def _years(sheet: Sheet, line: Line, faults: list[Fault]) -> tuple[int | None, int | None]:
    start = sheet.checked(line, "起始招收年份", faults, _year)
    end = sheet.checked(line, "终止招收年份", faults, _year)
    if (start or end) and line.cells.get("培训专业") is None:
        faults.append(sheet.fault(line, "培训专业", "填写了年份而没有填写培训专业。请补填专业或删去年份。"))
    if start and end and end < start:
        faults.append(sheet.fault(line, "终止招收年份", "终止年份早于起始年份。请核对。"))
    return start, end


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return next(words for words, meaning in IN_USE.items() if meaning is value)
    return str(value or "空")


def _agree(sheet: Sheet, line: Line, faults: list[Fault], facts: dict, seen: dict, pairs: dict) -> None:
    """Rows of one base tell the same of it, no specialty comes twice, no two bases of a province share a name."""
    code, told = facts["code"], {name: facts[name] for name in _OF_BASE}
    first, row = seen.setdefault(code, (told, line.number))
    for name in (name for name in told if told[name] != first[name]):
        text = f"与第 {row} 行的同一基地不一致，那里是“{_shown(first[name])}”。请改为一致。"
        faults.append(sheet.fault(line, _OF_BASE[name], text))
    other, row = seen.setdefault(f"{facts['province'].pk} {facts['name']}", (code, line.number))
    if other != code:
        faults.append(sheet.fault(line, "培训基地", f"与第 {row} 行的另一基地同名。请核对代码或名称。"))
    key = (code, facts["specialty"].pk if facts["specialty"] else "")
    if (row := pairs.setdefault(key, line.number)) != line.number:
        faults.append(sheet.fault(line, "培训专业", f"与第 {row} 行重复。请删去其中一行。"))


def _settle(made: Plan, facts: dict, years: tuple[int | None, int | None], known: _Known) -> None:
    code = facts["code"]
    base = made.new_bases.get(code) or known.bases.get(code)
    changed = False
    if base is None:
        base = TrainingBase(
            code=code,
            name=facts["name"],
            province=facts["province"],
            name_key=pinyin_key(facts["name"]),
            uscc=facts["uscc"] or "",
            is_active=facts["is_active"] is not False,
        )
        made.new_bases[code], changed = base, True
    elif code not in made.new_bases:
        changed = _differs(base, facts)
        if changed:
            made.changed_bases[code] = base
    if facts["specialty"]:
        changed |= _settle_specialty(made, base, facts["specialty"], years, known)
    made.unchanged += not changed


def _differs(base: TrainingBase, facts: dict) -> bool:
    """Bring the base to what the row says; empty cells say nothing."""
    said = {name: facts[name] for name in ("name", "uscc", "is_active") if facts[name] is not None}
    changed = any(getattr(base, name) != value for name, value in said.items())
    for name, value in said.items():
        setattr(base, name, value)
    base.name_key = pinyin_key(base.name)
    return changed


def _settle_specialty(
    made: Plan, base: TrainingBase, specialty: Specialty, years: tuple[int | None, int | None], known: _Known
) -> bool:
    held = known.held.get((base.code, specialty.pk))
    years = years[0] or (held.valid_from if held else _FIRST_YEAR), years[1]
    if held is None:
        made.new_specialties.append(
            SpecialtyBase(base=base, specialty=specialty, valid_from=years[0], valid_to=years[1])
        )
        return True
    if (held.valid_from, held.valid_to) == years:
        return False
    held.valid_from, held.valid_to = years
    made.changed_specialties.append(held)
    return True


def apply(made: Plan, *, by: User) -> None:
    """Write the plan in one transaction; the caller has seen that it has no faults."""
    with transaction.atomic():
        changed = {base.pk: base.name for base in made.changed_bases.values()}
        former = TrainingBase.objects.filter(pk__in=changed).values_list("pk", "name")
        announce_names({pk: name for pk, name in former if name != changed[pk]})
        TrainingBase.objects.bulk_create(made.new_bases.values())
        TrainingBase.objects.bulk_update(
            made.changed_bases.values(), ["name", "name_key", "uscc", "is_active"]
        )
        _bind(made.new_specialties)
        SpecialtyBase.objects.bulk_create(made.new_specialties)
        SpecialtyBase.objects.bulk_update(made.changed_specialties, ["valid_from", "valid_to"])
        for held in made.changed_specialties:
            announce(held)
        audit.record("import_directory", by=by, rows=sum(made.counts.values()), counts=made.counts)


def _bind(rows: Iterable[SpecialtyBase]) -> None:
    """The new bases have their keys only now."""
    for row in rows:
        row.base = row.base
