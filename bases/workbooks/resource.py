"""One django-import-export Resource per workbook: its columns are the template's, the import's and the export's.

The library declares and exports; rows are judged by residents.rules and applied set-wise
(bases/workbooks/rows.py), because its own import looks up the whole table, turns a repeated line into an update and
loses the link from error to row.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from import_export import fields, resources, widgets

from bases.models import TrainingBase
from bases.workbooks.synonyms import synonyms_of
from portal.sheets.values import CellError, DamagedNumber
from portal.sheets.writing import Column, write_template
from residents.catalogue.catalogue import Problem
from residents.codes import CODE_LISTS
from residents.models import Enrollment
from residents.rules.fields import Field, Problems, clean_value, read_values
from residents.rules.text import number_lost
from residents.words import in_words

_WIDTHS = {"full_name": 20, "id_type": 24, "id_number": 24, "mobile": 16, "intake_year": 12}


class RuleWidget(widgets.Widget):
    """A cell of one field of the dictionary: judged by the rules, worded as they word it."""

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
    @cache
    def synonyms(cls) -> dict[str, str]:
        """{other word: header} of the words a file may have for a header."""
        return synonyms_of(cls.rule_fields())

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
        """The words that a column offers, in the template and in the page; none where anything is allowed. `base` and
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
        return number_lost(cell.shown)
    return Problem(f"cell_{cell.kind}", cell.text, cell.repair)
