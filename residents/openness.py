"""May this record be filled in now, and until when: the calendar joined with what the record is (BR-39, BR-55,
BR-80)."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from django.utils import timezone

from portal.calendar import INTAKE_STEPS, Calendar, Opening, all_cycles, last_moment
from portal.models import CollectionCycle, Step
from residents.codes.training import API_TRANSFER
from residents.models import Enrollment
from residents.models.enrollment import Module, PersonalState, ReportStatus, ReviewStatus, Status

ALWAYS = Opening(True)
SWITCHED = Opening(
    False, reason="本省已切换为接口传送，招收信息直接填报功能已关闭（只读）。", word="已切换接口"
)
# Of a base that the association has closed (AM-45, AM-46).
OUT_OF_USE = Opening(
    False,
    reason="本基地已停用，只能查看，不能导入、填报和上报；未结束的培训和漏报由承接基地办理。",
    word="已停用",
)
_READ_ONLY = Opening(False, reason="这条培训记录已不在培（退培、失效、删除或不再占用），为只读。")


def until_switch(state: Opening, switches_at: datetime | None) -> Opening:
    """A direct step of the intake ends at the latest as its province goes over to 接口传送 (AM-38); one that would
    begin later never does."""
    if switches_at is None or state.closes_at is None or state.closes_at <= switches_at:
        return state
    if not state.is_open and state.opens_at and state.opens_at >= switches_at:
        day = f"{timezone.localtime(switches_at):%Y-%m-%d %H:%M}"
        reason = f"本省将于 {day} 切换为接口传送，此后招收信息不再直接填报。"
        return Opening(False, state.opens_at, reason=reason, word="将切换接口")
    return replace(state, closes_at=switches_at)


class Times:
    """The calendar of these records' intake years, read at the first question: three queries, however many records.

    Expects `base__province` to be loaded. A `calendar` given, which must know all of them, spares the queries.
    """

    def __init__(
        self,
        enrollments: Iterable[Enrollment],
        *,
        now: datetime | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self._enrollments, self._now = list(enrollments), now
        if calendar is not None:
            self._calendar = calendar
            self._cycles = {cycle.year: cycle for cycle in calendar.cycles}

    @cached_property
    def _cycles(self) -> dict[int, CollectionCycle]:
        years = {row.intake_year for row in self._enrollments}
        return {cycle.year: cycle for cycle in all_cycles() if cycle.year in years}

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar(
            self._cycles.values(),
            provinces={row.base.province_id for row in self._enrollments},
            bases={row.base_id for row in self._enrollments},
            enrollments=[row.pk for row in self._enrollments],
            now=self._now,
        )

    @property
    def now(self) -> datetime:
        return self._calendar.now

    def opening(self, enrollment: Enrollment, step: Step) -> Opening:
        return self._calendar.opening(
            self._cycles.get(enrollment.intake_year),
            step,
            province_id=enrollment.base.province_id,
            base_id=enrollment.base_id,
            enrollment_id=enrollment.pk,
        )

    def locks_at(self, enrollment: Enrollment) -> datetime | None:
        """When the record lapses if it is not approved by then (AM-29)."""
        return self._calendar.last_end(
            self._cycles.get(enrollment.intake_year),
            INTAKE_STEPS,
            province_id=enrollment.base.province_id,
            base_id=enrollment.base_id,
            enrollment_id=enrollment.pk,
        )


def entries_of(
    enrollments: Iterable[Enrollment],
    ask: Callable[[Enrollment, Times], Opening],
    times: Times | None = None,
) -> dict[int, Opening]:
    """The answer of `ask`, one of the entries below, for each record by its id; three queries, however many."""
    enrollments = list(enrollments)
    times = times or Times(enrollments)
    return {row.pk: ask(row, times) for row in enrollments}


def personal_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May the resident save personal info? Registry: always (BR-80). Intake: in its window (BR-55), and a returned
    record until the review window ends (AM-03)."""
    if not enrollment.is_live:
        return Opening(False, reason="这条培训记录已不在培（退培、失效、删除或不再占用），个人信息为只读。")
    return ALWAYS if enrollment.registered_at else _intake(enrollment, Step.RESIDENT_FILL, times)


