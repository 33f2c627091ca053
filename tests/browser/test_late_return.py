"""After the filling deadline, in real Chromium: a returned record stays editable for both until the review ends, others
do not (AM-03), and a form opened in time and posted up to five minutes late is kept as a draft (AM-26)."""

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.models import CycleWindow, FormDraft, Step
from residents.models import Enrollment
from tests import factories
from tests.browser.conftest import PHONE, YEAR
from tests.browser.test_journey import fill, fill_in_training_info, open_in_queue, report, sign_in

pytestmark = pytest.mark.long

FILLING = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)


def close(*steps: Step, ago: datetime.timedelta) -> None:
    """Move time by moving the deadlines of these steps."""
    CycleWindow.objects.filter(step__in=steps).update(closes_at=timezone.now() - ago)


def complete_recruit(base, **person) -> Enrollment:
    enrollment = factories.EnrollmentFactory(
        base=base, intake_year=YEAR, resident=factories.ResidentFactory(**person)
    )
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    return enrollment


def test_returned_record_stays_open_until_the_review_ends(line, open_page, assert_accessible):
    """AM-03: returned on the second of November, mended by both, reported again, approved; its neighbour is locked."""
    returned = complete_recruit(line)
    neighbour = complete_recruit(line, full_name="何小雨")
    base, phone, province = open_page(), open_page(PHONE), open_page()
    sign_in(base, "jidi")
    report(base, returned)
    close(*FILLING, ago=datetime.timedelta(days=1))

    sign_in(province, "sheng")
    open_in_queue(province)
    province.get_by_text("退回修改…").click()
    province.locator('textarea[name="comment"]').fill("紧急联系人和培训时间请核对。")
    province.get_by_label("培训起止时间有误").check()
    province.get_by_role("button", name="退回培训基地修改").click()

    base.goto(f"/base/records/{neighbour.pk}/training/")
    expect(base.get_by_text("已于", exact=False).first).to_be_visible()
    assert base.url.endswith(f"/base/records/{neighbour.pk}/")
    expect(base.get_by_role("link", name="编辑培训信息")).to_have_count(0)
    other_phone = open_page(PHONE)
    sign_in(other_phone, neighbour.resident.id_number, entrance="住院医师登录")
    other_phone.goto("/resident/section/basic/")
    expect(other_phone.get_by_role("heading", name="已保存的内容（只读）")).to_be_visible()

    sign_in(phone, returned.resident.id_number, entrance="住院医师登录")
    phone.goto("/resident/section/basic/")
    fill(phone, "emergency_name", "陈建华")
    phone.get_by_role("button", name="保存", exact=True).click()
    expect(phone.get_by_text("已保存", exact=False).first).to_be_visible()
    assert_accessible(phone)
    base.goto(f"/base/records/{returned.pk}/")
    expect(base.get_by_text("紧急联系人和培训时间请核对。").first).to_be_visible()
    fill_in_training_info(base, returned, start=f"{YEAR}-08-20")
    report(base, returned)

    open_in_queue(province)
    province.get_by_role("button", name="审核通过").first.click()
    returned.refresh_from_db()
    snapshot = returned.intake_submission.snapshot
    assert (returned.module, snapshot["basic"]["emergency_name"]) == ("registry", "陈建华")
    assert snapshot["training"]["actual_start_date"] == f"{YEAR}-08-20"


