"""May this record be filled in now, and until when: the calendar joined with what the record is (BR-39, 55, 80)."""

from datetime import datetime

from django.utils import timezone

from portal.calendar import Opening, opening
from portal.models import CollectionCycle, Step
from residents.models import Enrollment
from residents.models.enrollment import ReportStatus, ReviewStatus

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
    is_direct = enrollment.base.province.reporting_mode != "2"
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
    if enrollment.base.province.reporting_mode == "2" and enrollment.origin != Enrollment.Origin.API:
        return SWITCHED
    state = _ask(enrollment, Step.REVIEW, now)
    early = state.opens_at is not None and (now or _now()) < state.opens_at
    return Opening(True, state.opens_at, state.closes_at) if early else state


def _intake(enrollment: Enrollment, step: Step, now: datetime | None) -> Opening:
    if enrollment.base.province.reporting_mode == "2":
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
