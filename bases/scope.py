"""Which organisations and which records a person may see or act on. The only reader of guardian
(docs/architecture.md#scope).

Base ids are fetched first and handed to the record query as a list: as a nested subquery PostgreSQL scans every
enrollment in the country (94 ms against 9 ms).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from bases.models import (
    Province,
    ProvinceUserGrant,
    SpecialtyBase,
    SpecialtyBaseUserGrant,
    TrainingBase,
    TrainingBaseUserGrant,
)
from portal.access import Refusal
from portal.models import User
from portal.parameters import whole_number
from portal.prepared import Asked, prepared
from portal.roles import READ_ONLY_ACTIONS, Action, Role, role_allows
from residents.models import Enrollment

Found = TypeVar("Found")
Organisation = Province | TrainingBase | SpecialtyBase
# Any: the fields of a grant are in each of the three models, not in what they inherit from.
GRANTS: dict[type[Organisation], Any] = {
    Province: ProvinceUserGrant,
    TrainingBase: TrainingBaseUserGrant,
    SpecialtyBase: SpecialtyBaseUserGrant,
}
_IN_USE: dict[type[Organisation], str] = {TrainingBase: "is_active", SpecialtyBase: "base__is_active"}


def _granted(user: User, model: type[Organisation], action: Action) -> QuerySet:
    """Objects on which the user holds the grant that the action needs."""
    return model._default_manager.filter(pk__in=_granted_ids(user, model, action))


def _granted_ids(user: User, model: type[Organisation], action: Action) -> list:
    """The keys of `_granted`: `view_…` to read, `act_…` for the rest; a base taken out of use is read-only for its own
    people (AM-46)."""
    is_read = action in READ_ONLY_ACTIONS
    found = {key for key, may_act, in_use in _grants(user, model) if is_read or (may_act and in_use)}
    return sorted(found)


def _grants(user: User, model: type[Organisation]) -> list[tuple[Any, bool, bool]]:
    """What each of the person's grants is on, whether he may act there and whether it is in use. Read from guardian's
    rows as they are: its own question costs three times as much and has to be asked again for each action."""
    act = f"act_{model._meta.model_name}"

    def find() -> list[tuple[Any, bool, bool]]:
        return [(key, name == act, all(used)) for key, name, *used in _grant_rows.ask(model, user=user.pk)]

    return _once(user, f"grants {model.__name__}", Action.VIEW, find)


@prepared
def _grant_rows(model: type[Organisation]) -> QuerySet:
    act, view = f"act_{model._meta.model_name}", f"view_{model._meta.model_name}"
    in_use = [f"content_object__{_IN_USE[model]}"] if model in _IN_USE else []
    rows = GRANTS[model].objects.filter(user=Asked("user"), permission__codename__in=[act, view])
    return rows.values_list("content_object_id", "permission__codename", *in_use)


def provinces_for(user: User, action: Action) -> QuerySet[Province]:
    """Provinces whose work the user may see or do; all of them for the association's staff."""
    if not role_allows(user.role, action):
        return Province.objects.none()
    if user.role == Role.CMDA:
        return Province.objects.all()
    if user.role == Role.PROVINCE:
        return _granted(user, Province, action)
    return Province.objects.none()


def province_codes_for(user: User, action: Action) -> list[str]:
    """The codes of `provinces_for`, looked up once a request."""
    if user.role == Role.PROVINCE:
        return _granted_ids(user, Province, action) if role_allows(user.role, action) else []
    return _once(
        user, "provinces", action, lambda: sorted(provinces_for(user, action).values_list("pk", flat=True))
    )


def bases_for(user: User, action: Action) -> QuerySet[TrainingBase]:
    """Bases in which the user may do this: his own, his provinces', or all for the association's staff."""
    if not role_allows(user.role, action):
        return TrainingBase.objects.none()
    if user.role == Role.CMDA:
        return TrainingBase.objects.all()
    if user.role == Role.PROVINCE:
        return TrainingBase.objects.filter(province_id__in=province_codes_for(user, action))
    if user.role == Role.BASE:
        return _granted(user, TrainingBase, action)
    return TrainingBase.objects.none()


def specialty_bases_for(user: User, action: Action) -> QuerySet[SpecialtyBase]:
    """Single accredited specialties granted to a department secretary."""
    if user.role != Role.BASE or not role_allows(user.role, action):
        return SpecialtyBase.objects.none()
    return _granted(user, SpecialtyBase, action)


