"""转换专业 within one base (BR-75, BR-76; PAIN-16): the further record of a person just withdrawn."""

from datetime import date

from django.utils import timezone

from portal.models import User
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import PersonalState, Status

# What is true of the person and his employer whatever he trains for. Years, the planned end, the ground of a reduction
# and the remark belong to the old training.
CARRIED_ON = (
    "program_type",
    "trainee_type",
    "trainee_type_other",
    "is_fresh_graduate",
    "is_rural_oriented",
    "current_degree",
    "degree_school",
    "sponsor_name",
    "sponsor_uscc",
    "sponsor_is_military",
    "is_western_support",
    "ws_from_province",
    "ws_from_unit",
    "ws_from_military",
    "ws_from_uscc",
)


def open_in_specialty(old: Enrollment, specialty: str, *, since: date, note: str, by: User) -> Enrollment:
    """A new registry record of the same person, base and intake year in another specialty, begun that day, 未上报.

    Expects `old` locked and withdrawn in this transaction: the database allows one live record a person. The new
    specialty stays free until the first 上报 (AM-24).
    """
    now = timezone.now()
    new = Enrollment(
        resident=old.resident,
        base=old.base,
        intake_year=old.intake_year,
        origin=Enrollment.Origin.TRANSFER,
        created_by=by,
        created_at=now,
        specialty_id=specialty,
        personal_state=_carried_state(old.personal_state),
        personal_changed_at=old.personal_changed_at,
        registered_at=now,
        state_since=now,
        updated_at=now,
        status_since=since,
        actual_start_date=since,
        **{name: getattr(old, name) for name in CARRIED_ON},
    )
    new.save()
    StatusChange.objects.create(
        enrollment=new, to_status=Status.IN_TRAINING, effective_date=since, reason_note=note, changed_by=by
    )
    return new


def _carried_state(state: str) -> str:
    """An open return stays with the old record, as at a re-import."""
    return PersonalState.FILLING if state == PersonalState.RETURNED else state
