"""The lock, in real Chromium: an unapproved intake record lapses when the clock carries it out, frees the person and
comes back as 漏报 with what he had filled in (BR-39, BR-50, BR-69; AM-05, AM-29)."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.models import CycleWindow, FormDraft
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, workbook
from tests.browser.conftest import PHONE, YEAR
from tests.browser.test_journey import sign_in

pytestmark = pytest.mark.long


def end_all_windows(*, ago: datetime.timedelta) -> None:
    """Move time by moving the deadlines: every step of the cycle closed `ago`."""
    CycleWindow.objects.update(closes_at=timezone.now() - ago)


def import_late(page: Page, person) -> None:
    line = account_line(
        intake_year=str(YEAR), full_name=person.full_name, id_number=person.id_number, mobile=person.mobile
    )
    page.goto("/base/imports/accounts/registry/")
    page.locator("input[type=file]").set_input_files(
        {"name": "漏报.xlsx", "mimeType": "application/octet-stream", "buffer": workbook([line])}
    )
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("button", name="确认").click()
    expect(page.get_by_text("新增 1 人", exact=False).first).to_be_visible()


def test_unapproved_record_lapses_at_the_lock_and_comes_back_as_late(line, open_page, assert_accessible):
    lapsing = factories.EnrollmentFactory(base=line, intake_year=YEAR)
    factories.fill_personal(lapsing.resident)
    factories.fill_training(lapsing)
    person = lapsing.resident
    base, phone = open_page(), open_page(PHONE)
    sign_in(base, "jidi")
    sign_in(phone, person.id_number, entrance="住院医师登录")
    expect(phone.get_by_text("个人信息已填写完整", exact=False)).to_be_visible()

    end_all_windows(ago=datetime.timedelta(hours=1))
    call_command("run_clock", "--once")
    call_command("run_clock", "--once")

    lapsing.refresh_from_db()
    assert lapsing.lapsed_at is not None
    base.goto("/base/records/intake/")
    expect(base.locator("td", has_text="锁定失效")).to_be_visible()
    base.get_by_role("link", name=person.full_name).click()
    expect(base.get_by_text("已锁定失效", exact=False).first).to_be_visible()
    expect(base.get_by_role("link", name="编辑培训信息")).to_have_count(0)
    expect(base.get_by_role("link", name="检查并上报")).to_have_count(0)
    assert_accessible(base)
    phone.reload()
    expect(phone.get_by_text("个人信息为只读", exact=False)).to_be_visible()
    expect(phone.get_by_text("已失效", exact=True)).to_be_visible()
    assert_accessible(phone)
    phone.goto("/resident/section/basic/")
    expect(phone.get_by_role("button", name="保存", exact=True)).to_have_count(0)
    assert FormDraft.objects.count() == 0

    # The next cycle is set up: the missed resident is added in the registry, with the account he has.
    factories.open_windows(factories.CycleFactory(year=YEAR + 1, title="下一年住院医师信息采集"))
    import_late(base, person)
    new = Enrollment.objects.exclude(pk=lapsing.pk).get(resident=person)
    assert (new.module, new.base, new.intake_year, new.personal_state) == ("registry", line, YEAR, "2")
    base.goto(f"/base/records/{new.pk}/")
    expect(base.get_by_role("heading", name="此人的其他培训记录")).to_be_visible()
    assert_accessible(base)
    phone.goto("/resident/")
    expect(phone.get_by_text("个人信息已填写完整", exact=False)).to_be_visible()
    expect(phone.get_by_role("cell", name="已失效")).to_be_visible()


def test_lapsed_person_no_longer_blocks_another_base(line, open_page):
    """AM-29: after the lock the first to import him holds him, whichever base that is."""
    lapsing = factories.EnrollmentFactory(base=line, intake_year=YEAR)
    other = factories.TrainingBaseFactory(province_id="44", name="广州示范医院")
    factories.grant(factories.UserFactory(username="guangzhou"), other)
    end_all_windows(ago=datetime.timedelta(hours=1))
    call_command("run_clock", "--once")
    factories.open_windows(factories.CycleFactory(year=YEAR + 1, title="下一年住院医师信息采集"))
    page = open_page()
    sign_in(page, "guangzhou")

    import_late(page, lapsing.resident)

    holder = Enrollment.objects.get(resident=lapsing.resident, lapsed_at=None)
    assert (holder.base, holder.is_live) == (other, True)
