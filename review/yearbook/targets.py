"""任务和录取 by workbook, a row a base and specialty; all or nothing (GOAL-N11)."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from bases.models import Specialty, TrainingBase
from bases.scope import bases_for
from portal import audit
from portal.models import User
from portal.parameters import number_of
from portal.roles import Action
from portal.sheets.writing import Column, write_template
from residents.codes.code_list import fold
from review.models import IntakeTarget
from review.sheets import Fault, Line, Sheet

MOST_ROWS = 20_000
COLUMNS = (
    Column("年度", 10, required=True, rule="四位年份。", example="2026"),
    Column("培训基地", 34, required=True, rule="全称或基地代码。", example="33001"),
    Column("培训专业", 24, required=True, rule="专业名称或四位代码。", example="内科"),
    Column("任务数", 10, required=True, rule="该基地该专业本年度的招收任务。", example="30"),
    Column("录取数", 10, rule="已录取的人数；还没有的留空。", example="28"),
)


@dataclass(slots=True)
class Plan:
    """What the rows say; `faults` non-empty means that nothing is written."""

    faults: list[Fault] = field(default_factory=list)
    targets: dict[tuple[int, int, str], IntakeTarget] = field(default_factory=dict)


def template() -> bytes:
    notes = ["一个基地一个专业一行；再次上传同一年度、基地和专业的，以新的为准。文件里没有的保持不变。"]
    return write_template(
        COLUMNS, sheet_name="任务和录取", notes=notes, version="targets-1", text_rows=MOST_ROWS
    )


def plan(sheet: Sheet, *, by: User) -> Plan:
    """Judge every row; three queries, nothing is written."""
    made = Plan()
    names = {line.cells.get("培训基地") for line in sheet.lines} - {None}
    own = bases_for(by, Action.MANAGE_STAFF)
    bases: dict[str, TrainingBase] = {}
    for base in (*own.filter(name__in=names), *own.filter(code__in=names)):
        bases |= {base.name: base, base.code: base}
    specialties: dict[str, str] = {}
    for code, name in Specialty.objects.values_list("code", "name"):
        specialties |= {code: code, fold(name): code}

    def base_of(text: str) -> TrainingBase:
        if text not in bases:
            raise ValueError(f"没有名称或代码为“{text}”的本省培训基地。请核对。")
        return bases[text]

    def specialty_of(text: str) -> str:
        found = specialties.get(text.zfill(4)) or specialties.get(fold(text))
        if found is None:
            raise ValueError(f"“{text}”不在培训专业目录中。请填写目录中的名称或四位代码。")
        return found

    for line in sheet.lines:
        faults = sheet.told(line)
        values: dict[str, Any] = {
            "year": sheet.checked(line, "年度", faults, _year, "没有填写年度。请补填。"),
            "base": sheet.checked(line, "培训基地", faults, base_of, "没有填写培训基地。请补填。"),
            "specialty_id": sheet.checked(
                line, "培训专业", faults, specialty_of, "没有填写培训专业。请补填。"
            ),
            "planned": sheet.checked(line, "任务数", faults, _number, "没有填写任务数。请补填。"),
            "admitted": sheet.checked(line, "录取数", faults, _number),
        }
        if not faults:
            _keep(made, sheet, line, values, faults, by)
        made.faults += faults
    return made


def _keep(
    made: Plan, sheet: Sheet, line: Line, values: dict[str, Any], faults: list[Fault], by: User
) -> None:
    key = (values["year"], values["base"].pk, values["specialty_id"])
    if key in made.targets:
        faults.append(
            sheet.fault(line, "培训专业", "同一年度、基地和专业在文件中出现了两次。请删去其中一行。")
        )
    else:
        made.targets[key] = IntakeTarget(**values, set_by=by)


def _year(text: str) -> int:
    year = number_of(text, 2014, 2099)
    if year is None:
        raise ValueError("请填写 2014 至 2099 之间的四位年份。")
    return year


def _number(text: str) -> int:
    number = number_of(text, 0, 100_000)
    if number is None:
        raise ValueError("请填写 0 至 100000 之间的整数。")
    return number


def apply(made: Plan, *, by: User) -> int:
    """Write a plan without faults; how many rows."""
    with transaction.atomic():
        IntakeTarget.objects.bulk_create(
            made.targets.values(),
            update_conflicts=True,
            unique_fields=["year", "base", "specialty"],
            update_fields=["planned", "admitted", "set_by", "set_at"],
        )
        audit.record("import_targets", by=by, rows=len(made.targets))
    return len(made.targets)
