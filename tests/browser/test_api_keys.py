"""接口密钥 and 接口文档 in real Chromium, with a platform that uses what the page shows (TRUST-30; GOAL-N3)."""

import re

import pytest
from playwright.sync_api import expect

from residents.models import Resident
from tests.api_client import Platform
from tests.browser.conftest import PHONE, YEAR, go_to
from tests.browser.test_journey import fill, sign_in
from tests.review.api.delivered import record

pytestmark = pytest.mark.usefixtures("line")


@pytest.mark.long
def test_province_makes_rotates_and_revokes_a_key_that_a_platform_uses(
    line, live_server, open_page, assert_accessible
):
    """The joint test before the switch: a sandbox key made on the page judges records and writes none."""
    province = open_page()
    sign_in(province, "sheng")
    go_to(province, "报送方式")
    province.get_by_role("link", name="接口密钥").click()
    expect(province.get_by_text("还没有密钥")).to_be_visible()
    assert_accessible(province)
    province.get_by_role("link", name="新建密钥").click()
    province.get_by_label("允许的来源地址").fill("没有")
    province.get_by_role("button", name="新建密钥").click()
    expect(province.get_by_text("第1行“没有”不是 IP 地址或网段。").first).to_be_visible()
    assert_accessible(province)
    fill(province, "name", "省平台 联调")
    province.get_by_label("允许的来源地址").fill("127.0.0.1")
    province.get_by_role("button", name="新建密钥").click()
    expect(province.get_by_role("heading", name="新密钥：省平台 联调")).to_be_visible()
    assert_accessible(province)
    key = province.locator(".key-text").inner_text()

    answer = Platform(live_server.url, key).deliver(
        [record(line, YEAR, 1), record(line, YEAR, 2, basic={"email": ""})]
    )
    assert (answer["sandbox"], answer["counts"]) == (True, {"accepted": 1, "refused": 1})
    assert Resident.objects.count() == 0

    province.get_by_role("link", name="已复制，返回").click()
    expect(province.get_by_role("row", name=re.compile("省平台 联调"))).not_to_contain_text("从未使用")
    province.once("dialog", lambda dialog: dialog.accept())
    province.get_by_role("button", name=re.compile("^更换")).click()
    successor = province.locator(".key-text").inner_text()
    assert successor != key
    province.get_by_role("link", name="已复制，返回").click()
    province.on("dialog", lambda dialog: dialog.accept())
    old = province.get_by_role("row", name=re.compile(key.split("_")[2]))
    old.get_by_role("button", name=re.compile("^吊销")).click()
    expect(province.get_by_text("已吊销，立即失效")).to_be_visible()
    assert_accessible(province)
    status = [Platform(live_server.url, each).post(b"{}", "12345678")[0] for each in (key, successor)]
    assert status == [401, 422]


@pytest.mark.long
@pytest.mark.parametrize("viewport", [None, PHONE])
def test_documentation_is_readable_by_everybody(open_page, assert_accessible, viewport):
    """GOAL-N3: in Chinese, without signing in, on a phone too, every folded table accessible."""
    page = open_page(viewport) if viewport else open_page()
    page.goto("/api/v1/docs/")
    expect(page.get_by_role("heading", name="招收结果接口文档")).to_be_visible()
    assert_accessible(page)
    for summary in page.locator("summary").all()[:8]:
        summary.click()
    expect(page.get_by_role("cell", name="id_number").first).to_be_visible()
    assert_accessible(page)
