"""Keyset pages of long lists: as fast at the millionth row as at the first, with a count that stops at ten thousand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

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
) -> KeysetPage:
    """The page that the parameters "after" or "before" ask for, in the order of the column `by` and the primary key.

    A mark that cannot be read leads to the first page. Two queries, whatever the depth; `most_counted` is None where
    the exact number is worth counting every row.
    """
    backwards = bool(parameters.get("before"))
    mark = _read(parameters.get("before") or parameters.get("after") or "", by)
    columns = [by, "pk"] if by else ["pk"]
    rising = descending == backwards
    rows = queryset.order_by(*(column if rising else f"-{column}" for column in columns))
    if mark is not None:
        rows = rows.filter(_beyond(mark, by, "gt" if rising else "lt"))
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_before = more if backwards else mark is not None and bool(found)
    has_after = (mark is not None and bool(found)) if backwards else more
    counted = queryset.order_by()
    count = (counted if most_counted is None else counted[: most_counted + 1]).count()
    is_capped = most_counted is not None and count > most_counted
    return KeysetPage(
        rows=found,
        after=_write(found[-1], by) if has_after else "",
        before=_write(found[0], by) if has_before else "",
        count=count - is_capped,
        is_count_capped=is_capped,
    )


def _write(row: Any, by: str) -> str:
    return f"{getattr(row, by).isoformat()}_{row.pk}" if by else str(row.pk)


def _read(text: str, by: str) -> tuple[datetime | None, int] | None:
    moment, _, pk = text.rpartition("_")
    try:
        mark = (datetime.fromisoformat(moment) if by else None), int(pk)
    except ValueError:
        return None
    return mark if mark[0] is None or mark[0].tzinfo else None


def _beyond(mark: tuple[datetime | None, int], by: str, direction: str) -> Q:
    moment, pk = mark
    beyond = Q(**{f"pk__{direction}": pk})
    if moment is None:
        return beyond
    # The first condition alone lets the index be entered at the right place.
    return Q(**{f"{by}__{direction}e": moment}) & (Q(**{f"{by}__{direction}": moment}) | beyond)
