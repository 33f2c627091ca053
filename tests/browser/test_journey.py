"""The whole line in real Chromium: import, activation, filling in, return, report, review, statistics.

The account workbook was saved by LibreOffice Calc, not by our own writer.
"""

import io
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from residents.models import Enrollment, Resident
from tests import factories
from tests.browser.conftest import PHONE, YEAR, go_to
from tests.factories import PASSWORD

WORKBOOK = Path(__file__).parents[1] / "files" / "journey_accounts.xlsx"
ID_NUMBER, MOBILE, NEW_PASSWORD = "330102199803120029", "13812340001", "Lvse-Caodi-88"


def sign_in(page: Page, account: str, password: str = PASSWORD, *, entrance: str = "业务人员登录") -> None:
    page.goto("/")
    page.get_by_role("link", name=entrance).click()
    page.get_by_label("账号" if entrance == "业务人员登录" else "证件号").fill(account)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def choose(page: Page, name: str, value: str) -> None:
    """Set a field by its name, whether it is a group of radio buttons or a list."""
    radio = page.locator(f'input[type=radio][name="{name}"][value="{value}"]')
    if radio.count():
        radio.check()
    else:
        page.locator(f'select[name="{name}"]').select_option(value)


def fill(page: Page, name: str, value: str) -> None:
    page.locator(f'[name="{name}"]').fill(value)


def import_accounts(page: Page) -> None:
    sign_in(page, "jidi")
    page.get_by_role("link", name="批量导入").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="账号模板（.xlsx）").click()
    header = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).worksheets[0][1]
    assert [cell.value for cell in header] == ["招收年份", "姓名", "证件类型", "证件号", "手机号"]

    page.locator("input[type=file]").set_input_files(WORKBOOK)
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_text("D5")).to_be_visible()
    expect(page.get_by_text("校验", exact=False).first).to_be_visible()
    page.get_by_role("button", name="确认").click()
    expect(page.get_by_text("共 4 行：新增 3 人，已存在 0 人，有误未导入 1 行")).to_be_visible()


