"""上报: what prevents it and the immutable submission it makes (BR-30, BR-46, BR-57, BR-65, BR-84).

One path for one record and for a thousand: rows are locked in id order, so two clicks, two tabs or two servers make
one submission (GOAL-B15, PAIN-23). The number of queries does not depend on the number of records.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.accreditation import ends
from bases.models import Submission
from bases.submissions.differences import changed_fields
from bases.submissions.kept import approved_snapshots, last_snapshots, snapshot_as_kept
from bases.submissions.unchanged import UNTOUCHED, untouched_since_return
from portal.bulk import without_collecting
from portal.calendar import Opening, step_now
from portal.models import CollectionCycle, Step, User
from residents.catalogue.catalogue import problem
from residents.completeness import Completeness, Section, completeness_of_many
from residents.models import Enrollment, PersonalReturn
from residents.models.enrollment import Module, ReportStatus, ReviewStatus, Status
from residents.openness import Times, entries_of, personal_entry, report_entry, training_entry
from residents.rules import education
from residents.rules.identity import is_stand_in
from residents.services.returns import mark_reviewed
from residents.services.states import mark_reported_many
from residents.snapshot import for_check

# Reported even of a person who will not answer (AM-41).
WITHOUT_ANSWER = frozenset({Status.SUSPENDED, Status.ENDED, Status.WITHDRAWN})
DECLARATION = "本基地已核对以上住院医师的个人信息和培训信息，确认真实、准确、完整。"


class DeclarationMissing(ValueError):
    """Nobody declared the data true (BR-19); nothing was reported."""

    def __init__(self) -> None:
        super().__init__("请先勾选声明，确认信息真实、准确、完整，再上报。")


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a record cannot be reported now, and the page where it is repaired ("" where none helps).

    `kind`: "state" already reported, "closed" window or mode of the report or of what is to be repaired first, "return"
    open return to the resident, "missing" or "invalid" field; `owner` is who must act: "resident", "base" or "".
    `section` and `label` name the block and the field, for pages that group the missing ones.
    """

    kind: str
    text: str
    url: str = ""
    owner: str = ""
    section: str = ""
    label: str = ""


_CLOSED = {"resident": "住院医师现在不能填写、修改个人信息：", "base": "培训信息现在不能填写、修改："}


@dataclass(frozen=True, slots=True)
class Examination:
    """What the check before 上报 found of one record."""

    blockers: list[Blocker]
    warnings: list[str]
    # Returned by the province and not changed since.
    is_untouched: bool = False
    # The codes of the warnings, each once, in order.
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What became of each record: `reported` now, `already` reported before (a second click), `refused` and why."""

    batch: uuid.UUID
    reported: list[int] = field(default_factory=list)
    already: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


# --- the check -------------------------------------------------------------------------------------------------------


def check(enrollment: Enrollment) -> list[Blocker]:
    """Everything that prevents 上报 of this record; empty when it can be reported (BR-46)."""
    return examine([enrollment])[enrollment.pk].blockers


def examine(enrollments: Iterable[Enrollment], times: Times | None = None) -> dict[int, Examination]:
    """Blockers and warnings of each record by its id; warnings stop nothing (PAIN-25), differences of AM-08 among
    them."""
    enrollments = list(enrollments)
    times = times or Times(enrollments)
    entries = entries_of(enrollments, report_entry, times)
    forms = {
        "base": entries_of(enrollments, training_entry, times),
        "resident": entries_of(enrollments, personal_entry, times),
    }
    ids = [row.pk for row in enrollments]
    returned = set(
        PersonalReturn.objects.filter(enrollment__in=ids, answered_at__isnull=True).values_list(
            "enrollment_id", flat=True
        )
    )
    complete = completeness_of_many(enrollments)
    untouched = untouched_since_return(enrollments)
    ended = ends(enrollments)
    for pk, said in ended.items():
        complete[pk].section("training").problems.append(("actual_start_date", said))
    return {
        row.pk: Examination(
            _blockers(
                row,
                entries[row.pk],
                {owner: found[row.pk] for owner, found in forms.items()},
                row.pk in returned,
                complete[row.pk],
            ),
            _warnings(row, row.pk in returned, complete[row.pk]),
            row.pk in untouched,
            hints_of(complete[row.pk].sections),
        )
        for row in enrollments
    }


def hints_of(sections: Iterable[Section]) -> tuple[str, ...]:
    """The codes of what only looks odd in these sections, sorted."""
    return tuple(sorted({found.code for part in sections for _, found in part.problems if found.is_warning}))


def is_reported(enrollment: Enrollment) -> bool:
    """Whether nothing new is to be reported. A resident's save after 上报 may be reported again (AM-14)."""
    return enrollment.report_status == ReportStatus.REPORTED and not enrollment.has_unreported_update


