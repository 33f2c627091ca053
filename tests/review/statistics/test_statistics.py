"""Approved snapshots counted and crossed: BR-59, BR-86; AM-16, AM-30; GOAL-P7: parts = total = lists."""

import datetime
import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bases.models import Province, Submission
from residents.models import Enrollment
from review.decisions.services import approve, return_for_correction, revoke
from review.statistics import cross_table as statistics
from review.statistics.cross_table import BLANK, DIMENSIONS, counted, counted_table, cross_table
from tests import factories
from tests.review.conftest import submit
from tests.width import examples

KEPT = {"province", "specialty", "year", "type", "status"}
PAIRS = list(itertools.permutations(DIMENSIONS, 2))


def make_counted(base, officer, values: dict, enrollment: Enrollment | None = None) -> Submission:
    """One approved registry snapshot with these typed columns, written past the services."""
    enrollment = enrollment or factories.EnrollmentFactory(base=base, intake_year=2025)
    submission = submit(enrollment, officer, **values)
    Submission.objects.filter(pk=submission.pk).update(
        outcome="approved", decided_by=officer, decided_at=timezone.now()
    )
    Enrollment.objects.filter(pk=enrollment.pk).update(
        review_status="2",
        registered_at=timezone.now(),
        approved_submission=submission,
        intake_submission=submission,
    )
    return submission


@pytest.fixture
def two_bases(base):
    return [base, factories.TrainingBaseFactory(province_id="44")]


row = st.fixed_dictionaries(
    {
        "base": st.integers(0, 1),
        "specialty_id": st.sampled_from(["0100", "0200", "0900"]),
        "trainee_type": st.sampled_from("12349"),
        "status": st.sampled_from("12345"),
        "highest_degree": st.sampled_from(["", "410", "345"]),
        "highest_education": st.sampled_from(["", "3", "4"]),
        "approved_years": st.integers(1, 3),
        "sex": st.sampled_from("12"),
        "is_fresh_graduate": st.booleans(),
        "is_rural_oriented": st.booleans(),
        "is_western_support": st.booleans(),
    }
)


@settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(row, max_size=8), pairs=st.lists(st.sampled_from(PAIRS), min_size=3, max_size=3))
def test_cells_totals_and_lists_agree_on_any_data(two_bases, base_officer, national_officer, rows, pairs):
    """GOAL-P7: the sum of the cells of any two dimensions is the total, and each cell's list has exactly its number."""
    Enrollment.objects.update(approved_submission=None)
    for values in rows:
        make_counted(
            two_bases[values["base"]], base_officer, {k: v for k, v in values.items() if k != "base"}
        )
    found = counted(national_officer, "current", {})
    of_status = {
        "current": sum(row["status"] in "123" for row in rows),
        "ended": sum(row["status"] == "4" for row in rows),
        "waiting": 0,
        "all": len(rows),
    }
    assert {each: counted(national_officer, each, {}).count() for each in of_status} == of_status
    for first, second in pairs:
        table = cross_table(found, first, second)
        numbers = [number for line in table.cells.values() for number in line.values()]
        assert sum(numbers) == sum(table.row_totals.values()) == sum(table.column_totals.values())
        assert table.total == sum(numbers) == of_status["current"]
        assert set(table.row_names) == set(table.cells)
        whole = counted_table(national_officer, "current", {}, first, second)
        assert {value: line for value, line in whole.cells.items() if line} == table.cells
        assert (whole.total, whole.ended.total) == (table.total, of_status["ended"])
        for value, number in whole.ended.by_row.items():
            assert counted(national_officer, "ended", {first: value}).count() == number
        for row_value, line in table.cells.items():
            assert (
                counted(national_officer, "current", {first: row_value}).count()
                == table.row_totals[row_value]
            )
            for column_value, number in line.items():
                asked = {first: row_value, second: column_value}
                assert counted(national_officer, "current", asked).count() == number
                assert statistics.number(national_officer, "current", asked) == (
                    number if set(asked) <= KEPT else None
                )


