"""Queries whose SQL is written once a process. Django writes it anew at each asking, which for the large questions of
a board or a queue costs ten times what the database needs for the answer (docs/performance.md).

    @prepared
    def _counted(module: str) -> QuerySet:
        return records_of(Enrollment.objects.filter(base=Asked("base")), module)

    rows = _counted.ask(module, base=3)

The function gets what changes the SQL and is called once for each; what is compared with is named by `Asked` and given
at the asking. Everything else in it must be the same on every day and for everybody: no clock, no settings, no person.
"""

import copy
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Aggregate, BooleanField, Expression, F, Field, Func, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

# Shapes kept of one query: no caller has so many, and none grows without end.
_SHAPES = 256


class _Slot(NamedTuple):
    """Stands among the parameters of a written query for a value to come."""

    name: str


class Asked(Expression):
    """A value given at the asking: a number, text, date or moment, never None."""

    def __init__(self, name: str, output_field: Field | None = None) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [_Slot(self.name)]


def among(name: str, values: str) -> Func:
    """A condition: the field of this name is one of a list given at the asking under `values`, which may be empty."""
    listed = Func(Asked(values, output_field=Field()), function="ANY", output_field=Field())
    return Func(F(name), listed, template="(%(expressions)s)", arg_joiner=" = ", output_field=BooleanField())


class _Written(NamedTuple):
    """A query and its SQL; without SQL where nothing can ever be found."""

    queryset: QuerySet
    compiler: SQLCompiler
    sql: str
    parameters: tuple


class Prepared:
    """See the module."""

    def __init__(self, build: Callable[..., QuerySet]) -> None:
        self._build = build
        self._written = lru_cache(_SHAPES)(self._write)

    def ask(self, *shape: Hashable, **values: object) -> list:
        """The rows for these values. Raises KeyError for a value that the query asks for and that is not given."""
        written = self._written(*shape)
        if not written.sql:
            return []
        compiler = copy.copy(written.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]
        compiler.as_sql = partial(_as_written, written.sql, _filled(written.parameters, values))  # type: ignore[method-assign]
        asked = written.queryset._chain()  # type: ignore[attr-defined]
        asked.query.get_compiler = lambda *args, **kwargs: compiler
        return list(asked)

    def _write(self, *shape: Hashable) -> _Written:
        queryset = self._build(*shape)
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            sql, parameters = "", ()
        return _Written(queryset, compiler, sql, tuple(parameters))


def prepared(build: Callable[..., QuerySet]) -> Prepared:
    """The query of this function, written once for each of its arguments."""
    return Prepared(build)


def summed(queryset: QuerySet, **aggregates: Aggregate) -> QuerySet:
    """What `aggregate` gives, as a query that can be prepared: one row, none where nothing can ever be found."""
    return (
        queryset.order_by().annotate(_all=Value(1)).values("_all").annotate(**aggregates).values(*aggregates)
    )


def _as_written(sql: str, parameters: tuple, *args: object, **kwargs: object) -> tuple[str, tuple]:
    return sql, parameters


def _filled(parameters: Iterable, values: dict[str, object]) -> tuple:
    return tuple(values[each.name] if isinstance(each, _Slot) else each for each in parameters)
