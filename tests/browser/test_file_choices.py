"""The choice about hidden rows and sheets in real Chromium (AM-39; GOAL-S6)."""

import io

import openpyxl
import pytest
from playwright.sync_api import expect

from bases.imports.worker import check_batch
from bases.models import ImportBatch
from portal.models import User
from tests.bases.conftest import account_line, workbook
from tests.browser.conftest import SIZES
from tests.browser.test_account_pages import _worker_waits, base, sign_in, store  # noqa: F401  fixtures too


def with_hidden_row(content: bytes) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet.row_dimensions[3].hidden = True
    copy = book.copy_worksheet(sheet)
    copy.title, copy.sheet_state = "去年", "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("viewport", SIZES)
def test_choice_is_made_before_the_import(base, open_page, assert_accessible, viewport):  # noqa: F811
    """AM-39: nothing is chosen for the user; once he has, the confirmation follows."""
    year = str(ImportBatch.objects.get().cycle.year)
    lines = [account_line(intake_year=year) for _ in range(3)]
    batch = store(base, User.objects.get(username="jidi"), with_hidden_row(workbook(lines)))
    check_batch(batch.pk)
    page = open_page(viewport)
    sign_in(page)
    page.goto(f"/base/imports/{batch.pk}/")
    assert_accessible(page)
    expect(page.get_by_role("button", name="改为读取“去年”")).to_be_visible()
    expect(page.get_by_role("heading", name="确认导入")).to_have_count(0)
    page.get_by_label("略去不读").check()
    page.get_by_role("button", name="确定").click()
    check_batch(batch.pk)
    page.goto(f"/base/imports/{batch.pk}/")
    assert_accessible(page)
    expect(page.get_by_role("button", name="确认导入 2 人")).to_be_visible()
