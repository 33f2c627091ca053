"""The only writer of 培训信息 and of a corrected name (BR-29, BR-35, BR-56, BR-60, BR-81; AM-07, AM-08, AM-24).

What a base's change means for 上报 (BR-83) is the business of bases/records/services.py, which calls these in its own
transaction.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pghistory
from django.db import connection, transaction
from django.db.models.functions import Least
from django.utils import timezone

from portal.bulk import stage_into
from portal.models import User
from residents.catalogue.catalogue import Invalid, Problem, problem
from residents.models import EducationRecord, Enrollment, Resident
from residents.openness import training_entry
from residents.pinyin import pinyin_key
from residents.rules import education, training
from residents.rules.fields import Field, Problems, is_untouched, normalise, read_values
from residents.rules.text import clean_name
from residents.services import states
from residents.services.refusals import EditConflict, Refused, refuse_errors
from residents.services.returns import settle_state
from residents.services.states import Closed, moves_stage
from residents.services.uploads import upload_problem
from residents.snapshot import as_column, values_of

# What a base may write: every other column of the block is locked at import or kept by the system (BR-56).
EDITABLE: tuple[Field, ...] = tuple(field for field in training.FIELDS if field.owner == "base")
# Files come by the form only.
_BY_WORKBOOK = tuple(field for field in EDITABLE if field.kind != "file")
_TABLE = "training_of_many"
_REASON_MISSING = Problem("required", "该记录已审核通过，更正姓名须填写理由。", "")


@dataclass(frozen=True, slots=True)
class Change:
    """What a save did: field → (before, after), empty when nothing differed and so nothing was written (PAIN-19)."""

    enrollment: Enrollment
    fields: dict[str, tuple[Any, Any]]

    def __bool__(self) -> bool:
        return bool(self.fields)


def training_context(
    enrollment: Enrollment,
    accredited: Mapping[str, int | None] | None = None,
    studied: Mapping[str, Any] | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """What the rules of 培训信息 know beside the block. `accredited` are the base's specialties of that intake year
    with their ends, `studied` what the person's levels of study tell; left out, each is read (one query)."""
    if accredited is None:
        accredited = accredited_specialties(enrollment.base, enrollment.intake_year)
    if studied is None:
        studied = studies_of([enrollment.resident_id])[enrollment.resident_id]
    return {
        **studied,
        "today": today or timezone.localdate(),
        "module": enrollment.module,
        "full_name": enrollment.resident.full_name,
        "intake_year": enrollment.intake_year,
        "specialty": enrollment.specialty_id,
        "specialty_locked": enrollment.specialty_locked,
        "trainee_type": enrollment.trainee_type or None,
        "accredited": accredited,
        "approved_start": enrollment.actual_start_date if enrollment.approved_submission_id else None,
        "base_province": enrollment.base.province_id,
        "has_moved": enrollment.has_moved,
    }