def training_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May the base save training info? Intake: in its window and not after 上报 (AM-15); registry: always (BR-83), of
    whoever left while something lacks without which his 退培 cannot be reported (AM-10)."""
    if not enrollment.is_live and not _lacks_for_report(enrollment):
        return _READ_ONLY
    if not enrollment.base.is_active:
        return OUT_OF_USE
    if enrollment.registered_at:
        return ALWAYS
    is_direct = enrollment.base.province.reporting_mode != API_TRANSFER
    if is_direct and enrollment.report_status == ReportStatus.REPORTED:
        return Opening(False, reason=f"该记录已上报，等待省级审核。{way_out_of_waiting(enrollment, times)}")
    return _intake(enrollment, Step.BASE_FILL, times)


def _lacks_for_report(enrollment: Enrollment) -> bool:
    """A 退培 in the registry whose training info is incomplete."""
    is_gone = enrollment.lapsed_at is not None or enrollment.deleted_at is not None
    has_left = enrollment.registered_at is not None and enrollment.status == Status.WITHDRAWN
    return has_left and not is_gone and not enrollment.training_complete


def way_out_of_waiting(enrollment: Enrollment, times: Times | None = None) -> str:
    """What a base may do about a report that waits for the province: while it could report again, take it back
    (AM-15). One that was returned before can be taken back for longer; its page has the button."""
    if report_entry(enrollment, times).is_open:
        return "如需修改，请先“撤回上报”。"
    return "上报已截止，需要修改的请联系省级退回；记录页上仍有“撤回上报”的，也可以撤回后修改。"


def until_lock(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """Open until the intake locks for this record, whatever window is open meanwhile (AM-33)."""
    times = times or Times([enrollment])
    locks = times.locks_at(enrollment)
    if locks is not None and times.now < locks:
        return Opening(True, closes_at=locks)
    if locks is None:
        return Opening(False, reason=f"{enrollment.intake_year}年尚未设置采集周期，请联系中国医师协会。")
    return Opening(False, closes_at=locks, reason=f"招收信息已于 {last_moment(locks)} 锁定。")


def report_entry(
    enrollment: Enrollment, times: Times | None = None, *, review_status: str | None = None
) -> Opening:
    """May the base report this record upward now? A 退培 in the registry too: it holds at once and the province judges
    it afterwards (AM-10). `review_status` asks it as if the record stood there."""
    is_gone = enrollment.lapsed_at is not None or enrollment.deleted_at is not None
    if is_gone or not (enrollment.is_live or enrollment.registered_at):
        return Opening(False, reason="这条培训记录已不在培（退培、失效或删除），不能上报。")
    if not enrollment.base.is_active:
        return OUT_OF_USE
    return ALWAYS if enrollment.registered_at else _intake(enrollment, Step.REPORT, times, review_status)


def review_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May the province decide now? From the report on (BR-57 "即可"), after the review window never (AM-03); of the
    intake nothing while the province delivers it by API (BR-08, AM-01)."""
    return ALWAYS if enrollment.registered_at else _intake_review(enrollment, times)


def revocation_entry(enrollment: Enrollment, module: str, times: Times | None = None) -> Opening:
    """May a decision of this module still be revoked? Intake: until the review window ends, the national close
    (GOAL-P5); that the approval moved the record into the registry, which has no deadline, changes nothing of it."""
    return review_entry(enrollment, times) if module == Module.REGISTRY else _intake_review(enrollment, times)


def _intake_review(enrollment: Enrollment, times: Times | None) -> Opening:
    if enrollment.base.province.reporting_mode == API_TRANSFER and enrollment.origin != Enrollment.Origin.API:
        return SWITCHED
    times = times or Times([enrollment])
    state = times.opening(enrollment, Step.REVIEW)
    early = state.opens_at is not None and times.now < state.opens_at
    state = Opening(True, state.opens_at, state.closes_at) if early else state
    is_direct = enrollment.origin != Enrollment.Origin.API
    return until_switch(state, enrollment.base.province.switches_at) if is_direct else state


def _intake(
    enrollment: Enrollment, step: Step, times: Times | None, review_status: str | None = None
) -> Opening:
    if enrollment.base.province.reporting_mode == API_TRANSFER:
        return SWITCHED
    times = times or Times([enrollment])
    state = _or_returned(enrollment, times.opening(enrollment, step), times, review_status)
    return until_switch(state, enrollment.base.province.switches_at)


def entry_if_revived(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """Could a lapsed recruit still get on if he lived again: the review of what waits, else all that he lacks up to his
    report. Where several are to be done the one that ends first, where one is closed that one (AM-43)."""
    alive = copy(enrollment)
    alive.lapsed_at = None
    times = times or Times([enrollment])
    if alive.review_status == ReviewStatus.PENDING:
        return review_entry(alive, times)
    if alive.origin == Enrollment.Origin.API:
        return delivery_entry(alive, times)
    asked = [report_entry(alive, times)]
    if not alive.training_complete:
        asked.append(training_entry(alive, times))
    if alive.personal_state != PersonalState.COMPLETE:
        asked.append(personal_entry(alive, times))
    shut = [each for each in asked if not each.is_open]
    return shut[0] if shut else min(asked, key=lambda each: each.closes_at or times.now)


def delivery_entry(enrollment: Enrollment, times: Times | None = None) -> Opening:
    """May the interface of its province correct or take out this delivered record? In the window of 接口传送, and a
    returned record until the review ends (AM-03, AM-44)."""
    times = times or Times([enrollment])
    return _or_returned(enrollment, times.opening(enrollment, Step.API_TRANSFER), times)


def mended_by_interface(enrollment: Enrollment) -> bool:
    """Whether the interface of its province, and nobody at its base, corrects this delivered recruit (AM-44); after
    the way back to direct entry the base does. Expects `base__province` to be loaded."""
    is_delivered = enrollment.registered_at is None and enrollment.origin == Enrollment.Origin.API
    return is_delivered and enrollment.base.province.reporting_mode == API_TRANSFER


def _or_returned(
    enrollment: Enrollment, state: Opening, times: Times, review_status: str | None = None
) -> Opening:
    if not state.is_open and (review_status or enrollment.review_status) == ReviewStatus.RETURNED:
        closes_at = times.opening(enrollment, Step.REVIEW).closes_at
        if closes_at and times.now < closes_at:
            return Opening(True, state.opens_at, closes_at)
    return state
