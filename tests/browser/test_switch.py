"""报送方式切换 and 提前结业补报 in real Chromium: BR-08, BR-16, BR-17, AM-01; GOAL-N2, GOAL-N6."""

import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bases.models import Province
from review.models import CompletionRecord
from tests import factories
from tests.browser.conftest import PHONE, YEAR, go_to
from tests.browser.test_journey import fill, sign_in

pytestmark = pytest.mark.long

SAVED = Path(__file__).parent.parent / "files" / "completions_libreoffice.xlsx"
SWITCHED = "本省已切换为接口传送，招收信息直接填报功能已关闭（只读）。"
pytestmark = pytest.mark.usefixtures("line")


@pytest.fixture
def recruit(line):
    """A complete recruit of this year, ready to report, and one of last year in the registry."""
    enrollment = factories.EnrollmentFactory(base=line, intake_year=YEAR)
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    older = factories.EnrollmentFactory(base=line, intake_year=YEAR - 1, registered_at=timezone.now())
    factories.fill_personal(older.resident)
    factories.fill_training(older)
    return enrollment, older


def apply(province: Page) -> None:
    go_to(province, "报送方式")
    province.get_by_role("link", name="申请切换为接口传送").click()
    for name, words in {
        "official_name": "周敏",
        "official_contact": "0571-87700000",
        "vendor_contact_name": "吴建军",
        "vendor_contact": "13800000009",
        "requested_at": timezone.localdate().isoformat(),
    }.items():
        fill(province, name, words)
    province.get_by_role("button", name="保存草稿").click()
    scan = {"name": "申请.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"}
    province.locator("input[type=file]").set_input_files(scan)
    province.get_by_role("button", name="上传", exact=True).click()
    expect(province.get_by_text("盖章扫描件已上传")).to_be_visible()
    province.get_by_role("button", name="提交申请").click()
    expect(province.get_by_text("等待中国医师协会确认")).to_be_visible()


@pytest.mark.long
def test_switch_on_and_off_closes_and_opens_direct_entry(recruit, open_page, assert_accessible):
    """GOAL-N2: for each role exactly the intake becomes read-only with a notice, the registry stays; and back."""
    intake, older = recruit
    province, cmda, base, resident = open_page(), open_page(), open_page(), open_page(PHONE)
    sign_in(province, "sheng")
    apply(province)
    assert_accessible(province)

    sign_in(cmda, "cmda")
    go_to(cmda, "报送方式")
    assert_accessible(cmda)
    cmda.get_by_role("button", name=re.compile("登记联调通过.*浙江省")).click()
    cmda.get_by_role("link", name=re.compile("浙江省.*的申请")).click()
    expect(cmda.get_by_text("招收信息未办结的工作")).to_be_visible()
    assert_accessible(cmda)
    cmda.get_by_label("已核对本页列出的未办结工作").check()
    cmda.get_by_role("button", name="确认切换").click()
    expect(cmda.get_by_text("已切换为接口传送，招收信息直接填报同时关闭")).to_be_visible()
    assert Province.objects.get(pk="33").reporting_mode == "2"

    province.goto("/review/")
    expect(province.get_by_text("直接填报的招收记录为只读")).to_be_visible()

    sign_in(base, "jidi")
    for address in (
        "/base/records/intake/",
        "/base/imports/accounts/intake/",
        f"/base/records/{intake.pk}/training/",
    ):
        base.goto(address)
        expect(base.get_by_text(SWITCHED).first).to_be_visible()
    base.goto(f"/base/records/{older.pk}/training/")
    expect(base.get_by_role("button", name="保存")).to_be_visible()
    sign_in(resident, intake.resident.id_number, entrance="住院医师登录")
    expect(resident.get_by_text(SWITCHED).first).to_be_visible()

    cmda.get_by_label("理由").fill("平台改造，恢复直接填报")
    cmda.on("dialog", lambda dialog: dialog.accept())
    cmda.get_by_role("button", name="撤销切换").click()
    expect(cmda.get_by_text("已撤销切换，该省的招收信息由培训基地直接填报")).to_be_visible()
    base.goto(f"/base/records/{intake.pk}/training/")
    expect(base.get_by_role("button", name="保存")).to_be_visible()
    resident.reload()
    expect(resident.get_by_text(SWITCHED)).to_have_count(0)


@pytest.mark.long
def test_early_completions_saved_by_libreoffice(line, open_page, assert_accessible):
    """GOAL-N6: template, LibreOffice, upload with the sample, a row corrected in the page, receipt, statistics."""
    factories.TrainingBaseFactory(province_id="33", name="某某医院（东院）")
    province, cmda = open_page(), open_page()
    sign_in(province, "sheng")
    go_to(province, "提前结业补报")
    assert_accessible(province)
    with province.expect_download() as download:
        province.get_by_role("link", name="下载采集模板").click()
    assert download.value.suggested_filename == "提前结业信息采集模板（浙江）.xlsx"
    province.get_by_role("link", name="上传补报").click()
    assert_accessible(province)
    workbook, sample = province.locator("input[type=file]").all()
    workbook.set_input_files(SAVED)
    province.get_by_role("button", name="上传并检查").click()
    expect(province.get_by_text("请同时选择结业证书模板的电子版").first).to_be_visible()
    workbook, sample = province.locator("input[type=file]").all()
    workbook.set_input_files(SAVED)
    sample.set_input_files({"name": "样张.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"})
    province.get_by_role("button", name="上传并检查").click()
    expect(province.get_by_text("培训基地不存在").first).to_be_visible()
    assert_accessible(province)
    province.get_by_role("button", name="确认").click()
    expect(province.get_by_text("已提交中国医师协会，等待接收")).to_be_visible()
    assert CompletionRecord.objects.count() == 3

    sign_in(cmda, "cmda")
    go_to(cmda, "提前结业补报")
    cmda.get_by_role("link", name="completions_libreoffice.xlsx").click()
    expect(cmda.get_by_text("古丽米热·艾比布力")).to_be_visible()
    assert "330106199003120018" not in cmda.content()
    assert_accessible(cmda)
    cmda.get_by_role("button", name="接收这批补报").click()
    expect(cmda.get_by_text("计入提前结业统计")).to_be_visible()
    cmda.goto("/review/completions/statistics/")
    expect(cmda.get_by_text("共 3 人")).to_be_visible()
    assert_accessible(cmda)
