"""One enrollment held for a change of its state (docs/codes.md#states); the moves stand in states_many and
states_decided.

A state that moved meanwhile raises `StateMoved`, which a page turns into a message, never into a 500.
"""

from residents.models import Enrollment


class StateMoved(Exception):
    """The record is no longer in the state the caller saw; the text tells the user what it is now."""


def lock(enrollment_id: int) -> Enrollment:
    """Read one enrollment for change, holding its row until the transaction ends."""
    return (
        Enrollment.objects.select_for_update(of=("self",))
        .select_related("resident__user", "base__province", "specialty")
        .get(pk=enrollment_id)
    )
