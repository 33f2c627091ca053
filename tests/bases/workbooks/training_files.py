"""Training workbooks as the tests send them: the template of some records with cells changed."""

import io

import openpyxl

from bases.models import ImportBatch
from bases.workbooks.training_resource import training_template
from residents.models import Enrollment


def edited(content: bytes, changes: dict[tuple[int, str], str]) -> bytes:
    """The template with cells changed: (line from 1, header) → text."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for (line, header), text in changes.items():
        sheet.cell(line + 1, columns[header]).value = text
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def template(rows, base, module: str = "intake") -> bytes:
    records = Enrollment.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    return training_template(
        records.select_related("resident", "base", "specialty"), module=module, base=base
    )


def verdicts(batch: ImportBatch) -> list[str]:
    return list(batch.rows.order_by("sheet_row").values_list("verdict", flat=True))


def codes(batch: ImportBatch, line: int = 1) -> list[tuple[str, str]]:
    row = batch.rows.get(sheet_row=line + 1)
    return [(problem["header"], problem["code"]) for problem in row.problems if not problem["is_warning"]]
