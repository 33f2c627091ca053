"""上报, 撤回上报 and what un-reports a record: BR-19, BR-30, BR-46, BR-57, BR-83, BR-84, BR-87; AM-03, AM-10, AM-14,
AM-15, AM-20, AM-24; GOAL-B15."""

import datetime

import pytest
from django.utils import timezone

from bases.models import Submission
from bases.records.services import change_status, save_training
from bases.report.services import DeclarationMissing, check, report
from bases.report.withdrawal import withdraw
from portal.models import CollectionCycle, Extension, Message, Step
from residents.models import Enrollment
from residents.services.personal import save_block
from residents.services.returns import return_personal
from residents.services.states import StateMoved
from residents.snapshot import personal_part
from review.decisions.services import revoke
from tests import factories
from tests.bases.desk import approved, close, complete, page, reported, returned, state, told

pytestmark = pytest.mark.django_db

LEAVE = {"status": "5", "reason": "13", "withdrawal_kind": "1", "destination": "自主择业"}
# Savepoint, lock, read, levels of study, status changes, window (cycle, windows, extensions), returns, ends of
# specialties (AM-45), close, numbers, cycles, approved snapshots, insert, update, answered returns, release.
QUERIES_OF_A_REPORT = 18


# --- one report ------------------------------------------------------------------------------------------------------


def test_report_complete_record_makes_one_pending_submission(complete_enrollment, base_officer):
    """BR-57, BR-20: 已上报 and 待审核, with a snapshot and the columns statistics group by."""
    result = report([complete_enrollment.pk], by=base_officer, declared=True)
    assert (result.reported, result.already, result.refused) == ([complete_enrollment.pk], [], [])
    assert state(complete_enrollment) == ("1", "1")
    submission = Submission.objects.get()
    assert (submission.number, submission.module, submission.outcome) == (1, "intake", "pending")
    assert submission.cycle.year == complete_enrollment.intake_year
    assert (submission.specialty_id, submission.trainee_type, submission.approved_years) == ("0100", "3", 3)
    assert (submission.highest_education, submission.highest_degree, submission.sex) == ("3", "410", "1")
    assert submission.snapshot["identity"]["id_number"] == complete_enrollment.resident.id_number
    assert submission.snapshot["education"][0]["school"] == "浙江大学"
    assert submission.report_batch == result.batch
    assert submission.reported_by == base_officer


def test_report_without_declaration_is_refused(complete_enrollment, base_officer):
    """BR-19."""
    with pytest.raises(DeclarationMissing):
        report([complete_enrollment.pk], by=base_officer, declared=False)
    assert Submission.objects.count() == 0
    assert state(complete_enrollment) == ("0", "0")


def test_report_twice_makes_one_submission(complete_enrollment, base_officer):
    """PAIN-23: the second click reports nothing and says so."""
    reported(complete_enrollment, base_officer)
    result = report([complete_enrollment.pk], by=base_officer, declared=True)
    assert (result.reported, result.already, result.refused) == ([], [complete_enrollment.pk], [])
    assert Submission.objects.count() == 1


def test_report_mixed_records_reports_the_ready_and_names_the_others(base, cycle, base_officer):
    """BR-46: 上报 refused while incomplete, with what is missing; the others go up."""
    ready, empty = complete(base, cycle.year), factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    deleted = complete(base, cycle.year)
    Enrollment.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now(), deleted_reason="录错")
    result = report([deleted.pk, empty.pk, ready.pk], by=base_officer, declared=True)
    assert result.reported == [ready.pk]
    assert [pk for pk, _ in result.refused] == [empty.pk, deleted.pk]
    assert "“国籍及地区”未填写。" in result.refused[0][1]
    assert state(empty) == ("0", "0")


def test_report_numbers_and_queries_do_not_grow_with_the_records(
    base, cycle, base_officer, django_assert_num_queries
):
    """Target 13 of tests/benchmarks: one and thirty records cost the same number of queries."""
    one, many = complete(base, cycle.year), [complete(base, cycle.year) for _ in range(30)]
    with django_assert_num_queries(QUERIES_OF_A_REPORT):
        report([one.pk], by=base_officer, declared=True)
    with django_assert_num_queries(QUERIES_OF_A_REPORT):
        result = report([row.pk for row in many], by=base_officer, declared=True)
    assert sorted(result.reported) == sorted(row.pk for row in many)
    assert set(Submission.objects.values_list("number", flat=True)) == {1}


