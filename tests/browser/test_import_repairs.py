"""Mending a foreign file in the page, in real Chromium: groups of faults, unknown headers (GOAL-B20, GOAL-B21;
GOAL-S6)."""

import pytest
from playwright.sync_api import expect

from bases.imports.worker import check_batch
from bases.models import ImportBatch
from portal.models import User
from tests.bases.conftest import HEADERS, account_line, workbook
from tests.browser.conftest import SIZES
from tests.browser.test_account_pages import _worker_waits, base, sign_in, store  # noqa: F401  fixtures too


@pytest.mark.long
@pytest.mark.parametrize("viewport", SIZES)
def test_group_of_faults_is_mended_at_once(base, open_page, assert_accessible, viewport):  # noqa: F811
    """GOAL-B21."""
    year = str(ImportBatch.objects.get().cycle.year)
    lines = [account_line(intake_year=year, id_type="身分证") for _ in range(3)]
    batch = store(base, User.objects.get(username="jidi"), workbook(lines))
    check_batch(batch.pk)
    page = open_page(viewport)
    sign_in(page)
    page.goto(f"/base/imports/{batch.pk}/")
    assert_accessible(page)
    page.get_by_role("link", name="修改这一组").first.click()
    assert_accessible(page)
    page.get_by_label("把这一组有此问题的“证件类型”都改成").select_option("居民身份证")
    page.get_by_role("button", name="对本组全部应用").click()
    expect(page.get_by_text("已重新检查 3 行，都没有错误，请确认导入。")).to_be_visible()


@pytest.mark.parametrize("viewport", SIZES)
def test_unknown_header_is_matched(base, open_page, assert_accessible, viewport):  # noqa: F811
    """GOAL-B20: the guess needs but one click."""
    year = str(ImportBatch.objects.get().cycle.year)
    content = workbook([account_line(intake_year=year)], headers=(*HEADERS[:3], "证照编码", "移动号"))
    batch = store(base, User.objects.get(username="jidi"), content)
    check_batch(batch.pk)
    page = open_page(viewport)
    sign_in(page)
    page.goto(f"/base/imports/{batch.pk}/")
    assert_accessible(page)
    page.get_by_role("button", name="按此读取").click()
    check_batch(batch.pk)
    page.goto(f"/base/imports/{batch.pk}/")
    expect(page.get_by_role("button", name="确认导入 1 人")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("viewport", SIZES)
def test_row_is_left_out_without_javascript(base, open_page, viewport):  # noqa: F811
    """PAIN-04."""
    year = str(ImportBatch.objects.get().cycle.year)
    lines = [account_line(intake_year=year), account_line(intake_year=year, id_type="身分证")]
    batch = store(base, User.objects.get(username="jidi"), workbook(lines))
    check_batch(batch.pk)
    page = open_page(viewport, javascript=False)
    sign_in(page)
    page.goto(f"/base/imports/{batch.pk}/correct/")
    page.get_by_label("第 3 行不导入").check()
    page.get_by_role("button", name="保存并重新检查").first.click()
    expect(page.get_by_text("1 行不导入，已略去。")).to_be_visible()
