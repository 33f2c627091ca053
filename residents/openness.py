"""May this record be filled in now, and until when: the calendar joined with what the record is (BR-39, BR-55,
BR-80)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from datetime import datetime

from django.utils import timezone

from portal.calendar import Opening, opening
from portal.models import CollectionCycle, Extension, Step
from residents.codes.training import API_TRANSFER
from residents.models import Enrollment
from residents.models.enrollment import Module, ReportStatus, ReviewStatus

ALWAYS = Opening(True)
SWITCHED = Opening(False, reason="本省已切换为接口传送，招收信息直接填报功能已关闭（只读）。")


def intake_cycle(enrollment: Enrollment) -> CollectionCycle | None:
    return CollectionCycle.objects.filter(year=enrollment.intake_year).first()


def personal_entry(enrollment: Enrollment, *, now: datetime | None = None) -> Opening:
    """May the resident save personal info? Registry: always (BR-80). Intake: in its window (BR-55), and a returned
    record until the review window ends (AM-03)."""
    if not enrollment.is_live:
        return Opening(False, reason="这条培训记录已不在培（退培、失效或删除），个人信息为只读。")
    if enrollment.registered_at:
        return ALWAYS
    return _intake(enrollment, Step.RESIDENT_FILL, now)


def training_entry(enrollment: Enrollment, *, now: datetime | None = None) -> Opening:
    """May the base save training info? Intake: in its window and not after 上报 (AM-15); registry: always (BR-83)."""
    if not enrollment.is_live:
        return Opening(False, reason="这条培训记录已不在培（退培、失效或删除），为只读。")
    if enrollment.registered_at:
        return ALWAYS
    is_direct = enrollment.base.province.reporting_mode != API_TRANSFER
    if is_direct and enrollment.report_status == ReportStatus.REPORTED:
        return Opening(False, reason="该记录已上报，等待省级审核。如需修改，请先“撤回上报”。")
    return _intake(enrollment, Step.BASE_FILL, now)


def report_entry(enrollment: Enrollment, *, now: datetime | None = None) -> Opening:
    """May the base report this record upward now? A 退培 in the registry too: it holds at once and the province judges
    it afterwards (AM-10)."""
    is_gone = enrollment.lapsed_at is not None or enrollment.deleted_at is not None
    if is_gone or not (enrollment.is_live or enrollment.registered_at):
        return Opening(False, reason="这条培训记录已不在培（退培、失效或删除），不能上报。")
    return ALWAYS if enrollment.registered_at else _intake(enrollment, Step.REPORT, now)


def review_entry(enrollment: Enrollment, *, now: datetime | None = None) -> Opening:
    """May the province decide now? From the report on (BR-57 "即可"), after the review window never (AM-03); of the
    intake nothing while the province delivers it by API (BR-08, AM-01)."""
    if enrollment.registered_at:
        return ALWAYS
    if enrollment.base.province.reporting_mode == API_TRANSFER and enrollment.origin != Enrollment.Origin.API:
        return SWITCHED
    state = _ask(enrollment, Step.REVIEW, now)
    early = state.opens_at is not None and (now or _now()) < state.opens_at
    return Opening(True, state.opens_at, state.closes_at) if early else state


def _intake(enrollment: Enrollment, step: Step, now: datetime | None) -> Opening:
    if enrollment.base.province.reporting_mode == API_TRANSFER:
        return SWITCHED
    state = _ask(enrollment, step, now)
    if not state.is_open and enrollment.review_status == ReviewStatus.RETURNED:
        review = _ask(enrollment, Step.REVIEW, now)
        if review.closes_at and (now or _now()) < review.closes_at:
            return Opening(True, state.opens_at, review.closes_at)
    return state


def _ask(enrollment: Enrollment, step: Step, now: datetime | None) -> Opening:
    return opening(
        intake_cycle(enrollment),
        step,
        province_id=enrollment.base.province_id,
        base_id=enrollment.base_id,
        enrollment_id=enrollment.pk,
        now=now,
    )


def _now() -> datetime:
    return timezone.now()


def entries_of(
    enrollments: Iterable[Enrollment], ask: Callable[[Enrollment], Opening], steps: Collection[Step]
) -> dict[int, Opening]:
    """The answer of `ask` for each record by its id: records in the same position share one, unless an extension of
    these steps names the record (GOAL-P8). Records of one base and year cost a handful of queries, however many."""
    enrollments = list(enrollments)
    named = set(
        Extension.objects.filter(enrollment__in=[row.pk for row in enrollments], step__in=steps).values_list(
            "enrollment_id", flat=True
        )
    )
    answers: dict[tuple, Opening] = {}
    entries = {}
    for row in enrollments:
        position = (
            row.status,
            row.is_live,
            bool(row.registered_at),
            row.base_id,
            row.intake_year,
            row.report_status,
            row.review_status == ReviewStatus.RETURNED,
            row.pk if row.pk in named else None,
        )
        if position not in answers:
            answers[position] = ask(row)
        entries[row.pk] = answers[position]
    return entries


def review_entries(enrollments: Sequence[Enrollment]) -> dict[int, Opening]:
    """The answer of `review_entry` for every record, by its id.

    Records of one year and province share one answer unless an extension names the record or its base, so a thousand
    records of a province cost a handful of queries. Expects `base__province` to be loaded.
    """
    extended = Extension.objects.filter(
        step=Step.REVIEW, cycle__year__in={row.intake_year for row in enrollments}
    )
    extended_bases, extended_records = set(), set()
    for base_id, enrollment_id in extended.values_list("base_id", "enrollment_id"):
        extended_bases.add(base_id)
        extended_records.add(enrollment_id)

    answers: dict[tuple, Opening] = {}
    found = {}
    for row in enrollments:
        key = (
            bool(row.registered_at),
            row.origin == Enrollment.Origin.API,
            row.intake_year,
            row.base.province_id,
            row.base_id if row.base_id in extended_bases else None,
            row.pk if row.pk in extended_records else None,
        )
        if key not in answers:
            answers[key] = review_entry(row)
        found[row.pk] = answers[key]
    return found


def revocation_entry(enrollment: Enrollment, module: str) -> Opening:
    """May a decision of this module still be revoked? Intake: until the review window ends, the national close
    (GOAL-P5)."""
    if module == Module.REGISTRY:
        return review_entry(enrollment)
    as_intake = copy(enrollment)
    # Approval moved it into the registry, which has no deadline; the decision was one of the intake.
    as_intake.registered_at = None
    return review_entry(as_intake)
