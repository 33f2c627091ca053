"""培训状态: transitions and what each change needs (docs/fields.md#status, docs/codes.md#status)."""

from datetime import date
from itertools import product

import pytest

from residents.rules import status

CONTEXT = {
    "today": date(2019, 10, 20),
    "current_status": "1",
    "actual_start_date": date(2017, 9, 1),
    "last_change_date": date(2018, 9, 1),
    "planned_end_date": date(2020, 9, 1),
    "intake_year": 2017,
    "approved_years": 3,
    "module": "registry",
}
DAY = date(2019, 10, 1)
EXTENDED = {"status": "2", "effective_date": DAY, "reason": "21", "extended_until": date(2021, 9, 1)}
SUSPENDED = {
    "status": "3",
    "effective_date": DAY,
    "reason": "31",
    "suspended_from": DAY,
    "expected_resume": date(2020, 4, 1),
}
ENDED = {"status": "4", "effective_date": DAY, "reason": "41", "ended_on": DAY, "ended_result": "1"}
WITHDRAWN = {
    "status": "5",
    "effective_date": DAY,
    "reason": "13",
    "withdrawal_kind": "1",
    "destination": "某院",
}
RETURNED = {"status": "1", "effective_date": DAY}
CHANGES = {"1": RETURNED, "2": EXTENDED, "3": SUSPENDED, "4": ENDED, "5": WITHDRAWN}
# docs/codes.md#status, written out: what a base may do.
ALLOWED = {"12", "13", "14", "15", "21", "31", "41", "23", "32", "24", "34", "25", "35", "51", "42"}


def codes(values, **context):
    found = status.problems(values, {**CONTEXT, **context})
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


@pytest.mark.parametrize(("old", "new"), [pair for pair in product("12345", "12345") if pair[0] != pair[1]])
def test_only_the_transitions_of_the_table_are_possible(old, new):
    refused = {} if old + new in ALLOWED else {"status": ["status_transition"]}
    if (old, new) == ("4", "5"):
        refused = {"status": ["withdraw_after_end"]}
    change = CHANGES[new] | ({"reason": "23"} if old + new == "42" else {})
    assert codes(change, current_status=old) == refused
    assert (new in status.targets(old)) == (old + new in ALLOWED)


@pytest.mark.parametrize("new", ["1", "2", "3", "5"])
def test_after_the_certificate_nothing_follows(new):
    """AM-34: 结业并获证 is the end; the refusal says where a mistaken result is put right."""
    change = CHANGES[new] | ({"reason": "23"} if new == "2" else {})
    found = status.problems(change, {**CONTEXT, "current_status": "4", "is_certified": True})
    assert [problem.code for problem in found["status"]] == ["status_certified"]
    assert "结束（更正明细）" in str(found["status"][0])
    assert status.offered({**CONTEXT, "current_status": "4", "is_certified": True}) == ()


@pytest.mark.parametrize(("reason", "is_taken"), [("21", False), ("22", False), ("23", True), ("24", True)])
def test_ended_training_is_extended_for_the_exam_or_the_licence_only(reason, is_taken):
    """AM-34: 结束 (未通过, 未参加) → 延期 with reason 23 or 24."""
    found = codes({**EXTENDED, "reason": reason}, current_status="4")
    assert found == ({} if is_taken else {"reason": ["reason_after_end"]})


def test_new_enrollment_starts_in_training():
    assert codes({"status": "1"}, current_status=None) == {}
    assert status.missing({"status": "1"}, {**CONTEXT, "current_status": None}) == []
    assert codes(WITHDRAWN, current_status=None) == {"status": ["status_transition"]}
    assert status.targets(None) == ("1",)


@pytest.mark.parametrize("old", "12345")
@pytest.mark.parametrize("fact", ["", "is_certified", "is_set_aside", "has_newer_live_enrollment"])
def test_page_offers_what_is_accepted_and_refusals_name_what_is_offered(old, fact):
    """AM-34: offer and act are one question; "first 在培" is said only where 在培 can be chosen."""
    context = {**CONTEXT, "current_status": old, fact: True}
    offered = status.offered(context)
    for new in set("12345") - {old}:
        change = CHANGES[new] | ({"reason": "23"} if old + new == "42" else {})
        found = status.problems(change, context).get("status", [])
        assert (new in offered) == (not found)
        assert not any("请先改为“在培”" in str(each) for each in found) or "1" in offered