# --- what stands in the way ------------------------------------------------------------------------------------------


def test_check_names_each_missing_field_with_a_link_to_it(enrollment):
    """BR-46, GOAL-B15: what the base fills in leads to its field, what the resident fills in to his block."""
    blockers = {(each.section, each.label): each for each in check(enrollment)}
    own = blockers["培训信息", "培训专业"]
    assert (own.kind, own.owner) == ("missing", "base")
    assert own.url == f"/base/records/{enrollment.pk}/training/#id_specialty_box"
    personal = blockers["基本信息", "紧急联系人"]
    assert (personal.owner, personal.url) == ("resident", f"/base/records/{enrollment.pk}/#basic")


def test_no_link_leads_to_a_form_that_is_closed(enrollment, cycle):
    """AM-31: the base still reads what is missing, in words."""
    close(cycle, Step.BASE_FILL)
    own = [each for each in check(enrollment) if each.kind == "missing" and each.owner == "base"]
    assert own
    assert {each.url for each in own} == {""}


@pytest.mark.parametrize("shut", [Step.RESIDENT_FILL, Step.BASE_FILL])
def test_closed_form_is_told_beside_what_it_would_repair(enrollment, cycle, desk, shut):
    """AM-31: 上报 is open, what it lacks cannot be filled in: the page says so and offers more time."""
    close(cycle, shut)
    said = [each.text for each in check(enrollment) if each.kind == "closed"]
    whose = "住院医师" if shut == Step.RESIDENT_FILL else "培训信息"
    assert len(said) == 1
    assert said[0].startswith(f"{whose}现在不能填写")
    assert "截止" in said[0]
    page = desk.get("/base/report/", {"choice": enrollment.pk}).text
    assert said[0] in page
    assert f"/base/extensions/new/?record={enrollment.pk}" in page


def test_closed_form_of_a_record_that_lacks_nothing_is_not_told(complete_enrollment, cycle):
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL)
    assert check(complete_enrollment) == []


def test_report_with_open_return_to_the_resident_is_refused(complete_enrollment, base_officer):
    """docs/codes.md#states: a return blocks the next 上报 until the resident saves."""
    return_personal(complete_enrollment, {"basic.email": ("contact", "邮箱无法送达。")}, by=base_officer)
    result = report([complete_enrollment.pk], by=base_officer, declared=True)
    assert result.refused == [(complete_enrollment.pk, "个人信息已退回住院医师，尚未修改保存。")]
    save_block(
        complete_enrollment, "basic", {"email": "new@example.com"}, by=complete_enrollment.resident.user
    )
    assert report([complete_enrollment.pk], by=base_officer, declared=True).reported == [
        complete_enrollment.pk
    ]


def test_report_after_the_deadline_is_refused(complete_enrollment, base_officer, cycle):
    """BR-39, TRUST-31; in the minutes of grace nothing is reported either (AM-26)."""
    close(cycle, Step.REPORT, ago=datetime.timedelta(minutes=1))
    result = report([complete_enrollment.pk], by=base_officer, declared=True)
    assert result.reported == []
    assert "现在不能办理" in result.refused[0][1]
    assert Submission.objects.count() == 0


def test_report_in_a_province_with_api_transfer_is_refused(complete_enrollment, base_officer, province):
    """BR-08, TRUST-31."""
    province.reporting_mode = "2"
    province.save()
    result = report([complete_enrollment.pk], by=base_officer, declared=True)
    assert "接口传送" in result.refused[0][1]


def test_report_of_one_extended_record_passes_after_the_deadline(base, cycle, base_officer, national_officer):
    """GOAL-P8: an extension opens the named record only."""
    named, other = complete(base, cycle.year), complete(base, cycle.year)
    close(cycle, Step.REPORT)
    Extension.objects.create(
        cycle=cycle,
        step=Step.REPORT,
        enrollment=named,
        until=timezone.now() + datetime.timedelta(days=1),
        reason="系统故障",
        granted_by=national_officer,
    )
    result = report([named.pk, other.pk], by=base_officer, declared=True)
    assert result.reported == [named.pk]
    assert [pk for pk, _ in result.refused] == [other.pk]