def _blockers(
    enrollment: Enrollment,
    entry: Opening,
    forms: Mapping[str, Opening],
    is_returned: bool,
    complete: Completeness,
) -> list[Blocker]:
    """`forms` tells by its owner whether the form that repairs a fault may be filled in: to one that is closed nothing
    leads, and that it is closed stands beside the fault (AM-31)."""
    if is_reported(enrollment):
        return [Blocker("state", "该记录已经上报，无需重复上报。")]
    found = [] if entry.is_open else [Blocker("closed", entry.reason)]
    # The base's to mend, whatever the person's status: without his number nothing goes up (AM-35).
    freed = str(problem("number_freed")) if is_stand_in(enrollment.resident.id_number) else ""
    if freed:
        found.append(Blocker("invalid", freed, reverse("bases:record", args=[enrollment.pk]), "base"))
    faulty = [section for section in complete.sections if section.missing or section.errors]
    if not (faulty or is_returned):
        return found
    record_url = reverse("bases:record", args=[enrollment.pk])
    # His personal part is reported again as it was reported before (AM-20), or with its gaps (AM-41).
    asks_resident = enrollment.is_live and not goes_up_with_gaps(enrollment)
    if is_returned and asks_resident:
        text = "个人信息已退回住院医师，尚未修改保存。"
        found.append(Blocker("return", text, f"{record_url}#returns", "resident"))
    for section in faulty:
        is_own = section.key == "training"
        if not (is_own or asks_resident):
            continue
        own_url = reverse("bases:training-edit", args=[enrollment.pk]) if forms["base"].is_open else ""
        url = own_url if is_own else f"{record_url}#{section.key}"
        owner = "base" if is_own else "resident"
        for missing in section.missing:
            target = f"{url}#{missing.fragment}" if is_own and url else url
            text = f"{section.label}：“{missing.label}”未填写。"
            found.append(Blocker("missing", text, target, owner, section.label, missing.label))
        for error in section.errors:
            if error != freed:
                found.append(Blocker("invalid", f"{section.label}：{error}", url, owner))
    # A freed number is mended by no form.
    owners = {each.owner for each in found if each.text != freed}
    for owner, words in _CLOSED.items():
        form = forms[owner]
        if owner in owners and not form.is_open and form.reason != entry.reason:
            found.append(Blocker("closed", f"{words}{form.reason}"))
    return found


def goes_up_with_gaps(enrollment: Enrollment) -> bool:
    """Whether neither gaps in personal info nor an open return stop the report: of 暂停, 结束 and 退培 in the registry
    (AM-41)."""
    return enrollment.registered_at is not None and enrollment.status in WITHOUT_ANSWER


def _warnings(enrollment: Enrollment, is_returned: bool, complete: Completeness) -> list[str]:
    found = [f"{part.label}：{words}" for part in complete.sections for words in part.warnings]
    if enrollment.is_live and goes_up_with_gaps(enrollment):
        found += [_gap(part) for part in complete.sections if part.key != "training" and not part.is_complete]
        if is_returned:
            found.append("个人信息已退回住院医师，尚未修改保存；可以照常上报，也可以先取回退回。")
    return found


