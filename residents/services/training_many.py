"""培训信息 of many records in one UPDATE: the workbook's way past thousands of single saves (GOAL-B12)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from portal.bulk import stage_into
from residents.models import Enrollment
from residents.models.enrollment import PersonalState, ReviewStatus
from residents.rules.fields import Field
from residents.services.training import EDITABLE, blank_as_stored

# Files come by the form only.
_FIELDS: tuple[Field, ...] = tuple(field for field in EDITABLE if field.kind != "file")
_TABLE = "training_of_many"


@dataclass(frozen=True, slots=True)
class Judged:
    """A record whose 培训信息 changes: the whole block as it will stand, judged by the rules."""

    enrollment_id: int
    values: dict[str, Any]
    is_complete: bool


def store_many(rows: Iterable[Judged]) -> int:
    """Write the blocks of rows the caller holds locked and has judged; returns how many were written.

    The rows go by COPY into a temporary table and from there by one UPDATE, so that the history's triggers see every
    row with the person who acted.
    """
    columns = [_column(field) for field in _FIELDS]
    lines = [
        [
            row.enrollment_id,
            *(blank_as_stored(field, row.values[field.name]) for field in _FIELDS),
            row.is_complete,
        ]
        for row in rows
    ]
    if not lines:
        return 0
    types = ", ".join(f'"{name}" {Enrollment._meta.get_field(name).db_type(connection)}' for name in columns)
    changes = ", ".join(f'"{name}" = t."{name}"' for name in [*columns, "training_complete"])
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_TABLE} (id bigint PRIMARY KEY, {types}, training_complete boolean)"
        )
        stage_into(cursor, _TABLE, ["id", *columns, "training_complete"], lines)
        cursor.execute(
            f"UPDATE residents_enrollment e SET {changes}, version = e.version + 1, updated_at = %s,"
            # As residents.services.training: the stage moves with it only before the first decision.
            " state_since = CASE WHEN e.training_complete <> t.training_complete AND e.review_status = %s"
            " AND e.personal_state = %s THEN %s ELSE e.state_since END"
            f" FROM {_TABLE} t WHERE e.id = t.id",
            [now, ReviewStatus.NONE, PersonalState.COMPLETE, now],
        )
        written = cursor.rowcount
        cursor.execute(f"DROP TABLE {_TABLE}")
    return written


def _column(field: Field) -> str:
    return "specialty_id" if field.name == "specialty" else field.name
