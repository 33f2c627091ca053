"""What 培训信息 of somebody transferred may start from: what his base before had filled in of the person (BR-74)."""

from dataclasses import dataclass
from typing import Any

from residents.models import Enrollment
from residents.models.enrollment import Status
from residents.services.specialty_change import CARRIED_ON
from residents.services.training import EDITABLE
from residents.snapshot import values_of

_CARRIED = [field.name for field in EDITABLE if field.name in CARRIED_ON]


@dataclass(frozen=True, slots=True)
class Start:
    """Values to begin the form with, and whose they were. Shown, and stored only by the save of whoever has read
    them (AM-37)."""

    base: str
    values: dict[str, Any]


def start_of(enrollment: Enrollment) -> Start | None:
    """For a transferred person of whom nothing of this is filled in yet; None where the base before had nothing."""
    if enrollment.origin != Enrollment.Origin.TRANSFER or _filled(enrollment):
        return None
    left = Enrollment.objects.filter(
        resident=enrollment.resident_id, status=Status.WITHDRAWN, deleted_at__isnull=True
    ).exclude(base=enrollment.base_id)
    before = left.select_related("base").order_by("-status_since", "-pk").first()
    values = _filled(before) if before else {}
    if before is None or not values:
        return None
    if enrollment.specialty_id is None and before.specialty_id:
        values["specialty"] = before.specialty_id
    return Start(before.base.name, values)


def _filled(enrollment: Enrollment) -> dict[str, Any]:
    stored = values_of(enrollment, "training")
    return {name: stored[name] for name in _CARRIED if stored[name] not in (None, "")}
