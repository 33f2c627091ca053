"""培训信息模板: its columns, the template filled with the base's records, reading a row back (BR-29, BR-35, BR-56,
BR-81)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from bases.models import TrainingBase
from bases.workbooks.resource import WorkbookResource, column
from portal.sheets.writing import Column, write_template
from residents.codes import CODE_LISTS
from residents.codes.training import REASONS_OF_STATUS, offered_reasons
from residents.field_words import example_of, need_in_words, rule_in_words
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.rules import status, training
from residents.rules.fields import Field, Problems
from residents.services.training import accredited_specialties
from residents.snapshot import values_of
from residents.words import in_words

# A blank cell keeps what is stored; this word empties it (GOAL-B12).
CLEAR = "清空"
MATCH = tuple(field.name for field in training.MATCH_FIELDS)
_IDENTITY = {"full_name", "id_type", "id_number"}
_STATUS_LABEL = next(field.label for field in status.FIELDS if field.name == "status")
_WIDTHS = {
    "id_number": 24,
    "id_type": 20,
    "specialty": 22,
    "trainee_type": 26,
    "sponsor_name": 28,
    "remark": 30,
}


class TrainingResource(WorkbookResource):
    """The columns of both modules' templates; a file needs only those that find the record."""

    unchanged_word = "没有变化，未作修改"

    @classmethod
    def optional_headers(cls) -> list[str]:
        return [field.label for field in cls.rule_fields() if field.name not in MATCH]

    @classmethod
    def read_row(
        cls,
        record: Mapping[str, Any],
        *,
        is_1904: bool = False,
        known: dict[tuple[str, str], Any] | None = None,
    ) -> tuple[dict[str, Any], Problems]:
        """What a row gives, by field: blank cells are absent, 清空 is None. And the problems of unreadable cells.
        `known` is the memory of one file."""
        cleared = {
            header for header, value in record.items() if type(value) is str and value.strip() == CLEAR
        }
        if cleared:
            record = {header: value for header, value in record.items() if header not in cleared}
        values, problems = cls.read(record, is_1904=is_1904, known=known)
        given = {name: value for name, value in values.items() if value is not None}
        if cleared:
            given |= {field.name: None for field in cls.rule_fields() if field.label in cleared}
        return given, problems

    @classmethod
    def choices(
        cls, field: Field, base: TrainingBase | None = None, years: Collection[int] = ()
    ) -> list[str]:
        """Of the specialties only those this base was accredited for in these intake years (GOAL-B1)."""
        offered = super().choices(field)
        if field.name != "specialty" or base is None:
            return offered
        codes = set().union(
            *(training.still_open(accredited_specialties(base, year), year) for year in years)
        )
        return [name for code, name in CODE_LISTS["specialty"].offered.items() if code in codes]

    @classmethod
    def clearing(cls, field: Field) -> list[str]:
        return [CLEAR] if field in training.FIELDS and field.owner == "base" else []

    def rows(self, enrollments: Iterable[Enrollment]) -> Iterator[list[str]]:
        """One line a record, as the template takes it back; the details of a status are asked only at a change."""
        fields = self.rule_fields()
        for enrollment in enrollments:
            values = values_of(enrollment, "training") | {"status": enrollment.status}
            values |= {name: getattr(enrollment.resident, name) for name in _IDENTITY}
            # What follows from start and years stays blank: a stale date in the file would undo what follows from them
            # when the same file is sent again (GOAL-B10).
            if values.get("planned_end_date") == training.derived(values).get("planned_end_date"):
                values["planned_end_date"] = None
            yield [in_template(field, values.get(field.name)) for field in fields]


def _reasons() -> dict[str, list[str]]:
    """Which reasons a status has: the list of 变更原因 follows what is chosen in 培训状态 (GOAL-B1)."""
    offered = {CODE_LISTS["status"].label(code): offered_reasons(code) for code in REASONS_OF_STATUS}
    return {status: list(reasons.values()) for status, reasons in offered.items() if reasons}


def in_template(field: Field, value: Any) -> str:
    """A stored value as it is written into the template and read back."""
    return in_words(field, value, masked=False)


def _resource(name: str, title: str, fields: Iterable[Field]) -> type[TrainingResource]:
    columns = {field.name: column(field) for field in fields}
    return type(name, (TrainingResource,), {"title": title, "version": f"{title} 1", **columns})


# The registry's template also carries the training status (BR-35, BR-81).
RESOURCES: dict[str, type[TrainingResource]] = {
    Module.INTAKE: _resource("IntakeTraining", "培训信息模板", training.TEMPLATE_FIELDS),
    Module.REGISTRY: _resource(
        "RegistryTraining", "培训信息和培训状态模板", (*training.TEMPLATE_FIELDS, *status.TEMPLATE_FIELDS)
    ),
}


def _template_column(field: Field, choices: list[str]) -> Column:
    is_reason = field.name == "reason"
    return Column(
        field.label,
        width=_WIDTHS.get(field.name, 16),
        required=field.name in MATCH or _need(field) == "上报前必填",
        rule=_rule(field, choices),
        need=_need(field),
        example=example_of(field, choices),
        choices=_reasons() if is_reason else choices,
        depends_on=_STATUS_LABEL if is_reason else None,
    )


def _need(field: Field) -> str:
    if field.name in MATCH:
        return "必填"
    if field.owner == "locked":
        return "选填"
    if field in status.FIELDS and not (field.asked or field.needed):
        return f"变更{_STATUS_LABEL}时必填"
    return need_in_words(field)


def _rule(field: Field, choices: list[str]) -> str:
    """What the column takes here, where persons and intake years are only compared with what is on file."""
    if field.name in MATCH or field.owner == "locked":
        return "须与系统中的一致，用来找到记录，不能修改。"
    if field.name == "reason":
        return f"从下拉列表中选择，可选的原因随“{_STATUS_LABEL}”而定。其他情况留空。"
    return rule_in_words(field, choices)


def training_template(enrollments: Iterable[Enrollment], *, module: str, base: TrainingBase) -> bytes:
    """The template filled with these records: the export of a list is what the import takes (GOAL-B12)."""
    resource = RESOURCES[module]
    enrollments = list(enrollments)
    lines = list(resource().rows(enrollments))
    years = {each.intake_year for each in enrollments}
    columns = [
        _template_column(field, resource.choices(field, base, years)) for field in resource.rule_fields()
    ]
    notes = [
        f"用途：填写、更新“{Module(module).label}”中已有住院医师的培训信息。一行一人，不能用来添加住院医师。",
        "系统按证件类型和证件号找到记录；姓名必须与系统一致。招收年度、培训基地不能修改。",
        f"空白的单元格保持原内容不变；要清空某项，请填“{CLEAR}”。没有改动的行不会写入，也不影响上报状态。",
        "“上报前必填”和符合条件时必填的列可以分几次填写，上报前须填齐；标明其他情况留空的列，不符合条件时请不要填写。",
        "“预计培训结束时间”留空时按开始时间加核定年限计算。日期写成 2019-09-01。",
    ]
    if module == Module.REGISTRY:
        notes.append(
            "培训专业不能修改。变更培训状态时改“培训状态”一列，并填写其后的变更日期、原因和明细；不变更的留空。"
        )
    return write_template(
        columns,
        lines,
        sheet_name=resource.title,
        notes=notes,
        version=resource.version,
        text_rows=max(len(lines), 1),
    )