def studies_of(resident_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """education.derived of each person's levels of study; one query for all."""
    rows: dict[int, list[dict[str, Any]]] = {pk: [] for pk in resident_ids}
    found = EducationRecord.objects.filter(resident__in=resident_ids).order_by("level", "pk")
    for row in found.values("resident_id", *education.DERIVED_FROM):
        rows[row["resident_id"]].append(row)
    return {pk: education.derived(of_one) for pk, of_one in rows.items()}


def accredited_specialties(base: Any, intake_year: int) -> dict[str, int | None]:
    """The specialties a TrainingBase was accredited for by that intake year, of those the country offered, each with
    the last year in which a training may begin there (AM-45)."""
    return {code: last for _, code, last in accreditations(base.specialty_bases, intake_year)}


def accreditations(specialty_bases: Any, intake_year: int) -> list[tuple[int, str, int | None]]:
    """(base, specialty, last year) of these rows of SpecialtyBase that had begun by the intake year; one query."""
    begun = specialty_bases.filter(valid_from__lte=intake_year, specialty__valid_from__lte=intake_year)
    # LEAST leaves out what is NULL.
    last = Least("valid_to", "specialty__valid_to")
    return list(begun.order_by().values_list("base_id", "specialty_id").annotate(last=last))


def judge_training(
    enrollment: Enrollment, given: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[dict[str, Any], Problems]:
    """The block as it would stand with the given values, raw or clean, and its problems.

    Fields not given keep what is stored; those no longer asked become empty; 预计培训结束时间 follows start and years
    unless it was typed (docs/fields.md#training). Fields the base does not own are ignored: nobody writes them (BR-56,
    PAIN-29).
    """
    sent, unreadable = read_given(EDITABLE, given)
    stored = values_of(enrollment, "training")
    # A form sends the date it opened with along: that is not typed.
    if sent.get("planned_end_date") == stored.get("planned_end_date"):
        sent.pop("planned_end_date", None)
    values, problems = judge_block(stored, sent, context)
    return values, {**problems, **unreadable}


def judge_block(
    block: Mapping[str, Any], sent: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[dict[str, Any], Problems]:
    """As judge_training, of the stored block (values_of) and clean values of fields that the base owns.

    A named 预计培训结束时间 is always meant, so that the same workbook row twice changes nothing (GOAL-B10).
    """
    stored = {field.name: block.get(field.name) for field in EDITABLE}
    values = normalise(EDITABLE, {**stored, **sent}, context)
    values["planned_end_date"] = _planned_end(stored, values, typed="planned_end_date" in sent)
    return values, training.problems(values, context)


def read_given(fields: Collection[Field], given: Mapping[str, Any]) -> tuple[dict[str, Any], Problems]:
    """The clean values of what was given, files judged by their bytes; False removes a file."""
    values, problems = read_values(fields, given)
    for field in fields:
        if field.kind != "file" or field.name not in values:
            continue
        if values[field.name] is False:
            values[field.name] = None
        elif values[field.name] and (refusal := upload_problem(field.name, values[field.name])):
            problems[field.name] = [refusal]
    return values, problems


def _planned_end(stored: Mapping[str, Any], values: Mapping[str, Any], *, typed: bool) -> date | None:
    computed = training.derived(values).get("planned_end_date")
    planned = values.get("planned_end_date")
    if planned is None:
        return computed
    was_computed = stored.get("planned_end_date") == training.derived(stored).get("planned_end_date")
    return computed if not typed and was_computed and computed is not None else planned


def save_training(
    enrollment_id: int, values: Mapping[str, Any], *, by: User, expected_version: int | None = None
) -> Change:
    """Store the given fields of 培训信息, keep `training_complete` current; nothing is written where nothing differs
    (BR-92), nor what would only follow from the stored values (AM-37).

    `expected_version` is the version the form was opened with. Raises Closed, EditConflict where it changed meanwhile,
    Refused where the rules forbid the values.
    """
    with transaction.atomic():
        enrollment = states.lock(enrollment_id)
        entry = training_entry(enrollment)
        if not entry.is_open:
            raise Closed(entry)
        stored = values_of(enrollment, "training")
        if is_untouched(EDITABLE, stored, values):
            return Change(enrollment, {})
        context = training_context(enrollment)
        after, problems = judge_training(enrollment, values, context)
        refuse_errors(problems)
        fields = differences(stored, after)
        if fields:
            if expected_version is not None and expected_version != enrollment.version:
                raise EditConflict
            _store(enrollment, after, fields, context)
    return Change(enrollment, fields)


def differences(stored: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field → (stored, new) of what really differs from the stored block; an empty text and nothing are the same."""
    found = {}
    for field in EDITABLE:
        before, now = stored.get(field.name), after[field.name]
        if before != now and as_column(field, before) != as_column(field, now):
            found[field.name] = (before, now)
    return found


def _store(
    enrollment: Enrollment, after: Mapping[str, Any], fields: Collection[str], context: Mapping[str, Any]
) -> None:
    columns = assign(enrollment, after, fields)
    complete = is_complete(after, context)
    enrollment.updated_at = timezone.now()
    if moves_stage(enrollment, is_complete=complete):
        enrollment.state_since = enrollment.updated_at
    enrollment.training_complete = complete
    enrollment.version += 1
    enrollment.save(update_fields=[*columns, "training_complete", "version", "updated_at", "state_since"])
    # What is asked of the resident depends on 人员类型.
    settle_state(enrollment)


def assign(enrollment: Enrollment, after: Mapping[str, Any], fields: Collection[str]) -> list[str]:
    """Put the named fields on the row, blanks as the column wants them; returns the columns set."""
    named = [field for field in EDITABLE if field.name in fields]
    for field in named:
        setattr(enrollment, _column(field), as_column(field, after[field.name]))
    return [field.name for field in named]


def _column(field: Field) -> str:
    return "specialty_id" if field.name == "specialty" else field.name


def is_complete(values: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Whether 培训信息 may be reported as it stands: nothing missing, nothing wrong (BR-46)."""
    found = training.problems(values, context)
    wrong = any(not problem.is_warning for problems in found.values() for problem in problems)
    return not wrong and not training.missing(values, context)


# --- many at once: the workbook's way past thousands of single saves (GOAL-B12) --------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """A record whose 培训信息 changes: the whole block as it will stand, judged by the rules, and whether the stage of
    the record moves with it (residents.services.states.moves_stage)."""

    enrollment_id: int
    values: dict[str, Any]
    is_complete: bool
    moves_stage: bool = False

    @classmethod
    def of(cls, enrollment: Enrollment, values: dict[str, Any], is_complete: bool) -> "Judged":
        """Of a record that stands in memory as the database holds it."""
        return cls(enrollment.pk, values, is_complete, moves_stage(enrollment, is_complete=is_complete))


def store_many(rows: Iterable[Judged]) -> int:
    """Write the blocks of rows the caller holds locked and has judged; returns how many were written.

    The rows go by COPY into a temporary table and from there by one UPDATE, so that the history's triggers see every
    row with the person who acted.
    """
    columns = [_column(field) for field in _BY_WORKBOOK]
    lines = [
        [
            row.enrollment_id,
            *(as_column(field, row.values[field.name]) for field in _BY_WORKBOOK),
            row.is_complete,
            row.moves_stage,
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
            f"CREATE TEMPORARY TABLE {_TABLE} (id bigint PRIMARY KEY, {types}, training_complete boolean,"
            " moves_stage boolean)"
        )
        stage_into(cursor, _TABLE, ["id", *columns, "training_complete", "moves_stage"], lines)
        cursor.execute(
            f"UPDATE residents_enrollment e SET {changes}, version = e.version + 1, updated_at = %s,"
            " state_since = CASE WHEN t.moves_stage THEN %s ELSE e.state_since END"
            f" FROM {_TABLE} t WHERE e.id = t.id",  # nosec B608 # constants
            [now, now],
        )
        written = cursor.rowcount
        cursor.execute(f"DROP TABLE {_TABLE}")
    return written


# --- the name ---------------------------------------------------------------------------------------------------------


def correct_name(enrollment_id: int, raw_name: str, *, by: User, reason: str = "") -> Change:
    """Correct 姓名 (AM-07): by the base freely until the first approval, afterwards with a reason kept in the history.

    The name is one for the person and his account. Raises Refused for an impossible name and for a missing reason,
    Closed.
    """
    try:
        name = clean_name(raw_name)
    except Invalid as refusal:
        raise Refused({"full_name": [refusal.problem]}) from refusal
    if not name:
        raise Refused({"full_name": [problem("required")]})
    with transaction.atomic(), pghistory.context(reason=reason.strip()):
        enrollment = states.lock(enrollment_id)
        entry = training_entry(enrollment)
        if not entry.is_open:
            raise Closed(entry)
        resident = (
            Resident.objects.select_for_update(of=("self",))
            .select_related("user")
            .get(pk=enrollment.resident_id)
        )
        if name == resident.full_name:
            return Change(enrollment, {})
        if enrollment.approved_submission_id and not reason.strip():
            raise Refused({"reason": [_REASON_MISSING]})
        before, resident.full_name, resident.name_key = resident.full_name, name, pinyin_key(name)
        resident.version += 1
        resident.save(update_fields=["full_name", "name_key", "version"])
        resident.user.full_name = name
        resident.user.save(update_fields=["full_name"])
    return Change(enrollment, {"full_name": (before, name)})
