"""The user's own workbook back, with the faults marked in it."""

import base64
import os
from collections.abc import Iterable, Mapping

from portal.sheets.headers import STATUS_HEADER
from portal.sheets.reading import MAX_BYTES, Table, run_child
from portal.sheets.refusals import SheetRefused

# Row number -> {header: text or texts}; the header "" means the whole row.
Faults = Mapping[int, Mapping[str, str | Iterable[object]]]

_MAX_COMMENT = 1_000
_WALL_SECONDS = 15
_REBUILT = (
    "原文件过大或含有系统不能改写的内容。本文件只保留各单元格的内容，没有保留格式、下拉列表、公式和批注。"
)


def annotate(
    source_path: str | os.PathLike[str],
    table: Table,
    problems: Faults,
    *,
    warnings: Faults | None = None,
    statuses: Mapping[int, str] | None = None,
    corrections: Mapping[int, Mapping[str, str]] | None = None,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """A copy of the uploaded file as .xlsx bytes, with its sheets in their order and every cell as it was.

    `table` is what `read_table` gave for this file. `problems` and `warnings` map row numbers to
    {header: text or list of texts}; the key "" means the whole row. Bad cells are coloured and carry a comment,
    and a column 检查结果 says all of it in words; `statuses` (row number → text) fills that column for other rows.
    `corrections` (row number → {header: text}) replace in the copy what the file holds.
    An .xls, .ods or .csv, and an .xlsx too odd to be edited, comes back as a new .xlsx with the same cells, which
    says so. Raises SheetRefused.
    """
    warnings = warnings or {}
    request = {
        "path": os.path.abspath(source_path),
        "max_bytes": max_bytes,
        "sheet_name": table.sheet_name,
        "header_row": table.header_row,
        "headers": [text for _, text in table.headers],
        "status_header": STATUS_HEADER,
        "marks": [*_marks(table, problems, "error"), *_marks(table, warnings, "warning")],
        "corrections": [
            (row, table.letter(header), text)
            for row, by_header in (corrections or {}).items()
            for header, text in by_header.items()
        ],
        "results": list(_results(problems, warnings, statuses or {}).items()),
    }
    if table.kind == "xlsx":
        try:
            return _ask(request | {"edit": True})
        except SheetRefused:  # openpyxl gave up or ran out of its limits
            return _ask(request | {"edit": False, "notice": _REBUILT})
    return _ask(request | {"edit": False, "notice": ""})


def _ask(request: dict[str, object]) -> bytes:
    return base64.b64decode(run_child("portal.sheets.annotation_child", request, _WALL_SECONDS))


def _marks(table: Table, by_row: Faults, level: str) -> list[tuple[int, str, str, str]]:
    """(row, column letters, text, level) of every fault that belongs to a cell."""
    return [
        (row, letters, "\n".join(_as_list(texts))[:_MAX_COMMENT], level)
        for row, by_header in by_row.items()
        for header, texts in by_header.items()
        if texts and (letters := table.letter(header))
    ]


def _results(problems: Faults, warnings: Faults, statuses: Mapping[int, str]) -> dict[int, str]:
    """Row number → words of the status column."""
    results = {row: [text] for row, text in statuses.items()}
    for row, by_header in problems.items():
        results[row] = [_words(header, texts) for header, texts in by_header.items() if texts]
    for row, by_header in warnings.items():
        words = [f"提醒：{_words(header, texts)}" for header, texts in by_header.items() if texts]
        results[row] = results.get(row, []) + words
    return {row: "\n".join(words) for row, words in results.items()}


def _as_list(texts: str | Iterable[object]) -> list[str]:
    return [texts] if isinstance(texts, str) else [str(text) for text in texts]


def _words(header: str, texts: str | Iterable[object]) -> str:
    joined = "".join(_as_list(texts))
    return f"{header}：{joined}" if header else joined
