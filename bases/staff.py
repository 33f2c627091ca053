"""Who works for which organisation: the only writer of guardian (docs/architecture.md#scope, TRUST-29).

A grant is one row on one organisation: `act_…` for those who work there, `view_…` for those who only read. Nobody
gives, changes or takes away what lies outside his own organisations.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from guardian.shortcuts import assign_perm, remove_perm

from bases.models import Province, SpecialtyBase, TrainingBase
from bases.scope import DESK, GRANTS, SPECIALTIES, Organisation, bases_for, provinces_for
from portal import audit
from portal.messages.services import Colleague, send
from portal.models import AuditEvent, User
from portal.roles import Action, Role, role_allows
from portal.sign_in import second_factor

ROLE_OF: dict[type[Organisation], Role] = {
    Province: Role.PROVINCE,
    TrainingBase: Role.BASE,
    SpecialtyBase: Role.BASE,
}


@dataclass(frozen=True, slots=True)
class Membership:
    """One person's place in one organisation."""

    user: User
    organisation: Organisation
    is_acting: bool


def may_manage(by: User, organisation: Organisation | None) -> bool:
    """May this person appoint and dismiss there? Without an organisation: among the association's own staff."""
    if organisation is None:
        return by.role == Role.CMDA and role_allows(by.role, Action.MANAGE_STAFF)
    if isinstance(organisation, Province):
        return provinces_for(by, Action.MANAGE_STAFF).filter(pk=organisation.pk).exists()
    base_id = organisation.base_id if isinstance(organisation, SpecialtyBase) else organisation.pk
    return bases_for(by, Action.MANAGE_STAFF).filter(pk=base_id).exists()


def appoint(user: User, organisation: Organisation, *, by: User, read_only: bool = False) -> None:
    """Give one person exactly one grant on an organisation, acting or read-only, in place of any he had there.

    Raises PermissionDenied where `by` doesn't manage the organisation, or where the person's role is of another kind:
    a base's officer never gets a province.
    """
    if not may_manage(by, organisation) or user.role != ROLE_OF[type(organisation)]:
        raise PermissionDenied
    name = organisation._meta.model_name
    given, other = ("view", "act") if read_only else ("act", "view")
    with transaction.atomic():
        # The row lock keeps two clicks from leaving both grants.
        User.objects.select_for_update().get(pk=user.pk)
        remove_perm(f"bases.{other}_{name}", user, organisation)
        assign_perm(f"bases.{given}_{name}", user, organisation)
        audit.record("appoint", by=by, target=organisation, user=user.pk, read_only=read_only)


def appoint_known(user: User, organisation: Organisation, *, by: User, read_only: bool = False) -> None:
    """Appoint somebody who has an account already; one that was disabled and belongs to nobody is enabled with it.

    Raises PermissionDenied as `appoint` does, and for a disabled account that belongs elsewhere.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active:
            if memberships_of(user):
                raise PermissionDenied
            user.is_active = True
            user.save(update_fields=["is_active"])
            audit.record("enable", by=by, target=user)
        appoint(user, organisation, by=by, read_only=read_only)
        may = "查看" if read_only else "办理"
        send(
            [Colleague(user.pk, *_place(organisation))],
            kind="directory",
            subject=f"{by.full_name}已任用您{may}{organisation}的业务",
        )


def left_alone(user: User, organisations: Collection[Organisation]) -> list[Organisation]:
    """Of these organisations those where nobody but this person can act."""
    return [
        each
        for each in organisations
        if [
            place.user.pk
            for place in staff_of(type(each), [each.pk])
            if place.is_acting and place.user.is_active
        ]
        == [user.pk]
    ]


def without_acting(model: type[Organisation], ids: Collection[object]) -> set[object]:
    """Of these organisations of one kind those where nobody can act: nobody appointed, read-only or disabled."""
    act = f"act_{model._meta.model_name}"
    rows = GRANTS[model].objects.filter(
        content_object__in=list(ids), permission__codename=act, user__is_active=True
    )
    return set(ids) - set(rows.values_list("content_object_id", flat=True))


def secretaries(places: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[int]]:
    """Whom to notify of one specialty's people: the ids of its department secretaries, by (base, specialty)."""
    held = {
        row.pk: (row.base_id, row.specialty_id)
        for row in SpecialtyBase.objects.filter(
            base__in={base for base, _ in places}, specialty__in={code for _, code in places}
        )
        if (row.base_id, row.specialty_id) in set(places)
    }
    return {held[cast(int, key)]: people for key, people in recipients(SpecialtyBase, held).items()}


class Desk(NamedTuple):
    """Those who are told of the same records: a base's staff of all its places (base, specialty), the department
    secretaries of one of them, whose `specialty` stands then."""

    people: list[int]
    places: list[tuple[int, str | None]]
    specialty: str = ""


def desks(places: Collection[tuple[int, str | None]]) -> list[Desk]:
    """Whom to notify of records by (base, specialty)."""
    of_base: dict[int, list[tuple[int, str | None]]] = {}
    for place in places:
        of_base.setdefault(place[0], []).append(place)
    staff = recipients(TrainingBase, of_base)
    departments = secretaries([(base, code) for base, code in places if code])
    return [
        *(Desk(staff[base], own) for base, own in of_base.items() if base in staff),
        *(Desk(people, [(base, code)], code) for (base, code), people in departments.items()),
    ]


def dismiss(user: User, organisation: Organisation, *, by: User) -> None:
    """Take every grant of one person on one organisation away; effective at his next click (TRUST-22)."""
    if not may_manage(by, organisation) or user.pk == by.pk:
        raise PermissionDenied
    with transaction.atomic():
        GRANTS[type(organisation)].objects.filter(user=user, content_object=organisation).delete()
        audit.record("dismiss", by=by, target=organisation, user=user.pk)


