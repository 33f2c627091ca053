"""Whom a notice concerns and who has read it (BR-95)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bases.models import (
    Province,
    ProvinceUserGrant,
    SpecialtyBaseUserGrant,
    TrainingBase,
    TrainingBaseUserGrant,
)
from bases.scope import base_ids, province_codes_for, specialty_places
from portal.models import Notice, NoticeReading, User
from portal.prepared import Asked, among, prepared
from portal.roles import Action, Role
from residents.models import Enrollment

Audience = Notice.Audience
CONCERNED: dict[str, tuple[str, ...]] = {
    Audience.ALL: tuple(Role.values),
    Audience.STAFF: (Role.BASE, Role.PROVINCE),
    Audience.BASES: (Role.BASE,),
    Audience.PROVINCES: (Role.PROVINCE,),
    Audience.RESIDENTS: (Role.RESIDENT,),
}
# On a desk for so long, and so many at once; the others are in the list.
DESK_DAYS = 180
MOST_ON_DESK = 3
_PEOPLE = Count("resident", distinct=True)


def concerns(notice: Notice, user: User) -> bool:
    """Whether the notice is meant for people of this role, wherever they are."""
    return user.role in CONCERNED[notice.audience]


def readable(user: User | AnonymousUser) -> QuerySet[Notice]:
    """What this visitor may read: what concerns him, the association everything; a stranger what is for everybody
    everywhere."""
    shown = Notice.objects.filter(withdrawn_at__isnull=True)
    if isinstance(user, User) and user.role == Role.CMDA:
        return shown
    if not isinstance(user, User):
        return _concerning(shown, None, Q())
    places = _places(user)
    return _concerning(
        shown, user.role, _here(user.role, user, lambda column: Q(**{f"{column}__in": places}))
    )


def to_read(user: User) -> list[Notice]:
    """What lies on his desk: what concerns him and he has not read, of the last months."""
    since = timezone.now() - timedelta(days=DESK_DAYS)
    return _to_read.ask(user.role, since=since, user=user.pk, places=_places(user))


@prepared
def _to_read(role: str) -> QuerySet[Notice]:
    found = Notice.objects.filter(withdrawn_at__isnull=True, published_at__gte=Asked("since"))
    here = _here(role, Asked("user"), lambda column: Q(among(column, "places")))
    own = NoticeReading.objects.filter(notice=OuterRef("pk"), user=Asked("user"))
    return _concerning(found, role, here).filter(~Exists(own))[:MOST_ON_DESK]


def _concerning(notices: QuerySet[Notice], role: str | None, here: Q) -> QuerySet[Notice]:
    """Those for people of this role, in the provinces of the limits that are `here`; without a role for strangers."""
    limits = Notice.provinces.through.objects.filter(notice=OuterRef("pk"))
    if role is None:
        return notices.filter(~Exists(limits), audience=Audience.ALL)
    audiences = [audience for audience, roles in CONCERNED.items() if role in roles]
    return notices.filter(~Exists(limits) | Exists(limits.filter(here)), audience__in=audiences)


def _places(user: User) -> list:
    """The bases where this person of a base works, the provinces of a person of a province."""
    if user.role == Role.PROVINCE:
        return province_codes_for(user, Action.VIEW)
    if user.role == Role.BASE:
        return [*base_ids(user, Action.VIEW), *(place.base_id for place in specialty_places(user))]
    return []


def _here(role: str, user: User | Asked, within: Callable[[str], Q]) -> Q:
    """The provinces where the user works or is trained; none for the association, whom a province's notice does not
    concern. `within`: a column holds one of his `_places`."""
    if role == Role.RESIDENT:
        records = Enrollment.objects.filter(resident__user=user, deleted_at__isnull=True)
        return Q(province__in=records.values("base__province"))
    if role == Role.BASE:
        return Q(province__in=TrainingBase.objects.filter(within("pk")).values("province"))
    return within("province_id")


def mark_read(notice: Notice, user: User) -> None:
    """已阅, once; of whom it does not concern nothing is kept."""
    if concerns(notice, user):
        NoticeReading.objects.bulk_create([NoticeReading(notice=notice, user=user)], ignore_conflicts=True)


# --- for its author --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Unit:
    """The people of one province, base or of one base's residents, and how many of them have read a notice."""

    name: str
    province: str
    kind: str
    people: int = 0
    read: int = 0


@dataclass(slots=True)
class Readers:
    """Who was to read a notice and who has: persons, each once, and units."""

    people: int = 0
    read: int = 0
    units: list[Unit] = field(default_factory=list)

    @property
    def silent(self) -> list[Unit]:
        """Units in which nobody has read it."""
        return [unit for unit in self.units if not unit.read]


def readers_of(notice: Notice) -> Readers:
    """The units a notice concerns, by province; the association's own people are none. Ten queries at most."""
    roles, found = CONCERNED[notice.audience], Readers()
    provinces = list(notice.provinces.values_list("pk", flat=True)) or None
    names = dict(Province.objects.values_list("pk", "name"))
    if Role.PROVINCE in roles or Role.BASE in roles:
        _add_staff(found, notice, roles, provinces, names)
    if Role.RESIDENT in roles:
        _add_residents(found, notice, provinces, names)
    return found


def _add_staff(
    found: Readers, notice: Notice, roles: Iterable[str], provinces: list[str] | None, names: dict[str, str]
) -> None:
    """Few enough to be counted here: somebody of two departments of a base is one reader."""
    people: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    active = Q(user__is_active=True)
    for model, role, place, name in (
        (ProvinceUserGrant, Role.PROVINCE, "content_object", "content_object__name"),
        (TrainingBaseUserGrant, Role.BASE, "content_object__province", "content_object__name"),
        (SpecialtyBaseUserGrant, Role.BASE, "content_object__base__province", "content_object__base__name"),
    ):
        if role in roles:
            limit = Q() if provinces is None else Q(**{f"{place}__in": provinces})
            grants = model._default_manager.filter(active, limit, user__role=role)
            for code, called, user in grants.values_list(place, name, "user"):
                people[code, role, called].add(user)
    read = set(notice.readings.filter(user__is_active=True).values_list("user", flat=True))
    for (code, of, called), those in sorted(people.items()):
        kind = "省级" if of == Role.PROVINCE else "培训基地"
        found.units.append(Unit(called, names[code], kind, len(those), len(those & read)))
    everybody = set[int]().union(*people.values())
    found.people += len(everybody)
    found.read += len(everybody & read)


def _add_residents(
    found: Readers, notice: Notice, provinces: list[str] | None, names: dict[str, str]
) -> None:
    limit = Q() if provinces is None else Q(base__province__in=provinces)
    records = Enrollment.objects.filter(limit, deleted_at__isnull=True, resident__user__is_active=True)
    # Joined once: asked person by person it takes minutes for a nation.
    told = records.filter(resident__user__in=notice.readings.values("user"))
    read = dict(_by_base(told))
    for base, people in _by_base(records):
        code, _, called = base
        found.units.append(Unit(called, names[code], "住院医师", people, read.get(base, 0)))
    found.people += records.aggregate(number=_PEOPLE)["number"]
    found.read += told.aggregate(number=_PEOPLE)["number"]


def _by_base(records: QuerySet[Enrollment]) -> list[tuple[tuple[str, str, str], int]]:
    place = ("base__province", "base__code", "base__name")
    rows = records.order_by(*place).values_list(*place).annotate(number=_PEOPLE)
    return [((province, code, name), number) for province, code, name, number in rows]
