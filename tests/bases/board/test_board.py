"""The base's first page: how many records stand where (GOAL-B16)."""

import pytest

from portal.calendar import last_moment
from portal.models import Step
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import approved, close, complete, page, reported, returned

pytestmark = pytest.mark.django_db


def test_board_counts_each_record_once(desk, base, cycle, base_officer, provincial_reviewer):
    """GOAL-B16: stages exclude each other and add up; each count links to the list with as many records."""
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    complete(base, cycle.year)
    reported(complete(base, cycle.year), base_officer)
    returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    response = desk.get("/base/")
    intake, registry = response.context["boards"]
    (row,) = intake.rows
    counts = {stage.value: cell.count for stage, cell in zip(intake.stages, row.cells, strict=True)}
    assert counts == {"empty": 1, "ready": 1, "pending": 1, "province": 1, "approved": 1}
    assert row.total.count == 5
    assert registry.rows[0].total.count == 1
    for cell in [*row.cells, row.total]:
        assert desk.get(cell.url).context["page"].paginator.count == cell.count, cell
    assert "培训开始时间有误，请核对。" in page(response)


def test_the_calendar_of_a_base_whose_province_delivers_shows_the_review(desk, base, cycle):
    """AM-44: direct entry is switched; 接口传送 and the review of the delivered records have their dates."""
    assert "api_transfer" not in [each.step for each in desk.get("/base/").context["openings"]]
    type(base.province).objects.filter(pk=base.province_id).update(reporting_mode="2")
    close(cycle, Step.API_TRANSFER)
    response = desk.get("/base/")
    states = {each.label: each.opening for each in response.context["openings"]}
    words = {label: state.word or state.is_open for label, state in states.items()}
    assert words == {
        "住院医师填报个人信息": "已切换接口",
        "培训基地导入账号与填报培训信息": "已切换接口",
        "培训基地上报": "已切换接口",
        "接口传送": "已截止",
        "省级审核（接口传送的记录）": True,
    }
    assert last_moment(states["省级审核（接口传送的记录）"].closes_at) in page(response)


def test_board_by_specialty_sums_to_the_year(desk, base, cycle):
    for specialty in ("0100", "0200", "0200"):
        Enrollment.objects.filter(pk=complete(base, cycle.year).pk).update(specialty=specialty)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    response = desk.get("/base/", {"module": "intake", "year": cycle.year})
    rows = {row.label: row.total.count for row in response.context["detail"].rows}
    assert rows == {"内科": 1, "儿科": 2, "未选专业": 1}
    for row in response.context["detail"].rows:
        assert desk.get(row.total.url).context["page"].paginator.count == row.total.count
