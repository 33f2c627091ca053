"""What the platform knows of the persons of a workbook: nobody, free, live here, live elsewhere, somebody else.

Type and number together are a person (AM-35): the same number under another type is somebody else, unless he bears the
same name. Asked at the check and once more inside the transaction that writes, so preview and result agree (GOAL-B3).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from django.db import connection

from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, StatusChange, WorkInfo
from residents.models.enrollment import LIVE, Status
from residents.rules.identity import login_beside, normalise_login
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

    @property
    def login_beside(self) -> str:
        """The account name where another account has the number's own (AM-35)."""
        return login_beside(self.login, self.id_type)


# Reasons of 退培 that mean the person goes on elsewhere (docs/codes.md#status).
TRANSFERS = ("11", "12")


class Known(Enum):
    """What the platform knows of the person of a row."""

    NOBODY = "nobody"
    FREE = "free"  # has an account and no live enrollment: gets a further one (AM-05, AM-20, BR-76)
    HERE = "here"  # live at this base: nothing to do (AM-11)
    ELSEWHERE = "elsewhere"  # live at another base: refused (BR-49)
    NAME_DIFFERS = "name_differs"  # this type and number are of an account with another name (AM-35)
    TYPE_DIFFERS = "type_differs"  # a person of this name has the number under another type (AM-35)
    OVERTAKEN = "overtaken"  # imported by several others in this moment
    NOT_TOLD = "not_told"  # the organisation has asked for too many today (bases/whereabouts.py)


# Who gets a record by a row, also on an account that is left of an earlier one.
COMES = (Known.NOBODY, Known.FREE)


@dataclass(frozen=True, slots=True)
class LiveEnrollment:
    """The enrollment that holds a person. Another base may learn base name, year and status of it (AM-28).

    `is_recruit`: it stands in the intake still, unapproved; `has_ended`: its training is over (结束).
    """

    enrollment_id: int
    base_id: int
    base_name: str
    intake_year: int
    status_name: str
    is_recruit: bool = False
    has_ended: bool = False


