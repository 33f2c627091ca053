"""One person who may stand on the platform under two ID types: same name with the same mobile number or the same birth
date (AM-36). Of the other record nothing is told but that there is one."""

from collections.abc import Collection, Iterable
from datetime import date

from django.db import connection

from residents.rules.identity import RESIDENT_ID, derived_birth_date
from residents.rules.text import name_key
from residents.standing import AccountRow

# Nearly all have a resident ID: they are compared with the few who have none, through an index of these alone. Names
# are compared as they are stored: in one writing.
_NAMESAKES = """
SELECT r.full_name, r.id_type, r.id_number, r.mobile, basic.birth_date
FROM residents_resident r JOIN portal_user u ON u.id = r.user_id AND u.is_active
LEFT JOIN residents_basicinfo basic ON basic.resident_id = r.id
WHERE r.full_name = ANY(%s)
"""
_WITHOUT_RESIDENT_ID = " AND r.id_type <> '01'"

# ID type, mobile number and birth date, as far as it is known.
_Facts = tuple[str, str | None, date | None]


def under_another_type(rows: Collection[AccountRow]) -> set[int]:
    """Numbers of the rows whose person seems to have, or to get by an earlier row, a record under another ID type; two
    queries."""
    found: set[int] = set()
    before: dict[str, list[_Facts]] = {}
    known = {has_id: _known(rows, with_resident_id=has_id) for has_id in (True, False)}
    for row in rows:
        name, own = name_key(row.full_name), _facts(row)
        others = known[row.id_type == RESIDENT_ID].get(name, []) + before.get(name, [])
        if name and any(_is_double(own, other) for other in others):
            found.add(row.row)
        before.setdefault(name, []).append(own)
    return found


def _facts(row: AccountRow) -> _Facts:
    return row.id_type, row.mobile, derived_birth_date(row.id_type, row.id_number)


def _is_double(own: _Facts, other: _Facts) -> bool:
    pairs = zip(own[1:], other[1:], strict=True)
    return own[0] != other[0] and any(here and here == there for here, there in pairs)


def _known(rows: Iterable[AccountRow], *, with_resident_id: bool) -> dict[str, list[_Facts]]:
    """The stored namesakes of the rows with, or without, a resident ID, by the key of the name."""
    names = {row.full_name for row in rows if (row.id_type == RESIDENT_ID) == with_resident_id}
    found: dict[str, list[_Facts]] = {}
    if not names:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_NAMESAKES + (_WITHOUT_RESIDENT_ID if with_resident_id else ""), [sorted(names)])
        for name, id_type, number, mobile, birth in cursor.fetchall():
            born = derived_birth_date(id_type, number) or birth
            found.setdefault(name_key(name), []).append((id_type, mobile, born))
    return found
