"""Cross tables as lines of a page whose every number leads to its records."""

from collections.abc import Mapping
from urllib.parse import urlencode

from review.statistics.cross_table import CrossTable


def linked_lines(table: CrossTable, address: str, asked: Mapping[str, str]) -> list[dict]:
    """The rows of the page: name, cells as (number, address of its people), total with its address, and beside the
    total who has ended; last who is on the way to another place (AM-32)."""

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