def live_facts(live: LiveEnrollment, *, is_same_base: bool) -> dict[str, Any]:
    """What residents.rules.account.problems asks of a live enrollment."""
    return {
        "is_same_base": is_same_base,
        "base_name": live.base_name,
        "intake_year": live.intake_year,
        "status_name": live.status_name,
        "is_recruit": live.is_recruit,
        "has_ended": live.has_ended,
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one row's person.

    `differences` are the labels of columns in which a person of this base differs from the row. `keeps_mobile` means
    that the row's mobile number gives way to the one the person maintains. `is_unused` is an account that never was
    anybody's: not activated, all its enrollments deleted or lapsed; a new import may set its name and mobile right.
    `originals` are the years of which an approved intake original of the person exists, whatever became of the record
    (AM-31); `kept_year` is the first intake year of a person who has changed base or specialty (AM-48). `shares_login`
    is a new person whose number another account signs in with already. Of whoever bears the number wrongly
    (NAME_DIFFERS, TYPE_DIFFERS) nothing but his id is told, for 提交核实.
    """

    known: Known
    resident_id: int | None = None
    user_id: int | None = None
    live: LiveEnrollment | None = None
    differences: tuple[str, ...] = ()
    keeps_mobile: bool = False
    is_unused: bool = False
    originals: frozenset[int] = frozenset()
    kept_year: int | None = None
    shares_login: bool = False

    def is_registrys(self, intake_year: int | None) -> bool:
        """Whether every intake refuses the person as a recruit of this year and the registry takes him (AM-31,
        AM-48)."""
        return self.kept_year is not None or intake_year in self.originals

    @property
    def record_here(self) -> int | None:
        """The id of the person's live enrollment at this base."""
        return self.live.enrollment_id if self.live and self.known is Known.HERE else None


NOBODY = Standing(Known.NOBODY)
# Whoever names the person rightly, or has him already, may learn of his past.
_TOLD_OF = (Known.FREE, Known.HERE, Known.ELSEWHERE)


def standings(
    rows: Collection[AccountRow], *, base_id: int, with_strangers: bool = True
) -> dict[int, Standing]:
    """What is known of each row's person, by the row's number; at most six queries however many rows.

    Without strangers, login names taken by somebody else are not looked for: the table's constraint will refuse them.
    """
    known_as = bearers([row.id_number for row in rows])
    people = [person for found in known_as.values() for person in found]
    live = _live_enrollments(people)
    unused = _unused(people, live)
    past = _pasts(people)
    taken = _taken([row.login for row in rows]) if with_strangers else frozenset()
    found = {}
    for row in rows:
        known = known_as.get(row.id_number, [])
        known = [each for each in known if not each.is_former or _is_namesake(row, each)]
        person = next((each for each in known if each.id_type == row.id_type), None)
        if person is not None:
            found[row.row] = _judge(row, person, live.get(person.pk), person.pk in unused, base_id)
            if found[row.row].known in _TOLD_OF:
                found[row.row] = replace(
                    found[row.row],
                    originals=past.originals.get(person.pk, frozenset()),
                    kept_year=None if person.pk in live else past.kept_years.get(person.pk),
                )
        else:
            others = [each for each in known if each.pk not in unused]
            found[row.row] = _judge_beside(row, others, is_taken=row.login in taken)
    return found


# Ten thousand numbers go to the database as one array: as a list of Django's it takes a tenth of a second more. Under
# the type and number of an entry that was merged stands the person who was kept (AM-47), and under those that were
# corrected whoever bore them, as long as nobody else does.
_PEOPLE = """
SELECT r.id_number, p.id, p.user_id, r.id_type, r.full_name, p.mobile, u.activated_at IS NOT NULL, FALSE
FROM residents_resident r
LEFT JOIN residents_personmerge m ON m.merged_id = r.id AND m.undone_at IS NULL
JOIN residents_resident p ON p.id = coalesce(m.kept_id, r.id)
JOIN portal_user u ON u.id = p.user_id WHERE r.id_number = ANY(%(numbers)s)
UNION ALL
SELECT DISTINCT ON (c.old_id_number, c.old_id_type) c.old_id_number, p.id, p.user_id, c.old_id_type, p.full_name,
    p.mobile, u.activated_at IS NOT NULL, TRUE
FROM residents_identitycorrection c
LEFT JOIN residents_personmerge m ON m.merged_id = c.resident_id AND m.undone_at IS NULL
JOIN residents_resident p ON p.id = coalesce(m.kept_id, c.resident_id)
JOIN portal_user u ON u.id = p.user_id
WHERE c.old_id_number = ANY(%(numbers)s) AND NOT EXISTS (
    SELECT FROM residents_resident now WHERE (now.id_type, now.id_number) = (c.old_id_type, c.old_id_number)
)
ORDER BY 8
"""
_TAKEN = "SELECT username FROM portal_user WHERE username = ANY(%s)"


class Person(NamedTuple):
    pk: int
    user_id: int
    id_type: str
    full_name: str
    mobile: str
    is_activated: bool
    # Bore the number until it was corrected.
    is_former: bool


def bearers(numbers: list[str]) -> dict[str, list[Person]]:
    """The persons of each number, one a type: also under one that was corrected or went with a merged entry, so that
    every list and file with the former number finds them."""
    found: dict[str, list[Person]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, {"numbers": numbers})
        for number, *facts in cursor.fetchall():
            found.setdefault(number, []).append(Person(*facts))
    return found


def bearers_by_document(numbers: Collection[str]) -> dict[tuple[str, str], int]:
    """The person of each type and number, as `bearers` finds them."""
    return {
        (person.id_type, number): person.pk
        for number, people in bearers(list(numbers)).items()
        for person in people
    }


def _live_enrollments(people: Collection[Person]) -> dict[int, LiveEnrollment]:
    ids = [person.pk for person in people]
    if not ids:
        return {}
    rows = Enrollment.objects.filter(LIVE, resident_id__in=ids).values_list(
        "resident_id", "pk", "base_id", "base__name", "intake_year", "status", "registered_at"
    )
    return {
        resident_id: LiveEnrollment(
            pk,
            base_id,
            base_name,
            intake_year,
            Status(status).label,
            is_recruit=registered_at is None,
            has_ended=status == Status.ENDED,
        )
        for resident_id, pk, base_id, base_name, intake_year, status, registered_at in rows
    }


class _Pasts(NamedTuple):
    """What earlier records say of a new one, by person."""

    originals: dict[int, frozenset[int]]
    kept_years: dict[int, int]


def _pasts(people: Collection[Person]) -> _Pasts:
    ids = [person.pk for person in people]
    if not ids:
        return _Pasts({}, {})
    years: dict[int, set[int]] = {}
    approved = Enrollment.objects.filter(resident_id__in=ids, intake_submission__isnull=False)
    for pk, year in approved.values_list("resident_id", "intake_year"):
        years.setdefault(pk, set()).add(year)
    originals = {pk: frozenset(found) for pk, found in years.items()}
    return _Pasts(originals, {pk: year for pk, (year, _) in last_transfers(ids).items()})


def with_personal_info(resident_ids: Collection[int]) -> set[int]:
    """Those of these persons of whom the platform holds personal info, in any block; four queries."""
    blocks = (BasicInfo, EducationRecord, CertificateInfo, WorkInfo)
    found = (each.objects.filter(resident__in=resident_ids) for each in blocks)
    return {pk for each in found for pk in each.values_list("resident_id", flat=True)}


class LeftBehind(NamedTuple):
    """What an account that nobody used brings along when it is imported again: the name under which this base had it,
    "" where it never had, and whether it holds personal info."""

    name: str
    is_filled: bool


def left_behind(resident_ids: Collection[int], *, base_id: int) -> dict[int, LeftBehind]:
    """Of persons who are `is_unused`; the name another base gave is not told (AM-35). No query where there are none."""
    if not resident_ids:
        return {}
    own = Enrollment.objects.filter(resident__in=resident_ids, base=base_id)
    names = dict(own.values_list("resident_id", "resident__full_name"))
    filled = with_personal_info(resident_ids)
    return {pk: LeftBehind(names.get(pk, ""), pk in filled) for pk in resident_ids}


def last_transfers(resident_ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """(intake year, reason) of the last 退培 of each person for whom it was a change of base or specialty (BR-74,
    BR-75)."""
    last = (
        StatusChange.objects.filter(
            enrollment__resident_id__in=resident_ids,
            enrollment__status=Status.WITHDRAWN,
            enrollment__deleted_at=None,
            to_status=Status.WITHDRAWN,
        )
        .order_by("enrollment__resident_id", "-changed_at", "-pk")
        .distinct("enrollment__resident_id")
        .values_list("enrollment__resident_id", "enrollment__intake_year", "reason")
    )
    return {pk: (year, reason) for pk, year, reason in last if reason in TRANSFERS}


def _unused(people: Collection[Person], live: dict[int, LiveEnrollment]) -> set[int]:
    ids = {person.pk for person in people if not person.is_activated and person.pk not in live}
    if not ids:
        return set()
    trained = Enrollment.objects.filter(resident_id__in=ids, deleted_at=None, lapsed_at=None)
    return ids - set(trained.values_list("resident_id", flat=True))


def _taken(logins: list[str]) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [logins])
        return frozenset(login for (login,) in cursor.fetchall())


def _judge(
    row: AccountRow, person: Person, live: LiveEnrollment | None, is_unused: bool, base_id: int
) -> Standing:
    if live is not None and live.base_id == base_id:
        return Standing(Known.HERE, person.pk, person.user_id, live, _differences(row, person, live))
    if not row.full_name:
        # A bare number tells nothing; a name that could not be read has its own message.
        return NOBODY
    if not (_is_namesake(row, person) or is_unused):
        return Standing(Known.NAME_DIFFERS, person.pk)
    if live is not None:
        return Standing(Known.ELSEWHERE, person.pk, person.user_id, live)
    keeps_mobile = row.mobile != person.mobile and not is_unused
    return Standing(Known.FREE, person.pk, person.user_id, keeps_mobile=keeps_mobile, is_unused=is_unused)


def _judge_beside(row: AccountRow, others: list[Person], *, is_taken: bool) -> Standing:
    """A type and number that nobody has, where `others` have the number under another type."""
    namesake = next((each for each in others if _is_namesake(row, each)), None)
    if namesake is not None:
        return Standing(Known.TYPE_DIFFERS, namesake.pk)
    return Standing(Known.NOBODY, shares_login=is_taken)


def _is_namesake(row: AccountRow, person: Person) -> bool:
    return bool(row.full_name) and name_key(row.full_name) == name_key(person.full_name)


def _differences(row: AccountRow, person: Person, live: LiveEnrollment) -> tuple[str, ...]:
    pairs = (
        ("招收年份", row.intake_year, live.intake_year),
        ("姓名", name_key(row.full_name), name_key(person.full_name)),
        ("手机号", row.mobile, person.mobile),
    )
    return tuple(label for label, sent, stored in pairs if sent != stored)
