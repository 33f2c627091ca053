"""What a base does with one record in the browser: BR-29, BR-32, BR-39, BR-56, BR-63; AM-07, AM-20; PAIN-19, PAIN-29;
TRUST-26, TRUST-31, TRUST-43."""

import pytest
from django.utils import timezone

from portal.models import Step
from residents.models import Enrollment
from residents.services.personal import save_block
from tests import factories
from tests.bases.desk import approved, close, page, returned, state, told

pytestmark = pytest.mark.django_db


# --- 培训信息 ---------------------------------------------------------------------------------------------------------


def test_training_form_saves_and_tells_what_changed(desk, enrollment):
    """BR-29, BR-56."""
    address = f"/base/records/{enrollment.pk}/training/"
    shown = page(desk.get(address))
    assert 'name="intake_year"' not in shown
    answer = desk.post(
        address, {"version": "0", "specialty": "0100", "trainee_type": "3", "remark": "内科一组"}
    )
    assert "修改了 3 项" in told(answer)
    enrollment.refresh_from_db()
    assert (enrollment.specialty_id, enrollment.remark) == ("0100", "内科一组")


def test_training_form_offers_only_accredited_specialties(desk, enrollment):
    """GOAL-B1; BR-56."""
    form = desk.get(f"/base/records/{enrollment.pk}/training/").context["form"]
    assert [code for code, _ in form.fields["specialty"].widget.choices] == [
        "",
        "0100",
        "0200",
        "0700",
        "0900",
    ]


def test_training_post_with_foreign_fields_changes_none_of_them(desk, enrollment, other_base):
    """PAIN-29, TRUST-26: id, base, year, states sent along are ignored."""
    person = enrollment.resident
    before = Enrollment.objects.values().get(pk=enrollment.pk)
    desk.post(
        f"/base/records/{enrollment.pk}/training/",
        {
            "version": "0",
            "remark": "x",
            "id_number": "110101199003070011",
            "id_type": "03",
            "full_name": "李四",
            "base": other_base.pk,
            "base_id": other_base.pk,
            "intake_year": "2014",
            "review_status": "2",
            "report_status": "1",
            "status": "5",
            "registered_at": "2019-01-01",
            "specialty_locked": "on",
            "training_complete": "on",
            "resident": "1",
        },
    )
    after = Enrollment.objects.values().get(pk=enrollment.pk)
    assert {name for name in before if before[name] != after[name]} == {"remark", "version", "updated_at"}
    identity = (person.id_type, person.id_number, person.full_name)
    person.refresh_from_db()
    assert (person.id_type, person.id_number, person.full_name) == identity


def test_training_form_with_errors_keeps_what_was_typed(desk, enrollment):
    """GOAL-R4: errors at the field, all at once; nothing lost, nothing stored."""
    response = desk.post(
        f"/base/records/{enrollment.pk}/training/",
        {
            "version": "0",
            "approved_years": "7",
            "actual_start_date": "2019-13-01",
            "remark": "写了很久的备注",
        },
    )
    body = response.content.decode()
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"approved_years", "actual_start_date"}
    assert "写了很久的备注" in body
    enrollment.refresh_from_db()
    assert enrollment.remark == ""


def test_training_form_of_an_older_tab_shows_the_conflict(desk, enrollment):
    """TRUST-43: both texts are in sight, the other's stays until the user saves again."""
    address = f"/base/records/{enrollment.pk}/training/"
    desk.post(address, {"version": "0", "remark": "甲写的"})
    response = desk.post(address, {"version": "0", "remark": "乙写的"})
    body = response.content.decode()
    assert response.status_code == 422
    assert "已被他人修改" in body
    assert "乙写的" in body
    assert "他人保存的是：甲写的" in body
    assert 'name="version" value="1"' in body
    desk.post(address, {"version": "1", "remark": "乙写的"})
    enrollment.refresh_from_db()
    assert enrollment.remark == "乙写的"