def _gap(section: Section) -> str:
    count = len(section.missing) + len(section.errors)
    return f"{section.label}有 {count} 项空缺或错误，不影响本次上报，省级审核时可以看到。"


# --- the report ------------------------------------------------------------------------------------------------------


@without_collecting()
def report(
    enrollment_ids: Collection[int],
    *,
    by: User,
    declared: bool,
    untouched: Collection[int] = (),
    batch: uuid.UUID | None = None,
) -> ReportResult:
    """Report these records to the province, those that can be; the caller has made sure that `by` may (BR-46,
    BR-57, BR-65).

    Each reported record gets one new Submission and becomes 已上报 / 待审核. A record with an update of its resident
    since the last 上报 is reported again; a submission still waiting is then replaced (AM-14). What the province has
    returned goes up unchanged only if `untouched` names it: the base insists on it (BR-47, BR-66). Raises
    DeclarationMissing (BR-19).
    """
    if not declared:
        raise DeclarationMissing
    result = ReportResult(batch or uuid.uuid4())
    with transaction.atomic(), pghistory.context(batch=str(result.batch)):
        rows = _locked(enrollment_ids)
        found = examine(rows)
        ready = []
        for row in rows:
            if is_reported(row):
                result.already.append(row.pk)
            elif found[row.pk].blockers:
                told = [blocker.text for blocker in found[row.pk].blockers[:3]]
                result.refused.append((row.pk, "".join(told)))
            elif found[row.pk].is_untouched and row.pk not in untouched:
                result.refused.append((row.pk, f"{UNTOUCHED}，没有勾选仍要上报。"))
            else:
                ready.append(row)
        _submit(ready, by, result.batch, {row.pk: found[row.pk].hints for row in ready})
        result.reported.extend(row.pk for row in ready)
    known = {row.pk for row in rows}
    result.refused.extend((pk, "记录不存在或已被删除。") for pk in sorted(set(enrollment_ids) - known))
    return result


def report_delivered(rows: list[Enrollment], *, by: User, batch: uuid.UUID) -> None:
    """Report what a province's platform delivered, judged and declared true by the caller (AM-02): 已上报 / 待审核.

    The caller holds the records locked and gives them as they are now, with their blocks (`for_check`); a submission
    still waiting is replaced.
    """
    hints = {pk: hints_of(found.sections) for pk, found in completeness_of_many(rows).items()}
    _submit(rows, by, batch, hints, channel=Submission.Channel.API)


def _locked(enrollment_ids: Collection[int]) -> list[Enrollment]:
    """The records, locked and then read: a row waited for would else come with blocks older than its lock."""
    rows = Enrollment.objects.filter(pk__in=list(enrollment_ids), deleted_at__isnull=True).order_by("pk")
    ids = list(rows.select_for_update().values_list("pk", flat=True))
    return list(for_check(Enrollment.objects.filter(pk__in=ids)).order_by("pk"))


def _submit(
    rows: list[Enrollment],
    by: User,
    batch: uuid.UUID,
    hints: Mapping[int, Collection[str]],
    channel: str = Submission.Channel.PAGE,
) -> None:
    if not rows:
        return
    now = timezone.now()
    ids = [row.pk for row in rows]
    close_waiting(Submission.objects.filter(enrollment__in=ids), by)
    last = {
        pk: (number, turn)
        for pk, number, turn in Submission.objects.filter(enrollment__in=ids)
        .values_list("enrollment")
        .annotate(Max("number"), Max("turn"))
    }
    cycles = _cycles_of(rows)
    kept = last_snapshots(rows)
    approved = approved_snapshots(ids)
    Submission.objects.bulk_create(
        [
            build_submission(
                row,
                by=by,
                declared=True,
                last=last.get(row.pk, (0, 0)),
                cycle=cycles[row.pk],
                batch=batch,
                reported=kept.get(row.pk),
                approved=approved.get(row.pk),
                channel=channel,
                hints=hints[row.pk],
            )
            for row in rows
        ],
        batch_size=500,
    )
    waiting = [
        row.pk for row in rows if row.review_status == ReviewStatus.PENDING and not row.has_unreported_update
    ]
    mark_reported_many([pk for pk in ids if pk not in set(waiting)], now=now)
    mark_reviewed(ids)