def test_returned_record_can_be_mended_and_reported_until_the_review_ends(
    complete_enrollment, base_officer, provincial_reviewer, cycle
):
    """AM-03, PAIN-17: after the filling deadline the returned record, and only it, stays open until the review ends."""
    record = returned(complete_enrollment, base_officer, provincial_reviewer)
    other = complete(record.base, cycle.year)
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    assert state(record) == ("0", "3")
    change, _ = save_training(record.pk, {"remark": "已核对"}, by=base_officer)
    assert set(change.fields) == {"remark"}
    with pytest.raises(StateMoved):
        save_training(other.pk, {"remark": "x"}, by=base_officer)
    result = report([record.pk, other.pk], by=base_officer, declared=True)
    assert result.reported == [record.pk]
    assert record.submissions.get(outcome="pending").number == 2


def test_returned_record_is_closed_once_the_review_has_ended(
    complete_enrollment, base_officer, provincial_reviewer, cycle
):
    """AM-03: after the review window everything is locked."""
    record = returned(complete_enrollment, base_officer, provincial_reviewer)
    close(cycle, *Step)
    assert report([record.pk], by=base_officer, declared=True).reported == []


# --- taking back -----------------------------------------------------------------------------------------------------


def test_withdraw_pending_report_restores_the_state_before(complete_enrollment, base_officer):
    """AM-15: the submission stays as 已撤回上报, the record is 未上报 and editable again."""
    record = reported(complete_enrollment, base_officer)
    withdraw(record.pk, by=base_officer)
    assert state(record) == ("0", "0")
    assert Submission.objects.get().outcome == "withdrawn"
    assert reported(record, base_officer).submissions.count() == 2


def test_withdraw_second_report_leaves_the_review_state_of_the_first(
    complete_enrollment, base_officer, provincial_reviewer
):
    """BR-87: 审核状态 is that of the last report that counts."""
    record = returned(complete_enrollment, base_officer, provincial_reviewer)
    reported(record, base_officer)
    withdraw(record.pk, by=base_officer)
    assert state(record) == ("0", "3")


@pytest.mark.parametrize(
    ("decisions", "is_changed", "left"),
    [
        ("a", False, "0"),
        ("r", False, "0"),
        ("ra", False, "3"),
        ("a", True, "3"),
        ("aa", False, "2"),
    ],
    ids=["approval", "return", "an approval after a return", "changed since", "a second approval"],
)
def test_a_revoked_decision_leaves_what_stood_before_it(
    complete_enrollment, base_officer, provincial_reviewer, decisions, is_changed, left
):
    """BR-87, GOAL-P5: what the province has taken back is no 退回修改 unless it asks for a correction."""
    record = complete_enrollment
    for decision in decisions:
        if record.registered_at:
            save_training(record.pk, {"remark": "轮转至门诊"}, by=base_officer)
        decide = {"a": approved, "r": returned}[decision]
        record = decide(record, base_officer, provincial_reviewer)
    if is_changed:
        save_training(record.pk, {"remark": "轮转至门诊"}, by=base_officer)
    revoke(record.submissions.order_by("number").last(), by=provincial_reviewer, reason="点错了")
    record.refresh_from_db()
    if is_changed:
        assert state(record) == ("0", "3")
        record.refresh_from_db()
        reported(record, base_officer)
    assert state(record) == ("1", "1")
    withdraw(record.pk, by=base_officer)
    assert state(record) == ("0", left)


def test_withdraw_after_the_decision_is_refused(complete_enrollment, base_officer, provincial_reviewer):
    """AM-15, TRUST-32."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    with pytest.raises(StateMoved, match="审核通过"):
        withdraw(record.pk, by=base_officer)
    assert state(record) == ("1", "2")


def test_withdraw_after_the_report_deadline_is_refused(complete_enrollment, base_officer, cycle):
    """A record taken back then could never be reported again."""
    record = reported(complete_enrollment, base_officer)
    close(cycle, Step.REPORT)
    with pytest.raises(StateMoved, match="无法再次上报"):
        withdraw(record.pk, by=base_officer)
    assert state(record) == ("1", "1")


# --- after the report ------------------------------------------------------------------------------------------------


def test_reported_intake_record_is_read_only_for_its_base(complete_enrollment, base_officer):
    """AM-15."""
    record = reported(complete_enrollment, base_officer)
    with pytest.raises(StateMoved, match="撤回上报"):
        save_training(record.pk, {"remark": "x"}, by=base_officer)
    record.refresh_from_db()
    assert record.remark == ""


def test_change_in_the_registry_un_reports_and_keeps_the_approval(
    complete_enrollment, base_officer, provincial_reviewer
):
    """BR-83, AM-16: 未上报 again, the approved snapshot still counts."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    change, unreported = save_training(record.pk, {"remark": "轮转至门诊"}, by=base_officer)
    assert (bool(change), unreported) == (True, True)
    assert state(record) == ("0", "2")
    assert record.approved_submission.snapshot["training"]["remark"] is None


