"""Returns of personal info and their answers (BR-41, BR-45, BR-54, BR-79; AM-18; GOAL-R3)."""

import datetime

import pytest
from django.utils import timezone

from portal.models import CycleWindow, Message, Step
from residents.models import Enrollment, PersonalReturn
from residents.services.personal import save_block, save_education
from residents.services.refusals import Refused
from residents.services.returns import answer_without_change, open_returns, return_personal, settle_states
from residents.services.states import StateMoved
from residents.services.training import save_training


def state(enrollment) -> str:
    return Enrollment.objects.get(pk=enrollment.pk).personal_state


def give_back(enrollment, officer, *paths):
    return return_personal(enrollment, {path: ("", f"请核对{path}") for path in paths}, by=officer)


def still_open(enrollment) -> list[str]:
    return sorted(each.field for each in open_returns(enrollment))


def test_return_sets_the_state_and_tells_the_resident(enrollment, base_officer, resident):
    """BR-45, docs/codes.md#states: 上报 and 审核 stay as they are."""
    created = give_back(enrollment, base_officer, "", "basic.email")

    assert state(enrollment) == "3"
    assert len({each.batch for each in created}) == 1
    message = Message.objects.get()
    assert (message.recipient, message.kind, message.link) == (resident, "personal_return", "/resident/")


@pytest.mark.parametrize("text", ["", " \n", "长" * 501])
def test_return_without_a_fit_text_is_refused(enrollment, base_officer, text):
    with pytest.raises(Refused):
        return_personal(enrollment, {"basic.email": ("", text)}, by=base_officer)

    assert not PersonalReturn.objects.exists()
    assert state(enrollment) == "0"


def test_return_without_any_comment_is_refused(enrollment, base_officer):
    with pytest.raises(Refused):
        return_personal(enrollment, {}, by=base_officer)


def test_return_that_nobody_could_answer_is_refused(enrollment, base_officer):
    """It would block 上报 for good."""
    CycleWindow.objects.filter(step=Step.RESIDENT_FILL).update(
        closes_at=timezone.now() - datetime.timedelta(hours=1)
    )
    with pytest.raises(StateMoved):
        give_back(enrollment, base_officer, "")

    assert not PersonalReturn.objects.exists()


def test_approved_record_can_be_returned_without_undoing_the_approval(enrollment, base_officer):
    """AM-18."""
    Enrollment.objects.update(registered_at=timezone.now(), report_status="1", review_status="2")
    give_back(enrollment, base_officer, "")

    now = Enrollment.objects.get()
    assert (now.report_status, now.review_status, now.personal_state) == ("1", "2", "3")


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({"email": "new@example.com"}, ["basic.qq", "identity.mobile"]),
        ({"mobile": "13912345678"}, ["basic.email", "basic.qq"]),
        ({"marital_status": "20"}, ["basic.email", "basic.qq", "identity.mobile"]),
        ({}, ["", "basic.email", "basic.qq", "identity.mobile"]),
        ({"email": "old@example.com"}, ["", "basic.email", "basic.qq", "identity.mobile"]),
    ],
)
def test_save_answers_changed_fields_and_the_whole_record(
    enrollment, base_officer, resident, save, sent, left
):
    """GOAL-R3, BR-54: a comment at a field waits for a change of that field, one on the record for any change;
    pressing 保存 answers nothing."""
    save("basic", {"email": "old@example.com"})
    give_back(enrollment, base_officer, "", "basic.email", "basic.qq", "identity.mobile")

    result = save("basic", sent)

    assert still_open(enrollment) == left
    assert result.answered == 4 - len(left)
    assert state(enrollment) == "3"


def test_last_answer_ends_the_return(enrollment, base_officer, save):
    save("basic", {"email": "old@example.com"})
    give_back(enrollment, base_officer, "basic.email")
    save("basic", {"email": "new@example.com"})

    assert state(enrollment) == "1"


def test_same_value_again_does_not_answer_a_field(enrollment, base_officer, save):
    save("basic", {"email": "old@example.com"})
    give_back(enrollment, base_officer, "basic.email")
    save("basic", {"email": "old@example.com"})

    assert still_open(enrollment) == ["basic.email"]
    assert state(enrollment) == "3"


@pytest.mark.parametrize(
    ("path", "is_open"), [("education.school", False), ("education", False), ("education.major", True)]
)
def test_comment_on_study_is_answered_by_any_level(
    enrollment, base_officer, resident, education_values, path, is_open
):
    row = save_education(enrollment, None, education_values, by=resident).row
    give_back(enrollment, base_officer, path)
    save_education(enrollment, row.pk, {"school": "宁波大学"}, by=resident)

    assert still_open(enrollment) == ([path] if is_open else [])


