"""Keyset pages: complete, in order, without repeats, in both directions; a constant number of queries."""

import pytest
from django.utils import timezone

from bases.models import Submission, TrainingBase
from review.paging import MOST_COUNTED, keyset_page
from tests import factories


@pytest.fixture
def seven(base):
    for _ in range(6):
        factories.TrainingBaseFactory(specialties=["0100"])
    return TrainingBase.objects.all()


def pks(page) -> list[int]:
    return [row.pk for row in page.rows]


@pytest.mark.parametrize("most_counted", [5, 10], ids=["long", "short"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_forwards_and_back_hold_every_row_once(seven, descending, most_counted):
    """A list longer than is counted walks the primary key, a short one sorts its rows."""
    order = {"descending": descending, "most_counted": most_counted}
    everything = sorted(seven.values_list("pk", flat=True), reverse=descending)
    page = keyset_page(seven, {}, **order, size=3)
    seen, marks = pks(page), [page]
    assert page.before == ""
    while page.after:
        page = keyset_page(seven, {"after": page.after}, **order, size=3)
        seen += pks(page)
        marks.append(page)
    assert seen == everything
    assert [len(page.rows) for page in marks] == [3, 3, 1]
    back = keyset_page(seven, {"before": marks[2].before}, **order, size=3)
    assert pks(back) == pks(marks[1])
    assert pks(keyset_page(seven, {"before": back.before}, **order, size=3)) == pks(marks[0])


def test_rows_of_one_moment_are_told_apart_by_their_key(reported):
    """A bulk report gives a thousand records the same moment."""
    moment = timezone.now()
    rows = reported(5, reported_at=moment)
    found, seen, after = Submission.objects.all(), [], ""
    for _ in range(3):
        page = keyset_page(found, {"after": after}, by="reported_at", size=2)
        seen, after = seen + pks(page), page.after
    assert seen == [row.pk for row in rows]
    assert after == ""


@pytest.mark.parametrize("mark", ["x", "", "-", "2026-13-01_5", "2026-01-01_5", "_", "9" * 400])
def test_an_unreadable_mark_leads_to_the_first_page(reported, mark):
    """TRUST-20: whatever stands in the address, never a 500."""
    reported(2)
    page = keyset_page(Submission.objects.all(), {"after": mark}, by="reported_at")
    assert len(page.rows) == 2


def test_the_count_stops_at_ten_thousand_unless_it_must_be_exact(seven):
    assert keyset_page(seven, {}).count_in_words == "7"
    assert keyset_page(seven, {}, most_counted=5).count_in_words == "5+"
    assert keyset_page(seven, {}, most_counted=None).count == 7
    assert MOST_COUNTED == 10_000


def test_three_queries_whatever_the_depth(seven, django_assert_num_queries):
    mark = str(seven[3].pk)
    with django_assert_num_queries(3):
        keyset_page(seven, {"after": mark}, size=2)
