"""The rows before and after one in the order of a list, for “上一条” and “下一条” (GOAL-B17, GOAL-P10)."""

from typing import Any

from django.db.models import Model, Q, QuerySet


def beyond(row: Any, column: str, direction: str) -> Q:
    """The rows on one side ("lt" or "gt") of this one, by the column and the primary key; in a prepared query of what
    stands for it."""
    here = getattr(row, column)
    return Q(**{f"{column}__{direction}": here}) | Q(**{column: here, f"pk__{direction}": row.pk})


def neighbours(
    found: QuerySet, row: Model, column: str, *, descending: bool = False, give: str = "pk"
) -> tuple[Any | None, Any | None]:
    """What stands before and after the row in the list ordered by the column and the primary key, of each its `give`.

    The row itself may have left the list: what was just worked off does.
    """
    order = (f"-{column}", "-pk"), (column, "pk")
    less, more = (
        found.filter(beyond(row, column, direction)).order_by(*by).values_list(give, flat=True).first()
        for direction, by in zip(("lt", "gt"), order, strict=True)
    )
    return (more, less) if descending else (less, more)
