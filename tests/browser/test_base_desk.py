"""The base's pages in real Chromium: accessible, on a phone, without JavaScript (GOAL-S6; BR-29, BR-30; GOAL-B12,
GOAL-B15)."""

import io
import uuid

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from bases.imports import services as imports
from bases.imports.worker import check_batch
from bases.models import Submission
from bases.workbooks.training_resource import training_template
from portal.roles import Role
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import approved, complete, returned
from tests.browser.conftest import PHONE, SIZES


@pytest.fixture
def desk(live_server):
    """A base with an empty, a ready, a returned and an approved record, and a training workbook under check."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(name="浙江示范医科大学附属第一医院")
    officer = factories.UserFactory(username="jidi", full_name="周晓兰")
    factories.grant(officer, base)
    reviewer = factories.UserFactory(username="sheng", full_name="何敏", role=Role.PROVINCE)
    factories.grant(reviewer, base.province)
    people = [
        factories.ResidentFactory(full_name=name) for name in ("林晓月", "古丽米热·艾比布力", "赵新", "钱进")
    ]
    factories.EnrollmentFactory(resident=people[0], base=base, intake_year=cycle.year)
    complete(base, cycle.year, resident=people[1])
    returned(
        complete(base, cycle.year, resident=people[2]),
        officer,
        reviewer,
        field_comments={"training.actual_start_date": "请核对年份。"},
    )
    approved(complete(base, cycle.year, resident=people[3]), officer, reviewer)
    checked_file(base, officer)
    return base


def checked_file(base, officer) -> None:
    """A training workbook with one good and one bad row, waiting for its confirmation."""
    records = Enrollment.objects.filter(base=base, registered_at=None).order_by("pk")
    content = training_template(
        records.select_related("resident", "base", "specialty"), module="intake", base=base
    )
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, columns["备注"]).value = "轮转至门诊"
    sheet.cell(3, columns["核定的培训年限（年）"]).value = "7"
    stored = io.BytesIO()
    book.save(stored)
    file = SimpleUploadedFile("培训信息.xlsx", stored.getvalue())
    batch = imports.store_upload(
        file, kind="training", module="intake", base=base, by=officer, token=uuid.uuid4()
    )
    check_batch(batch.pk)


def sign_in(page: Page) -> None:
    page.goto("/sign-in/staff/")
    page.get_by_label("账号").fill("jidi")
    page.get_by_label("密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("navigation", name="主菜单")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_pages_of_the_base_are_accessible(desk, open_page, assert_accessible, size):
    """GOAL-S6."""
    page = open_page(size)
    sign_in(page)
    empty, ready, back, registered = Enrollment.objects.order_by("pk").values_list("pk", flat=True)
    batch = desk.import_batches.get().pk
    for path in (
        "/base/",
        "/base/records/intake/",
        "/base/records/registry/",
        f"/base/records/{empty}/",
        f"/base/records/{back}/",
        f"/base/records/{registered}/",
        f"/base/records/{registered}/reports/1/",
        f"/base/records/{registered}/history/",
        f"/base/records/{empty}/training/",
        f"/base/records/{registered}/status/",
        f"/base/records/{ready}/name/",
        f"/base/report/?choice={empty}&choice={ready}",
        f"/base/personal/return/?choice={ready}",
        f"/base/personal/remind/?choice={ready}",
        "/base/imports/training/intake/",
        f"/base/imports/{batch}/",
        f"/base/imports/{batch}/correct/",
    ):
        page.goto(path)
        assert_accessible(page)


def test_chosen_records_are_checked_and_reported_without_javascript(desk, open_page):
    """GOAL-B15: tick two, see what is missing of one, declare, report the other."""
    page = open_page(javascript=False)
    sign_in(page)
    page.goto("/base/records/intake/")
    page.get_by_label("选择林晓月").check()
    page.get_by_label("选择古丽米热·艾比布力").check()
    page.get_by_role("button", name="检查并上报").click()
    expect(page.get_by_role("heading", name="还不能上报：1 条")).to_be_visible()
    page.get_by_label("本基地已核对").check()
    page.get_by_role("button", name="上报 1 条").click()
    expect(page.get_by_text("已上报 1 条，等待省级审核。")).to_be_visible()
    expect(page).to_have_url("/base/records/intake/")
    assert Submission.objects.filter(outcome="pending").count() == 1


def test_training_form_shows_what_its_answers_ask_for(desk, open_page):
    """docs/fields.md#training: the sponsor's fields appear for a sponsored employee, and the error stands at its
    field."""
    page = open_page(PHONE)
    sign_in(page)
    record = Enrollment.objects.order_by("pk").first()
    page.goto(f"/base/records/{record.pk}/training/")
    sponsor = page.get_by_label("委派（送出）单位")
    expect(sponsor).to_be_hidden()
    page.get_by_label("人员类型").select_option("2")
    sponsor.fill("台州市第一人民医院")
    page.get_by_label("委派单位统一信用代码").fill("123")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("委派单位统一信用代码")
    expect(sponsor).to_have_value("台州市第一人民医院")
