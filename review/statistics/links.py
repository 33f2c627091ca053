"""Cross tables as lines of a page whose every number leads to its records."""

from collections.abc import Mapping
from urllib.parse import urlencode

from review.statistics.cross_table import CrossTable


def linked_lines(table: CrossTable, address: str, asked: Mapping[str, str]) -> list[dict]:
    """The rows of the page: name, cells as (number, address of its records), total with its address."""

    def link(**more: str) -> str:
        return f"{address}?{urlencode({**asked, **more})}"

    lines = []
    for value, name in table.row_names.items():
        row = {table.rows.key: value}
        cells = [
            (table.cells[value].get(column, 0), link(**row, **{table.columns.key: column}))
            for column in table.column_names
        ]
        lines.append({"name": name, "cells": cells, "total": table.row_totals[value], "link": link(**row)})
    sums = [
        (table.column_totals[column], link(**{table.columns.key: column})) for column in table.column_names
    ]
    lines.append({"name": "合计", "cells": sums, "total": table.total, "link": link(), "is_total": True})
    return lines
