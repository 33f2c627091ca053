"""Every table as numbers, row percent or column percent; a share of nothing is a dash (GOAL-P13)."""

import pytest
from django.urls import reverse

from review.figures import NOTHING, share, shares
from tests.review.statistics.test_statistics import make_counted
from tests.review.statistics.test_statistics_pages import workbook

pytestmark = pytest.mark.django_db


def test_a_share_of_nothing_is_a_dash():
    assert (share(0, 0), share(1, 8), share(0, 8), share(3, None)) == (None, "12.5%", "0.0%", None)
    assert shares([[1, 3, 4], [0, 0, 0], [1, 3, 4]], "row") == [
        ["25.0%", "75.0%", "100.0%"],
        [NOTHING, NOTHING, NOTHING],
        ["25.0%", "75.0%", "100.0%"],
    ]
    assert shares([[1, 0, 1], [3, 0, 3], [4, 0, 4]], "column")[0] == ["25.0%", NOTHING, "25.0%"]


@pytest.fixture
def counted(base, other_base, base_officer, cycle):
    for kind in ("1", "3", "3", "3"):
        make_counted(base, base_officer, {"trainee_type": kind})
    make_counted(other_base, base_officer, {"trainee_type": "1"})


def told(page) -> dict[str, list[str]]:
    return {
        line["name"]: [*(text for text, _ in line["cells"]), line["total"]] for line in page.context["lines"]
    }


def test_a_table_is_read_in_percent_of_row_or_column(counted, national, base, other_base):
    """GOAL-P13: "every table as numbers, row % or column %"; every share opens the people of its number."""
    address = f"{reverse('review:statistics')}?source=all&rows=base&columns=type"
    by_row = national.get(f"{address}&shown=row")
    assert told(by_row) == {
        base.name: ["25.0%", "75.0%", "100.0%"],
        other_base.name: ["100.0%", "0.0%", "100.0%"],
        "合计": ["40.0%", "60.0%", "100.0%"],
    }
    by_column = national.get(f"{address}&shown=column")
    assert told(by_column)[base.name] == ["50.0%", "100.0%", "80.0%"]
    (text, link), *_ = by_row.context["lines"][0]["cells"]
    assert (text, national.get(link).context["page"].count) == ("25.0%", 1)
    assert "行百分比" in by_row.content.decode()
    sheet = workbook(
        national.post(f"{reverse('review:statistics-export')}?{address.partition('?')[2]}&shown=row")
    )
    assert [cell.value for cell in sheet.active[2]][1:] == ["25.0%", "75.0%", "100.0%"]


@pytest.mark.parametrize("route", ["statistics", "return-statistics", "completion-statistics"])
@pytest.mark.parametrize("shown", ["", "row", "column", "x"])
def test_every_table_offers_it_and_nothing_breaks(route, shown, national):
    assert national.get(reverse(f"review:{route}"), {"shown": shown}).status_code == 200