def test_training_form_without_change_says_so(desk, complete_enrollment, base_officer, provincial_reviewer):
    """PAIN-19: warned before saving, and a no-op un-reports nothing."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    address = f"/base/records/{record.pk}/training/"
    response = desk.get(address)
    assert "保存修改后，上报状态变为“未上报”" in page(response)
    same = {name: value for name, value in response.context["form"].initial.items() if value is not None}
    assert "没有改动" in told(desk.post(address, same | {"version": record.version}))
    assert state(record) == ("1", "2")


def test_training_form_of_a_closed_record_leads_back_with_the_reason(desk, enrollment, cycle):
    """BR-39, TRUST-31."""
    close(cycle, Step.BASE_FILL)
    address = f"/base/records/{enrollment.pk}/training/"
    assert "现在不能办理" in told(desk.get(address))
    assert "现在不能办理" in told(desk.post(address, {"version": "0", "remark": "x"}))
    enrollment.refresh_from_db()
    assert enrollment.remark == ""


def test_training_draft_is_offered_and_restored(desk, enrollment, base_officer):
    """GOAL-R4: what was typed before the session ended."""
    key = f"training:{enrollment.pk}"
    desk.post("/draft/", {"form": key, "data": "remark=%E6%9C%AA%E4%BF%9D%E5%AD%98", "base_version": "0"})
    assert "恢复" in page(desk.get(f"/base/records/{enrollment.pk}/training/"))
    assert "未保存</textarea>" in page(desk.get(f"/base/records/{enrollment.pk}/training/?draft=1"))


def test_status_form_saves_a_change(desk, complete_enrollment, base_officer, provincial_reviewer):
    """BR-32."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    address = f"/base/records/{record.pk}/status/"
    incomplete = desk.post(address, {"version": record.version, "status": "3"})
    assert incomplete.status_code == 422
    assert set(incomplete.context["form"].errors) == {
        "effective_date",
        "reason",
        "suspended_from",
        "expected_resume",
    }
    today = timezone.localdate()
    if record.actual_start_date > today:
        Enrollment.objects.filter(pk=record.pk).update(actual_start_date=today)
    values = {
        "version": record.version,
        "status": "3",
        "effective_date": today.isoformat(),
        "reason": "32",
        "suspended_from": today.isoformat(),
        "expected_resume": today.replace(year=today.year + 1).isoformat() if today.day < 29 else "2099-01-01",
    }
    assert "培训状态已变更为“暂停”" in told(desk.post(address, values))
    record.refresh_from_db()
    assert record.status == "3"
    assert "产假" in page(desk.get(f"/base/records/{record.pk}/"))


def test_name_form_corrects_the_name(desk, enrollment):
    """AM-07."""
    address = f"/base/records/{enrollment.pk}/name/"
    assert desk.post(address, {"full_name": "张3"}).status_code == 422
    assert "“陈雨桐”更正为“陈宇桐”" in told(desk.post(address, {"full_name": "陈宇桐"}))


# --- comments of the province, history, people who have left ---------------------------------------------------------


def test_return_of_the_province_stands_on_top_and_at_the_field(
    desk, complete_enrollment, base_officer, provincial_reviewer
):
    """BR-47, BR-66, GOAL-P4."""
    record = returned(
        complete_enrollment,
        base_officer,
        provincial_reviewer,
        field_comments={"training.actual_start_date": "应为 9 月 1 日？"},
    )
    body = page(desk.get(f"/base/records/{record.pk}/"))
    assert "培训开始时间有误，请核对。" in body
    assert "应为 9 月 1 日？" in body


def test_return_of_the_province_is_shown_whole_wherever_the_base_mends_it(
    desk, complete_enrollment, base_officer, provincial_reviewer
):
    """GOAL-P4: reason codes in words and every comment, on the record, the training form, the board, the report; a
    comment stands at its field of the form."""
    record = returned(
        complete_enrollment,
        base_officer,
        provincial_reviewer,
        reason_codes=["07", "02"],
        field_comments={"training.actual_start_date": "应为 9 月 1 日？", "education.school": "校名有误"},
    )
    for rest in (
        "",
        f"records/{record.pk}/",
        f"records/{record.pk}/training/",
        f"records/{record.pk}/reports/1/",
    ):
        body = page(desk.get(f"/base/{rest}"))
        for words in (
            "培训起止时间有误；学历、学位信息有误",
            "培训开始时间有误，请核对。",
            "应为 9 月 1 日？",
            "校名有误",
        ):
            assert words in body, (rest, words)
    form = page(desk.get(f"/base/records/{record.pk}/training/"))
    box = form[form.index('id="id_actual_start_date_box"') :]
    assert "应为 9 月 1 日？" in box[: box.index("_box", 30)]


def test_history_names_who_changed_what(desk, enrollment):
    """BR-63."""
    desk.post(f"/base/records/{enrollment.pk}/training/", {"version": "0", "remark": "轮转"})
    body = page(desk.get(f"/base/records/{enrollment.pk}/history/"))
    assert "周晓兰" in body
    assert "轮转" in body


@pytest.mark.django_db(transaction=True)  # the history's times are those of transactions
def test_base_sees_nothing_of_a_person_after_he_has_left(
    desk, complete_enrollment, other_base, base_officer, provincial_reviewer
):
    """AM-20: a read-only copy of its own period."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=record.pk).update(actual_start_date=timezone.localdate())
    desk.post(
        f"/base/records/{record.pk}/status/",
        {
            "version": record.version,
            "status": "5",
            "effective_date": timezone.localdate().isoformat(),
            "reason": "11",
            "destination": other_base.name,
        },
    )
    assert state(record) == ("0", "2")
    elsewhere = factories.EnrollmentFactory(
        resident=record.resident, base=other_base, intake_year=record.intake_year
    )
    save_block(elsewhere, "basic", {"email": "after@example.com"}, by=record.resident.user)
    for rest in ("", "history/"):
        body = page(desk.get(f"/base/records/{record.pk}/{rest}"))
        assert "after@example.com" not in body, rest
    assert "chenyutong@example.com" in page(desk.get(f"/base/records/{record.pk}/"))
    ready = desk.get("/base/report/", {"choice": record.pk}).context["ready"]
    assert ready == [record]
