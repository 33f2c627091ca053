"""The doors of identity and of the intake in real Chromium (AM-33, AM-35, AM-36): on a desk and on a phone."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from bases.models import IdentityCheck
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, workbook
from tests.browser.conftest import DESK, PHONE, SIZES, YEAR, go_to
from tests.browser.test_journey import sign_in

NUMBER = "K12345678"


@pytest.fixture
def known(line):
    """Whoever has the number so far, in another province, and one with his mobile number."""
    far = factories.TrainingBaseFactory(province_id="44", name="广州示范医院")
    return factories.EnrollmentFactory(
        base=far,
        intake_year=YEAR - 1,
        resident__id_type="03",
        resident__id_number=NUMBER,
        resident__full_name="JOHN SMITH",
        resident__mobile="13900000001",
    )


def upload(page, *lines):
    page.goto("/base/imports/accounts/intake/")
    file = {"name": "招收.xlsx", "mimeType": "application/octet-stream", "buffer": workbook(list(lines))}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_role("heading", name="确认导入")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_doubted_identity_goes_from_base_to_association(known, open_page, assert_accessible, size):
    """AM-35, AM-36: 提交核实 from the row, confirmed by the province, decided by the association."""
    base, province, association = (open_page(size) for _ in range(3))
    sign_in(base, "jidi")
    doubted = account_line(
        intake_year=str(YEAR), id_type="护照", id_number=NUMBER, full_name="JANE SMITH", mobile="13900000002"
    )
    double = account_line(intake_year=str(YEAR), full_name="JOHN SMITH", mobile="13900000001")
    upload(base, doubted, double)
    expect(base.get_by_label("确认是两个人的理由")).to_be_visible()
    assert_accessible(base)
    base.get_by_role("link", name="提交核实").click()
    base.get_by_label("核实说明").fill("已核对护照原件")
    assert_accessible(base)
    base.get_by_role("button", name="提交核实").click()
    expect(base.get_by_text("已提交核实，由省级核实后")).to_be_visible()
    assert_accessible(base)

    sign_in(province, "sheng")
    province.goto(f"/review/identity-checks/{IdentityCheck.objects.get().pk}/")
    expect(province.get_by_text("JOHN SMITH")).to_have_count(0)
    assert_accessible(province)
    province.get_by_label("核实无误，报中国医师协会").check()
    province.get_by_role("button", name="提交").click()
    assert_accessible(province)

    sign_in(association, "cmda")
    if size == DESK:
        go_to(association, "身份核实")
    else:
        association.goto("/review/identity-checks/")
    association.get_by_role("link", name="JANE SMITH").click()
    expect(association.get_by_text("JOHN SMITH")).to_be_visible()
    assert_accessible(association)
    association.get_by_label("不是同一人").check()
    association.get_by_role("button", name="提交").click()
    expect(association.get_by_text("没有待处理的身份核实")).to_be_visible()
    base.goto("/base/identity-checks/")
    expect(base.get_by_text("已释放证件号")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_recruit_who_leaves_is_deleted_with_reason_and_date(line, open_page, assert_accessible, size):
    """AM-33."""
    record = factories.EnrollmentFactory(base=line, intake_year=YEAR)
    page = open_page(size)
    sign_in(page, "jidi")
    page.goto(f"/base/accounts/{record.pk}/")
    assert_accessible(page)
    page.get_by_role("link", name="删除…").click()
    page.get_by_label("未报到或放弃培训").check()
    page.get_by_label("离开日期").fill(timezone.localdate().isoformat())
    page.get_by_label("具体原因").fill("本人书面放弃")
    assert_accessible(page)
    page.get_by_role("button", name="删除这条记录").click()
    expect(page.get_by_text("未报到或放弃培训")).to_be_visible()
    assert_accessible(page)
    assert Enrollment.objects.get().deleted_as == "2"


def test_entrance_asks_for_the_type_where_two_share_a_number(line, open_page, assert_accessible):
    """AM-35."""
    for id_type, login in (("07", "01234568"), ("03", "01234568#03")):
        user = factories.UserFactory(username=login, role="resident")
        person = factories.ResidentFactory(user=user, id_type=id_type, id_number="01234568")
        factories.EnrollmentFactory(resident=person, base=line, intake_year=YEAR)
    page = open_page(PHONE)
    sign_in(page, "01234568", entrance="住院医师登录")
    page.get_by_label("证件类型").select_option(label="护照")
    assert_accessible(page)
    page.get_by_label("密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url("/resident/")