def test_save_without_change_in_the_registry_leaves_it_reported(
    complete_enrollment, base_officer, provincial_reviewer
):
    """PAIN-19: a no-op save writes nothing, not even a version."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    version, events = record.version, record.events.count()
    change, unreported = save_training(
        record.pk, {"approved_years": "3", "at_partner_unit": "False", "remark": ""}, by=base_officer
    )
    assert (bool(change), unreported) == (False, False)
    assert state(record) == ("1", "2")
    assert (record.version, record.events.count()) == (version, events)


def test_change_in_the_registry_withdraws_a_waiting_submission(
    complete_enrollment, base_officer, provincial_reviewer
):
    """AM-15: the edit itself takes the pending submission back."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    save_training(record.pk, {"remark": "一"}, by=base_officer)
    reported(record, base_officer)
    save_training(record.pk, {"remark": "二"}, by=base_officer)
    assert state(record) == ("0", "2")
    assert list(record.submissions.order_by("number").values_list("outcome", flat=True)) == [
        "approved",
        "withdrawn",
    ]


def test_intake_original_stays_when_the_registry_copy_changes(
    complete_enrollment, base_officer, provincial_reviewer
):
    """BR-37, AM-30."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    original = record.intake_submission
    save_training(record.pk, {"trainee_type": "9", "trainee_type_other": "规培合作"}, by=base_officer)
    approved(record, base_officer, provincial_reviewer)
    assert record.intake_submission == original
    assert original.snapshot["training"]["trainee_type"] == "3"
    assert record.approved_submission.snapshot["training"]["trainee_type"] == "9"


def test_save_of_the_resident_keeps_the_report_and_can_be_reported_again(
    complete_enrollment, base_officer, provincial_reviewer
):
    """AM-14: no 未上报 by the resident; the base sees the update and reports it."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    # The registry asks 工作信息 of employees only, so this record stays complete.
    save_block(record, "basic", {"email": "later@example.com"}, by=record.resident.user)
    assert state(record) == ("1", "2")
    assert record.has_unreported_update
    reported(record, base_officer)
    assert not record.has_unreported_update
    first, again = record.submissions.order_by("number")
    assert again.snapshot["basic"]["email"] == "later@example.com"
    # GOAL-P2: the submission itself tells what changed since the last approval.
    assert (first.changed_fields, again.changed_fields) == (None, ["basic.email"])


def test_update_while_waiting_replaces_the_waiting_submission(complete_enrollment, base_officer):
    """AM-14: one pending at a time; the older one is withdrawn, not lost."""
    record = reported(complete_enrollment, base_officer)
    save_block(record, "basic", {"email": "later@example.com"}, by=record.resident.user)
    reported(record, base_officer)
    assert list(record.submissions.order_by("number").values_list("outcome", flat=True)) == [
        "withdrawn",
        "pending",
    ]


def test_specialty_of_a_late_addition_is_locked_by_its_first_report(base, cycle, base_officer):
    """AM-24, BR-81."""
    late = complete(base, cycle.year - 1, origin="late", registered_at=timezone.now())
    save_training(late.pk, {"specialty": "0200"}, by=base_officer)
    reported(late, base_officer)
    assert (late.specialty_id, late.specialty_locked) == ("0200", True)
    assert late.submissions.get().cycle == CollectionCycle.objects.get(year=cycle.year)


# --- a person who has left -------------------------------------------------------------------------------------------


