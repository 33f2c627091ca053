"""The main menu in real Chromium: by keyboard, without JavaScript, on the phone (GOAL-S6)."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, go_to
from tests.browser.test_journey import sign_in


def group(page: Page, name: str):
    return page.get_by_role("navigation", name="主菜单").locator("details", has_text=name)


def test_menu_by_keyboard(line, open_page, assert_accessible):
    """GOAL-S6: opened by Enter, closed by Escape, which leaves the focus where it was, and by going on."""
    page = open_page()
    sign_in(page, "cmda")
    data, settings = group(page, "数据"), group(page, "设置")
    data.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(data.get_by_role("link", name="数据质量")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Tab")
    expect(data.get_by_role("link", name="填报进度")).to_be_focused()
    page.keyboard.press("Escape")
    expect(data.get_by_role("link", name="填报进度")).to_be_hidden()
    expect(data.locator("summary")).to_be_focused()
    page.keyboard.press("Tab")
    expect(settings.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(settings.get_by_role("link", name="操作记录")).to_be_hidden()
    go_to(page, "操作记录")
    expect(page).to_have_url(re.compile("/review/audit/$"))
    expect(settings.locator("summary")).to_have_attribute("aria-current", "true")


@pytest.mark.long
def test_menu_without_javascript_and_on_the_phone(line, open_page, assert_accessible):
    """GOAL-S6: at 390 and 320 pixels an open group lies within the page."""
    plain = open_page(DESK, javascript=False)
    sign_in(plain, "sheng")
    go_to(plain, "我的导出")
    expect(plain.get_by_role("heading", name="我的导出")).to_be_visible()
    phone = open_page(PHONE)
    sign_in(phone, "cmda")
    for width in (390, 320):
        phone.set_viewport_size({"width": width, "height": 700})
        for word, entry in (("申请办理", "报送方式"), ("数据", "统计"), ("设置", "公告与联系方式")):
            group(phone, word).locator("summary").click()
            box = group(phone, word).get_by_role("link", name=entry).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert_accessible(phone)