def test_no_change_with_reason_closes_one_comment(enrollment, base_officer, resident):
    """GOAL-R3."""
    first, second = give_back(enrollment, base_officer, "basic.email", "basic.qq")
    answer_without_change(first, " 已测试可收信 ", by=resident)

    assert PersonalReturn.objects.get(pk=first.pk).no_change_reason == "已测试可收信"
    assert state(enrollment) == "3"
    answer_without_change(second, "没有QQ", by=resident)
    assert state(enrollment) == "0"


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_no_change_needs_a_fit_reason(enrollment, base_officer, resident, reason):
    (comment,) = give_back(enrollment, base_officer, "basic.email")
    with pytest.raises(Refused):
        answer_without_change(comment, reason, by=resident)

    assert still_open(enrollment) == ["basic.email"]


def test_comment_is_answered_once(enrollment, base_officer, resident):
    (comment,) = give_back(enrollment, base_officer, "basic.email")
    answer_without_change(comment, "已核对", by=resident)
    with pytest.raises(StateMoved):
        answer_without_change(comment, "再次核对", by=resident)

    assert PersonalReturn.objects.get().no_change_reason == "已核对"


def test_other_block_answers_the_whole_record(enrollment, base_officer, resident):
    """BR-54: a save of any block."""
    give_back(enrollment, base_officer, "")
    save_block(enrollment, "certificate", {"passed_qualification_exam": "False"}, by=resident)

    assert still_open(enrollment) == []


def test_state_follows_what_is_asked(complete_enrollment, django_assert_max_num_queries):
    """AM-06: in the registry an own employee's 工作信息 is asked, so the stored 已完整 must not stay."""
    Enrollment.objects.filter(pk=complete_enrollment.pk).update(
        trainee_type="1", registered_at=timezone.now()
    )
    with django_assert_max_num_queries(8):
        changed = settle_states([complete_enrollment.pk])
    complete_enrollment.refresh_from_db()
    assert (changed, complete_enrollment.personal_state) == ({complete_enrollment.pk: "1"}, "1")
    assert settle_states([complete_enrollment.pk]) == {}


LONG_AGO = timezone.now() - datetime.timedelta(days=40)


def waits_anew(enrollment) -> bool:
    """Whether the waiting days have begun anew; they are set back for the next move."""
    records = Enrollment.objects.filter(pk=enrollment.pk)
    is_new = records.get().state_since > LONG_AGO
    records.update(state_since=LONG_AGO)
    return is_new


def test_waiting_days_begin_anew_with_the_return_and_with_its_last_answer(
    complete_enrollment, base_officer, resident
):
    """GOAL-B16: the days stand beside the state that the list shows."""
    waits_anew(complete_enrollment)
    give_back(complete_enrollment, base_officer, "basic.email", "basic.address")
    assert waits_anew(complete_enrollment)
    give_back(complete_enrollment, base_officer, "")
    assert not waits_anew(complete_enrollment)
    for returned in open_returns(complete_enrollment):
        assert not waits_anew(complete_enrollment)
        answer_without_change(returned, "核对无误", by=resident)
    assert state(complete_enrollment) == "2"
    assert waits_anew(complete_enrollment)


@pytest.mark.parametrize(("review", "is_anew"), [("0", True), ("1", False), ("2", True), ("3", True)])
def test_a_return_moves_what_waits_for_the_province_by_no_day(
    complete_enrollment, base_officer, review, is_anew
):
    """GOAL-B16, AM-18: 待审核 stays the state that is shown, with its own waiting days."""
    report = "1" if review in "12" else "0"
    Enrollment.objects.filter(pk=complete_enrollment.pk).update(review_status=review, report_status=report)
    waits_anew(complete_enrollment)
    give_back(complete_enrollment, base_officer, "")
    assert waits_anew(complete_enrollment) is is_anew


def test_waiting_days_begin_anew_when_filling_begins(enrollment, save):
    """GOAL-B16: 未填写 → 填写中."""
    waits_anew(enrollment)
    save("basic", {"email": "a@example.com"})
    assert waits_anew(enrollment)
    save("basic", {"email": "b@example.com"})
    assert not waits_anew(enrollment)


def test_waiting_days_begin_anew_when_training_info_becomes_complete(complete_enrollment, base_officer):
    """GOAL-B16: 可上报 ↔ 待填培训信息; a save that leaves it complete moves nothing."""
    waits_anew(complete_enrollment)
    save_training(complete_enrollment.pk, {"remark": "轮转"}, by=base_officer)
    assert not waits_anew(complete_enrollment)
    save_training(complete_enrollment.pk, {"actual_start_date": ""}, by=base_officer)
    assert waits_anew(complete_enrollment)
