"""A record as plain values: what the rules judge, what 上报 freezes, what pages and comparisons show.

The fields of an instance are read by the names of the rules' FIELDS, so a field added there and to the model is in
every snapshot without further code.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from residents.models import Enrollment, Resident
from residents.rules import education
from residents.rules.fields import Field
from residents.words import BLOCKS

FIELDS: dict[str, tuple[Field, ...]] = {block.key: block.fields for block in BLOCKS}
# Held by the person or the base, not by a column of the block's own table.
_ELSEWHERE = {"province", "training_base", "specialty"}
_READ = {
    key: tuple(field.name for field in fields if field.name not in _ELSEWHERE)
    for key, fields in FIELDS.items()
}
_FILES = {
    key: tuple(field.name for field in fields if field.kind == "file") for key, fields in FIELDS.items()
}

_TEXTS = frozenset({"text", "code", "uscc", "email", "mobile", "phone", "name", "file"})


def as_column(field: Field, value: Any) -> Any:
    """The value as its column holds it, the reverse of `values_of`: texts hold "" for a blank, everything else NULL."""
    if value not in (None, ""):
        return value
    return "" if field.kind in _TEXTS and field.name != "specialty" else None


def values_of(instance: Model | None, block: str) -> dict[str, Any]:
    """The values of one block by field name, blanks as None; an instance that does not exist yet gives all None."""
    # Ten thousand times for a workbook: one pass, and the few files afterwards.
    values: dict[str, Any] = {
        name: None if (value := getattr(instance, name, None)) == "" else value for name in _READ[block]
    }
    for name in _FILES[block]:
        values[name] = values[name].name if values[name] else None
    if block == "training" and isinstance(instance, Enrollment):
        values |= {
            "specialty": instance.specialty_id,
            "training_base": instance.base.name,
            "province": instance.base.province_id,
        }
    return values


def block_of(resident: Resident, block: str) -> Model | None:
    """The row of a person's one-row block, None while it has never been saved."""
    return getattr(resident, block, None) if hasattr(resident, block) else None


def education_rows(resident: Resident) -> list[dict[str, Any]]:
    return [values_of(row, "education") for row in resident.levels_of_study]


def personal_values(resident: Resident) -> dict[str, Any]:
    """All personal blocks: basic, education (a list), work, certificate."""
    return {
        "basic": values_of(block_of(resident, "basic"), "basic"),
        "education": education_rows(resident),
        "work": values_of(block_of(resident, "work"), "work"),
        "certificate": values_of(block_of(resident, "certificate"), "certificate"),
    }


def context_of(
    enrollment: Enrollment, personal: dict[str, Any] | None = None, *, today: date | None = None
) -> dict[str, Any]:
    """What the rules of one block know of the others; no query if the person's blocks are loaded."""
    resident = enrollment.resident
    personal = personal or personal_values(resident)
    basic = personal["basic"]
    return {
        "today": today or timezone.localdate(),
        "module": enrollment.module,
        "full_name": resident.full_name,
        "id_type": resident.id_type,
        "id_number": resident.id_number,
        "mobile": resident.mobile,
        "birth_date": basic["birth_date"],
        "sex": basic["sex"],
        "nationality": basic["nationality"],
        "military_status": basic["military_status"],
        "intake_year": enrollment.intake_year,
        "specialty": enrollment.specialty_id,
        "specialty_locked": enrollment.specialty_locked,
        "trainee_type": enrollment.trainee_type or None,
        "approved_years": enrollment.approved_years,
        "actual_start_date": enrollment.actual_start_date,
        "planned_end_date": enrollment.planned_end_date,
        "base_province": enrollment.base.province_id,
        "has_moved": enrollment.has_moved,
        **education.derived(personal["education"]),
    }


def identity_values(resident: Resident, enrollment: Enrollment) -> dict[str, Any]:
    return {
        "intake_year": enrollment.intake_year,
        "full_name": resident.full_name,
        "id_type": resident.id_type,
        "id_number": resident.id_number,
        "mobile": resident.mobile,
    }


def status_values(enrollment: Enrollment) -> dict[str, Any]:
    """The last change of 培训状态; a record that never left its first 在培 shows only that."""
    changes = sorted(enrollment.status_changes.all(), key=lambda change: change.pk)
    values = values_of(changes[-1] if changes else None, "status")
    return {**values, "status": enrollment.status}


def snapshot_of(enrollment: Enrollment) -> dict[str, Any]:
    """The whole record as JSON can hold it: the shape of Submission.snapshot (BR-20)."""
    resident = enrollment.resident
    blocks = {
        "identity": identity_values(resident, enrollment),
        **personal_values(resident),
        "training": values_of(enrollment, "training"),
        "status": status_values(enrollment),
    }
    return {
        key: [_plain(row) for row in block] if isinstance(block, list) else _plain(block)
        for key, block in blocks.items()
    }


def personal_part(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What of a snapshot belongs to the resident, for comparing with what he saved since (AM-14). Of one who had left
    before anything was reported it holds his identity alone (AM-20)."""
    parts = ("identity", "basic", "education", "work", "certificate")
    return {key: snapshot[key] for key in parts if key in snapshot}


def changed_fields(old: dict[str, Any], new: dict[str, Any], fields: Iterable[Field]) -> list[str]:
    """Names of the fields that differ between two value dicts, blanks being equal."""
    return [field.name for field in fields if _blank(old.get(field.name)) != _blank(new.get(field.name))]


def _blank(value: Any) -> Any:
    return None if value == "" else value


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def with_blocks(enrollments: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """The records with all blocks of their persons, loaded together (two queries)."""
    return enrollments.select_related(
        "resident__user",
        "resident__basic",
        "resident__work",
        "resident__certificate",
        "base__province",
        "specialty",
    ).prefetch_related("resident__education_records")


def for_check(enrollments: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """The records with all that the check and the snapshot read, loaded together (three queries)."""
    return with_blocks(enrollments).prefetch_related("status_changes")
