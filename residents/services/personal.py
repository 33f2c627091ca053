"""The only writer of a resident's own blocks: 基本信息, 学习经历, 证书信息, 工作信息 (BR-41, BR-53, BR-55, BR-60,
BR-64, BR-78, BR-80).

A save judges the block by residents/rules, refuses what is provably wrong and takes what is incomplete. What it means
for the record (个人信息状态, answered returns, an update not yet reported) is settled in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from portal.models import CollectionCycle, User
from residents.catalogue.catalogue import Problem
from residents.completeness import completeness
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    Resident,
    SectionConfirmation,
    WorkInfo,
)
from residents.models.enrollment import Module, ReportStatus
from residents.openness import Times, personal_entry
from residents.places import living
from residents.rules import basic, certificate, education, work
from residents.rules.fields import Field, Problems, is_untouched
from residents.rules.verdict import judge
from residents.services import states
from residents.services.refusals import EditConflict, Refused, refuse_errors
from residents.services.returns import answer_by_save, settle_state
from residents.services.states import Closed, StateMoved
from residents.services.uploads import upload_problem
from residents.snapshot import (
    as_column,
    block_of,
    context_of,
    personal_part,
    snapshot_of,
    values_of,
    with_blocks,
)
from residents.updating import asked_of

RULES: dict[str, ModuleType] = {
    "basic": basic,
    "education": education,
    "work": work,
    "certificate": certificate,
}
Block = BasicInfo | EducationRecord | WorkInfo | CertificateInfo
_MODELS: dict[str, type[Block]] = {"basic": BasicInfo, "work": WorkInfo, "certificate": CertificateInfo}
# Columns that hold "" for a blank, the others hold NULL.


class Conflict(EditConflict):
    """The block was saved elsewhere after this form was opened (GOAL-R4).

    `fields`: name → (stored, sent) of what differs; `version` is the one to save against next.
    """

    def __init__(self, fields: dict[str, tuple[Any, Any]], version: int) -> None:
        super().__init__()
        self.fields = fields
        self.version = version


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a save did: names of changed fields, warnings by field, 个人信息状态, number of returns it answered."""

    row: Block | None
    changed: tuple[str, ...] = ()
    warnings: dict[str, list[Problem]] = field(default_factory=dict)
    personal_state: str = ""
    answered: int = 0


# --- what a resident may write ---------------------------------------------------------------------------------------


def has_section(enrollment: Enrollment, block: str) -> bool:
    """工作信息 is a block of the registry only (AM-06)."""
    return block in RULES and (block != "work" or enrollment.module == Module.REGISTRY)


def own_fields(enrollment: Enrollment, block: str) -> tuple[Field, ...]:
    """The fields of a block that the resident writes. 性别 and 出生日期 told by the ID card are not among them
    (GOAL-R6)."""
    told = _told(enrollment) if block == "basic" else {}
    return tuple(item for item in RULES[block].FIELDS if item.owner == "resident" and item.name not in told)


def _told(enrollment: Enrollment) -> dict[str, Any]:
    """性别 and 出生日期 as the ID card tells them, empty for other documents (GOAL-R6, PAIN-24)."""
    return basic.derived(enrollment.resident.id_type, enrollment.resident.id_number)


def stored_values(enrollment: Enrollment, block: str, row: Block | None) -> dict[str, Any]:
    """The block as its tables hold it: 基本信息 begins with the person's identity."""
    values = values_of(row, block)
    if block == "basic":
        names = ("full_name", "id_type", "id_number", "mobile")
        values |= {name: getattr(enrollment.resident, name) for name in names}
    return values


# --- saving ----------------------------------------------------------------------------------------------------------