def _once(user: User, what: str, action: Action, find: Callable[[], Found]) -> Found:
    """What `find` gives, looked up once a request: all that may be seen, or done, by these rights is the same."""
    if user.looked_up is None:
        return find()
    kind = what, role_allows(user.role, action), action in READ_ONLY_ACTIONS
    if kind not in user.looked_up:
        user.looked_up[kind] = find()
    return user.looked_up[kind]


def base_ids(user: User, action: Action) -> list[int]:
    """The ids of `bases_for`, for queries of what hangs on bases."""
    if user.role == Role.BASE:
        return _granted_ids(user, TrainingBase, action) if role_allows(user.role, action) else []
    # Whoever sees and whoever may act sees the same bases, where these are the same provinces.
    what = f"bases of {province_codes_for(user, action)}" if user.role == Role.PROVINCE else "bases"
    asked = Action.VIEW if user.role == Role.PROVINCE and role_allows(user.role, action) else action
    return _once(user, what, asked, lambda: list(bases_for(user, action).values_list("pk", flat=True)))


def _specialties(user: User, action: Action) -> list[tuple[int, str]]:
    rows = specialty_bases_for(user, action).values_list("base_id", "specialty_id")
    return _once(user, "specialties", action, lambda: list(rows))


def enrollments_for(user: User, action: Action) -> QuerySet[Enrollment]:
    """Training records the user may see or act on. Deleted ones are in nobody's scope but the restore page's."""
    records = Enrollment.objects.filter(deleted_at__isnull=True)
    if user.role == Role.RESIDENT:
        return records.filter(resident__user=user) if role_allows(user.role, action) else records.none()
    if not role_allows(user.role, action):
        return records.none()
    if user.role == Role.CMDA:
        return records
    within = Q(base_id__in=base_ids(user, action))
    for base_id, specialty_id in _specialties(user, action):
        within |= Q(base_id=base_id, specialty_id=specialty_id)
    return records.filter(within)


def reaches(user: User, record: Enrollment, action: Action) -> bool:
    """Whether a record, as it was loaded, is among `enrollments_for`."""
    if record.deleted_at is not None or not role_allows(user.role, action):
        return False
    if user.role == Role.RESIDENT:
        return record.resident.user_id == user.pk
    if user.role == Role.CMDA or record.base_id in base_ids(user, action):
        return True
    return (record.base_id, record.specialty_id) in _specialties(user, action)


class Place(NamedTuple):
    """Whose records a desk is about, for prepared queries (portal.prepared): those of one base, or of pairs of base
    and specialty."""

    base: int | None
    specialties: tuple[tuple[int, str], ...] = ()

    @property
    def shape(self) -> int | None:
        """What of it changes the SQL of `records_at`: how many pairs, None for a whole base."""
        return len(self.specialties) if self.base is None else None

    @property
    def values(self) -> dict[str, object]:
        """What `records_at` asks for."""
        if self.base is not None:
            return {"base": self.base}
        pairs = enumerate(self.specialties)
        return {
            name: value for number, pair in pairs for name, value in zip(_names(number), pair, strict=True)
        }


def place_of(user: User, base: TrainingBase | None) -> Place:
    """The place at which the person looks: the base, as far as he sees the whole of it, else his single specialties."""
    seen = _specialties(user, Action.VIEW)
    if base is None:
        return Place(None, tuple(seen))
    if base.pk in base_ids(user, Action.VIEW):
        return Place(base.pk)
    return Place(None, tuple(pair for pair in seen if pair[0] == base.pk))


def records_at(shape: int | None) -> QuerySet[Enrollment]:
    """The records of a place of this shape, deleted ones left out; for prepared queries."""
    records = Enrollment.objects.filter(deleted_at__isnull=True)
    if shape is None:
        return records.filter(base_id=Asked("base"))
    within = Q(pk__in=[])
    for base, specialty in map(_names, range(shape)):
        within |= Q(base_id=Asked(base), specialty_id=Asked(specialty))
    return records.filter(within)


def _names(number: int) -> tuple[str, str]:
    return f"base_{number}", f"specialty_{number}"


def deleted_enrollments_for(user: User, action: Action) -> QuerySet[Enrollment]:
    """Deleted records of the user's bases, for the list from which they can be restored (GOAL-B11)."""
    return Enrollment.objects.filter(base_id__in=base_ids(user, action), deleted_at__isnull=False)


