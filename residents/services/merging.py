"""Two entries of one person become one, and two again (AM-47): the one way past the lock of a record's person.

The owner's procedures in the database check, move and record the act: the program itself cannot pass the lock.
"""

import pghistory
from django.db import connection, transaction

from portal.models import User
from portal.sign_in.sessions import end_sessions
from residents.models import Enrollment, PersonMerge, Resident
from residents.models.enrollment import LIVE, ReportStatus
from residents.services.returns import settle_states


def lock_persons(*pks: int) -> dict[int, Resident]:
    """Persons and their records, held until the transaction ends, in the order in which everybody locks them."""
    rows = Resident.objects.filter(pk__in=pks).select_related("user").order_by("pk")
    found = {each.pk: each for each in rows.select_for_update(of=("self", "user"))}
    list(Enrollment.objects.filter(resident__in=pks).order_by("pk").select_for_update(of=("self",)))
    return found


def merge(kept: Resident, merged: Resident, *, by: User, reason: str) -> PersonMerge:
    """Every record of `merged`, deleted ones too, is `kept`'s from now on; his account closes. Both are locked by the
    caller, who has asked whether anything stands in the way."""
    with transaction.atomic(), pghistory.context(reason=reason):
        with connection.cursor() as cursor:
            cursor.execute(
                "CALL residents_merge_persons(%s, %s, %s, %s)", [kept.pk, merged.pk, by.pk, reason]
            )
        made = PersonMerge.objects.get(merged=merged, undone_at=None)
        User.objects.filter(pk=merged.user_id).update(
            is_active=False, initial_code_hash="", initial_code_expires_at=None
        )
        if made.had_access:
            User.objects.filter(pk=kept.user_id).update(is_active=True)
        end_sessions(merged.user)
        _settle(made)
    return made


def part(made: PersonMerge, *, by: User, reason: str) -> None:
    """Undo it: the same records are the other person's again, who may sign in as before. What came to the kept one
    since stays with him."""
    with transaction.atomic(), pghistory.context(reason=reason):
        with connection.cursor() as cursor:
            cursor.execute("CALL residents_part_persons(%s, %s, %s)", [made.pk, by.pk, reason])
        User.objects.filter(pk=made.merged.user_id).update(is_active=made.had_access)
        _settle(made)


def _settle(made: PersonMerge) -> None:
    """The blocks of another person speak of the records now: their states follow, and a base sees that something has
    changed since its report (AM-14)."""
    moved = Enrollment.objects.filter(LIVE, pk__in=made.records)
    settle_states(list(moved.values_list("pk", flat=True)))
    moved.filter(report_status=ReportStatus.REPORTED).update(has_unreported_update=True)
