"""One django-import-export Resource per workbook: its columns are the template's, the import's and the export's.

The library declares and exports; rows are judged by residents.rules and applied set-wise (bases/workbooks/rows.py), because
its own import looks up the whole table, turns a repeated line into an update and loses the link from error to row.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from import_export import fields, resources, widgets

from bases.models import TrainingBase
from portal.sheets.values import CellError, DamagedNumber
from portal.sheets.writing import Column, write_template
from residents.catalogue.catalogue import Problem, problem
from residents.codes import CODE_LISTS
from residents.models import Enrollment
from residents.rules import account
from residents.rules.fields import Field, Problems, clean_value, read_values
from residents.words import in_words

_WIDTHS = {"full_name": 20, "id_type": 24, "id_number": 24, "mobile": 16, "intake_year": 12}


class RuleWidget(widgets.Widget):
    """A cell of one field of the dictionary: judged by the rules, shown in their words."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field

    def clean(self, value: Any, row: Mapping | None = None, **kwargs: Any) -> Any:
        """The stored value. Raises residents.rules Invalid, a ValueError, with what is wrong and the repair step."""
        return clean_value(self.field, value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return in_words(self.field, value, masked=False)


def column(field: Field, attribute: str | None = None) -> fields.Field:
    """The column of one field, under its label; `attribute` is where an Enrollment keeps the value."""
    return fields.Field(attribute or field.name, column_name=field.label, widget=RuleWidget(field))


class WorkbookResource(resources.Resource):
    """A workbook's columns, and what follows from them: headers, template, reading of a row, export."""

    title = ""
    version = ""
    # What a row is called that would change nothing.
    unchanged_word = "已存在，未重复导入"

    @classmethod
    def optional_headers(cls) -> list[str]:
        """Headers a file may lack; the others must be there."""
        return []

    @classmethod
    @cache
    def rule_fields(cls) -> tuple[Field, ...]:
        return tuple(each.widget.field for each in cls.fields.values())

    @classmethod
    def headers(cls) -> list[str]:
        return [each.column_name for each in cls.fields.values()]

    @classmethod
    def read(
        cls,
        record: Mapping[str, Any],
        *,
        is_1904: bool = False,
        known: dict[tuple[str, str], Any] | None = None,
    ) -> tuple[dict[str, Any], Problems]:
        """Clean values of one row by field name, and the problems of cells that could not be read; `known` is the
        memory of one file (residents.rules.fields.read_values)."""
        raw: dict[str, Any] = {}
        unreadable: Problems = {}
        for field in cls.rule_fields():
            if field.label not in record:
                continue
            value = record[field.label]
            if type(value) is not str and isinstance(value, CellError | DamagedNumber):
                unreadable[field.name] = [cell_problem(value)]
            else:
                raw[field.name] = value
        values, problems = read_values(cls.rule_fields(), raw, is_1904=is_1904, known=known)
        return values, problems | unreadable

    @classmethod
    def choices(
        cls, field: Field, base: TrainingBase | None = None, years: Collection[int] = ()
    ) -> list[str]:
        """The words that a column offers, in the template and in the page; none where anything may stand. `base` and
        the intake `years` of the rows narrow them."""
        if field.kind == "bool":
            return [in_words(field, True), in_words(field, False)]
        return list(CODE_LISTS[field.codes].offered.values()) if field.codes else []

    @classmethod
    def clearing(cls, field: Field) -> list[str]:
        """The word that empties what is stored, for a field whose blank cell keeps it."""
        return []

    @classmethod
    def template(
        cls, rows: Iterable[Sequence[Any]] = (), *, examples: Mapping[str, str], notes: Sequence
    ) -> bytes:
        """The .xlsx template, filled with `rows`; `examples` by field name, where the field's own won't do, and
        `notes` go to the notes sheet."""
        columns = [
            Column(
                field.label,
                width=_WIDTHS.get(field.name, 18),
                required=field.required,
                rule=field.help,
                example=examples.get(field.name, field.example),
                comment=field.help,
                choices=cls.choices(field),
            )
            for field in cls.rule_fields()
        ]
        return write_template(columns, rows, sheet_name=cls.title, notes=notes, version=cls.version)

    def rows(self, enrollments: Iterable[Enrollment]) -> Iterator[list[str]]:
        """One list of texts per enrollment, for export under `headers`: what the template takes back."""
        for enrollment in enrollments:
            yield self.export_resource(enrollment)


class AccountResource(WorkbookResource):
    """账号模板: exactly five columns (BR-43)."""

    title = "账号模板"
    version = "账号模板 1"

    intake_year = column(account.INTAKE_YEAR)
    full_name = column(account.FULL_NAME, "resident__full_name")
    id_type = column(account.ID_TYPE, "resident__id_type")
    id_number = column(account.ID_NUMBER, "resident__id_number")
    mobile = column(account.MOBILE, "resident__mobile")


def account_template(*, cycle_year: int, module: str) -> bytes:
    """The empty account template of one module (BR-27): text cells, a list on 证件类型, the sheet 填写说明."""
    if module == "registry":
        example, years = cycle_year - 1, f"{account.FIRST_REGISTRY_YEAR}至{cycle_year - 1}"
        purpose = f"补录漏报的往年住院医师（住院医师信息管理），招收年份为{years}。"
    else:
        example = cycle_year
        purpose = f"导入{cycle_year}年招收的住院医师（招收信息管理），招收年份填{cycle_year}。"
    examples = {
        "intake_year": str(example),
        "id_type": "居民身份证",
    }
    notes = [
        f"用途：{purpose}",
        "一行一人，一次最多5000行。列的先后可以调整，请不要改动表头文字。",
        "所有单元格请保持文本格式：证件号如按数字输入，表格软件会丢失末尾数字，该行会被退回。",
        "证件号就是住院医师的登录账号，导入后证件类型和证件号不能修改。",
        "已在其他培训基地“在培”“延期”“暂停”“结束”的住院医师不能导入；转入的请先由原基地改为“退培”。",
        [("证件类型", "代码", "号码格式"), *_id_type_lines()],
    ]
    return AccountResource.template(examples=examples, notes=notes)


_NUMBER_FORMATS = {
    "01": "18位，末位可为X；15位旧号码会自动换算为18位",
    "03": "5至17位字母或数字",
    "04": "“×字第××××号”，或6至20位字母或数字",
    "06": "H 或 M 加8位或10位数字",
    "07": "8位数字，或10至12位字母或数字",
    "08": "18位，以810000或820000开头",
    "09": "18位，以830000开头",
    "10": "3个字母加12位数字，或以9开头的18位",
    "99": "1至20位；有身份证、护照等证件的请不要选此项",
}


def _id_type_lines() -> list[tuple[str, str, str]]:
    offered = CODE_LISTS["id_type"].offered
    return [(name, code, _NUMBER_FORMATS[code]) for code, name in offered.items()]


# Titles under which faults of the cell itself are grouped; the texts are the reader's own.
CELL_FAULTS = {
    "formula_error": "公式出错",
    "no_cached_value": "公式没有计算结果",
    "control_character": "含有看不见的控制字符",
    "too_long": "文字过长",
    "duration": "单元格是时长格式",
    "not_a_number": "数值无法识别",
    "merged": "合并单元格",
}


def cell_problem(cell: CellError | DamagedNumber) -> Problem:
    """What is wrong with a cell that has no usable value."""
    if isinstance(cell, DamagedNumber):
        return problem("number_damaged", value=cell.shown)
    return Problem(f"cell_{cell.kind}", cell.text, cell.repair)
