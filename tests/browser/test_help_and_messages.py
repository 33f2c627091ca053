"""Manual and messages in real Chromium: accessible, on a phone, printable, no script needed (GOAL-S4, GOAL-S6, GOAL-S7;
TRUST-19)."""

import re

import pytest
from playwright.sync_api import expect

from portal.messages.services import send
from portal.models import Message, User
from residents.models import Resident
from tests.browser.conftest import DESK, SIZES
from tests.browser.test_journey import sign_in


@pytest.mark.long
@pytest.mark.parametrize("viewport", SIZES)
def test_manual_is_accessible_and_leads_from_page_to_section(line, open_page, assert_accessible, viewport):
    """BR-36, GOAL-S7: from the page to its section, by search to another, and back to print the whole."""
    page = open_page(viewport)
    sign_in(page, "jidi")
    page.goto("/base/accounts/")
    page.get_by_role("link", name="本页说明").click()
    expect(page.get_by_role("heading", name="账号查找与重置")).to_be_in_viewport()
    assert_accessible(page)
    page.get_by_role("link", name="使用手册", exact=True).first.click()
    expect(page.get_by_role("heading", name="培训基地办理步骤")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("searchbox", name="搜索手册").fill("撤回上报")
    page.get_by_role("button", name="搜索").click()
    assert_accessible(page)
    page.get_by_role("link", name="检查并上报").click()
    expect(page.get_by_role("heading", name="检查并上报")).to_be_in_viewport()
    page.goto("/help/whole/")
    assert_accessible(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="主菜单")).to_be_hidden()
    expect(page.get_by_role("heading", name="提示与改法")).to_be_visible()


@pytest.mark.parametrize("viewport", SIZES)
def test_messages_are_read_and_settings_saved(line, open_page, assert_accessible, viewport):
    officer = User.objects.get(username="jidi")
    send([officer], kind="returned", subject="省级审核：陈雨桐退回修改", link="/base/")
    send([officer], kind="import", subject="“名单.xlsx”已导入完毕")
    page = open_page(viewport, javascript=viewport is DESK)
    sign_in(page, "jidi")
    page.goto("/messages/")
    if viewport is DESK:
        assert_accessible(page)
    page.get_by_role("button", name=re.compile("查看.*省级审核")).click()
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()
    page.goto("/messages/?unread=1")
    expect(page.get_by_text("退回修改")).to_have_count(1)  # the word in the list of topics only
    page.get_by_role("button", name="本页全部标为已读").click()
    expect(page.get_by_text("已将 1 条消息标为已读。")).to_be_visible()
    page.get_by_role("link", name="消息设置").click()
    page.locator("input[name=approval][value=off]").check()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("消息设置已保存", exact=False)).to_be_visible()
    if viewport is DESK:
        assert_accessible(page)
    assert send([officer], kind="approved", subject="通过") == 0


@pytest.mark.long
def test_no_name_fires_in_a_browser(approved, open_page):
    """TRUST-19: the dialog never opens, on the first pages of each role."""
    text = "<img src=x onerror=alert(1)>"
    Resident.objects.update(full_name=text)
    User.objects.filter(username="jidi").update(full_name=text)
    Message.objects.update(subject=text, body=text)
    dialogs: list[str] = []
    for account, entrance, addresses in (
        (
            "jidi",
            "业务人员登录",
            ["/base/", f"/base/records/{approved.pk}/", "/base/records/registry/", "/messages/"],
        ),
        ("sheng", "业务人员登录", ["/review/records/", f"/review/records/{approved.pk}/"]),
        ("cmda", "业务人员登录", ["/review/statistics/records/", "/review/records/"]),
        (approved.resident.user.username, "住院医师登录", ["/resident/", "/resident/section/basic/"]),
    ):
        page = open_page()
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        sign_in(page, account, entrance=entrance)
        for address in addresses:
            page.goto(address)
            assert page.locator("img[src=x]").count() == 0
        expect(page.get_by_text(text).first).to_be_attached()
    assert dialogs == []
