"""Cross tables as lines of a page whose every number leads to its records."""

from collections.abc import Mapping
from urllib.parse import urlencode

from review.figures import shares
from review.statistics.cross_table import CrossTable


def linked_lines(table: CrossTable, address: str, asked: Mapping[str, str], shown: str = "") -> list[dict]:
    """The rows of the page: name, cells as (number, address of its people), total with its address, and beside the
    total who has ended; last who is on the way to another place (AM-32), both always as numbers. `shown`: the others in
    percent of their row or column (GOAL-P13)."""

    def link(**more: str) -> str:
        return f"{address}?{urlencode({**asked, **more})}"

    ended, waiting = table.ended, table.waiting
    lines = []
    for value, name in table.row_names.items():
        row = {table.rows.key: value}
        cells = [
            (table.cells[value].get(column, 0), link(**row, **{table.columns.key: column}))
            for column in table.column_names
        ]
        line = {"name": name, "cells": cells, "total": table.row_totals[value], "link": link(**row)}
        if ended:
            line["ended"] = (ended.by_row.get(value, 0), link(**row, source=ended.source))
        lines.append(line)
    sums = [
        (table.column_totals[column], link(**{table.columns.key: column})) for column in table.column_names
    ]
    line = {"name": "合计", "cells": sums, "total": table.total, "link": link(), "is_total": True}
    if ended:
        line["ended"] = (ended.total, link(source=ended.source))
    lines.append(line)
    if shown:
        _in_percent(lines, shown)
    if waiting:
        cells = [
            (waiting.by_column.get(column, 0), link(**{table.columns.key: column}, source=waiting.source))
            for column in table.column_names
        ]
        lines.append(
            {
                "name": waiting.name,
                "cells": cells,
                "total": waiting.total,
                "link": link(source=waiting.source),
                "is_beside": True,
            }
        )
    return lines


def _in_percent(lines: list[dict], by: str) -> None:
    """Each number as its share; nothing leads nowhere."""
    numbers = [[*(number for number, _ in line["cells"]), line["total"]] for line in lines]
    for line, row, told in zip(lines, numbers, shares(numbers, by), strict=True):
        line["cells"] = [
            (share, link if number else "")
            for share, number, (_, link) in zip(told, row, line["cells"], strict=False)
        ]
        line["total"], line["link"] = told[-1], line["link"] if row[-1] else ""
