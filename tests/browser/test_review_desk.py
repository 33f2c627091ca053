"""The reviewer's and the association's pages in real Chromium: accessible, by keyboard, and without JavaScript."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bases.extensions.forms import end_of_day
from bases.models import ExtensionRequest, Submission
from portal.models import CollectionCycle, User
from portal.roles import Role
from residents.openness import report_entry
from tests import factories
from tests.browser.conftest import DESK, PHONE, SIZES, go_to
from tests.review.conftest import submit


@pytest.fixture
def desk(live_server):
    """A province with three reported recruits of one base, and the association."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(name="浙江示范医科大学附属第一医院")
    officer = factories.UserFactory(username="jidi", full_name="周晓兰")
    factories.grant(officer, base)
    reviewer = factories.UserFactory(username="sheng", full_name="何敏", role=Role.PROVINCE)
    factories.grant(reviewer, base.province)
    factories.UserFactory(username="cmda", full_name="孙立", role=Role.CMDA)
    for place, name in enumerate(("林晓月", "古丽米热·艾比布力", "赵新")):
        person = factories.ResidentFactory(full_name=name)
        enrollment = factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
        factories.fill_personal(person)
        submit(enrollment, officer, days_ago=9 - place)
    return base


def sign_in(page: Page, account: str) -> None:
    page.goto("/sign-in/staff/")
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("navigation", name="主菜单")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_pages_of_the_province_are_accessible(desk, open_page, assert_accessible, size):
    """GOAL-S6."""
    page = open_page(size)
    sign_in(page, "sheng")
    record = Submission.objects.first().enrollment_id
    asked = ExtensionRequest.objects.create(
        base=desk,
        cycle=CollectionCycle.objects.get(),
        step="report",
        until=timezone.now() + timedelta(days=3),
        reason="停电",
        asked_by=User.objects.get(username="jidi"),
    )
    for path in (
        "/review/",
        "/review/records/",
        f"/review/records/{record}/",
        "/review/statistics/",
        "/review/statistics/records/",
        "/review/assignments/",
        "/review/extensions/",
        f"/review/extensions/{asked.pk}/",
        "/review/statistics/returns/",
        "/review/statistics/returns/records/",
        "/review/staff/",
        "/review/staff/province/33/",
        "/review/staff/province/33/new/",
    ):
        page.goto(path)
        assert_accessible(page)


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_pages_of_the_association_are_accessible(desk, open_page, assert_accessible, size):
    page = open_page(size)
    sign_in(page, "cmda")
    year = Submission.objects.first().intake_year
    for path in (
        "/review/national/",
        "/review/windows/",
        f"/review/windows/{year}/review/",
        "/review/organisations/",
        "/review/organisations/bases/",
        f"/review/organisations/bases/{desk.pk}/",
        f"/review/organisations/bases/{desk.pk}/specialties/new/",
        "/review/organisations/specialties/",
        f"/review/staff/base/{desk.pk}/",
        "/review/notices/",
        "/review/notices/new/",
        "/review/notices/contact/",
    ):
        page.goto(path)
        assert_accessible(page)


def test_records_are_cleared_with_the_keyboard(desk, open_page):
    """GOAL-P1: next and previous by keyboard, approval with Tab and Enter, each leads to the next record."""
    page = open_page()
    sign_in(page, "sheng")
    page.get_by_role("link", name="林晓月").press("Enter")
    expect(page.get_by_role("heading", name="林晓月")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="古丽米热·艾比布力")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="林晓月")).to_be_visible()
    for following in ("古丽米热·艾比布力", "赵新"):
        page.get_by_role("button", name="审核通过").press("Enter")
        expect(page.get_by_role("heading", name=following)).to_be_visible()
    page.get_by_role("button", name="审核通过").press("Enter")
    expect(page.get_by_text("没有待审核的记录")).to_be_visible()
    assert Submission.objects.filter(outcome="approved").count() == 3


