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
from residents.models.enrollment import PersonalState, ReportStatus, ReviewStatus
from residents.pinyin import pinyin_key
from residents.rules import certificate
from residents.rules.delivery import PARTS
from residents.rules.fields import Field, missing_fields
from residents.services.returns import settle_states
from residents.services.training import EDITABLE, Judged, store_many
from residents.snapshot import as_column

_IDENTITY = ("full_name", "id_type", "id_number", "mobile")
_ROWS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Content:
    """The judged blocks of one record, by part (residents.rules.delivery)."""

    resident_id: int
    enrollment_id: int
    values: Mapping[str, Any]


def details_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with which a delivered record enters: 培训信息, complete, and 已上报 / 待审核 (AM-02).

    The caller makes the submission in the same transaction.
    """
    columns = {}
    for field in EDITABLE:
        name = "specialty_id" if field.name == "specialty" else field.name
        columns[name] = as_column(field, values["training"].get(field.name))
    return columns | {
        "training_complete": True,
        "personal_state": _personal_state(values),
        "report_status": ReportStatus.REPORTED,
        "review_status": ReviewStatus.PENDING,
    }


def _personal_state(values: Mapping[str, Any]) -> str:
    """Judged without an error a record lacks at most a file, which its resident adds."""
    is_complete = not missing_fields(certificate.FIELDS, values["certificate"])
    return PersonalState.COMPLETE if is_complete else PersonalState.FILLING


def store_new_people(contents: Iterable[tuple[Content, Any]]) -> list[Enrollment]:
    """Write the personal blocks of persons whom bases got just now, each with his TrainingBase, and give their records
    as they stand, blocks and all: reading a thousand of them back would take longer than writing them."""
    enrollments, basics, certificates, studies = [], [], [], []
    for content, base in contents:
        values, pk = content.values, content.resident_id
        person = Resident(pk=pk, **{name: values["account"][name] for name in _IDENTITY})
        # Assigning the person to a block lets him know the block too.
        basics.append(BasicInfo(resident=person, version=1, **_as_stored(PARTS["basic"], values["basic"])))
        certificates.append(
            CertificateInfo(
                resident=person, version=1, **_as_stored(PARTS["certificate"], values["certificate"])
            )
        )
        own = [EducationRecord(resident=person, version=1, **row) for row in _studies(values)]
        studies += own
        vars(person)["_prefetched_objects_cache"] = {"education_records": own}
        # Known to be missing, so that nobody asks the database for it.
        person._state.fields_cache["work"] = None
        enrollment = Enrollment(
            pk=content.enrollment_id,
            resident=person,
            base=base,
            intake_year=values["account"]["intake_year"],
            origin=Enrollment.Origin.API,
            **details_of(values),
        )
        vars(enrollment)["_prefetched_objects_cache"] = {"status_changes": []}
        enrollments.append(enrollment)
    BasicInfo.objects.bulk_create(basics, batch_size=_ROWS_A_STATEMENT)
    CertificateInfo.objects.bulk_create(certificates, batch_size=_ROWS_A_STATEMENT)
    EducationRecord.objects.bulk_create(studies, batch_size=_ROWS_A_STATEMENT)
    return enrollments


def store_delivered(contents: Collection[Content]) -> None:
    """Write the blocks of records of known persons; the caller holds them locked and has judged them without an error.

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
    # The stage moves with the report that follows in the same transaction.
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
    return {field.name: as_column(field, values.get(field.name)) for field in fields}


def _store_single(model: Any, part: str, contents: Iterable[Content]) -> None:
    """A block of one row a person; files of a known person stay."""
    known = model.objects.in_bulk([each.resident_id for each in contents])
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
    people = [each.resident_id for each in contents]
    for row in EducationRecord.objects.filter(resident__in=people).order_by("level", "pk"):
        known.setdefault(row.resident_id, []).append(row)
    fresh = []
    for content in contents:
        for row, after in zip_longest(known.get(content.resident_id, ()), _studies(content.values)):
            if row is None:
                fresh.append(EducationRecord(resident_id=content.resident_id, version=1, **after))
            elif after is None:
                row.delete()
            else:
                _save_if_changed(row, after)
    EducationRecord.objects.bulk_create(fresh, batch_size=_ROWS_A_STATEMENT)


def _studies(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [
        _as_stored(PARTS["education"], row) | {"enrolled_level": row.get("enrolled_level") or ""}
        for row in values["education"]
    ]
    return sorted(rows, key=lambda row: row["level"])