def activate(page: Page) -> None:
    sign_in(page, ID_NUMBER, "000000", entrance="住院医师登录")
    expect(page.get_by_role("heading", name="激活账号")).to_be_visible()
    page.get_by_label("登记的手机号").fill(MOBILE)
    page.get_by_label("新密码", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("再次输入新密码").fill(NEW_PASSWORD)
    page.get_by_label("我已阅读", exact=False).check()
    page.get_by_label("我单独同意", exact=False).check()
    page.get_by_role("button", name="激活并登录").click()
    expect(page.get_by_role("heading", name="陈雨桐")).to_be_visible()


def fill_in_personal_info(page: Page) -> None:
    page.get_by_role("link", name=re.compile(r"继续填写\s*基本信息")).click()
    expect(page.get_by_text("1998-03-12")).to_be_visible()
    for name, value in {
        "email": "chenyutong@example.com",
        "emergency_name": "陈建国",
        "emergency_mobile": "13700000001",
    }.items():
        fill(page, name, value)
    for name, value in {
        "nationality": "CHN",
        "ethnicity": "01",
        "hukou_province": "33",
        "military_status": "0",
        "language_exam_type": "5",
    }.items():
        choose(page, name, value)
    expect(page.locator('[name="english_level"]').first).to_be_hidden()
    page.get_by_role("button", name="保存", exact=True).click()

    page.goto("/resident/education/add/")
    choose(page, "level", "3")
    choose(page, "is_full_time", "True")
    choose(page, "is_enrolled", "False")
    fill(page, "school", "浙江大学")
    fill(page, "major", "临床医学")
    fill(page, "graduation_date", "2021-06-30")
    choose(page, "education_code", "21")
    choose(page, "has_diploma", "True")
    fill(page, "diploma_no", "103351202105000123")
    fill(page, "diploma_date", "2021-06-30")
    choose(page, "has_degree", "True")
    choose(page, "degree_code", "410")
    fill(page, "degree_no", "1033542021000123")
    fill(page, "degree_date", "2021-06-30")
    page.get_by_role("button", name="保存", exact=True).click()

    page.goto("/resident/section/certificate/")
    choose(page, "passed_qualification_exam", "False")
    page.get_by_role("button", name="保存", exact=True).click()
    page.goto("/resident/")
    expect(page.get_by_text("个人信息已填写完整", exact=False)).to_be_visible()


def return_to_resident(page: Page, enrollment: Enrollment) -> None:
    page.goto(f"/base/records/{enrollment.pk}/")
    page.get_by_role("link", name="退回住院医师").click()
    page.locator("textarea").first.fill("紧急联系人姓名请填写全名。")
    page.get_by_role("button", name=re.compile("退回")).last.click()


def answer_return(page: Page) -> None:
    page.goto("/resident/")
    expect(page.get_by_text("紧急联系人姓名请填写全名。").first).to_be_visible()
    page.goto("/resident/section/basic/")
    fill(page, "emergency_name", "陈建国伯")
    page.get_by_role("button", name="保存", exact=True).click()
    page.goto("/resident/")
    expect(page.get_by_text("紧急联系人姓名请填写全名。")).to_have_count(0)


def fill_in_training_info(page: Page, enrollment: Enrollment, *, start: str, specialty: str = "0100") -> None:
    page.goto(f"/base/records/{enrollment.pk}/training/")
    for name, value in {
        "specialty": specialty,
        "trainee_type": "3",
        "is_fresh_graduate": "False",
        "is_rural_oriented": "False",
        "at_partner_unit": "False",
        "is_western_support": "False",
    }.items():
        choose(page, name, value)
    field = page.locator('[name="approved_years"]').first
    if field.get_attribute("type") in ("number", "text"):
        field.fill("3")
    else:
        choose(page, "approved_years", "3")
    fill(page, "actual_start_date", start)
    page.get_by_role("button", name="保存", exact=True).click()


def report(page: Page, enrollment: Enrollment) -> None:
    page.goto(f"/base/records/{enrollment.pk}/")
    page.get_by_role("link", name="检查并上报").click()
    page.locator('input[name="declared"]').check()
    page.get_by_role("button", name="上报 1 条").click()
    enrollment.refresh_from_db()
    assert (enrollment.report_status, enrollment.review_status) == ("1", "1")


def open_in_queue(page: Page) -> None:
    page.goto("/review/")
    page.get_by_role("link", name="陈雨桐").click()


@pytest.mark.long
def test_the_whole_line(line, open_page, assert_accessible):
    """BR-27 … BR-59, GOAL-R1, GOAL-R2, GOAL-R6: each role at its own screen, the resident on a phone."""
    base, phone, province, national = open_page(), open_page(PHONE), open_page(), open_page()

    import_accounts(base)
    assert_accessible(base)
    assert set(Resident.objects.values_list("full_name", flat=True)) == {
        "陈雨桐",
        "古丽米热·艾比布力",
        "张䶮",
    }
    enrollment = Enrollment.objects.get(resident__id_number=ID_NUMBER)

    activate(phone)
    assert_accessible(phone)
    fill_in_personal_info(phone)
    assert_accessible(phone)

    return_to_resident(base, enrollment)
    answer_return(phone)

    fill_in_training_info(base, enrollment, start="2026-09-01")
    report(base, enrollment)
    assert_accessible(base)

    sign_in(province, "sheng")
    open_in_queue(province)
    province.get_by_text("退回修改…").click()
    province.locator('textarea[name="comment"]').fill("培训实际开始时间请核对。")
    province.get_by_label("培训起止时间有误").check()
    province.get_by_role("button", name="退回培训基地修改").click()
    enrollment.refresh_from_db()
    assert (enrollment.report_status, enrollment.review_status) == ("0", "3")

    base.goto(f"/base/records/{enrollment.pk}/")
    expect(base.get_by_text("培训实际开始时间请核对。").first).to_be_visible()
    fill_in_training_info(base, enrollment, start="2026-08-15")
    report(base, enrollment)

    open_in_queue(province)
    assert_accessible(province)
    province.get_by_role("button", name="审核通过").first.click()
    enrollment.refresh_from_db()
    assert (enrollment.review_status, enrollment.module) == ("2", "registry")
    assert enrollment.intake_submission.snapshot["training"]["actual_start_date"] == "2026-08-15"

    sign_in(national, "cmda")
    go_to(national, "统计")
    assert_accessible(national)
    national.get_by_role("row", name=re.compile("浙江省")).get_by_role("link").first.click()
    expect(national.get_by_text("陈雨桐")).to_be_visible()
    assert ID_NUMBER not in national.content()
    national.go_back()
    with national.expect_download() as download:
        national.get_by_role("button", name="导出统计表").click()
    sheet = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).worksheets[0]
    assert "浙江省" in {cell.value for row in sheet.iter_rows() for cell in row}


def test_resident_without_javascript_can_fill_in(line, open_page):
    """docs/architecture.md#views: no page needs JavaScript to be correct."""
    enrollment = factories.EnrollmentFactory(base=line, intake_year=YEAR)
    page = open_page(PHONE, javascript=False)
    sign_in(page, enrollment.resident.id_number, entrance="住院医师登录")
    page.get_by_role("link", name=re.compile(r"继续填写\s*基本信息")).click()
    fill(page, "emergency_name", "李建国")
    page.get_by_role("button", name="保存", exact=True).click()
    enrollment.resident.refresh_from_db()
    assert enrollment.resident.basic.emergency_name == "李建国"