@pytest.mark.long
def test_single_letters_do_nothing_once_turned_off(desk, open_page, assert_accessible):
    """WCAG 2.1.4: turned off in one's own settings, on the list and on the record; on again they work."""
    page = open_page()
    sign_in(page, "sheng")
    page.get_by_text("何敏").click()
    page.get_by_role("link", name="消息设置、键盘").click()
    box = page.get_by_label("使用单字母快捷键", exact=False)
    box.uncheck()
    page.get_by_role("button", name="保存键盘设置").click()
    expect(page.get_by_text("单字母快捷键已停用。")).to_be_visible()
    expect(box).not_to_be_checked()
    assert_accessible(page)
    page.goto("/review/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="林晓月")).not_to_be_focused()
    expect(page.get_by_role("link", name="已停用")).to_be_visible()
    page.get_by_role("link", name="林晓月").press("Enter")
    expect(page.get_by_role("heading", name="林晓月")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="林晓月")).to_be_visible()
    assert not Submission.objects.exclude(outcome="pending").exists()
    User.objects.update(letter_keys=True)
    page.reload()
    page.keyboard.press("a")
    expect(page.get_by_text("林晓月：已审核通过。")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("u")
    expect(page.get_by_text("林晓月：已撤回，重新待审核。")).to_be_visible()


@pytest.mark.long
def test_letters_typed_beside_the_open_return_form_are_its_text(desk, open_page):
    """The first letter of a comment is no approval: the form has the focus, and no letter decides while it is open."""
    page = open_page(DESK)
    sign_in(page, "sheng")
    page.goto(f"/review/records/{Submission.objects.first().enrollment_id}/")
    page.keyboard.press("r")
    comment = page.get_by_label("退回修改意见")
    expect(comment).to_be_focused()
    page.keyboard.type("a 学历有误")
    expect(comment).to_have_value("a 学历有误")
    comment.blur()
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert set(Submission.objects.values_list("outcome", flat=True)) == {"pending"}


@pytest.fixture
def two_hundred(desk):
    """197 more of the same base, so that 200 wait; none of them ever signed in."""
    officer = User.objects.get(username="jidi")
    for number in range(197):
        account = factories.UserFactory(
            username=f"xueyuan{number}", role=Role.RESIDENT, full_name=f"学员{number:03d}", password=None
        )
        person = factories.ResidentFactory(full_name=f"学员{number:03d}", user=account)
        submit(factories.EnrollmentFactory(resident=person, base=desk), officer)
    return desk


@pytest.mark.long
def test_two_hundred_records_are_cleared_by_keyboard_and_in_bulk(two_hundred, open_page):
    """GOAL-P1, GOAL-P3, GOAL-P10: three approved by one key each, one page of fifty ticked and returned, the rest
    approved as all of the queue; nothing is touched but the keyboard."""
    page = open_page()
    sign_in(page, "sheng")
    expect(page.get_by_text("共 200 条", exact=True)).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="林晓月")).to_be_focused()
    page.keyboard.press("Enter")
    for name in ("林晓月", "古丽米热·艾比布力", "赵新"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        page.wait_for_load_state()
        page.keyboard.press("a")
    expect(page.get_by_role("heading", name="学员000")).to_be_visible()
    page.goto("/review/")
    page.get_by_label("全选本页").press("Space")
    page.get_by_role("button", name="退回修改").press("Enter")
    expect(page.get_by_text("将对 50 条待审核记录")).to_be_visible()
    page.get_by_label("退回修改意见").focus()
    page.keyboard.type("请核对培训开始时间。")
    page.get_by_label("培训起止时间有误").press("Space")
    page.get_by_role("button", name="确认退回").press("Enter")
    expect(page.get_by_role("heading", name="没有遗漏")).to_be_visible()
    page.goto("/review/")
    expect(page.get_by_text("共 147 条", exact=True)).to_be_visible()
    page.get_by_label("处理范围").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="审核通过").press("Enter")
    expect(page.get_by_text("将对 147 条待审核记录")).to_be_visible()
    page.get_by_role("button", name="确认审核通过").press("Enter")
    expect(page.get_by_role("heading", name="没有遗漏")).to_be_visible()
    outcomes = Submission.objects.values_list("outcome", flat=True)
    assert Counter(outcomes) == {"approved": 150, "returned": 50}
    bulks = Submission.objects.filter(decision_batch__isnull=False).values_list("decision_batch", flat=True)
    assert sorted(Counter(bulks).values()) == [1, 1, 1, 50, 147]


@pytest.mark.long
@pytest.mark.parametrize(
    "javascript",
    [pytest.param(True, id="script"), pytest.param(False, id="no-script", marks=pytest.mark.long)],
)
def test_a_base_asks_for_more_time_and_the_province_gives_it(desk, open_page, assert_accessible, javascript):
    """GOAL-P8, on both desks; without JavaScript the list of people is simply always there."""
    cycle, now = CollectionCycle.objects.get(), timezone.now()
    factories.open_windows(cycle, review=(now, now + timedelta(days=30)))
    waiting = factories.EnrollmentFactory(base=desk, intake_year=cycle.year)
    last_day = timezone.localdate() + timedelta(days=20)
    page = open_page(PHONE, javascript=javascript)
    sign_in(page, "jidi")
    page.goto("/base/extensions/new/")
    page.get_by_label("需要延长的环节").select_option("report")
    page.get_by_label("申请延长至").fill(f"{last_day:%Y-%m-%d}")
    page.get_by_label("只为下面勾选的住院医师").check()
    page.get_by_label(waiting.resident.full_name).check()
    page.get_by_label("申请理由").fill("停电两天")
    if javascript:
        assert_accessible(page)
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("cell", name=waiting.resident.full_name)).to_be_visible()
    if javascript:
        assert_accessible(page)
    page = open_page(javascript=javascript)
    sign_in(page, "sheng")
    go_to(page, "延长填报时间申请")
    page.get_by_role("link", name=desk.name).click()
    page.get_by_role("button", name="同意延长").click()
    expect(page.get_by_text("没有待处理的延长填报时间申请")).to_be_visible()
    assert report_entry(waiting).closes_at == end_of_day(last_day)


@pytest.mark.long
def test_all_of_a_filter_is_returned_without_javascript(desk, open_page):
    """Every page is correct without JavaScript."""
    page = open_page(javascript=False)
    sign_in(page, "sheng")
    page.get_by_label("处理范围").select_option("all")
    page.get_by_role("button", name="退回修改").click()
    expect(page.get_by_text("将对 3 条待审核记录")).to_be_visible()
    page.get_by_label("退回修改意见").fill("请核对培训开始时间。")
    page.get_by_label("培训起止时间有误").check()
    page.get_by_role("button", name="确认退回").click()
    expect(page.get_by_role("heading", name="批量审核结果")).to_be_visible()
    assert set(Submission.objects.values_list("outcome", "comment")) == {("returned", "请核对培训开始时间。")}


def test_a_number_of_the_statistics_leads_to_its_list_and_its_workbook(desk, open_page):
    """GOAL-P7, GOAL-N5."""
    page = open_page()
    sign_in(page, "sheng")
    page.get_by_label("处理范围").select_option("all")
    page.get_by_role("button", name="审核通过").click()
    page.get_by_role("button", name="确认审核通过").click()
    go_to(page, "统计")
    page.get_by_role("row", name="浙江省").get_by_role("link", name="3").first.click()
    expect(page.get_by_role("heading", name="共 3 人")).to_be_visible()
    page.get_by_text("导出名单").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="导出 3 条").click()
    assert download.value.suggested_filename.endswith(".xlsx")
