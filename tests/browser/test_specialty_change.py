"""转换专业 within one base, in real Chromium: the locked field, the guided change, report and approval of the new
record (BR-75, BR-76, BR-81; AM-24; PAIN-16)."""

import pytest
from playwright.sync_api import expect

from residents.models import Enrollment
from tests.browser.conftest import PHONE
from tests.browser.test_journey import choose, fill, fill_in_training_info, report, sign_in

pytestmark = pytest.mark.long


def test_specialty_change_from_the_locked_field_to_the_approval(approved, open_page, assert_accessible):
    base, phone, province = open_page(), open_page(PHONE), open_page()

    sign_in(base, "jidi")
    base.goto(f"/base/records/{approved.pk}/training/")
    expect(base.get_by_text("培训专业（锁定）")).to_be_visible()
    expect(base.locator('[name="specialty"]')).to_have_count(0)
    base.goto(f"/base/records/{approved.pk}/")
    base.get_by_role("link", name="转换专业").click()
    assert_accessible(base)

    base.get_by_role("button", name="转换专业").click()
    expect(base.get_by_text("请选择转入专业。").first).to_be_visible()
    approved.refresh_from_db()
    assert approved.status == "1"

    choose(base, "specialty", "0700")
    fill(base, "note", "本人申请，省卫健委备案")
    base.get_by_role("button", name="转换专业").click()
    expect(base.get_by_text("已转换专业。上报前请补充培训信息", exact=False)).to_be_visible()
    assert_accessible(base)
    new = Enrollment.objects.exclude(pk=approved.pk).get(resident=approved.resident)
    approved.refresh_from_db()
    assert (approved.status, approved.specialty_id) == ("5", "0100")
    assert (new.status, new.specialty_id, new.specialty_locked, new.intake_year, new.module) == (
        "1",
        "0700",
        False,
        approved.intake_year,
        "registry",
    )
    assert new.status_changes.get().reason_note.startswith("由本基地内科转入。")

    # The base completes what belongs to the new specialty and reports; the province sees the new specialty.
    fill_in_training_info(base, new, start=f"{approved.intake_year}-09-01", specialty="0700")
    report(base, new)
    sign_in(province, "sheng")
    province.goto(f"/review/records/{new.pk}/")
    assert_accessible(province)
    province.get_by_role("button", name="审核通过").first.click()
    new.refresh_from_db()
    assert (new.review_status, new.specialty_locked) == ("2", True)

    # Both records are kept: the resident sees the living one and the old one read-only.
    sign_in(phone, approved.resident.id_number, entrance="住院医师登录")
    expect(phone.get_by_text("全科", exact=True)).to_be_visible()
    expect(phone.get_by_role("heading", name="以往的培训记录（只读）")).to_be_visible()
    expect(phone.get_by_role("cell", name="培训专业 内科")).to_be_visible()
    assert_accessible(phone)


def test_specialty_change_is_done_once_and_not_from_an_old_page(approved, open_page):
    """PAIN-16, TRUST-43, TRUST-44: the form in a second tab changes nothing more."""
    base, other = open_page(), open_page()
    for page in (base, other):
        sign_in(page, "jidi")
        page.goto(f"/base/records/{approved.pk}/specialty/")
        choose(page, "specialty", "0700")
    base.get_by_role("button", name="转换专业").click()
    expect(base.get_by_text("已转换专业", exact=False)).to_be_visible()

    other.get_by_role("button", name="转换专业").click()

    expect(other.get_by_text("已退培", exact=False).first).to_be_visible()
    assert Enrollment.objects.filter(resident=approved.resident).count() == 2