def _cycles_of(rows: list[Enrollment]) -> dict[int, CollectionCycle | None]:
    """By the record's id the cycle it is reported in: an intake's that of its year, a registry's the one in which its
    province updates the registry now (AM-42)."""
    years = {row.intake_year for row in rows if row.module == Module.INTAKE}
    of_year = {cycle.year: cycle for cycle in CollectionCycle.objects.filter(year__in=years)}
    places = {(row.base.province_id, row.base_id) for row in rows if row.module == Module.REGISTRY}
    now = {
        base_id: step_now(Step.REGISTRY_UPDATE, province_id=province_id, base_id=base_id)[0]
        for province_id, base_id in places
    }
    return {
        row.pk: of_year.get(row.intake_year) if row.module == Module.INTAKE else now[row.base_id]
        for row in rows
    }


def build_submission(
    enrollment: Enrollment,
    *,
    by: User,
    declared: bool,
    last: tuple[int, int] | None = None,
    cycle: CollectionCycle | None = None,
    batch: uuid.UUID | None = None,
    reported: dict[str, Any] | None = None,
    approved: dict[str, Any] | None = None,
    channel: str = Submission.Channel.PAGE,
    hints: Collection[str] | None = None,
) -> Submission:
    """The frozen picture of a record as it is now, not yet saved (BR-20).

    `reported` is the snapshot before, whose personal part stays for a person who has left the base (AM-20); `approved`
    the last approved one, against which the changed fields are found (GOAL-P2). `last` is the number and the turn of
    the submission before, (0, 0) for the first; without it, it and `cycle` are looked up, at two queries a record.
    """
    if last is None:
        found = enrollment.submissions.aggregate(number=Max("number"), turn=Max("turn"))
        last = (found["number"] or 0, found["turn"] or 0)
        cycle = cycle or _cycles_of([enrollment])[enrollment.pk]
    snapshot = snapshot_as_kept(enrollment, reported)
    studied = education.derived(snapshot.get("education") or [])
    # 上报 refuses a record that lacks what is not null here (bases/report/checks).
    return Submission(  # type: ignore[misc]
        hints=None if hints is None else list(hints),
        enrollment=enrollment,
        module=enrollment.module,
        number=last[0] + 1,
        turn=last[1] + 1,
        cycle=cycle,
        province_id=enrollment.base.province_id,
        base_id=enrollment.base_id,
        specialty_id=enrollment.specialty_id,
        intake_year=enrollment.intake_year,
        trainee_type=enrollment.trainee_type,
        status=enrollment.status,
        approved_years=enrollment.approved_years,
        sex=snapshot.get("basic", {}).get("sex") or "",
        highest_education=studied["highest_level"] or "",
        highest_degree=studied["highest_degree_code"] or "",
        is_fresh_graduate=enrollment.is_fresh_graduate,
        is_rural_oriented=enrollment.is_rural_oriented,
        is_western_support=enrollment.is_western_support,
        snapshot=snapshot,
        changed_fields=changed_fields(approved, snapshot) if approved is not None else None,
        channel=channel,
        declared_true=declared,
        reported_by=by,
        report_batch=batch,
    )


def close_waiting(submissions: QuerySet[Submission], by: User) -> None:
    """Those of these submissions that still wait are withdrawn."""
    submissions.filter(outcome=Submission.Outcome.PENDING).update(
        outcome=Submission.Outcome.WITHDRAWN,
        decided_by=by,
        decided_at=timezone.now(),
        version=F("version") + 1,
    )