def test_returned_record_is_locked_when_the_review_has_ended(line, open_page):
    """AM-03: "until the review window ends" is the end for the returned ones too."""
    returned = complete_recruit(line)
    Enrollment.objects.filter(pk=returned.pk).update(review_status="3")
    base, phone = open_page(), open_page(PHONE)
    sign_in(base, "jidi")
    sign_in(phone, returned.resident.id_number, entrance="住院医师登录")
    close(*FILLING, ago=datetime.timedelta(days=6))
    base.goto(f"/base/records/{returned.pk}/training/")
    phone.goto("/resident/section/basic/")
    close(Step.REVIEW, ago=datetime.timedelta(minutes=10))

    fill(base, "actual_start_date", f"{YEAR}-08-20")
    base.get_by_role("button", name="保存", exact=True).click()
    expect(base.get_by_text("现在不能办理", exact=False).first).to_be_visible()
    fill(phone, "emergency_name", "陈建华")
    phone.get_by_role("button", name="保存", exact=True).click()
    expect(phone.get_by_text("没有保存", exact=False).first).to_be_visible()

    returned.refresh_from_db()
    assert (returned.actual_start_date, returned.resident.basic.emergency_name) == (
        datetime.date(YEAR, 9, 1),
        "陈建国",
    )


def test_form_posted_up_to_five_minutes_late_is_kept_as_a_draft(line, open_page, assert_accessible):
    """AM-26: opened in time, posted after the deadline: stored as a draft, not in the record, and never reported."""
    enrollment = complete_recruit(line)
    phone, base = open_page(PHONE), open_page()
    sign_in(base, "jidi")
    sign_in(phone, enrollment.resident.id_number, entrance="住院医师登录")
    phone.goto("/resident/section/basic/")
    fill(phone, "emergency_name", "陈建华")
    close(*FILLING, ago=datetime.timedelta(minutes=3))
    phone.get_by_role("button", name="保存", exact=True).click()

    expect(phone.get_by_text("已存为草稿，没有写入记录", exact=False).first).to_be_visible()
    assert_accessible(phone)
    enrollment.resident.basic.refresh_from_db()
    assert enrollment.resident.basic.emergency_name == "陈建国"
    assert FormDraft.objects.get(user=enrollment.resident.user).data["emergency_name"] == ["陈建华"]
    base.goto(f"/base/report/?choice={enrollment.pk}")
    expect(base.get_by_text("还不能上报：1 条")).to_be_visible()

    # The association extends the step for this record: the draft is taken up again.
    CycleWindow.objects.update(closes_at=timezone.now() + datetime.timedelta(days=1))
    phone.goto("/resident/section/basic/")
    phone.get_by_role("link", name="恢复").click()
    expect(phone.locator('[name="emergency_name"]')).to_have_value("陈建华")
    phone.get_by_role("button", name="保存", exact=True).click()
    enrollment.resident.basic.refresh_from_db()
    assert enrollment.resident.basic.emergency_name == "陈建华"


def test_form_posted_later_than_five_minutes_is_not_kept(line, open_page):
    """AM-26: five minutes and no more; what was typed still stands in the page, with the reason."""
    enrollment = complete_recruit(line)
    phone = open_page(PHONE, javascript=False)
    sign_in(phone, enrollment.resident.id_number, entrance="住院医师登录")
    phone.goto("/resident/section/basic/")
    fill(phone, "emergency_name", "陈建华")
    close(*FILLING, ago=datetime.timedelta(minutes=6))
    phone.get_by_role("button", name="保存", exact=True).click()

    expect(phone.get_by_text("没有保存", exact=False).first).to_be_visible()
    expect(phone.locator('[name="emergency_name"]')).to_have_value("陈建华")
    assert FormDraft.objects.count() == 0


def test_base_form_posted_late_is_a_draft_too(line, open_page):
    """AM-26, AM-37: the base's form is treated like the resident's: a draft, nothing in the record."""
    enrollment = complete_recruit(line)
    base = open_page()
    sign_in(base, "jidi")
    base.goto(f"/base/records/{enrollment.pk}/training/")
    fill(base, "actual_start_date", f"{YEAR}-08-20")
    close(*FILLING, ago=datetime.timedelta(minutes=3))
    base.get_by_role("button", name="保存", exact=True).click()

    expect(base.get_by_text("已存为草稿，没有写入记录", exact=False).first).to_be_visible()
    enrollment.refresh_from_db()
    assert (enrollment.actual_start_date, enrollment.report_status) == (datetime.date(YEAR, 9, 1), "0")
