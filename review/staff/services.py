"""What is done to a person of an organisation, with what follows for the work he had there (GOAL-P6): nobody's
assignments stay with somebody who can no longer act."""

from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from bases import staff
from bases.models import Province, SpecialtyBase, TrainingBase
from bases.staff import Organisation
from portal import audit
from portal.messages.services import send
from portal.models import User
from portal.roles import Role
from review.assignments import services as assignments

KIND = "directory"


def left_alone(person: User, act: str, organisation: Organisation | None) -> list[Organisation]:
    """The organisations in which nobody could act any more after this act."""
    if act == "disable":
        return staff.left_alone(person, [each.organisation for each in staff.memberships_of(person)])
    takes = act in ("dismiss", "read_only") and organisation is not None
    return staff.left_alone(person, [organisation]) if takes and organisation else []


def change(person: User, act: str, organisation: Organisation | None, *, by: User) -> None:
    """His right in one organisation, his place there, or his account everywhere; a reviewer who can no longer act gives
    his assignments and substitutions back to the pool. Raises PermissionDenied as bases.staff does."""
    with transaction.atomic():
        places = [each.organisation for each in staff.memberships_of(person)]
        if act in ("enable", "disable"):
            staff.set_active(person, active=act == "enable", by=by)
        elif organisation is None:
            raise PermissionDenied  # of the association nobody is dismissed and nobody's right is changed
        elif act == "dismiss":
            staff.dismiss(person, organisation, by=by)
            _tell_who_left(person, organisation, f"您不再是{organisation.name}的工作人员", by=by)
        else:
            staff.appoint(person, organisation, by=by, read_only=act == "read_only")
        if act in ("disable", "dismiss", "read_only"):
            left = places if act == "disable" or organisation is None else [organisation]
            for province in left:
                if isinstance(province, Province):
                    assignments.release(province, person, by=by)


def _tell_who_left(person: User, organisation: Organisation, subject: str, *, by: User) -> None:
    send(
        [person],
        kind=KIND,
        subject=subject[:120],
        body=f"由{by.full_name}办理。此前关于{organisation.name}的消息，其中的名单您不能再打开；仍须在该单位办理业务的，"
        "请该单位可办理业务的人员或其上级重新任用。",
    )


def hand_over(person: User, to: User, organisation: Organisation, *, by: User) -> int:
    """In one act: `to` may act there, has the assignments and substitutions of `person`, and `person` leaves. Returns
    how many bases went over. Raises PermissionDenied where `by` may not, or for handing over to oneself."""
    if person.pk == to.pk:
        raise PermissionDenied
    with transaction.atomic():
        staff.appoint(to, organisation, by=by)
        moved = 0
        if isinstance(organisation, Province):
            moved = assignments.hand_over(organisation, person, to, by=by)
        staff.dismiss(person, organisation, by=by)
        audit.record("hand_over", by=by, target=organisation, user=person.pk, to=to.pk, bases=moved)
        send(
            [to],
            kind=KIND,
            subject=f"{person.full_name}在{organisation.name}的工作已移交给您",
            body=f"您现在可以办理{organisation.name}的业务。"
            + (f"一并移交的审核分工：{moved} 个培训基地。" if moved else ""),
        )
        _tell_who_left(person, organisation, f"您在{organisation.name}的工作已移交给{to.full_name}", by=by)
    return moved


@dataclass(frozen=True, slots=True)
class Gap:
    """One organisation in use in which nobody can act."""

    organisation: Province | TrainingBase
    kind: str


def gaps(provinces: Collection[Province], bases: Collection[TrainingBase]) -> list[Gap]:
    """Where nobody can act: nobody is appointed, all are read-only, disabled or gone. Two queries."""
    open_provinces = staff.without_acting(Province, [each.pk for each in provinces])
    open_bases = staff.without_acting(TrainingBase, [each.pk for each in bases])
    return [
        *(Gap(each, "province") for each in provinces if each.pk in open_provinces),
        *(Gap(each, "base") for each in bases if each.pk in open_bases),
    ]


def without_place() -> list[User]:
    """Staff of bases and provinces who belong to no organisation: dismissed, and free to be appointed again."""
    placed = {
        user
        for model in (Province, TrainingBase, SpecialtyBase)
        for user in staff.GRANTS[model].objects.values_list("user_id", flat=True)
    }
    people = User.objects.filter(role__in=(Role.BASE, Role.PROVINCE)).exclude(username__startswith="api-")
    return list(people.exclude(pk__in=placed).order_by("full_name", "pk"))
