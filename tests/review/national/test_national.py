"""The association's first page: the cycle by step and by province (GOAL-P7, AM-29)."""

import pytest
from django.utils import timezone

from portal.calendar import cycle_state
from residents.models import Enrollment
from review.records import export as records_export
from tests import factories

pytestmark = pytest.mark.django_db


def test_page_for_an_empty_and_a_full_calendar(national, db):
    assert "还没有采集周期" in national.get("/review/national/").content.decode()
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    assert national.get("/review/national/").context["state"] == cycle_state(cycle) == "1"


def test_what_lapsed_waits_for_nobody_anywhere(national, national_officer, cycle, reported, province, base):
    """AM-29, GOAL-P7: overview, board, list and export say the same of what lapsed at the lock: it is a state of its
    own."""
    reported(2)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year, review_status="3")
    Enrollment.objects.update(lapsed_at=timezone.now())
    (waiting,) = reported(1)
    total = national.get("/review/national/").context["total"]
    assert (total.imported, total.waiting, total.returned, total.lapsed) == (4, 1, 0, 3)
    board = national.get(f"/review/windows/{cycle.year}/board/")
    line = next(line for line in board.context["lines"] if line.province == province)
    assert (line.progress.waiting, line.progress.lapsed) == (1, 3)
    listed = f"/review/records/?year={cycle.year}&province={province.pk}&review="
    # The association has no queue of its own to go back to.
    assert 'href="/review/"' not in national.get(f"/review/records/{waiting.enrollment_id}/").text
    behind = f"/review/funnel/records/?year={cycle.year}&province={province.pk}&stage="
    assert behind.replace("&", "&amp;") + "waiting" in board.text
    counts = [
        national.get(behind + stage).context["page"].count for stage in ("waiting", "returned", "lapsed")
    ]
    assert counts == [1, 0, 3]
    counts = [national.get(listed + state).context["page"].count for state in ("1", "3", "lapsed")]
    assert counts == [1, 0, 3]
    lapsed = records_export.list_sheet(national_officer, {"review": "lapsed"}, unmasked=False)
    assert {row[15] for row in lapsed.rows} == {"锁定失效"}
