"""Work in a row through a list: on to the next one with the filter kept, back to the same place (GOAL-B17)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bases.lists.place import PAGE_SIZE
from tests import factories
from tests.bases.desk import complete, page

pytestmark = pytest.mark.django_db
FILTER = "module=intake&stage=training"


@pytest.fixture
def people(base, cycle):
    """Three recruits without 培训信息, in the order of the list, newest first; between them one that is complete."""
    found = []
    for number in range(3):
        record = complete(base, cycle.year)
        record.approved_years, record.training_complete = None, False
        record.save()
        found.append(record)
        if number == 0:
            complete(base, cycle.year)
    return found[::-1]


def address(name, record, query=FILTER):
    return reverse(f"bases:{name}", args=[record.pk]) + f"?{query}"


def test_row_leads_on_with_the_filter_kept(desk, people):
    """GOAL-B17: the record, its form and its history know the ones before and after under the filter of the list."""
    first, second, third = people
    rows = page(desk.get(f"/base/records/intake/?{FILTER.removeprefix('module=intake&')}"))
    assert address("record", second).replace("&", "&amp;") in rows
    for name in ("record", "training-edit", "record-history"):
        shown = desk.get(address(name, second)).context["in_list"]
        assert (shown.before, shown.after) == (first.pk, third.pk)
        assert (shown.number, shown.count) == (2, 3)
        assert shown.back == f"/base/records/intake/?stage=training#r{second.pk}"
    assert desk.get(address("record", first)).context["in_list"].before is None
    assert desk.get(address("record", third)).context["in_list"].after is None


def test_save_and_edit_next(desk, people):
    """GOAL-B17: what was saved leaves the filter; the next one is still the one that stood behind it."""
    first, second, third = people
    form = {"version": second.version, "approved_years": "3", "then": "next"}
    assert "保存并编辑下一人" in page(desk.get(address("training-edit", second)))
    answer = desk.post(address("training-edit", second), form)
    assert answer.headers["Location"] == address("training-edit", third)
    # Behind the last one there is nobody: its own record, the list still behind it.
    assert "保存并编辑下一人" not in page(desk.get(address("training-edit", third)))
    answer = desk.post(address("training-edit", third), form | {"version": third.version})
    assert answer.headers["Location"] == address("record", third)


def test_back_leads_to_the_page_of_the_record(desk, base, cycle):
    """Also of one that the filter does not show any more."""
    rows = [factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(PAGE_SIZE + 2)]
    complete(base, cycle.year)
    in_list = desk.get(address("record", rows[0], "module=intake&stage=empty")).context["in_list"]
    assert in_list.back == f"/base/records/intake/?stage=empty&page=2#r{rows[0].pk}"
    assert in_list.number == PAGE_SIZE + 2
    gone = desk.get(address("record", rows[0], "module=intake&stage=ready")).context["in_list"]
    assert gone.number is None
    assert gone.count == 1


def test_other_lists_are_returned_to(desk, people):
    back = "/base/deadlines/statuses/?page=2"
    shown = desk.get(address("record", people[0], f"next={back}")).context["in_list"]
    assert shown.back == back
    assert shown.before is shown.after is None
    assert desk.get(address("record", people[0], "next=https://example.org/")).context["in_list"] is None
    assert desk.get(address("record", people[0], "")).context["in_list"] is None


def test_place_costs_few_queries(desk, people):
    """Beside those of the page: the cycle of the list, the two neighbours, the counts."""
    spent = {}
    for query in ("", FILTER):
        with CaptureQueriesContext(connection) as asked:
            desk.get(address("record", people[1], query))
        spent[query] = len(asked)
    assert spent[FILTER] - spent[""] <= 6, spent