def save_block(
    enrollment: Enrollment,
    block: str,
    raw: Mapping[str, Any],
    *,
    by: User,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> SaveResult:
    """Save 基本信息 ("basic"), "work" or "certificate" of the record's person from raw values (BR-78, BR-91).

    Fields absent from `raw` keep what is stored, those the resident does not own are ignored (PAIN-29), those no longer
    asked become empty. A file field takes an UploadedFile, or False to remove it. Raises Closed, Conflict, Refused;
    nothing is written then. Where nothing differs no comment is answered (GOAL-R3), and nothing derived is written
    (AM-37).
    """
    with transaction.atomic():
        enrollment = _open_for_writing(enrollment.pk, by, now)
        row = cast("Block | None", block_of(enrollment.resident, block))
        before = stored_values(enrollment, block, row)
        if is_untouched(own_fields(enrollment, block), before, raw):
            return _settled(enrollment, block, row, (), {}, now)
        after, warnings = _judged(enrollment, block, before, raw, others=())
        changes = _differences(RULES[block].FIELDS, before, after)
        _refuse_older(changes, row, expected_version)
        if changes:
            row = row or _MODELS[block](resident=enrollment.resident)
            _write(row, block, after, changes)
            if "mobile" in changes:
                _write_mobile(enrollment.resident, after["mobile"])
        return _settled(enrollment, block, row, changes, warnings, now)


def save_education(
    enrollment: Enrollment,
    pk: int | None,
    raw: Mapping[str, Any],
    *,
    by: User,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> SaveResult:
    """Save one level of study, or add one when `pk` is None; at most five. As save_block otherwise.

    Adding what is already there to the letter (a double click, PAIN-23) gives that row back and writes nothing.
    Raises EducationRecord.DoesNotExist where the row is not (or no longer) the person's.
    """
    with transaction.atomic():
        enrollment = _open_for_writing(enrollment.pk, by, now)
        rows = list(enrollment.resident.education_records.all())
        row = _own_row(rows, pk) if pk else EducationRecord(resident=enrollment.resident)
        before = values_of(row, "education")
        if pk is not None and is_untouched(own_fields(enrollment, "education"), before, raw):
            return _settled(enrollment, "education", row, (), {}, now)
        others = [values_of(each, "education") for each in rows if each.pk != pk]
        if pk is None and (twin := _added_before(enrollment, rows, raw)):
            return SaveResult(twin, personal_state=enrollment.personal_state)
        after, warnings = _judged(enrollment, "education", before, raw, others)
        after["enrolled_level"] = after["level"] if after["is_enrolled"] else None
        changes = _differences(education.FIELDS, before, after)
        _refuse_older(changes, row, expected_version)
        if changes:
            _write(row, "education", after, changes)
        return _settled(enrollment, "education", row, changes, warnings, now)


def delete_education(
    enrollment: Enrollment,
    pk: int,
    *,
    by: User,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> SaveResult:
    """Delete one level of study; the history keeps it. Raises Closed, EditConflict, EducationRecord.DoesNotExist."""
    with transaction.atomic():
        enrollment = _open_for_writing(enrollment.pk, by, now)
        row = _own_row(list(enrollment.resident.education_records.all()), pk)
        if expected_version is not None and expected_version != row.version:
            raise EditConflict
        changes = dict.fromkeys(
            name for name, value in values_of(row, "education").items() if value is not None
        )
        row.delete()
        return _settled(enrollment, "education", None, changes or {"level": None}, {}, now, gone=pk)


def confirm_unchanged(enrollment: Enrollment, section: str, cycle: CollectionCycle, *, by: User) -> bool:
    """信息无变化 for one section in this cycle: who and when (GOAL-R5); False when confirmed before.

    Raises StateMoved where the record is closed, or the section is incomplete and so must be filled in instead.
    """
    with transaction.atomic():
        enrollment = _open_for_writing(enrollment.pk, by, None)
        found = completeness(enrollment, with_training=False).section(section)
        if not found.is_complete:
            raise StateMoved(f"{found.label}还有缺项或错误，请先补全并保存，不能直接确认无变化。")
        _, is_new = SectionConfirmation.objects.get_or_create(
            resident=enrollment.resident, cycle=cycle, section=section, defaults={"confirmed_by": by}
        )
    return is_new


def confirm_all_unchanged(enrollment: Enrollment, cycle: CollectionCycle, *, by: User) -> bool:
    """信息无变化 for every section the record has, all or none; False when all were confirmed before (GOAL-R8).

    Raises as confirm_unchanged.
    """
    with transaction.atomic():
        sections = [section for section in RULES if has_section(enrollment, section)]
        return sum(confirm_unchanged(enrollment, section, cycle, by=by) for section in sections) > 0


def _open_for_writing(enrollment_id: int, by: User, now: datetime | None) -> Enrollment:
    """The record and its person, locked in the order everybody locks them. Raises Closed.

    Nobody but the person himself writes his blocks (BR-41): for others PermissionDenied.
    """
    states.lock(enrollment_id)
    enrollment = with_blocks(Enrollment.objects.all()).get(pk=enrollment_id)
    if enrollment.resident.user_id != by.pk:
        raise PermissionDenied
    Resident.objects.select_for_update().get(pk=enrollment.resident_id)
    entry = personal_entry(enrollment, Times([enrollment], now=now))
    if not entry.is_open:
        raise Closed(entry)
    return enrollment


def _own_row(rows: Iterable[EducationRecord], pk: int) -> EducationRecord:
    for row in rows:
        if row.pk == pk:
            return row
    raise EducationRecord.DoesNotExist


def _added_before(
    enrollment: Enrollment, rows: Iterable[EducationRecord], raw: Mapping[str, Any]
) -> EducationRecord | None:
    """The row that holds exactly these values already; files are not compared."""
    names = [item.name for item in own_fields(enrollment, "education") if item.kind != "file"]
    wanted = judge(education, {name: raw.get(name) for name in names}, _context(enrollment)).values
    if not any(value is not None for value in wanted.values()):
        return None
    for row in rows:
        held = values_of(row, "education")
        if all(held[name] == wanted.get(name, held) for name in names):
            return row
    return None


def _context(enrollment: Enrollment) -> dict[str, Any]:
    """What the other blocks know. While the base has not said what kind of trainee this is, nobody knows whether an
    employer is asked: one typed during an earlier training then stays."""
    return {
        name: value
        for name, value in context_of(enrollment).items()
        if name != "trainee_type" or value is not None
    }


def _judged(
    enrollment: Enrollment,
    block: str,
    before: Mapping[str, Any],
    raw: Mapping[str, Any],
    others: Iterable[Mapping[str, Any]],
) -> tuple[dict[str, Any], Problems]:
    """The block as it would stand and its warnings. Raises Refused for what is provably wrong in his own fields."""
    own = {item.name: item for item in own_fields(enrollment, block)}
    sent = {name: value for name, value in raw.items() if name in own}
    files = _file_problems(own, sent)
    sent |= {name: None for name, value in sent.items() if value is False}
    told = _told(enrollment) if block == "basic" else {}
    context = _context(enrollment) | {"stored": before}
    verdict = judge(RULES[block], {**before, **sent, **told}, context)
    # The page hides what is not asked: its author could not even see what is wrong with it.
    hidden = {name for name in sent if sent[name] and verdict.values.get(name, sent[name]) is None}
    shown = (own.keys() | {""}) - hidden
    found = {name: problems for name, problems in verdict.problems.items() if name in shown}
    if block == "education":
        rows = [*others, verdict.values]
        for index, problems in education.problems_of_rows(rows, context).items():
            if index in (None, len(rows) - 1):
                for name, each in problems.items():
                    found.setdefault(name, []).extend(each)
    for name, refusal in files.items():
        found.setdefault(name, []).append(refusal)
    refuse_errors(found)
    return verdict.values, found


def _file_problems(own: Mapping[str, Field], sent: Mapping[str, Any]) -> dict[str, Problem]:
    uploads = {name: value for name, value in sent.items() if own[name].kind == "file" and value}
    found = {name: upload_problem(name, value) for name, value in uploads.items()}
    return {name: each for name, each in found.items() if each is not None}


def _differences(
    fields: Iterable[Field], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    return {
        item.name: (before[item.name], after[item.name])
        for item in fields
        if item.name in before and before[item.name] != after[item.name]
    }


def _refuse_older(changes: dict[str, tuple[Any, Any]], row: Block | None, expected: int | None) -> None:
    version = row.version if row is not None else 0
    if changes and expected is not None and expected != version:
        raise Conflict(changes, version)


def _write(row: Block, block: str, after: Mapping[str, Any], changes: Iterable[str]) -> None:
    columns = {column.name for column in row._meta.concrete_fields}
    for item in RULES[block].FIELDS:
        if item.name in columns and item.name in changes:
            setattr(row, item.name, as_column(item, after[item.name]))
    row.version += 1
    row.updated_at = timezone.now()
    row.save()


def _write_mobile(resident: Resident, mobile: str | None) -> None:
    """手机号 is one for the person and his account, where it proves who activates or resets it."""
    if mobile is None:
        raise Refused({"mobile": [Problem("required", "手机号不能为空。", "请填写11位手机号。")]})
    resident.mobile = resident.user.mobile = mobile
    resident.version += 1
    resident.save(update_fields=["mobile", "version"])
    resident.user.save(update_fields=["mobile"])


# --- what a save means for the record --------------------------------------------------------------------------------


def _settled(
    enrollment: Enrollment,
    block: str,
    row: Block | None,
    changes: Iterable[str],
    warnings: Problems,
    now: datetime | None,
    *,
    gone: int | None = None,
) -> SaveResult:
    """Answer returns, settle 个人信息状态 and the sign of an unreported update; the base's version is left alone."""
    moment = now or timezone.now()
    paths = [f"{block}.{name}" for name in changes]
    if block == "education":
        pk = gone or cast(EducationRecord, row).pk
        paths = [living(path, pk) for path in paths] + ([living(block, pk)] if gone else [])
    answered = answer_by_save(enrollment, paths, moment)
    if changes or answered:
        settle_state(enrollment)
    if changes:
        _note_saved(enrollment, block)
    if changes:
        # Without a new version: the base works on its part at the same time (BR-64).
        Enrollment.objects.filter(pk=enrollment.pk).update(
            personal_changed_at=moment, has_unreported_update=_is_unreported(enrollment)
        )
    return SaveResult(row, tuple(changes), warnings, enrollment.personal_state, answered)


def _is_unreported(enrollment: Enrollment) -> bool:
    """Whether a reported record now differs from what was reported of the person (AM-14)."""
    if enrollment.report_status != ReportStatus.REPORTED:
        return False
    last = enrollment.submissions.order_by("-number").values_list("snapshot", flat=True).first()
    now = snapshot_of(with_blocks(Enrollment.objects.all()).get(pk=enrollment.pk))
    return last is not None and personal_part(last) != personal_part(now)


def mail_addresses(accounts: Iterable[int]) -> dict[int, str]:
    """The mail address in 基本信息 of these accounts, by the account's key; those without one are missing."""
    found = BasicInfo.objects.filter(resident__user__in=list(accounts)).exclude(email="")
    return dict(found.values_list("resident__user_id", "email"))


def _note_saved(enrollment: Enrollment, section: str) -> None:
    """A saved section needs no confirmation any more in the update that has begun."""
    update = asked_of(enrollment)
    if update is not None and update.cycle is not None:
        SectionConfirmation.objects.get_or_create(
            resident_id=enrollment.resident_id,
            cycle=update.cycle,
            section=section,
            defaults={"confirmed_by_id": enrollment.resident.user_id},
        )