def create_staff(
    organisation: Organisation | None,
    *,
    username: str,
    full_name: str,
    mobile: str,
    email: str = "",
    read_only: bool = False,
    by: User,
) -> User:
    """A new person for an organisation, or for the association without one. He cannot sign in before an initial code
    is issued to him; his role follows from the organisation and nothing else."""
    if not may_manage(by, organisation):
        raise PermissionDenied
    role = ROLE_OF[type(organisation)] if organisation else Role.CMDA
    with transaction.atomic():
        user = User.objects.create_user(username, role=role, full_name=full_name, mobile=mobile, email=email)
        audit.record("create_staff", by=by, target=user, role_given=str(role))
        if organisation:
            appoint(user, organisation, by=by, read_only=read_only)
    return user


def interface_account(province: Province) -> User:
    """The actor of what a province's interface does (GOAL-S3). Nobody can sign in to it, and nobody can name an account
    so: `#` stands in no name that is typed, and the database keeps such an account disabled."""
    by, _ = User.objects.get_or_create(
        username=f"{User.MACHINE}api-{province.pk}",
        defaults={
            "role": Role.PROVINCE,
            "full_name": f"{province.short_name}接口传送",
            "is_active": False,
            "password": "!",  # nosec B105 # matches no password
        },
    )
    return by


def set_active(user: User, *, active: bool, by: User) -> None:
    """Disable or enable one person's account everywhere; takes the right over every organisation he works for."""
    if not may_manage_person(by, user):
        raise PermissionDenied
    with transaction.atomic():
        user.is_active = active
        user.save(update_fields=["is_active"])
        audit.record("enable" if active else "disable", by=by, target=user)


def may_manage_person(by: User, user: User) -> bool:
    """May `by` disable this person or issue him a code: never himself, never someone who also works elsewhere."""
    if user.pk == by.pk or user.role == Role.RESIDENT or user.is_machine:
        return False
    if by.role == Role.CMDA:
        return role_allows(by.role, Action.MANAGE_STAFF)
    places = memberships_of(user)
    return bool(places) and all(may_manage(by, place.organisation) for place in places)


def may_issue_code(by: User, user: User) -> bool:
    """May `by` hand this person a one-time code, with which one enters as him? Only from the level above, or of an
    account never used that he made himself: an equal who could would be his colleague whenever he liked. The
    association's own staff ask the operator."""
    if not may_manage_person(by, user):
        return False
    levels = (Role.BASE, Role.PROVINCE, Role.CMDA)
    if levels.index(Role(by.role)) > levels.index(Role(user.role)):
        return True
    made = AuditEvent.objects.filter(action="create_staff", actor=by, target_id=str(user.pk))
    return not user.is_activated and made.exists()


def is_above(by: User, user: User) -> bool:
    """Whether someone who manages this person is also above him; nobody is above the association's staff but
    a colleague."""
    return by.role in (Role.PROVINCE, Role.CMDA) and (by.role == Role.CMDA or by.role != user.role)


def reset_factor(user: User, *, by: User, reason: str) -> None:
    """Take a lost second factor away (TRUST-14); raises PermissionDenied where `by` may not.

    An equal may not: he can issue a new password as well, and would enter as his colleague.
    """
    if not (may_manage_person(by, user) and is_above(by, user)):
        raise PermissionDenied
    second_factor.reset(user, by=by, reason=reason)


def memberships_of(user: User) -> list[Membership]:
    """The organisations one person works for: provinces, then bases, then single specialties."""
    return [place for model in GRANTS for place in _memberships(model, Q(user=user))]


def staff_of(model: type[Organisation], ids: Collection[object]) -> list[Membership]:
    """Everyone with a grant on one of these organisations of one kind, in their order."""
    return _memberships(model, Q(content_object__in=list(ids)))


def recipients(model: type[Organisation], ids: Collection[object]) -> dict[object, list[int]]:
    """Whom to notify of an organisation's affairs: the user ids of its active staff, by the organisation's key. Each
    reads of which place he is told, and his link opens that one's desk. Two queries."""
    rows = GRANTS[model].objects.filter(content_object__in=list(ids), user__is_active=True)
    pairs = list(rows.order_by("user_id").values_list("content_object_id", "user_id").distinct())
    related = ("base", "specialty") if model is SpecialtyBase else ()
    keys = {key for key, _ in pairs}
    places = model._default_manager.select_related(*related).in_bulk(list(keys)) if keys else {}
    named = {key: _place(place) for key, place in places.items()}
    found: dict[object, list[int]] = {}
    for key, user in pairs:
        found.setdefault(key, []).append(Colleague(user, *named[key]))
    return found


def _place(place: Organisation) -> tuple[str, str]:
    """How a message names the place, and what its link adds to open the place's desk (bases.scope.current_base)."""
    if isinstance(place, SpecialtyBase):
        query = f"{DESK}={SPECIALTIES}&specialty={place.specialty_id}"
        return f"{place.base.name}{place.specialty.name}", query
    return place.name, f"{DESK}={place.pk}" if isinstance(place, TrainingBase) else ""


def _memberships(model: type[Organisation], which: Q) -> list[Membership]:
    found: dict[tuple, Membership] = {}
    act = f"act_{model._meta.model_name}"
    rows = GRANTS[model].objects.filter(which).select_related("user", "content_object", "permission")
    for row in rows.order_by("content_object_id", "user__full_name", "user_id"):
        key = (row.content_object_id, row.user_id)
        is_acting = row.permission.codename == act or (key in found and found[key].is_acting)
        found[key] = Membership(row.user, row.content_object, is_acting)
    return list(found.values())
