"""Recruits who are in the intake no more without an approval, told apart by why they went (AM-33)."""

from django.db.models import Count

from bases.scope import deleted_enrollments_for
from portal.models import CollectionCycle, User
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.models.enrollment import Deletion


def departures(
    user: User, cycle: CollectionCycle, *, province: str = "", base: str = ""
) -> list[tuple[str, int]]:
    """How many recruits of the cycle went for each reason, of those the user sees; one query over the few deleted.

    What went with an undone import was never recruited. A record deleted before the reasons were told apart was wrong.
    """
    if user.role == Role.CMDA:
        deleted = Enrollment.objects.filter(deleted_at__isnull=False)
    else:
        deleted = deleted_enrollments_for(user, Action.VIEW)
    found = deleted.filter(intake_year=cycle.year, intake_submission=None, deleted_with=None)
    found = found.exclude(origin__in=(Enrollment.Origin.LATE, Enrollment.Origin.TRANSFER))
    if province:
        found = found.filter(base__province=province)
    if base:
        found = found.filter(base__pk=base)
    counted = found.order_by().values_list("deleted_as").annotate(number=Count("pk"))
    numbers = dict.fromkeys(Deletion.values, 0)
    for kind, number in counted:
        numbers[kind or Deletion.WRONG] += number
    return [(Deletion(kind).label, number) for kind, number in numbers.items()]
