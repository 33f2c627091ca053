"""Keyset pages of long lists: as fast at the millionth row as at the first, with a count that stops at ten thousand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.db.models import F, Model, Q, QuerySet

from portal import replica
from portal.parameters import moment_of, number_of, text

PAGE_SIZE = 50
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """One page of rows. `after` and `before` are the values of the query parameters that lead on and back, or empty."""

    rows: list
    after: str
    before: str
    count: int
    is_count_capped: bool

    @property
    def count_in_words(self) -> str:
        return f"{self.count:,}{'+' if self.is_count_capped else ''}"


def keyset_page(
    queryset: QuerySet,
    parameters: Mapping[str, str],
    *,
    by: str = "",
    descending: bool = False,
    size: int = PAGE_SIZE,
    most_counted: int | None = MOST_COUNTED,
    number: int | None = None,
    rows_of: Callable[[list], Iterable[Model]] | None = None,
) -> KeysetPage:
    """The page that the parameters "after" or "before" ask for, in the order of the column `by` and the primary key.

    A mark that cannot be read leads to the first page. Three queries, whatever the depth; `most_counted` is None
    where the exact number is worth counting every row, and `number` is given where it is known already. `rows_of` gives
    the rows of these keys with what they display, where that is more than the query itself gives. The rows of a short
    list are found by their own index and sorted; only in a longer one enough turn up soon on a walk along the primary
    key.
    """
    count = _counted(queryset.order_by(), most_counted) if number is None else number
    is_capped = number is None and most_counted is not None and count > most_counted
    before = text(parameters, "before")
    backwards = bool(before)
    mark = _read(before or text(parameters, "after"), by)
    rising = descending == backwards
    keys = queryset.order_by(*_order(by, rising, is_short=not is_capped and count <= MOST_COUNTED))
    if mark is not None:
        keys = keys.filter(_beyond(mark, by, "gt" if rising else "lt"))
    # Sorting bare keys and fetching fifty whole rows is several times cheaper than sorting whole rows.
    pks = list(keys.values_list("pk", flat=True)[: size + 1])
    more, pks = len(pks) > size, pks[:size]
    if backwards:
        pks.reverse()
    shown = rows_of(pks) if rows_of else queryset.filter(pk__in=pks)
    rows = {row.pk: row for row in shown}
    # A row may have left the list between the two queries.
    found = [rows[pk] for pk in pks if pk in rows]
    has_before = more if backwards else mark is not None and bool(found)
    has_after = (mark is not None and bool(found)) if backwards else more
    return KeysetPage(
        rows=found,
        after=_write(found[-1], by) if has_after and found else "",
        before=_write(found[0], by) if has_before and found else "",
        count=count - is_capped,
        is_count_capped=is_capped,
    )


@contextmanager
def one_moment() -> Iterator[datetime]:
    """Whatever is read within is of one moment, which is yielded: a number and its list agree (GOAL-P7).

    Within a transaction already begun, each statement sees what has been committed before it.
    """
    alias = replica.alias()
    line = connections[alias]
    is_outermost = not line.in_atomic_block
    with transaction.atomic(using=alias, savepoint=False):
        if is_outermost:
            with line.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield replica.now()


def _counted(rows: QuerySet, most: int | None) -> int:
    return (rows if most is None else rows[: most + 1]).count()


def _order(by: str, rising: bool, *, is_short: bool) -> list:
    if is_short and not by:
        # PostgreSQL takes no hints; an expression that equals the key keeps it from walking the key's index.
        place = F("pk") + 0
        return [place.asc() if rising else place.desc()]
    return [column if rising else f"-{column}" for column in ([by, "pk"] if by else ["pk"])]


def _write(row: Any, by: str) -> str:
    return f"{getattr(row, by).isoformat()}_{row.pk}" if by else str(row.pk)


def _read(text: str, by: str) -> tuple[datetime | None, int] | None:
    moment, _, pk = text.rpartition("_")
    place, at = number_of(pk), moment_of(moment) if by else None
    return None if place is None or (by and at is None) else (at, place)


def _beyond(mark: tuple[datetime | None, int], by: str, direction: str) -> Q:
    moment, pk = mark
    beyond = Q(**{f"pk__{direction}": pk})
    if moment is None:
        return beyond
    # The first condition alone lets the index be entered at the right place.
    return Q(**{f"{by}__{direction}e": moment}) & (Q(**{f"{by}__{direction}": moment}) | beyond)