def test_withdrawal_from_training_is_reported_with_the_personal_part_of_before(
    complete_enrollment, other_base, base_officer, provincial_reviewer
):
    """AM-10, AM-20: the province judges a 退培 afterwards; the old base reports no data of the next base's time."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    change_status(record.pk, LEAVE | {"effective_date": record.actual_start_date}, by=base_officer)
    assert state(record) == ("0", "2")
    elsewhere = factories.EnrollmentFactory(
        resident=record.resident, base=other_base, intake_year=record.intake_year
    )
    save_block(elsewhere, "basic", {"email": "secret@example.com"}, by=record.resident.user)
    reported(Enrollment.objects.get(pk=record.pk), base_officer)
    first, second = record.submissions.order_by("number")
    assert second.status == "5"
    assert personal_part(second.snapshot) == personal_part(first.snapshot)


# --- a person who will not answer (AM-41) ----------------------------------------------------------------------------

_TODAY = timezone.localdate
_CHANGES = {
    "3": lambda: {
        "reason": "31",
        "suspended_from": _TODAY(),
        "expected_resume": _TODAY() + datetime.timedelta(30),
    },
    "4": lambda: {"reason": "43", "ended_on": _TODAY(), "ended_result": "3"},
    "5": lambda: {key: value for key, value in LEAVE.items() if key != "status"},
}


@pytest.fixture
def silent(base, cycle, base_officer, provincial_reviewer):
    """An approved record with a gap in 基本信息, blank 工作信息 and an open return to its resident."""
    record = approved(
        complete(base, cycle.year - 1, origin="late", registered_at=timezone.now()),
        base_officer,
        provincial_reviewer,
    )
    factories.fill_training(record)
    Enrollment.objects.filter(pk=record.pk).update(trainee_type="1")
    record.resident.basic.emergency_contact = ""
    record.resident.basic.save()
    return_personal(record, {"": ("", "请更新手机号。")}, by=base_officer)
    record.refresh_from_db()
    return record


@pytest.mark.parametrize("status", _CHANGES)
def test_gaps_and_open_return_do_not_stop_a_status(
    silent, base_officer, signed_in, provincial_reviewer, status
):
    """AM-41: 暂停, 结束 and 退培 go up; the province sees what is missing."""
    change_status(
        silent.pk, {"status": status, "effective_date": _TODAY(), **_CHANGES[status]()}, by=base_officer
    )
    assert report([silent.pk], by=base_officer, declared=True).reported == [silent.pk]
    assert state(silent) == ("1", "1")
    shown = signed_in(provincial_reviewer).get(f"/review/records/{silent.pk}/").content.decode()
    if status != "5":
        assert "个人信息有空缺" in shown
        assert "紧急联系人" in shown
        assert "工作单位名称" in shown


def test_gaps_still_stop_every_other_report(silent, base_officer):
    """AM-41 opens the door for three statuses only: 在培 and 延期 wait for the resident."""
    until = silent.planned_end_date + datetime.timedelta(days=90)
    change = {"status": "2", "effective_date": _TODAY(), "reason": "21", "extended_until": until}
    for values in ({}, change):
        if values:
            change_status(silent.pk, values, by=base_officer)
        Enrollment.objects.filter(pk=silent.pk).update(report_status="0")
        assert {each.kind for each in check(Enrollment.objects.get(pk=silent.pk))} == {"missing", "return"}


def test_base_takes_its_return_back(silent, base_officer, signed_in):
    """AM-41: one click closes the open comments, the resident is told, and 上报 no longer waits for him."""
    client = signed_in(base_officer)
    assert "取回退回" in page(client.get(f"/base/records/{silent.pk}/"))
    words = told(client.post(f"/base/records/{silent.pk}/returns/take-back/"))
    assert "已取回" in words
    [taken] = silent.personal_returns.all()
    assert (taken.taken_back_by, taken.reviewed_at is None) == (base_officer, False)
    assert "return" not in {each.kind for each in check(Enrollment.objects.get(pk=silent.pk))}
    assert Enrollment.objects.get(pk=silent.pk).personal_state == "1"
    subjects = Message.objects.filter(recipient=silent.resident.user).values_list("subject", flat=True)
    assert any("取回" in subject for subject in subjects)
    assert "取回退回" not in page(client.get(f"/base/records/{silent.pk}/"))
    assert "没有等待答复的退回意见" in told(client.post(f"/base/records/{silent.pk}/returns/take-back/"))


def test_another_base_cannot_take_a_return_back(silent, other_base_officer, signed_in):
    """AM-41: its own return only."""
    client = signed_in(other_base_officer)
    assert client.post(f"/base/records/{silent.pk}/returns/take-back/").status_code == 404
    assert silent.personal_returns.filter(answered_at__isnull=True).exists()