def specialty_records(user: User, action: Action) -> QuerySet[Enrollment]:
    """The records of the single specialties granted to a department secretary (专业基地秘书)."""
    within = Q(pk__in=[])
    for base_id, specialty_id in _specialties(user, action):
        within |= Q(base_id=base_id, specialty_id=specialty_id)
    return Enrollment.objects.filter(within, deleted_at__isnull=True)


def own_specialties(user: User, base_id: int | None) -> list[str] | None:
    """The specialties to which the person is confined at this base; None for whoever works for the whole of it, and
    for whoever has no place there (any more)."""
    if base_id is None or user.role != Role.BASE or base_id in base_ids(user, Action.VIEW):
        return None
    found = specialty_bases_for(user, Action.VIEW).filter(base=base_id)
    return list(found.values_list("specialty_id", flat=True)) or None


# Stands in the session for the single specialties, in place of a base.
SPECIALTIES = 0
# In an address: go on at this desk. The links of messages name it (bases.staff.recipients).
DESK = "desk"


def specialty_places(user: User) -> list[SpecialtyBase]:
    """The single specialties for which he works, by base and code."""
    found = specialty_bases_for(user, Action.VIEW).select_related("base__province", "specialty")
    return _once(
        user, "specialty places", Action.VIEW, lambda: list(found.order_by("base__code", "specialty_id"))
    )


def workplaces(user: User, base: TrainingBase | None) -> list[TrainingBase]:
    """The base a person works for; without one those of his single specialties, whose dates are his."""
    if base is not None:
        return [base]
    return list({place.base_id: place.base for place in specialty_places(user)}.values())


def current_base(request: HttpRequest, action: Action = Action.VIEW) -> TrainingBase | None:
    """The base a staff member is working for: the one chosen in this session, where the address names one of his that
    from now on, else the first he sees. None where he may not do this there, as at one out of use (AM-46), and where he
    works for single specialties alone, or has chosen these.
    Raises Refusal for an address that names one that is not his (any more)."""
    user = cast(User, request.user)
    asked = whole_number(request.GET, DESK)
    if asked is not None:
        if asked != SPECIALTIES and asked not in base_ids(user, Action.VIEW):
            raise _not_yours(asked)
        request.session["base_id"] = asked
    chosen = request.session.get("base_id")
    seen = base_ids(user, Action.VIEW)
    if not seen or (chosen == SPECIALTIES and specialty_places(user)):
        return None
    pk = chosen if chosen in seen else min(seen)
    # Where he only looks nothing is done, and no other base's form opens in its place.
    if pk not in base_ids(user, action):
        return None
    return _once(
        user,
        f"base {pk}",
        Action.VIEW,
        lambda: TrainingBase.objects.select_related("province").filter(pk=pk).first(),
    )


def _not_yours(asked: int) -> PermissionDenied:
    """A message leads to the desk of a base for which its reader does not work (any more): who goes on for it."""
    base = TrainingBase.objects.filter(pk=asked).first()
    if base is None:
        return PermissionDenied()
    if heir := base.heir:
        return Refusal(
            f"这里的记录属于“{base.name}”，该基地已并入“{heir.name}”：在培等移交的记录在“{heir.name}”的名单中，"
            "锁定失效的留在原基地，由承接基地补录。您不是原基地的工作人员，不能打开原基地的名单。"
        )
    return Refusal(f"这里的记录属于“{base.name}”，您现在不是该基地的工作人员，不能打开。")


def required_base(request: HttpRequest, action: Action = Action.VIEW) -> TrainingBase:
    """As current_base, for pages that make no sense without one. Raises PermissionDenied."""
    base = current_base(request, action)
    if base is None:
        raise PermissionDenied
    return base


def workplace(request: HttpRequest, action: Action = Action.VIEW) -> TrainingBase:
    """As required_base, of a department secretary the base of his first specialty. Raises PermissionDenied."""
    if base := current_base(request, action):
        return base
    for place in specialty_bases_for(cast(User, request.user), action).select_related("base__province"):
        return place.base
    raise PermissionDenied


def has_place(user: User) -> bool:
    """Whether somebody of a base or a province works anywhere (AM-46: a dismissed account has no desk)."""
    if user.role == Role.PROVINCE:
        return bool(_granted_ids(user, Province, Action.VIEW))
    if user.role == Role.BASE:
        return bool(base_ids(user, Action.VIEW) or specialty_places(user))
    return True


def bases_in_view(user: User) -> QuerySet[TrainingBase]:
    return bases_for(user, Action.VIEW)
