"""Import and accounts in real Chromium: accessible, on a phone, without JavaScript (GOAL-S6; BR-27, BR-50, BR-51;
GOAL-B8)."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from bases.imports import services as imports
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from portal.models import User
from residents.models import Enrollment
from residents.services.deletion import delete_enrollment
from tests import factories
from tests.bases.conftest import account_line, workbook
from tests.browser.conftest import PHONE, SIZES

NAMES = ("林晓月", "古丽米热·艾比布力", "赵新")


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    """The tests do the worker's part themselves, so that the waiting page can be seen."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


@pytest.fixture
def base(live_server):
    """A base with an account never used, one in use and one deleted, and a batch with every verdict."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(name="浙江示范医科大学附属第一医院")
    officer = factories.UserFactory(username="jidi", full_name="周晓兰")
    factories.grant(officer, base)
    records = [
        factories.EnrollmentFactory(base=base, intake_year=cycle.year, resident__full_name=name)
        for name in NAMES
    ]
    User.objects.filter(pk=records[0].resident.user_id).update(activated_at=None)
    delete_enrollment(records[2].pk, by=officer, reason="证件号录错")
    year = str(cycle.year)
    lines = [
        account_line(intake_year=year),
        account_line(intake_year=year, full_name="@", mobile="1"),
        account_line(intake_year=year, full_name=NAMES[1], id_number=records[1].resident.id_number),
    ]
    check_batch(store(base, officer, workbook(lines)).pk)
    return base


def store(base, officer, content: bytes) -> ImportBatch:
    return imports.store_upload(
        SimpleUploadedFile("招收名单.xlsx", content),
        kind="accounts",
        module="intake",
        base=base,
        by=officer,
        token=uuid.uuid4(),
    )


def sign_in(page: Page) -> None:
    page.goto("/sign-in/staff/")
    page.get_by_label("账号").fill("jidi")
    page.get_by_label("密码", exact=True).fill(factories.PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile("/base/"))


@pytest.mark.long
@pytest.mark.parametrize("viewport", SIZES)
def test_every_page_is_accessible(base, open_page, assert_accessible, viewport):
    batch = ImportBatch.objects.get()
    new, used = Enrollment.objects.filter(deleted_at=None).order_by("pk")
    gone = Enrollment.objects.get(deleted_at__isnull=False)
    waiting = store(base, batch.uploaded_by, b"x")
    page = open_page(viewport)
    sign_in(page)
    for address in (
        "/base/imports/",
        "/base/imports/accounts/registry/",
        f"/base/imports/{batch.pk}/",
        f"/base/imports/{waiting.pk}/",
        "/base/accounts/?state=never",
        "/base/accounts/?q=没有这个人",
        f"/base/accounts/{new.pk}/",
        f"/base/accounts/{used.pk}/",
        f"/base/accounts/{gone.pk}/",
        f"/base/accounts/{new.pk}/delete/",
    ):
        page.goto(address)
        assert_accessible(page)


@pytest.mark.long
def test_waiting_page_becomes_the_preview_by_itself(base, open_page):
    """GOAL-B8: leave it open, no click needed."""
    officer = User.objects.get(username="jidi")
    batch = store(
        base, officer, workbook([account_line(intake_year=str(ImportBatch.objects.get().cycle.year))])
    )
    page = open_page()
    sign_in(page)
    page.goto(f"/base/imports/{batch.pk}/")
    expect(page.get_by_role("heading", name="等待检查")).to_be_visible()
    check_batch(batch.pk)
    expect(page.get_by_role("heading", name="确认导入")).to_be_visible()


def test_import_and_accounts_without_javascript(base, open_page, tmp_path):
    """docs/architecture.md#views: upload, confirm, find, print codes, delete and restore by plain forms."""
    year = str(ImportBatch.objects.get().cycle.year)
    path = tmp_path / "名单.xlsx"
    path.write_bytes(workbook([account_line(intake_year=year, full_name="陈𠮷")]))
    page = open_page(PHONE, javascript=False)
    sign_in(page)
    page.goto("/base/imports/")
    page.get_by_label("填好的账号模板").set_input_files(path)
    page.get_by_role("button", name="上传并检查").click()
    batch = ImportBatch.objects.latest("pk")
    check_batch(batch.pk)
    page.get_by_role("link", name="刷新").click()
    page.get_by_role("button", name="确认导入 1 人").click()
    apply_batch(batch.pk)
    page.get_by_role("link", name="刷新").click()
    expect(page.get_by_text("共 1 行：新增 1 人")).to_be_visible()

    page.goto("/base/accounts/?q=𠮷")
    page.get_by_role("link", name="陈𠮷").click()
    page.get_by_role("button", name="发放一次性初始密码").click()
    page.get_by_role("button", name="发放 1 份").click()
    expect(page.locator(".slip-code")).to_have_text(re.compile("^[2-9A-Z]{4}-[2-9A-Z]{4}$"))

    page.goto(f"/base/accounts/{Enrollment.objects.get(import_batch=batch).pk}/")
    page.get_by_role("link", name="删除…").click()
    page.get_by_label("录错：").check()
    page.get_by_label("具体原因").fill("证件号末位录错")
    page.get_by_role("button", name="删除这条记录").click()
    page.get_by_role("button", name="恢复这条记录").click()
    expect(page.get_by_text("已恢复。")).to_be_visible()
    assert Enrollment.objects.get(import_batch=batch).is_live