def test_only_approved_snapshots_count(reported, provincial_reviewer, national_officer):
    """BR-59, BR-86: pending, returned and withdrawn ones do not (BR-31)."""
    approved, returned, waiting, withdrawn = reported(4)
    approve({approved.pk: 0}, by=provincial_reviewer)
    return_for_correction({returned.pk: 0}, by=provincial_reviewer, comment="请核对。")
    Submission.objects.filter(pk=withdrawn.pk).update(
        outcome="withdrawn", decided_by=provincial_reviewer, decided_at=timezone.now()
    )
    assert list(counted(national_officer, "current", {})) == [approved]
    assert list(counted(national_officer, "intake", {})) == [approved]
    assert waiting.outcome == "pending"


def test_the_last_approved_snapshot_counts_until_a_newer_one_is_approved(
    pending, base_officer, provincial_reviewer, national_officer
):
    """AM-16: neither an edit, nor a new report, nor a return changes the number; an approval does."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    enrollment = Enrollment.objects.get(pk=pending.enrollment_id)
    Enrollment.objects.filter(pk=enrollment.pk).update(trainee_type="1", status="3")

    def split() -> dict:
        return cross_table(counted(national_officer, "current", {}), "status", "type").cells

    assert split() == {"1": {"3": 1}}
    again = submit(Enrollment.objects.get(pk=enrollment.pk), base_officer)
    assert split() == {"1": {"3": 1}}
    approve({again.pk: 0}, by=provincial_reviewer)
    assert split() == {"3": {"1": 1}}
    assert cross_table(counted(national_officer, "intake", {}), "status", "type").cells == {"1": {"3": 1}}
    revoke(again, by=provincial_reviewer, reason="误操作")
    assert split() == {"1": {"3": 1}}


def test_of_a_deleted_record_only_the_original_counts(
    pending, provincial_reviewer, base_officer, national_officer
):
    """AM-19, AM-32: a wrong entry, deleted with a reason; the list marks the original."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    Enrollment.objects.filter(pk=pending.enrollment_id).update(
        deleted_at=timezone.now(), deleted_by=base_officer, deleted_reason="非本基地人员"
    )
    assert [counted(national_officer, source, {}).count() for source in ("current", "all", "intake")] == [
        0,
        0,
        1,
    ]
    listed = statistics.for_list(counted(national_officer, "intake", {})).get()
    assert listed.deleted_later is not None


def test_a_province_counts_its_own_people_only(
    two_bases, base_officer, provincial_reviewer, other_province_reviewer
):
    """TRUST-24: a foreign province changes no number, whatever is asked for."""
    mine, foreign = (make_counted(base, base_officer, {}) for base in two_bases)
    assert list(counted(provincial_reviewer, "current", {})) == [mine]
    assert list(counted(other_province_reviewer, "current", {})) == [foreign]
    assert counted(provincial_reviewer, "current", {"province": "44"}).count() == 0


def test_blank_values_have_a_cell_and_a_list_of_their_own(base, base_officer, national_officer):
    make_counted(base, base_officer, {"highest_degree": ""})
    table = cross_table(counted(national_officer, "current", {}), "degree", "year")
    assert table.row_names == {BLANK: "未填写"}
    assert counted(national_officer, "current", {"degree": BLANK}).count() == 1


def test_values_stand_in_the_order_of_their_code_list(base, base_officer, national_officer):
    for status in "315":
        make_counted(base, base_officer, {"status": status})
    table = cross_table(counted(national_officer, "all", {}), "status", "fresh")
    assert list(table.row_names.items()) == [("1", "在培"), ("3", "暂停"), ("5", "退培")]


def test_the_moment_of_counting_is_shown(national_officer):
    before = timezone.now()
    table = cross_table(counted(national_officer, "current", {}), "province", "type")
    assert before <= table.as_of <= timezone.now() + datetime.timedelta(seconds=1)
    assert (table.total, table.cells) == (0, {})


@pytest.mark.parametrize("number", [1, 3])
def test_queries_do_not_grow_with_the_records(two_bases, base_officer, national_officer, number):
    """Target 9 of tests/benchmarks: one query to group, two for the names."""
    for _ in range(number):
        for base in two_bases:
            make_counted(base, base_officer, {})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        cross_table(counted(national_officer, "current", {}), "province", "base")
    assert len(queries) == 3
    assert Province.objects.count() == 32
