"""A registry record reported again, in real Chromium: its province sees only the changed fields, old → new
(BR-37, BR-59, BR-61, BR-83; AM-14, AM-15, AM-16; PAIN-19; GOAL-P2)."""

import re

import pytest
from playwright.sync_api import Page, expect

from bases.models import Submission
from tests.browser.conftest import PHONE
from tests.browser.test_journey import fill, report, sign_in

pytestmark = pytest.mark.long

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def shown_changes(page: Page) -> list[list[str]]:
    """The rows of the table of differences: field, old, new, who changed it without the moment."""
    rows = page.locator("#changes tbody tr")
    cells = [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows.all()]
    return [[*row[:3], " ".join(MOMENT.sub("", row[3]).split())] for row in cells]


def test_province_sees_only_the_changed_fields_of_a_second_report(approved, open_page, assert_accessible):
    base, phone, province = open_page(), open_page(PHONE), open_page()
    counted = approved.approved_submission_id

    # The resident's save never un-reports: the base is told (AM-14).
    sign_in(phone, approved.resident.id_number, entrance="住院医师登录")
    phone.goto("/resident/section/basic/")
    fill(phone, "emergency_name", "陈建华")
    phone.get_by_role("button", name="保存", exact=True).click()
    expect(phone.get_by_text("已保存", exact=False).first).to_be_visible()
    sign_in(base, "jidi")
    base.goto(f"/base/records/{approved.pk}/")
    expect(base.get_by_text("更新的内容尚未上报", exact=False)).to_be_visible()
    approved.refresh_from_db()
    assert (approved.report_status, approved.review_status) == ("1", "2")

    # A save of the base without a change does nothing; a real one un-reports, and says so before (BR-83, PAIN-19).
    base.goto(f"/base/records/{approved.pk}/training/")
    expect(base.get_by_text("保存修改后，上报状态变为“未上报”", exact=False)).to_be_visible()
    assert_accessible(base)
    base.get_by_role("button", name="保存", exact=True).click()
    expect(base.get_by_text("没有改动，未作保存，上报状态不变。")).to_be_visible()
    base.goto(f"/base/records/{approved.pk}/training/")
    fill(base, "remark", "2026年9月起轮转心内科")
    base.get_by_role("button", name="保存", exact=True).click()
    expect(base.get_by_text("现变为“未上报”", exact=False)).to_be_visible()
    approved.refresh_from_db()
    assert (approved.report_status, approved.approved_submission_id) == ("0", counted)
    report(base, approved)

    sign_in(province, "sheng")
    province.goto("/review/")
    province.get_by_role("link", name=approved.resident.full_name).click()
    expect(province.get_by_role("heading", name="与上次审核通过相比：2 处变化")).to_be_visible()
    assert shown_changes(province) == [
        ["基本信息：紧急联系人", "陈建国", "陈建华", "陈雨桐（住院医师） · 网页"],
        ["培训信息：备注", "（空）", "2026年9月起轮转心内科", "周晓兰（培训基地） · 网页"],
    ]
    assert_accessible(province)
    phone_of_province = open_page(PHONE)
    sign_in(phone_of_province, "sheng")
    phone_of_province.goto(province.url)
    assert_accessible(phone_of_province)

    # Until the decision the last approved snapshot counts (AM-16); afterwards the new one.
    province.get_by_role("button", name="审核通过").first.click()
    approved.refresh_from_db()
    assert (approved.review_status, approved.registered_at is not None) == ("2", True)
    assert approved.approved_submission_id != counted
    assert Submission.objects.filter(enrollment=approved).count() == 2
