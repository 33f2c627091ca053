"""Thousands of rows in one statement: COPY into a table, and INSERT … SELECT that spells out every column.

Tracked tables are filled from a temporary one by INSERT … SELECT: COPY goes past Django's cursor wrapper, so rows
copied straight into them would enter the history without the person who acted.
"""

import csv
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import Model

_NULL = "\\N"


def copy_into(
    cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows to a table by COPY. None is NULL; any other value is written as its text."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerows([_NULL if value is None else value for value in row] for row in rows)
    text.seek(0)
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN (FORMAT csv, NULL '{_NULL}')", text)


def stage_into(
    cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """`copy_into` a temporary table, and have the planner know it: autovacuum never looks at such a table, and joined
    under the default guess 5,000 rows have taken 60 times as long."""
    copy_into(cursor, table, columns, rows)
    cursor.execute(f"ANALYZE {table}")


def insert_select(
    cursor: CursorWrapper,
    model: type[Model],
    source: str,
    *,
    selected: Mapping[str, str],
    constants: Mapping[str, Any],
) -> int:
    """INSERT INTO the model's table SELECT … FROM `source`; rows that meet a unique one stay out (no error).

    `selected` maps columns to SQL over the source, `constants` columns to values; every other column gets the model
    field's default, as a new instance would. `source` is the SQL after FROM and may hold WHERE and ORDER BY. Returns
    how many rows went in.
    """
    expressions = dict(selected)
    parameters = []
    for field in model._meta.concrete_fields:
        assert field.column is not None
        if field.column in selected or (field.primary_key and field.column not in constants):
            continue
        value = constants[field.column] if field.column in constants else field.get_default()
        expressions[field.column] = f"%s::{field.db_type(cursor.db)}"

        parameters.append(field.get_db_prep_save(value, cursor.db))
    columns = ", ".join(f'"{column}"' for column in expressions)
    cursor.execute(
        f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {", ".join(expressions.values())} '
        f"FROM {source} ON CONFLICT DO NOTHING",  # nosec B608 # names of models
        parameters,
    )
    return cursor.rowcount


@contextmanager
def without_collecting() -> Iterator[None]:
    """Bulk work builds hundreds of thousands of objects that stay: the cyclic collector would walk them again and
    again, a third of the whole time, and find nothing. What the block leaves behind is collected after it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
