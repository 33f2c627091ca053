"""Records that go on at another base: the one way past the lock of a record's base (AM-46)."""

from collections.abc import Mapping

import pgtrigger
from django.db import connection
from django.utils import timezone

_LOCK = "residents.Enrollment:year_base_person_locked"


def move_records(approved: Mapping[int, int | None], base_id: int) -> int:
    """Give the records, held locked by the caller, to this base; each with the submission that counts from now on
    (None where nothing is approved). Review state, history and whatever hangs on a record go with it."""
    now = timezone.now()
    with pgtrigger.ignore(_LOCK), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE residents_enrollment e SET base_id = %s, approved_submission_id = moved.approved,"
            " version = e.version + 1, updated_at = %s"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS moved (id, approved) WHERE e.id = moved.id",
            [base_id, now, list(approved), list(approved.values())],
        )
        return cursor.rowcount
