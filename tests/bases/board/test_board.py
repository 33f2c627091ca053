"""The base's first page: how many records stand where (GOAL-B16)."""

import pytest

from residents.models import Enrollment
from tests import factories
from tests.bases.desk import approved, complete, page, reported, returned

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


def test_board_by_specialty_sums_to_the_year(desk, base, cycle):
    for specialty in ("0100", "0200", "0200"):
        Enrollment.objects.filter(pk=complete(base, cycle.year).pk).update(specialty=specialty)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    response = desk.get("/base/", {"module": "intake", "year": cycle.year})
    rows = {row.label: row.total.count for row in response.context["detail"].rows}
    assert rows == {"内科": 1, "儿科": 2, "未选专业": 1}
    for row in response.context["detail"].rows:
        assert desk.get(row.total.url).context["page"].paginator.count == row.total.count
