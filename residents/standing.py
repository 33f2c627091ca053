"""What the platform knows of the persons of a workbook: nobody, free, live here, live elsewhere, somebody else.

Asked at the check and once more inside the transaction that writes, so preview and result agree (GOAL-B3).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from django.db import connection

from residents.models import Enrollment
from residents.models.enrollment import LIVE, Status
from residents.rules.identity import normalise_login
from residents.rules.text import name_key


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One row of the account workbook, clean; `row` is its number in the sheet."""

    row: int
    intake_year: int | None
    full_name: str
    id_type: str
    id_number: str
    mobile: str | None

    @property
    def login(self) -> str:
        """The account name: normalise_login of the number, without its cost for the common shape that it keeps."""
        number = self.id_number
        return (
            number if len(number) == 18 and number.isascii() and number.isalnum() else normalise_login(number)
        )


class Known(Enum):
    """What the platform knows of the person of a row."""

    NOBODY = "nobody"
    FREE = "free"  # has an account and no live enrollment: gets a further one (AM-05, AM-20, BR-76)
    HERE = "here"  # live at this base: nothing to do (AM-11)
    ELSEWHERE = "elsewhere"  # live at another base: refused (BR-49)
    OTHER_PERSON = "other_person"  # the number belongs to an account with another name or ID type


@dataclass(frozen=True, slots=True)
class LiveEnrollment:
    """The enrollment that holds a person. Another base may learn base name, year and status of it (AM-28)."""

    enrollment_id: int
    base_id: int
    base_name: str
    intake_year: int
    status_name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one row's person.

    `differences` are the labels of columns in which a person of this base differs from the row. `keeps_mobile` means
    that the row's mobile number gives way to the one the person maintains. `is_unused` is an account that never was
    anybody's: not activated, all its enrollments deleted or lapsed; a new import may set its name and mobile right.
    """

    known: Known
    resident_id: int | None = None
    user_id: int | None = None
    live: LiveEnrollment | None = None
    differences: tuple[str, ...] = ()
    keeps_mobile: bool = False
    is_unused: bool = False

    @property
    def record_here(self) -> int | None:
        """The id of the person's live enrollment at this base."""
        return self.live.enrollment_id if self.live and self.known is Known.HERE else None


NOBODY = Standing(Known.NOBODY)


def standings(
    rows: Collection[AccountRow], *, base_id: int, with_strangers: bool = True
) -> dict[int, Standing]:
    """What is known of each row's person, by the row's number; at most four queries however many rows.

    Without strangers, login names taken by somebody else are not looked for: the table's constraint will refuse them.
    """
    people = _people([row.id_number for row in rows])
    live = _live_enrollments(people)
    unused = _unused(people, live)
    strangers = _strangers([row.login for row in rows], people) if with_strangers else frozenset()
    found = {}
    for row in rows:
        person = people.get(row.id_number)
        if person is not None:
            found[row.row] = _judge(row, person, live.get(person.pk), person.pk in unused, base_id)
        else:
            found[row.row] = Standing(Known.OTHER_PERSON) if strangers and row.login in strangers else NOBODY
    return found


# Ten thousand numbers go to the database as one array: as a list of Django's it takes a tenth of a second more.
_PEOPLE = """
SELECT r.id_number, r.id, r.user_id, r.id_type, r.full_name, r.mobile, u.activated_at IS NOT NULL
FROM residents_resident r JOIN portal_user u ON u.id = r.user_id WHERE r.id_number = ANY(%s)
"""
_TAKEN = "SELECT username, id FROM portal_user WHERE username = ANY(%s)"


class _Person(NamedTuple):
    pk: int
    user_id: int
    id_type: str
    full_name: str
    mobile: str
    is_activated: bool


def _people(numbers: list[str]) -> dict[str, _Person]:
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [numbers])
        return {number: _Person(*facts) for number, *facts in cursor.fetchall()}


def _live_enrollments(people: dict[str, _Person]) -> dict[int, LiveEnrollment]:
    ids = [person.pk for person in people.values()]
    if not ids:
        return {}
    rows = Enrollment.objects.filter(LIVE, resident_id__in=ids).values_list(
        "resident_id", "pk", "base_id", "base__name", "intake_year", "status"
    )
    return {
        resident_id: LiveEnrollment(pk, base_id, base_name, intake_year, Status(status).label)
        for resident_id, pk, base_id, base_name, intake_year, status in rows
    }


def _unused(people: dict[str, _Person], live: dict[int, LiveEnrollment]) -> set[int]:
    ids = {person.pk for person in people.values() if not person.is_activated and person.pk not in live}
    if not ids:
        return set()
    trained = Enrollment.objects.filter(resident_id__in=ids, deleted_at=None, lapsed_at=None)
    return ids - set(trained.values_list("resident_id", flat=True))


def _strangers(logins: list[str], people: dict[str, _Person]) -> set[str]:
    """Login names of the rows that belong to somebody else, such as a member of staff."""
    own = {person.user_id for person in people.values()}
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [logins])
        return {login for login, user_id in cursor.fetchall() if user_id not in own}


def _judge(
    row: AccountRow, person: _Person, live: LiveEnrollment | None, is_unused: bool, base_id: int
) -> Standing:
    if live is not None:
        if live.base_id != base_id:
            return Standing(Known.ELSEWHERE, person.pk, person.user_id, live)
        return Standing(Known.HERE, person.pk, person.user_id, live, _differences(row, person, live))
    # A name that could not be read has its own message.
    same_name = not row.full_name or name_key(row.full_name) == name_key(person.full_name)
    if row.id_type != person.id_type or not (same_name or is_unused):
        return Standing(Known.OTHER_PERSON, person.pk, person.user_id)
    keeps_mobile = row.mobile != person.mobile and not is_unused
    return Standing(Known.FREE, person.pk, person.user_id, keeps_mobile=keeps_mobile, is_unused=is_unused)


def _differences(row: AccountRow, person: _Person, live: LiveEnrollment) -> tuple[str, ...]:
    pairs = (
        ("招收年份", row.intake_year, live.intake_year),
        ("姓名", name_key(row.full_name), name_key(person.full_name)),
        ("证件类型", row.id_type, person.id_type),
        ("手机号", row.mobile, person.mobile),
    )
    return tuple(label for label, sent, stored in pairs if sent != stored)
