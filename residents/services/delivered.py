"""The only writer of what a province's platform delivers of a person: 基本信息, 学习经历, 证书信息, 培训信息 (AM-02).

Until the record is approved the platform is the source of these blocks; afterwards the resident and his base are, in
住院医师信息管理. Set-wise: a thousand new records cost a handful of statements.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.utils import timezone

from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    PersonalReturn,
    Resident,
)
from residents.pinyin import pinyin_key
from residents.rules.delivery import PARTS
from residents.rules.fields import Field
from residents.services.returns import settle_states
from residents.services.training import EDITABLE
from residents.services.training_many import Judged, store_many

_TEXTS = frozenset({"text", "code", "uscc", "email", "mobile"})
_ROWS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Content:
    """The judged blocks of one record, by part (residents.rules.delivery)."""

    resident_id: int
    enrollment_id: int
    values: Mapping[str, Any]
    is_new_person: bool


def store_delivered(contents: Collection[Content]) -> None:
    """Write the blocks of records the caller holds locked and has judged without an error.

    The record becomes one of the interface (Origin.API): while the province delivers, nobody else decides on it. What a
    resident had been asked to correct is answered by the delivery (BR-54).
    """
    if not contents:
        return
    ids = [content.enrollment_id for content in contents]
    Enrollment.objects.filter(pk__in=ids).exclude(origin=Enrollment.Origin.API).update(
        origin=Enrollment.Origin.API
    )
    PersonalReturn.objects.filter(enrollment__in=ids, answered_at=None).update(answered_at=timezone.now())
    _store_single(BasicInfo, "basic", contents)
    _store_single(CertificateInfo, "certificate", contents)
    _store_education(contents)
    # Judged complete: nothing that a delivery must hold is missing.
    store_many(
        Judged(content.enrollment_id, _training(content.values["training"]), is_complete=True)
        for content in contents
    )
    settle_states(ids)


def correct_contacts(contacts: Mapping[int, tuple[str, str]]) -> None:
    """Set name and mobile number of persons whose accounts were never used, by resident id: an activated account
    keeps the number by which its owner is recognised."""
    people = Resident.objects.filter(pk__in=contacts, user__activated_at=None).select_related("user")
    for person in people.select_for_update(of=("self", "user")).order_by("pk"):
        name, mobile = contacts[person.pk]
        if (person.full_name, person.mobile) == (name, mobile):
            continue
        person.full_name = person.user.full_name = name
        person.mobile = person.user.mobile = mobile
        person.name_key = pinyin_key(name)
        person.version += 1
        person.save(update_fields=["full_name", "mobile", "name_key", "version"])
        person.user.save(update_fields=["full_name", "mobile"])


def _training(values: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: values.get(field.name) for field in EDITABLE}


def _as_stored(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Every column of the part: what was not sent is empty, for a delivery is the whole record."""
    stored = {}
    for field in fields:
        value = values.get(field.name)
        stored[field.name] = ("" if field.kind in _TEXTS else None) if value is None else value
    return stored


def _store_single(
    model: type[BasicInfo] | type[CertificateInfo], part: str, contents: Iterable[Content]
) -> None:
    """A block of one row a person; files of a known person stay."""
    known = {
        row.pk: row
        for row in model.objects.filter(
            pk__in=[each.resident_id for each in contents if not each.is_new_person]
        )
    }
    fresh = []
    for content in contents:
        after = _as_stored(PARTS[part], content.values[part])
        row = known.get(content.resident_id)
        if row is None:
            fresh.append(model(resident_id=content.resident_id, version=1, **after))
        else:
            _save_if_changed(row, after)
    model.objects.bulk_create(fresh, batch_size=_ROWS_A_STATEMENT)


def _save_if_changed(row: Any, after: Mapping[str, Any]) -> None:
    if all(getattr(row, name) == value for name, value in after.items()):
        return
    for name, value in after.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = timezone.now()
    row.save()


def _store_education(contents: Iterable[Content]) -> None:
    """Levels of study are paired by their order, so that a scan stays with its row; the rest is added or deleted."""
    known: dict[int, list[EducationRecord]] = {}
    people = [each.resident_id for each in contents if not each.is_new_person]
    for row in EducationRecord.objects.filter(resident__in=people).order_by("level", "pk"):
        known.setdefault(row.resident_id, []).append(row)
    fresh = []
    for content in contents:
        sent = sorted(
            (_as_stored_education(row) for row in content.values["education"]), key=lambda row: row["level"]
        )
        for row, after in zip_longest(known.get(content.resident_id, ()), sent):
            if row is None:
                fresh.append(EducationRecord(resident_id=content.resident_id, version=1, **after))
            elif after is None:
                row.delete()
            else:
                _save_if_changed(row, after)
    EducationRecord.objects.bulk_create(fresh, batch_size=_ROWS_A_STATEMENT)


def _as_stored_education(values: Mapping[str, Any]) -> dict[str, Any]:
    stored = _as_stored(PARTS["education"], values)
    return stored | {"enrolled_level": values.get("enrolled_level") or ""}
