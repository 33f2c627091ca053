"""The second factor in real Chromium: set up, shown at the next sign-in, reset by the association (TRUST-14,
GOAL-S6)."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import Page, expect

from portal.models import SecondFactor, User
from tests import factories
from tests.browser.conftest import PHONE
from tests.browser.test_journey import sign_in


def code(key: str) -> str:
    """The code of now, good again though one of this half minute was used."""
    SecondFactor.objects.update(last_step=0)
    return pyotp.TOTP(key).generate_otp(int(time.time()) // 30)


def set_up(page: Page) -> str:
    key = page.locator(".factor-key").inner_text().replace(" ", "")
    page.get_by_label("验证码").fill(code(key))
    page.get_by_label("当前登录密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="启用二次验证").click()
    return key


@pytest.mark.long
def test_association_sets_it_up_and_signs_in_with_it(line, settings, open_page, assert_accessible):
    """TRUST-14: on the phone, by the printed key; the QR code is there and has its picture."""
    settings.SECOND_FACTOR_REQUIRED = True
    page = open_page(PHONE)
    sign_in(page, "cmda")
    expect(page.get_by_role("heading", name="设置二次验证", exact=True)).to_be_visible()
    assert page.get_by_role("img", name=re.compile("二维码")).evaluate("(image) => image.naturalWidth") > 40
    assert_accessible(page)
    key = set_up(page)
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    assert_accessible(page)
    page.get_by_role("link", name="已保存，继续").click()
    expect(page).to_have_url(re.compile("/review/national/$"))
    page.goto("/second-factor/")
    assert_accessible(page)

    elsewhere = open_page(PHONE, javascript=False)
    sign_in(elsewhere, "cmda")
    elsewhere.get_by_label("验证码或恢复码").fill("000000")
    elsewhere.get_by_role("button", name="登录").click()
    expect(elsewhere.get_by_text("验证码不正确", exact=False).first).to_be_visible()
    elsewhere.get_by_label("验证码或恢复码").fill(code(key))
    elsewhere.get_by_role("button", name="登录").click()
    expect(elsewhere).to_have_url(re.compile("/review/national/$"))

    again = open_page(PHONE)
    sign_in(again, "cmda")
    assert_accessible(again)


@pytest.mark.long
def test_province_sets_it_up_before_it_decides_and_has_it_reset(
    approved, settings, open_page, assert_accessible
):
    """TRUST-14: led there at once, and shown full numbers with it; lost, reset by the association with the reason."""
    settings.SECOND_FACTOR_REQUIRED = True
    page, record = open_page(), f"/review/records/{approved.pk}/"
    sign_in(page, "sheng")
    expect(page.get_by_role("heading", name="设置二次验证", exact=True)).to_be_visible()
    set_up(page)
    page.get_by_role("link", name="已保存，继续").click()
    page.goto(record)
    page.get_by_text("查看完整证件号与手机号").click()
    page.get_by_label("查看目的", exact=False).fill("核对身份证原件")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.get_by_text(approved.resident.id_number).first).to_be_visible()

    settings.SECOND_FACTOR_REQUIRED = False
    cmda = open_page(PHONE)
    sign_in(cmda, "cmda")
    cmda.goto("/review/staff/province/33/")
    cmda.get_by_role("link", name="重置二次验证").click()
    assert_accessible(cmda)
    cmda.get_by_label("理由").fill("本人手机丢失，已回拨座机核实")
    cmda.get_by_role("button", name="重置二次验证").click()
    expect(cmda.get_by_text("的二次验证已重置", exact=False)).to_be_visible()
    assert User.objects.get(username="sheng").second_factor_at is None
    page.goto("/review/")
    expect(page.get_by_role("button", name="登录")).to_be_visible()
