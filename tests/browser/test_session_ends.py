"""TRUST-16: the session ends while a form is being filled in; what was sent is there again after signing in."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Page, expect

from portal.roles import Role
from residents.models import Enrollment
from tests import factories
from tests.review.conftest import submit

NOTE = "登录失效时没有提交的内容已填回"


@pytest.fixture
def record(live_server) -> Enrollment:
    """Reported, and open to two reviewers of its province."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    enrollment = factories.EnrollmentFactory(intake_year=cycle.year)
    factories.fill_personal(enrollment.resident)
    officer = factories.UserFactory()
    factories.grant(officer, enrollment.base)
    submit(enrollment, officer)
    for account in ("sheng", "sheng2"):
        reviewer = factories.UserFactory(username=account, role=Role.PROVINCE)
        factories.grant(reviewer, enrollment.base.province)
    return enrollment


def sign_in(page: Page, account: str) -> None:
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("navigation", name="主菜单")).to_be_visible()


def send_too_late(page: Page, record: Enrollment) -> None:
    """Write a return comment, lose the session, press the button."""
    page.goto("/sign-in/staff/")
    sign_in(page, "sheng")
    page.goto(f"/review/records/{record.pk}/")
    page.get_by_text("退回修改…").click()
    page.locator("#decide textarea").first.fill("学位证书编号与证书不符")
    page.get_by_label("学历、学位信息有误").check()
    Session.objects.all().delete()
    cache.clear()
    page.get_by_role("button", name="退回培训基地修改").click()
    expect(page.get_by_text("请先登录")).to_be_visible()


def test_comment_sent_after_the_session_had_ended_comes_back(record, open_page):
    page = open_page()
    send_too_late(page, record)
    sign_in(page, "sheng")
    expect(page.get_by_text(NOTE)).to_be_visible()
    expect(page.locator("#decide textarea").first).to_have_value("学位证书编号与证书不符")
    page.get_by_role("button", name="退回培训基地修改").click()
    page.goto(f"/review/records/{record.pk}/")
    expect(page.get_by_text("学位证书编号与证书不符").first).to_be_visible()
    expect(page.get_by_text(NOTE)).to_have_count(0)


@pytest.mark.long
def test_somebody_else_who_signs_in_sees_nothing_of_it(record, open_page):
    page = open_page()
    send_too_late(page, record)
    sign_in(page, "sheng2")
    expect(page.locator("#decide")).to_be_visible()
    expect(page.get_by_text(NOTE)).to_have_count(0)
    expect(page.locator("#decide textarea").first).to_have_value("")