def test_reopening_is_refused_where_a_newer_enrollment_lives():
    """docs/codes.md#status: 退培 → 在培 only as a correction of a withdrawal that freed nobody."""
    assert codes(RETURNED, current_status="5", has_newer_live_enrollment=True) == {
        "status": ["reopen_blocked"]
    }
    assert status.missing(RETURNED, {**CONTEXT, "current_status": "5"}) == ["reason_note"]


def test_status_is_not_changed_in_intake():
    assert codes(EXTENDED, module="intake") == {"status": ["status_in_intake"]}


def test_untouched_row_of_a_template_is_no_change():
    """Every row of a downloaded template repeats the current status."""
    assert codes({"status": "2"}, current_status="2") == {}
    assert status.missing({"status": "2"}, {**CONTEXT, "current_status": "2"}) == []


@pytest.mark.parametrize("new", ["2", "3", "4", "5"])
def test_complete_change_misses_nothing(new):
    assert status.missing(CHANGES[new], CONTEXT) == []


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({"status": "2"}, ["effective_date", "reason", "extended_until"]),
        ({"status": "3"}, ["effective_date", "reason", "suspended_from", "expected_resume"]),
        ({"status": "4"}, ["effective_date", "reason", "ended_on", "ended_result"]),
        ({"status": "5"}, ["effective_date", "reason", "withdrawal_kind", "destination"]),
        ({**WITHDRAWN, "withdrawal_kind": None}, ["withdrawal_kind"]),
        ({**WITHDRAWN, "withdrawal_kind": None, "reason": "11"}, []),
        ({**WITHDRAWN, "withdrawal_kind": None, "reason": "12"}, []),
        ({**EXTENDED, "reason": "29"}, ["reason_note"]),
        ({**WITHDRAWN, "reason": "19"}, ["reason_note"]),
    ],
)
def test_change_needs_the_fields_of_its_status(values, needed):
    """docs/fields.md#status: a transfer has no 退培类型; 其他 needs a note."""
    assert status.missing(values, CONTEXT) == needed


@pytest.mark.parametrize("old", ["2", "3", "4"])
def test_return_to_training_needs_only_its_date(old):
    """BR-82."""
    assert status.missing({"status": "1"}, {**CONTEXT, "current_status": old}) == ["effective_date"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({**EXTENDED, "reason": "31"}, {"reason": ["reason_of_other_status"]}),
        ({**EXTENDED, "effective_date": date(2019, 10, 21)}, {"effective_date": ["date_in_future"]}),
        ({**EXTENDED, "effective_date": date(2017, 8, 31)}, {"effective_date": ["before_start"]}),
        ({**EXTENDED, "effective_date": date(2018, 8, 31)}, {"effective_date": ["before_last_change"]}),
        ({**EXTENDED, "effective_date": date(2018, 9, 1)}, {}),
        ({**EXTENDED, "extended_until": date(2020, 9, 1)}, {"extended_until": ["extension_too_short"]}),
        ({**EXTENDED, "extended_until": date(2023, 12, 31)}, {}),
        ({**EXTENDED, "extended_until": date(2024, 1, 1)}, {"extended_until": ["end_too_late"]}),
        ({**SUSPENDED, "expected_resume": DAY}, {"expected_resume": ["resume_before_suspension"]}),
        ({**ENDED, "ended_on": date(2019, 10, 21)}, {"ended_on": ["date_in_future"]}),
        ({**ENDED, "ended_on": date(2017, 8, 31)}, {"ended_on": ["before_start"]}),
        ({**ENDED, "ended_result": "2"}, {"ended_result": ["ended_result_unusual"]}),
        ({**ENDED, "reason": "49", "ended_result": "2"}, {}),
    ],
)
def test_values_are_judged(values, found):
    assert codes(values) == found


def test_extension_is_refused_beside_a_pending_one():
    """docs/fields.md#status."""
    assert codes(EXTENDED, has_pending_extension=True) == {"status": ["extension_pending"]}


def test_running_extension_repeated_in_a_template_is_not_a_second_one():
    running = {"current_status": "2", "has_pending_extension": True, "last_change_date": DAY}
    assert codes(EXTENDED, **running, extended_until=EXTENDED["extended_until"]) == {}
    assert codes(EXTENDED, **running, extended_until=date(2021, 3, 1)) == {"status": ["extension_pending"]}
