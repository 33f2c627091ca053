"""带检查结果的文件: the uploaded workbook as a download, with its faults marked in the cells."""

from collections import defaultdict
from typing import Any

from bases.imports.batch import State, local_copy, read_copy
from bases.models import ImportBatch, ImportRow
from bases.workbooks.kinds import workbook_of
from bases.workbooks.rows import shown
from portal.sheets.annotation import annotate
from portal.sheets.reading import Table
from portal.sheets.values import CellError, DamagedNumber

_WORDS: dict[str, tuple[str, str]] = {
    ImportRow.Verdict.CREATE: ("将新增", "已新增"),
    ImportRow.Verdict.UPDATE: ("将更新", "已更新"),
}


def annotated_copy(batch: ImportBatch) -> bytes:
    """The user's own workbook with coloured cells, comments and a status column (GOAL-B5). Raises SheetRefused."""
    errors: dict[int, dict[str, list[str]]] = {}
    warnings: dict[int, dict[str, list[str]]] = {}
    statuses: dict[int, str] = {}
    waiting = set(batch.rows.waiting().values_list("pk", flat=True))
    for row in batch.rows.all():
        is_done = batch.state == State.APPLIED and row.pk not in waiting
        for problem in row.problems:
            side = warnings if problem["is_warning"] else errors
            texts = side.setdefault(row.sheet_row, defaultdict(list))
            texts[problem["header"]].append(problem["text"] + problem["repair"])
        if row.verdict == ImportRow.Verdict.UNCHANGED:
            statuses[row.sheet_row] = workbook_of(batch).resource.unchanged_word
        elif row.verdict in _WORDS:
            statuses[row.sheet_row] = _WORDS[row.verdict][is_done]
    for number in (each for told in batch.ignored_headers for each in told.get("left_out", ())):
        statuses[number] = "已选择不导入"
    with local_copy(batch) as path:
        table = read_copy(batch, path)
        return annotate(
            path,
            table,
            errors,
            warnings=warnings,
            statuses=statuses,
            corrections=_corrections(batch, table),
        )


def _corrections(batch: ImportBatch, table: Table) -> dict[int, dict[str, str]]:
    """What was typed in the page in place of what the file holds, by row number and header (GOAL-B5, GOAL-B7)."""
    corrected = {row.sheet_row: row for row in batch.rows.exclude(corrected_at=None)}
    found = {
        number: {
            header: corrected[number].raw.get(header, "")
            for header, value in line.items()
            if _is_replaced(corrected[number], header, value)
        }
        for number, line in table.records()
        if number in corrected
    }
    return {number: changed for number, changed in found.items() if changed}


def _is_replaced(row: ImportRow, header: str, value: Any) -> bool:
    """A cell that could not be read is replaced, too, where the page took over what is seen in it."""
    if isinstance(value, CellError | DamagedNumber):
        found = (each["code"] for each in row.problems if each["header"] == header)
        return not any(
            code in ("number_damaged", "number_rounded") or code.startswith("cell_") for code in found
        )
    return row.raw.get(header, "") != shown(value)
